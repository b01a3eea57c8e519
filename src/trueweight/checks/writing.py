"""What a case requires of the text: its script, no repetition, and text beside calls."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import SAMPLE_CALL, Example, calls, sample_case, says
from trueweight.protocols import locate, locate_noun, span_of_content

_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "latin": ("LATIN", "FULLWIDTH LATIN", "MASCULINE", "FEMININE", "MODIFIER"),
    "cyrillic": ("CYRILLIC",),
    "greek": ("GREEK", "MICRO"),
    "han": ("CJK",),
    "kana": ("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "KATAKANA-HIRAGANA"),
    "hangul": ("HANGUL",),
    "arabic": ("ARABIC",),
    "hebrew": ("HEBREW",),
    "devanagari": ("DEVANAGARI",),
    "thai": ("THAI",),
}


@check(
    "text-script",
    "The text is written in the scripts that the case allows.",
    failure="{cases} had text in a script that the case does not allow",
    row=43,
    source="https://github.com/MiniMax-AI/MiniMax-Provider-Verifier",
    on_request=True,
    params={
        "type": "object",
        "properties": {"only": {"type": "array", "items": {"enum": sorted(_SCRIPTS)}, "minItems": 1}},
        "required": ["only"],
        "additionalProperties": False,
    },
    why="Words of another language in the middle of a text are a sign of a wrong sampler or damaged weights.",
    fix="Compare temperature, top_p and penalties with the model's own settings; then the weights.",
    example=Example(
        says("Good morning, Привет"),
        "П",
        says("Good morning, café 42 €"),
        sample_case({"text-script": {"only": ["latin"]}}),
    ),
)
def text_script(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Judges letters only: digits, punctuation, signs and emoji belong to every script."""
    if not reply.content:
        return None
    allowed = tuple(prefix for name in params["only"] for prefix in _SCRIPTS[name])
    for at, char in enumerate(reply.content):
        if char.isalpha() and not char.isascii() and not unicodedata.name(char, "").startswith(allowed):
            name = unicodedata.name(char, f"U+{ord(char):04X}")
            spans = span_of_content(reply, at, at + 1)
            return Fail(f"{quote(char)} ({name}) in the text", " | ".join(params["only"]), name, spans)
        if char.isascii() and char.isalpha() and "latin" not in params["only"]:
            return Fail(
                f"{quote(char)} in the text", " | ".join(params["only"]), "latin", span_of_content(reply, at, at + 1)
            )
    return Pass()


@check(
    "text-repetition",
    "The text does not repeat the same run of words.",
    failure="{cases} had a text that repeats the same run of words",
    row=43,
    source="https://github.com/MiniMax-AI/MiniMax-Provider-Verifier",
    on_request=True,
    params={
        "type": "object",
        "properties": {"words": {"type": "integer", "minimum": 2}, "times": {"type": "integer", "minimum": 2}},
        "additionalProperties": False,
    },
    why="The text repeats itself; the client pays for it and learns nothing.",
    fix="Compare temperature, top_p and penalties with the model's own settings; then the weights.",
    example=Example(
        says("we go round and round in circles here " * 5),
        "we",
        says("one two three four five six seven eight nine"),
        sample_case({"text-repetition": {}}),
    ),
)
def text_repetition(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Fails on eight words that occur four times, unless the case sets other numbers."""
    words, times = params.get("words", 8), params.get("times", 4)
    found = (reply.content or "").split()
    if len(found) < words:
        return Pass() if found else None
    runs = Counter(tuple(found[at : at + words]) for at in range(len(found) - words + 1))
    worst, count = runs.most_common(1)[0]
    if count >= times:
        text = " ".join(worst)
        return Fail(f"{quote(text)} occurs {count} times", f"< {times}", str(count), locate(reply, worst[0]))
    return Pass()


@check(
    "text-beside-call",
    "Text that the model writes beside a call is in the reply.",
    failure="The text beside a tool call is lost in {cases}",
    row=9,
    source="https://github.com/vllm-project/vllm/issues/56263",
    on_request=True,
    params={
        "type": "object",
        "properties": {"contains": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}},
        "required": ["contains"],
        "additionalProperties": False,
    },
    why="The user does not see what the assistant is doing, and the history lacks that text.",
    fix="Let the tool parser pass on the text before and after a call.",
    example=Example(
        SAMPLE_CALL,
        "null",
        calls('{"city":"Oslo"}', content="Looking."),
        sample_case({"text-beside-call": {"contains": ["Looking."]}}),
    ),
)
def text_beside_call(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Judges replies with a call; other checks judge whether there is one."""
    if not reply.calls:
        return None
    lost = [text for text in params["contains"] if text not in (reply.content or "")]
    if lost:
        spans = locate_noun(reply, "content") or whole(reply)
        return Fail("the content lacks the text beside the call", quote(lost[0]), quote(reply.content), spans)
    return Pass()
