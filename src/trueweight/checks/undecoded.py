"""Text that is no answer as the model wrote it: tokens that are not decoded, and a prompt that comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from trueweight.checks.markers import strings_of
from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import Example, sample_case, says
from trueweight.protocols import locate, spans_of_all_content

_BYTES: Final = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_MARKER: Final = re.compile(r"<[|｜][^<>|｜]{1,60}[|｜]>|<｜?tool▁[^<>]{1,40}>")
"""Control tokens of DeepSeek have such letters in their names; ``turn-markers`` and others find them."""
_SPACES: Final = "\u0120\u2581"
"""How byte-level BPE and SentencePiece write a space at the beginning of a word: Ġ and ▁."""
_FEWEST: Final = 2
"""Such letters, more than there are spaces, that no text of a language has."""
_SEARCHED: Final = 100_000
_LEAST_ECHO: Final = 30
"""Characters of a message that an answer does not begin with by chance."""


@check(
    "text-decoded",
    "Text is decoded: it has no tokens by their names in the vocabulary.",
    failure="Tokens reach the client by their names in the vocabulary, not decoded, in {cases}",
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
    text = _MARKER.sub("", text)
    for letter in _SPACES:
        if text.count(letter) >= _FEWEST and text.count(letter) > text.count(" "):
            return letter
    return ""


@check(
    "prompt-not-echoed",
    "The content does not begin with the prompt.",
    failure="The content begins with the prompt in {cases}",
    severity=Severity.SHOULD,
    row=33,
    explains=(
        "choices-vary",
        "content-matches",
        "json-equals",
        "stop-honoured",
        "structured-output",
        "structured-output-bare",
        "structured-output-schema",
        "text-repetition",
        "usage-covers-text",
        "usage-of-all-choices",
    ),
    source="https://github.com/vllm-project/vllm/pull/52529",
    why="The user reads the question again before the answer, and parsers of the content fail on it.",
    fix="Send the tokens behind the prompt only, for every model and in streams too.",
    example=Example(
        says("Name the capital of Norway in one word.Oslo"), "Name the capital", says("Oslo"),
        sample_case(words="Name the capital of Norway in one word."),
    ),
)  # fmt: skip
def prompt_not_echoed(case: Case, reply: Reply) -> CheckResult | None:
    """Judges the last message, if it is the user's, has thirty characters or more and is not in the case's answer."""
    asked = _last_words(case)
    if len(asked) < _LEAST_ECHO or not reply.content or any(asked in text for text in strings_of(case.answer)):
        return None
    if reply.content.lstrip().removeprefix("user").lstrip(" :\n").startswith(asked):
        spans = locate(reply, asked) or spans_of_all_content(reply)
        return Fail("the content begins with the user's message", "an answer", quote(reply.content[:80]), spans)
    return Pass()


def _last_words(case: Case) -> str:
    """The text of the last message, if it is the user's and one text."""
    messages = case.request.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, Mapping) and last.get("role") == "user" else None
    return content.strip() if isinstance(content, str) else ""
