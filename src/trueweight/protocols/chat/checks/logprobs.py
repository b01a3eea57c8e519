"""Log-probabilities of chat completions: the entries of a choice agree with its content and with usage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import Example, sample_case
from trueweight.core.json_value import JsonObject
from trueweight.protocols import locate_field, locate_noun
from trueweight.protocols.chat.checks.parts import is_legacy, logprobs_objects
from trueweight.protocols.chat.sample import message
from trueweight.protocols.sample import plain

Entry = Mapping[str, Any]

_CREATE = "https://platform.openai.com/docs/api-reference/chat/object"
_ASKS = sample_case(logprobs=True, top_logprobs=2)
_ROUNDING: Final = 1e-3
"""Nats by which two values of one token may differ: servers round, and some compute in 16 bits."""
_UNLIKELY: Final = -9998.0
"""The API writes -9999 for a token that is too unlikely to be listed; one such entry says nothing, all of them do."""
_MANY_ZEROS: Final = 16
_MANY_UNLIKELY: Final = 4
_REPLACED: Final = list("\ufffd".encode())
SIGNS: Final = str.maketrans({"▁": " ", "Ġ": " ", "Ċ": "\n"})
"""Signs of tokenizers for white space, where a server sends names of tokens."""


_SHOWN: Final = (*range(33, 127), *range(161, 173), *range(174, 256))
_BYTES: Final = {chr(one): one for one in _SHOWN} | {
    chr(256 + at): one for at, one in enumerate(sorted(set(range(256)) - set(_SHOWN)))
}
"""Letter → byte, in names of tokens of a byte-level BPE, which some servers send without bytes."""


def scores(token: str, logprob: Any, *others: tuple[str, float], **more: Any) -> JsonObject:
    """The entry of a token, with other tokens and their log-probabilities as its alternatives."""
    listed = [{"token": name, "logprob": value, "bytes": list(name.encode())} for name, value in others]
    return {"token": token, "logprob": logprob, "bytes": list(token.encode()), "top_logprobs": listed} | more


def scored(content: str, *entries: JsonObject, usage: tuple[int, int] = (10, 5), **logprobs: Any) -> Any:
    """A plain reply with this content and these entries."""
    found = logprobs or {"content": list(entries)}
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return plain(message(usage=usage) | {"choices": [choice | {"logprobs": found}]})


_GOOD = scored("hi you", scores("hi", -0.1, ("hi", -0.1), ("ho", -3.0)), scores(" you", -0.2, (" you", -0.2)))


@check(
    "logprobs-form",
    "Log-probabilities come as a list of entries, one for each token of the content.",
    failure="{cases} had log-probabilities in the form of the legacy completions API",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    row=40,
    source="https://github.com/abetlen/llama-cpp-python/issues/1787",
    why="Clients read logprobs.content and find nothing there.",
    fix='Answer {"content": [{"token": …, "logprob": …, "bytes": …, "top_logprobs": […]}]}.',
    example=Example(
        scored("hi", tokens=["hi"], token_logprobs=[-0.1], top_logprobs=[{"hi": -0.1}], text_offset=[0]),
        "logprobs",
        _GOOD,
        _ASKS,
    ),
)
def logprobs_form(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with any log-probabilities; fails on the lists ``tokens`` and ``token_logprobs``."""
    forms = [one for one in logprobs_objects(reply) if one]
    legacy = [one for one in forms if is_legacy(one)]
    if legacy:
        spans = locate_field(reply, "token_logprobs") or whole(reply)
        return Fail("the log-probabilities are lists of tokens and values", "logprobs.content", quote(legacy[0]), spans)
    return Pass() if forms else None


@check(
    "logprobs-spell-content",
    "The tokens of the log-probabilities spell the content.",
    failure="{cases} had log-probabilities whose tokens do not spell the content",
    protocol="chat",
    engine=True,
    row=40,
    source="https://github.com/ikawrakow/ik_llama.cpp/issues/2358",
    why="Scores are assigned to the wrong text, or to part of it.",
    fix="Make one entry for each generated token, in streams too, and for the choice that it belongs to.",
    example=Example(scored("hi you", scores("hi", -0.1)), "logprobs", _GOOD, _ASKS),
)
def logprobs_spell_content(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts entries of more than the content: a thought, white space at its ends, the end token."""
    if not reply.content or not reply.logprobs or reply.calls or "\ufffd" in reply.content:
        return None
    spelled = _spelled(reply.logprobs)
    if spelled is None:
        return None
    content = reply.content.strip()
    names = "".join(str(entry.get("token")) for entry in reply.logprobs)
    by_byte = bytes(_BYTES[one] for one in names) if all(one in _BYTES for one in names) else b""
    written = content.encode("utf-8", "surrogatepass")
    if written in spelled or written in by_byte or content in names.translate(SIGNS):
        return Pass()
    words = f"{len(reply.logprobs)} entries spell another text than the content"
    spans = locate_field(reply, "logprobs") or whole(reply)
    return Fail(words, quote(content), quote(spelled.decode("utf-8", "replace")), spans)


@check(
    "logprobs-values",
    "Log-probabilities are numbers of at most 0, the likeliest first, and probabilities sum to at most 1.",
    failure="{cases} had log-probabilities that are none: no number, above 0, unsorted, or with a sum above 1",
    protocol="chat",
    engine=True,
    row=40,
    source=_CREATE,
    why="Scores and distances that are computed from them are meaningless.",
    fix="Send the natural logarithm of the probability of each token, after the softmax over the whole vocabulary.",
    example=Example(scored("hi", scores("hi", 0.7)), "0.7", _GOOD, _ASKS),
)
def logprobs_values(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts the sampled token before the sorted alternatives, as some engines list them."""
    for entry in reply.logprobs or ():
        if (words := _wrong_values(entry)) is not None:
            spans = locate_field(reply, "logprob") or whole(reply)
            return Fail(f"token {quote(entry.get('token'))}: {words}", "log-probabilities", quote(entry), spans)
    return Pass() if reply.logprobs else None


@check(
    "logprobs-measured",
    "Log-probabilities are those of the model, and not one value for all tokens.",
    failure="{cases} had the same log-probability, 0 or -9999, for every token",
    protocol="chat",
    engine=True,
    row=40,
    explains=("logprobs-values",),
    source="https://github.com/Azure/PyRIT/issues/991",
    why="The values are placeholders: every computation with them succeeds and says nothing.",
    fix="Return what the sampler computed, or refuse logprobs.",
    example=Example(
        scored("hi " * 20, *(scores("hi ", -9999.0) for _ in range(20)), usage=(10, 20)),
        "-9999",
        _GOOD,
        _ASKS,
    ),
)
def logprobs_measured(case: Case, reply: Reply) -> CheckResult | None:
    """Fails where all values are 0, over sixteen tokens or more, or all are -9999, over four or more.

    Zeros are not judged where a schema leaves the model no choice.
    """
    entries = reply.logprobs or ()
    values = [number for entry in entries if (number := _number(entry.get("logprob"))) is not None]
    if len(values) < _MANY_UNLIKELY:
        return None
    listed = [number for entry in entries for number in map(_number, _listed_values(entry)) if number is not None]
    zeros = len(values) >= _MANY_ZEROS and not any(values) and not any(listed)
    constrained = case.request.get("response_format") or case.request.get("tools")
    if max(values) <= _UNLIKELY or (zeros and not constrained):
        spans = locate_field(reply, "logprob") or whole(reply)
        return Fail(f"all {len(values)} log-probabilities are {values[0]:g}", "different values", str(values[0]), spans)
    return Pass()


@check(
    "logprobs-sampled-listed",
    "The sampled token is among its alternatives if it is likely enough, with the same value.",
    failure="{cases} had alternatives that are not those of their token",
    protocol="chat",
    engine=True,
    row=40,
    source="https://github.com/sgl-project/sglang/issues/30188",
    why="The alternatives belong to another token: comparisons and drift measurements are wrong without an error.",
    fix="Select the alternatives of each token at its own position, also where several tokens come in one chunk.",
    example=Example(scored("hi", scores("hi", -0.1, ("ho", -0.2), ("ha", -2.0))), "ho", _GOOD, _ASKS),
)
def logprobs_sampled_listed(_: Case, reply: Reply) -> CheckResult | None:
    """A token that is less likely than all its alternatives need not be listed."""
    judged = False
    for entry in reply.logprobs or ():
        found = _misplaced(entry)
        judged |= found is not None
        if found:
            spans = locate_field(reply, "top_logprobs") or whole(reply)
            return Fail(f"token {quote(entry.get('token'))} {found}", "its own alternatives", quote(entry), spans)
    return Pass() if judged else None


@check(
    "logprobs-characters",
    "A token that is part of a character has its bytes.",
    failure="{cases} had log-probabilities of half characters without their bytes",
    protocol="chat",
    engine=True,
    row=20,
    source="https://github.com/ollama/ollama/issues/13497",
    why="The text cannot be joined from its tokens: the characters are lost.",
    fix="Send the bytes of each token.",
    example=Example(
        scored("é", scores("\ufffd", -0.1, bytes=None), scores("\ufffd", -0.1, bytes=None)),
        "\ufffd",
        _GOOD,
        _ASKS,
    ),
)
def logprobs_characters(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on U+FFFD as a token without bytes, or with the bytes of U+FFFD itself, where the content has none."""
    if not reply.logprobs or not reply.content or "\ufffd" in reply.content:
        return None
    lost = [
        entry
        for entry in reply.logprobs
        if "\ufffd" in str(entry.get("token")) and entry.get("bytes") in (None, [], _REPLACED)
    ]
    if lost:
        spans = locate_field(reply, "token") or whole(reply)
        return Fail(f"{len(lost)} tokens are U+FFFD, without their bytes", "bytes", quote(lost[0]), spans)
    return Pass()


@check(
    "logprobs-within-usage",
    "A reply has no more log-probability entries than completion tokens.",
    failure="{cases} had more log-probability entries than completion tokens",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    row=24,
    source=_CREATE,
    why="Each entry is a generated token: the token count, or the list, is wrong.",
    fix="Count every generated token, and make one entry for each.",
    example=Example(scored("hi you", scores("hi", -0.1), scores(" you", -0.1), usage=(1, 0)), "0", _GOOD, _ASKS),
)
def logprobs_within_usage(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with one choice; accepts one entry more, for an end token that is not counted."""
    counted = reply.usage.output if reply.usage else None
    if counted is None or not reply.logprobs or len(reply.choices) != 1:
        return None
    counted += (reply.usage.reasoning if reply.usage else 0) or 0
    entries = len(reply.logprobs)
    if entries > counted + 1:
        spans = locate_noun(reply, "output")
        return Fail(f"{entries} entries, and {counted} completion tokens", f">= {entries}", str(counted), spans)
    return Pass()


def _spelled(entries: Sequence[Entry]) -> bytes | None:
    """The bytes of all tokens; None if some are not known."""
    out = []
    for entry in entries:
        token, given = entry.get("token"), entry.get("bytes")
        if isinstance(given, list) and all(isinstance(one, int) and 0 <= one < 256 for one in given):
            out.append(bytes(given))
        elif isinstance(token, str) and not token.startswith("token_id:"):
            out.append(token.encode("utf-8", "surrogatepass"))
        else:
            return None
    return b"".join(out)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def alternatives(entry: Entry) -> list[Entry]:
    """The tokens that were likeliest in the place of an entry, without those that are no object."""
    listed = entry.get("top_logprobs")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _listed_values(entry: Entry) -> list[Any]:
    return [one.get("logprob") for one in alternatives(entry)]


def _wrong_values(entry: Entry) -> str | None:
    """What is wrong with the values of one entry; None if nothing is."""
    values = [_number(value) for value in (entry.get("logprob"), *_listed_values(entry))]
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    if len(numbers) < len(values):
        return "a log-probability is no number"
    if max(numbers) > _ROUNDING:
        return f"a log-probability of {max(numbers):g} is above 0"
    distinct = {(str(one.get("token")), str(one.get("bytes")), str(one.get("logprob"))) for one in alternatives(entry)}
    total = math.fsum(math.exp(float(value)) for _, _, value in distinct)
    if total > 1 + 0.01:
        return f"the probabilities of its alternatives sum to {total:.3f}"
    listed = numbers[1:]
    sampled_first = bool(listed) and _is_sampled(entry, alternatives(entry)[0])
    ranked = listed[1:] if sampled_first else listed
    if any(later > earlier + _ROUNDING for earlier, later in pairwise(ranked)):
        return "its alternatives are not sorted"
    return None


def _is_sampled(entry: Entry, other: Entry) -> bool:
    ours, theirs = entry.get("bytes"), other.get("bytes")
    if isinstance(ours, list) and isinstance(theirs, list):
        return ours == theirs
    return bool(entry.get("token") == other.get("token"))


def _misplaced(entry: Entry) -> str | None:
    """How the alternatives are not those of the entry's token; "" if they are; None if it has none."""
    value, others = _number(entry.get("logprob")), alternatives(entry)
    listed = [number for number in map(_number, _listed_values(entry)) if number is not None]
    if value is None or not listed or len(listed) < len(others):
        return None
    same = [_number(one.get("logprob")) for one in others if _is_sampled(entry, one)]
    if not same:
        return "is likelier than an alternative, and is not listed" if value > min(listed) + _ROUNDING else ""
    if all(number is None or abs(number - value) > _ROUNDING for number in same):
        return f"has another value among its alternatives: {same[0]}"
    return ""
