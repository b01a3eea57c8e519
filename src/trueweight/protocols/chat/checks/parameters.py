"""Request parameters that only chat completions have."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import whole
from trueweight.core.example import SAMPLE_TEXT, Example, sample_case
from trueweight.protocols import locate_field
from trueweight.protocols.chat.checks.choices import counts_chunks
from trueweight.protocols.chat.checks.parts import has_legacy_logprobs
from trueweight.protocols.chat.sample import message
from trueweight.protocols.sample import plain

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"


_WITH_LOGPROBS = {
    **message(),
    "choices": [{"index": 0, "message": {"content": "x"}, "logprobs": {"content": [{"token": "x"}]}}],
}


@check(
    "n-honoured",
    "The reply has n choices.",
    failure="{cases} had another number of choices than n requests",
    protocol="chat",
    scope=Scope.COMPLETION,
    obeys=True,
    engine=True,
    row=40,
    source=_CREATE,
    why="The client selects among choices that it does not get.",
    fix="Generate n choices, or refuse n above 1.",
    example=Example(SAMPLE_TEXT, "choices", case=sample_case(n=2), good_case=sample_case(n=1)),
)
def n_honoured(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies to requests with n. ``choice-index-range`` judges indices that are no numbers of choices."""
    n = case.request.get("n")
    if not isinstance(n, int) or isinstance(n, bool) or n < 1 or reply.error is not None or counts_chunks(case, reply):
        return None
    if len(reply.choices) != n:
        return Fail("the reply has another number of choices than n", str(n), str(len(reply.choices)), whole(reply))
    return Pass()


@check(
    "logprobs-honoured",
    "Log probabilities come if requested, with the requested number of alternatives.",
    failure="{cases} had not the log probabilities that were requested",
    protocol="chat",
    obeys=True,
    engine=True,
    severity=Severity.SHOULD,
    row=40,
    source=_CREATE,
    why="Scoring and drift measurements have no data.",
    fix="Pass logprobs through, or refuse the parameter.",
    example=Example(SAMPLE_TEXT, "choices", plain(_WITH_LOGPROBS), sample_case(logprobs=True)),
)
def logprobs_honoured(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with content; counts alternatives of the first token. ``logprobs-form`` judges another form."""
    if case.request.get("logprobs") is not True or not reply.content or reply.error is not None:
        return None
    if not reply.logprobs and has_legacy_logprobs(reply):
        return None
    if not reply.logprobs:
        return Fail("the request has logprobs, and the reply has none", "logprobs.content", "none", whole(reply))
    wanted = case.request.get("top_logprobs")
    given = reply.logprobs[0].get("top_logprobs")
    if isinstance(wanted, int) and wanted > 0 and (not isinstance(given, list) or len(given) < wanted):
        count = len(given) if isinstance(given, list) else 0
        spans = locate_field(reply, "top_logprobs") or whole(reply)
        return Fail("the first token has fewer alternatives than top_logprobs", str(wanted), str(count), spans)
    return Pass()
