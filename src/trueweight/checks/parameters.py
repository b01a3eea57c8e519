"""Request parameters that one reply can show to be ignored."""

from __future__ import annotations

from trueweight.core import Case, Finish, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote
from trueweight.core.example import Example, sample_case, says
from trueweight.core.request import stop_sequences, token_limit
from trueweight.protocols import locate, locate_noun

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"


@check(
    "stop-honoured",
    "The content does not contain a stop sequence.",
    failure="The content runs past a stop sequence in {cases}",
    obeys=True,
    engine=True,
    row=40,
    source=_CREATE,
    why="The client's parser ends at the stop sequence, and the text goes on.",
    fix="Pass stop to the engine, and cut the sequence from the output.",
    example=Example(says("one END two"), "END", case=sample_case(stop=["END"])),
)
def stop_honoured(case: Case, reply: Reply) -> CheckResult | None:
    """Judges one stop sequence or several."""
    words = stop_sequences(case.request)
    if not words or reply.content is None:
        return None
    found = next((word for word in words if word in reply.content), None)
    if found is not None:
        return Fail("the content has a stop sequence", "", quote(found), locate(reply, found))
    return Pass()


@check(
    "max-tokens-honoured",
    "A reply has no more completion tokens than max_tokens allows.",
    failure="Usage counts more completion tokens than max_tokens allows in {cases}",
    scope=Scope.COMPLETION,
    obeys=True,
    engine=True,
    row=40,
    source=_CREATE,
    why="The limit is the budget of the client.",
    fix="Pass the limit to the engine; count reasoning in it as the API does.",
    example=Example(says("x", usage=(1, 50)), "50", case=sample_case(max_tokens=10)),
)
def max_tokens_honoured(case: Case, reply: Reply) -> CheckResult | None:
    """Uses the server's own count and accepts one token more, for engines that count the end token."""
    limit, used = token_limit(case.request), reply.usage.output if reply.usage else None
    if limit is None or used is None:
        return None
    n = case.request.get("n")
    count = n if isinstance(n, int) and n > 0 else 1  # usage counts the tokens of all choices
    if used > count * (limit + 1):
        spans = locate_noun(reply, "output")
        return Fail("the reply has more tokens than max_tokens allows", f"<= {count * limit}", str(used), spans)
    return Pass()


@check(
    "min-tokens-honoured",
    "A reply has no fewer completion tokens than min_tokens demands.",
    failure="Replies end before min_tokens in {cases}",
    scope=Scope.COMPLETION,
    obeys=True,
    engine=True,
    severity=Severity.SHOULD,
    row=40,
    source="https://docs.vllm.ai/en/latest/api/vllm/sampling_params.html",
    why="The parameter is accepted and does nothing.",
    fix="Forbid the end token until the minimum is reached, or refuse the parameter.",
    example=Example(says("x", usage=(1, 5)), "5", says("x", usage=(1, 50)), sample_case(min_tokens=40, max_tokens=60)),
)
def min_tokens_honoured(case: Case, reply: Reply) -> CheckResult | None:
    """SHOULD only: the parameter is not the API's, and only some servers take it. Judges replies with one choice that
    says stop; accepts one token less, for an end token that is not counted. Tokens of a thought that are counted beside
    the completion tokens count too."""
    least, used = case.request.get("min_tokens"), reply.usage.output if reply.usage else None
    if not isinstance(least, int) or isinstance(least, bool) or used is None or len(reply.choices) != 1:
        return None
    if reply.finish is not Finish.STOP or case.request.get("stop"):
        return None
    if reply.usage is not None and reply.usage.reasoning is not None:
        beside = reply.usage.total == (reply.usage.input or 0) + used + reply.usage.reasoning
        used += reply.usage.reasoning if beside else 0
    if used < least - 1:
        spans = locate_noun(reply, "output")
        return Fail("the reply has fewer tokens than min_tokens demands", f">= {least}", str(used), spans)
    return Pass()
