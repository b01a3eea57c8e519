"""Arguments that differ from the expected ones in a way that a server causes: escapes, rounding, words for null."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from trueweight.checks.expectations import differs, leaf_pairs
from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import Example, calls, sample_case, says
from trueweight.protocols import narrow, parse_json, span_of_content

_EXACT: Final = 2**53
_DIGITS: Final = 9
"""Digits behind the point to which a rounded fraction may be rounded."""
_WORDS: Final = frozenset({"None", "nil", "NULL"})


def _expects(**arguments: Any) -> Case:
    return sample_case({"tool-call-matches": {"calls": [{"name": "weather", "arguments": arguments}]}})


@check(
    "argument-escaped",
    "The characters <, >, & and quotes arrive in arguments as they are.",
    failure="Characters in arguments arrive as HTML entities in {cases}",
    row=8,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-7",
    why="Code, markup and queries in arguments do not mean the same: &lt; is no less-than sign to the tool.",
    fix="Do not escape text for HTML in the tool parser or in a gateway; or undo it.",
    example=Example(calls('{"city":"a &lt; b"}'), "&lt;", calls('{"city":"a < b"}'), _expects(city="a < b")),
)
def argument_escaped(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the arguments; fails where they are right after the entities are replaced."""
    return differs(case, reply, lambda want, got: html.unescape(got) == want, "the argument has HTML entities")


@check(
    "argument-encoded",
    "Text in arguments is not encoded again.",
    failure="Text in arguments arrives encoded again, with backslashes, percent signs or quotes, in {cases}",
    row=8,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-7",
    why="The tool gets the backslash and the letter n in place of a line break, or %20 in place of a space.",
    fix="Encode each value once; decode what the model wrote inside of other markup.",
    example=Example(
        calls('{"city":"a\\\\nb"}'), "nb", calls('{"city":"a\\nb"}'), _expects(city="a\nb"),
    ),
)  # fmt: skip
def argument_encoded(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the arguments. ``argument-escaped`` judges HTML entities."""
    return differs(case, reply, _is_encoded, "the argument is encoded once more")


def _is_encoded(want: str, got: str) -> bool:
    if got in (f'"{want}"', f"'{want}'", f"<![CDATA[{want}]]>") or unquote(got) == want:
        return True
    text = re.sub(r'(?<!\\)"', r'\\"', got)
    for form in (got, text):
        parsed = parse_json(f'"{form}"')
        if parsed.ok and parsed.value == want:
            return True
    return False


@check(
    "argument-characters",
    "Text in arguments has the characters that the model wrote.",
    failure="Letters beyond ASCII arrive in arguments as those of another encoding, or as question marks, in {cases}",
    row=20,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-8.1",
    why="Names and paths are wrong: the tool finds nothing.",
    fix="Read and write UTF-8 everywhere between the model and the response.",
    example=Example(
        calls('{"city":"M\u00c3\u00a4nner"}'), "nner", calls('{"city":"M\u00e4nner"}'), _expects(city="M\u00e4nner"),
    ),
)  # fmt: skip
def argument_characters(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the arguments; fails on UTF-8 that was read as Latin-1 or Windows-1252."""
    return differs(case, reply, _is_misread, "the argument was read or written in another encoding")


def _is_misread(want: str, got: str) -> bool:
    data = want.encode("utf-8", "replace")
    replaced = want.encode("ascii", "replace").decode()
    return got in (data.decode("latin-1"), data.decode("cp1252", "replace"), replaced) and got != want


@check(
    "argument-normalised",
    "Text in arguments keeps its code points.",
    failure="Text in arguments arrives in another Unicode normal form in {cases}",
    row=20,
    source="https://www.unicode.org/reports/tr15/",
    why="File names and keys that look the same are not found.",
    fix="Do not normalise text that the model wrote.",
    example=Example(
        calls('{"city":"Ma\u0308nner"}'), "", calls('{"city":"M\u00e4nner"}'), _expects(city="M\u00e4nner")
    ),
)
def argument_normalised(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the arguments; fails where both are the same text in NFKC."""
    return differs(case, reply, _same_text, "the argument has another Unicode normal form")


def _same_text(want: str, got: str) -> bool:
    return unicodedata.normalize("NFKC", want) == unicodedata.normalize("NFKC", got)


@check(
    "argument-rounded",
    "Numbers in arguments keep all their digits.",
    failure="{cases} had a number that was rounded",
    row=7,
    source="https://www.rfc-editor.org/rfc/rfc7493#section-2.2",
    why="The last digits of ids are wrong: another record is read or changed.",
    fix="Keep the text of the number; do not parse arguments into doubles and write them again.",
    example=Example(
        calls('{"days":9007199254740992}'), "9007199254740992", calls('{"days":9007199254740993}'),
        _expects(days=9007199254740993),
    ),
)  # fmt: skip
def argument_rounded(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the number; fails where an integer beyond 2⁵³ is what a double has in its place, and where
    a fraction has fewer digits."""
    return _values(case, reply, _is_rounded, "the number was rounded")


def _is_rounded(want: Any, got: Any) -> bool:
    if isinstance(want, float) and isinstance(got, float) and got != want:
        return any(round(want, digits) == got for digits in range(1, _DIGITS))
    if isinstance(want, bool) or isinstance(got, bool) or not isinstance(want, int) or abs(want) <= _EXACT:
        return False
    if not isinstance(got, int | float) or got == want:
        return False
    try:
        return float(got) == float(want) or abs(got - want) <= abs(want) * 1e-12
    except OverflowError:
        return False


@check(
    "argument-null-text",
    "null arrives in arguments as null, and not as a word.",
    failure="{cases} had the word None as a text in place of null",
    row=7,
    source="https://github.com/vllm-project/vllm/issues/47643",
    why="The tool takes the word for a value: a person named None is searched for.",
    fix="Convert by the schema's type: null where the schema allows it.",
    example=Example(calls('{"city":"None"}'), "None", calls('{"city":null}'), _expects(city=None)),
)
def argument_null_text(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name such a value. ``argument-coerced`` judges other texts in place of values."""
    return _values(case, reply, _is_word, "the argument is a word in place of null")


def _is_word(want: Any, got: Any) -> bool:
    return want is None and isinstance(got, str) and got in _WORDS


@check(
    "text-escaped",
    "The characters <, >, & and quotes arrive in the content as they are.",
    failure="Characters in the content arrive as HTML entities in {cases}",
    severity=Severity.SHOULD,
    row=8,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-7",
    why="Code and markup are shown, and run, with entities in them.",
    fix="Escape text where it is shown, and not on its way.",
    example=Example(
        says("if a &lt; b:"), "&lt;", says("if a < b:"),
        sample_case({"content-matches": {"contains": ["if a < b:"]}}),
    ),
)  # fmt: skip
def text_escaped(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name text with such characters; fails where it is there as entities only."""
    params = case.checks.get("content-matches", {})
    wanted = [text for text in (*params.get("contains", ()), params.get("equals", "")) if set(text) & set("<>&\"'")]
    if not wanted or not reply.content:
        return None
    for text in wanted:
        escaped = next((form for form in _entities(text) if form in reply.content), None)
        if text not in reply.content and escaped is not None:
            at = reply.content.index(escaped)
            spans = span_of_content(reply, at, at + len(escaped))
            return Fail("the content has HTML entities", quote(text), quote(escaped), spans)
    return Pass()


def _entities(text: str) -> tuple[str, ...]:
    return (html.escape(text), html.escape(text, quote=False), html.escape(text).replace("&#x27;", "&#39;"))


def _values(case: Case, reply: Reply, like: Callable[[Any, Any], bool], words: str) -> CheckResult | None:
    """Fail on the first argument that is ``like`` (expected, received)."""
    for want, got, call in leaf_pairs(case, reply):
        if like(want, got):
            found = narrow(reply, call.span, got if isinstance(got, str) else str(got))
            return Fail(words, quote([want]), quote([got]), found)
    return Pass() if "tool-call-matches" in case.checks and reply.calls else None
