"""Several choices in one reply: their indices, and usage that counts all of them."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import Example, sample_case
from trueweight.core.json_value import JsonObject
from trueweight.core.words import count_words
from trueweight.protocols import locate_field, locate_noun
from trueweight.protocols.chat.sample import chunk, message, usage_chunk
from trueweight.protocols.sample import plain, stream

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"
_LEAST_WORDS = 20
"""Words of all choices together, below which the token count is not judged by them."""


def _at(index: int, finish: str | None = None, **delta: str) -> JsonObject:
    made = chunk(finish, **delta)
    made["choices"][0]["index"] = index
    return made


def _choices(*texts: str, usage: tuple[int, int]) -> JsonObject:
    entries = [
        {"index": at, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for at, text in enumerate(texts)
    ]
    return message(usage=usage) | {"choices": entries}


_TEN = "one two three four five six seven eight nine ten"


@check(
    "choice-index-range",
    "The index of a choice is less than n.",
    failure="{cases} had an index of a choice that is no number of a choice",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/microsoft/foundry-local/issues/144",
    why="Clients join deltas by the index of their choice: each delta becomes an answer by itself.",
    fix="Number the choices from 0; do not count chunks.",
    example=Example(
        stream([_at(0, content="a"), _at(1, content="b"), _at(2, "stop"), usage_chunk()]),
        "b",
        stream([_at(0, content="a"), _at(0, content="b"), _at(0, "stop"), usage_chunk()]),
    ),
)
def choice_index_range(case: Case, reply: Reply) -> CheckResult | None:
    """``n-honoured`` judges complete choices that are more than n."""
    if reply.error is not None or not reply.choices:
        return None
    if not counts_chunks(case, reply):
        return Pass()
    wrong = [choice.index for choice in reply.choices if not 0 <= choice.index < _n(case)]
    spans = tuple(piece.span for choice in reply.choices if choice.index in wrong for piece in choice.pieces)[:10]
    words = f"the indices of choices are {quote(wrong[:6])}, and n is {_n(case)}"
    return Fail(words, f"0 to {_n(case) - 1}", quote(wrong[:6]), spans or whole(reply))


@check(
    "usage-of-all-choices",
    "Completion tokens are those of all choices.",
    failure="{cases} had usage that counts the tokens of only some of the choices",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=24,
    source="https://github.com/ggml-org/llama.cpp/issues/27318",
    why="The bill and the budget lack the tokens of the other choices.",
    fix="Add up the tokens of all choices when the last one has ended.",
    example=Example(
        plain(_choices(*[_TEN] * 3, usage=(10, 11))),
        "11",
        plain(_choices(*[_TEN] * 3, usage=(10, 33))),
        sample_case(n=3),
    ),
)
def usage_of_all_choices(_: Case, reply: Reply) -> CheckResult | None:
    """A token has at most one word of English, and each log-probability entry is a token."""
    used = reply.usage.output if reply.usage else None
    if used is None or len(reply.choices) < 2 or reply.error is not None:
        return None
    least = [max(count_words(one.content or ""), len(one.logprobs or ())) for one in reply.choices]
    if sum(least) < _LEAST_WORDS:
        return None
    if used < 0.8 * sum(least):
        words = f"{len(least)} choices have at least {sum(least)} tokens, and usage has {used}"
        spans = locate_noun(reply, "output") or locate_field(reply, "usage")
        return Fail(words, f">= {sum(least)}", str(used), spans)
    return Pass()


def counts_chunks(case: Case, reply: Reply) -> bool:
    """Whether indices of choices number no choices: beyond n, with gaps or in a stream whose choices do not end."""
    indices = sorted(choice.index for choice in reply.choices)
    if not indices or (indices[0] >= 0 and indices[-1] < _n(case)):
        return False
    unended = sum(choice.finish is None for choice in reply.choices)
    return indices != list(range(len(indices))) or (reply.streamed and 2 * unended > len(indices))


def _n(case: Case) -> int:
    n = case.request.get("n")
    return n if isinstance(n, int) and not isinstance(n, bool) and n > 0 else 1
