"""Tokens that reach the client as they stand in the vocabulary, because the server did not decode them."""

from __future__ import annotations

import re
from typing import Final

from trueweight.checks.markers import strings_of
from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import Example, says
from trueweight.protocols import locate

_BYTES: Final = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_SPACES: Final = "\u0120\u2581"
"""How byte-level BPE and SentencePiece write a space at the beginning of a word: Ġ and ▁."""
_FEWEST: Final = 2
"""Such letters, more than there are spaces, that no text of a language has."""
_SEARCHED: Final = 100_000


@check(
    "text-decoded",
    "Text is decoded: it has no tokens as they stand in the vocabulary.",
    failure="Tokens reach the client as they stand in the vocabulary, not decoded, in {cases}",
    engine=True,
    row=20,
    explains=(
        "argument-characters",
        "argument-whitespace",
        "content-matches",
        "json-equals",
        "stream-text-whole",
        "structured-output",
        "structured-output-bare",
        "structured-output-schema",
        "text-repetition",
        "text-script",
        "tool-arguments-json",
        "tool-call-matches",
        "usage-covers-text",
    ),
    source="https://github.com/raullenchai/Rapid-MLX/pull/793",
    why="The user reads Ġ or ▁ for each space, or <0x0A> for a line break, and JSON cannot be parsed.",
    fix="Use the decoder that belongs to the tokenizer, also where a stream decodes one token after the other.",
    example=Example(says("It is cold.<0x0A>Go home."), "<0x0A>", says("It is cold.\nGo home.")),
)
def text_decoded(case: Case, reply: Reply) -> CheckResult | None:
    """Judges content, reasoning and arguments. Accepts what the request or the case's answer has."""
    texts = [text for text in (reply.content, reply.reasoning, *(call.arguments for call in reply.calls)) if text]
    for text in texts:
        found = _undecoded(text[:_SEARCHED])
        if found and not any(found in known for known in (*strings_of(case.request), *strings_of(case.answer))):
            spans = locate(reply, found) or spans_of(call.span for call in reply.calls)
            return Fail(f"the text has {quote(found)}", "decoded text", quote(text[:80]), spans)
    return Pass() if texts else None


def _undecoded(text: str) -> str:
    """A token that is not decoded; "" if there is none."""
    token = _BYTES.search(text)
    if token is not None:
        return token[0]
    for letter in _SPACES:
        if text.count(letter) >= _FEWEST and text.count(letter) > text.count(" "):
            return letter
    return ""
