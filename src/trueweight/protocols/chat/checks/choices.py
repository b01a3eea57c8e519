"""Several choices in one reply: their indices, and usage that counts all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import anomalies, count_words, quote, spans_of, whole
from trueweight.core.example import Example, sample_case
from trueweight.core.json_value import JsonObject
from trueweight.core.request import is_hot
from trueweight.protocols import Kind, locate_field, locate_noun
from trueweight.protocols.chat.checks.parts import documents_of
from trueweight.protocols.chat.sample import chunk, message, usage_chunk
from trueweight.protocols.sample import plain, stream

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"
_FREE_TEXT = 40
_LEAST_WORDS = 20
"""Words of all choices together, below which the token count is not judged by them."""
_TOKENS = 0.75
"""Fewest tokens that a word has on average."""


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


def _thinking(*thoughts: str | None) -> JsonObject:
    """Choices with these thoughts; one without has the first one's in its content."""
    said = [
        {"role": "assistant", "content": f"{'' if thought else thoughts[0]}Hello!"}
        | ({"reasoning_content": thought} if thought else {})
        for thought in thoughts
    ]
    return message() | {
        "choices": [{"index": at, "message": one, "finish_reason": "stop"} for at, one in enumerate(said)]
    }


_BEGINNING = 12
"""Characters at the beginning of a thought: models begin their thoughts alike."""
_TEN = "one two three four five six seven eight nine ten"


@check(
    "choice-index-range",
    "The index of a choice is less than n.",
    failure="{cases} had an index of a choice that is no number of a choice",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    explains=("call-id-present", "stream-complete", "tool-name-present", "tool-index-unique", "reply-not-empty"),
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
    "choice-index-unique",
    "No two choices of a reply have the same index.",
    failure="Several choices have the same index in {cases}",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    explains=("n-honoured", "finish-once", "stream-same-text", "usage-of-all-choices", "choices-vary"),
    source=_CREATE,
    why="Clients join deltas by the index of their choice: several answers become one, woven into each other.",
    fix="Number the choices of a request from 0, in streams too.",
    example=Example(
        plain(_choices(*[_TEN] * 2, usage=(10, 22)) | {"choices": [_choices(_TEN, usage=(1, 1))["choices"][0]] * 2}),
        "choices",
        plain(_choices(*[_TEN] * 2, usage=(10, 22))),
        sample_case(n=2),
    ),
)
def choice_index_unique(case: Case, reply: Reply) -> CheckResult | None:
    """Looks at the choices of one document, and at streams in which one index has more than one finish reason."""
    if _n(case) < 2 or reply.error is not None or not reply.choices:
        return None
    for document, span in documents_of(reply):
        listed = document.get("choices")
        indices = [one.get("index") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        numbers = [one for one in indices if isinstance(one, int)]
        if len(set(numbers)) < len(numbers):
            return Fail(f"the indices of the choices are {quote(numbers)}", "0, 1, …", quote(numbers), (span,))
    twice = anomalies(reply, Kind.FINISH_TWICE)
    if twice and len(reply.choices) < _n(case) and not anomalies(reply, Kind.CHOICE_INDEX_MISSING):
        words = f"{len(twice) + 1} choices end, and all of them have one index"
        return Fail(words, "0, 1, …", quote([one.index for one in reply.choices]), spans_of(twice))
    return Pass()


@check(
    "usage-of-all-choices",
    "Completion tokens are those of all choices.",
    failure="{cases} had usage that counts the tokens of only some of the choices",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
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
    """Each log-probability entry is a token. Without entries a word is three quarters of a token, because some
    tokenizers have tokens of several words."""
    used = reply.usage.output if reply.usage else None
    if used is None or len(reply.choices) < 2 or reply.error is not None:
        return None
    least = [max(int(_TOKENS * count_words(one.content or "")), len(one.logprobs or ())) for one in reply.choices]
    if sum(least) < _LEAST_WORDS:
        return None
    if used < 0.9 * sum(least):
        words = f"{len(least)} choices have at least {sum(least)} tokens, and usage has {used}"
        spans = locate_noun(reply, "output") or locate_field(reply, "usage")
        return Fail(words, f">= {sum(least)}", str(used), spans)
    return Pass()


@check(
    "choices-thought-apart",
    "If a choice has a thought in its own field, the others do not have theirs in the content.",
    failure="Choices beyond the first have their thought in the content in {cases}",
    protocol="chat",
    scope=Scope.COMPLETION,
    severity=Severity.SHOULD,
    row=34,
    source="https://github.com/ai-dynamo/dynamo/issues/11997",
    why="Of several answers only one can be used as it is.",
    fix="Run the reasoning parser for each choice.",
    example=Example(
        plain(_thinking("The user greets me, so I greet.", None)),
        "The user greets me",
        plain(_thinking("The user greets me, so I greet.", "The user greets me.")),
        sample_case(n=2),
    ),
)
def choices_thought_apart(_: Case, reply: Reply) -> CheckResult | None:
    """Fails where a choice without reasoning begins with the first twelve characters of another one's thought, and that
    one's own content does not. A model may skip its thought, so a missing thought alone proves nothing."""
    if len(reply.choices) < 2:
        return None
    starts = {one.thought[:_BEGINNING] for one in reply.choices if len(one.thought) >= _BEGINNING}
    starts -= {(one.content or "").lstrip()[:_BEGINNING] for one in reply.choices if one.reasoning}
    for one in reply.choices:
        start = (one.content or "").lstrip()[:_BEGINNING]
        if not one.thought and start in starts:
            words = f"choice {one.index} begins with a thought, and has none in its own field"
            return Fail(words, "reasoning", quote(one.content), tuple(piece.span for piece in one.pieces[:10]))
    return Pass() if starts else None


@check(
    "choices-vary",
    "At a temperature of 1 or more the choices of one reply differ.",
    failure="{cases} had n choices with one and the same text",
    protocol="chat",
    scope=Scope.COMPLETION,
    severity=Severity.SHOULD,
    row=43,
    source=_CREATE,
    on_request=True,
    why="The client selects among copies and pays for each.",
    fix="Sample each choice by itself.",
    example=Example(
        plain(_choices(_TEN, _TEN, usage=(10, 22))),
        _TEN,
        plain(_choices(_TEN, _TEN.upper(), usage=(10, 22))),
        sample_case({"choices-vary": {}}, n=2, temperature=1.2),
    ),
)
def choices_vary(case: Case, reply: Reply, _: Mapping[str, Any]) -> CheckResult | None:
    """Judges replies with several choices of free text, forty characters or more."""
    texts = [choice.content or "" for choice in reply.choices]
    if not is_hot(case.request) or len(texts) < 2 or min(map(len, texts)) < _FREE_TEXT:
        return None
    if len(set(texts)) == 1:
        return Fail(f"{len(texts)} choices have the same text", "different texts", quote(texts[0]), whole(reply))
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
