"""Request parameters that one reply can show to have been dropped."""

from __future__ import annotations

from trueweight.checks.evidence import quote, whole
from trueweight.checks.finish import token_limit
from trueweight.checks.registry import Fail, Pass, Verdict, check
from trueweight.core import Case, Reply, Severity
from trueweight.protocols import locate, locate_field

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"


@check(
    "stop-honoured",
    "The content does not contain a stop sequence.",
    obeys=True,
    engine=True,
    row=40,
    source=_CREATE,
    why="Text runs on past where the client's parser ends.",
    fix="Pass stop to the engine, and cut the sequence from the output.",
)
def stop_honoured(case: Case, reply: Reply) -> Verdict | None:
    """One sequence or several."""
    stop = case.request.get("stop")
    sequences = [stop] if isinstance(stop, str) else stop if isinstance(stop, list | tuple) else []
    words = [word for word in sequences if isinstance(word, str) and word]
    if not words or reply.content is None:
        return None
    found = next((word for word in words if word in reply.content), None)
    if found is not None:
        return Fail("the content runs past a stop sequence", "", quote(found), locate(reply, found))
    return Pass()


@check(
    "n-honoured",
    "As many choices come as n asks for.",
    obeys=True,
    engine=True,
    row=40,
    source=_CREATE,
    why="The client picks among choices that are not there.",
    fix="Generate n choices, or refuse n above 1.",
)
def n_honoured(case: Case, reply: Reply) -> Verdict | None:
    """Where the request has n."""
    n = case.request.get("n")
    if not isinstance(n, int) or isinstance(n, bool) or n < 1 or reply.error is not None:
        return None
    if reply.choices != n:
        return Fail("another number of choices than asked", str(n), str(reply.choices), whole(reply))
    return Pass()


@check(
    "logprobs-honoured",
    "Log probabilities come when asked, with as many alternatives as asked.",
    obeys=True,
    engine=True,
    severity=Severity.SHOULD,
    row=40,
    source=_CREATE,
    why="Scoring and drift measurements have nothing to read.",
    fix="Pass logprobs through, or refuse the parameter.",
)
def logprobs_honoured(case: Case, reply: Reply) -> Verdict | None:
    """For replies with content; the number of alternatives is looked at in the first entry."""
    if case.request.get("logprobs") is not True or not reply.content or reply.error is not None:
        return None
    if not reply.logprobs:
        return Fail("logprobs were asked for, and none came", "logprobs.content", "none", whole(reply))
    wanted = case.request.get("top_logprobs")
    given = reply.logprobs[0].get("top_logprobs")
    if isinstance(wanted, int) and wanted > 0 and (not isinstance(given, list) or len(given) < wanted):
        count = len(given) if isinstance(given, list) else 0
        spans = locate_field(reply, "top_logprobs") or whole(reply)
        return Fail("fewer alternatives than asked", str(wanted), str(count), spans)
    return Pass()


@check(
    "max-tokens-honoured",
    "A reply has no more completion tokens than max_tokens allows.",
    obeys=True,
    engine=True,
    row=40,
    source=_CREATE,
    why="The limit is a budget.",
    fix="Pass the limit to the engine; count reasoning in it as the API does.",
)
def max_tokens_honoured(case: Case, reply: Reply) -> Verdict | None:
    """By the server's own count; one token more is let pass, for engines that count the end."""
    limit, used = token_limit(case.request), reply.usage.completion_tokens if reply.usage else None
    if limit is None or used is None:
        return None
    n = case.request.get("n")
    choices = n if isinstance(n, int) and n > 0 else 1  # usage counts the tokens of all choices
    if used > choices * (limit + 1):
        spans = locate_field(reply, "completion_tokens")
        return Fail("more tokens than allowed", f"<= {choices * limit}", str(used), spans)
    return Pass()
