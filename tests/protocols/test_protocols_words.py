"""Only ``protocols/`` knows a wire shape: nothing else of the program has a word of one in its code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trueweight

SOURCE = Path(trueweight.__file__).parent
FREE = ("protocols/", "suites/importers/", "fleet/", "core/summary_format_1.py")
"""The protocols; what reads files that are written in these words; and the servers that speak them."""

WORDS = re.compile(
    r"""
      ^choices$ | \bdelta\b | \bfinish_reason\b | \[DONE\] | /chat/completions\b
    | \b(?:prompt|completion|total|cached)_tokens(?:_details)?\b | \breasoning_content\b | \binclude_usage\b
    | \bchat\.completion\b
    | /responses\b | \b(?:previous_response_id|output_index|content_index|output_text|function_call_output)\b
    | \bmax_output_tokens\b | \bincomplete_details\b
    | /messages\b | \b(?:content_block|message_start|stop_reason|stop_sequences?|tool_use|tool_result)\b
    | \banthropic-version\b | \bcount_tokens\b
    """,
    re.VERBOSE,
)
NAMES = re.compile(
    r"\b(?:finish_reason|prompt_tokens|completion_tokens|total_tokens|cached_tokens|reasoning_content)\b"
)
"""``choices`` and ``tool_calls`` are nouns too: of a reply, and of the messages in which a case is written."""
LETTERS = re.compile(
    f"{WORDS.pattern} | {NAMES.pattern}".replace(r"\b", "").replace("^choices$", "choices"), re.VERBOSE
)
"""A module without these letters anywhere has no wire word, and need not be parsed."""


def words_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every wire word in a string or an identifier; docstrings are prose."""
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in prose:
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if WORDS.search(text):
                yield node.lineno, text
        for name in (getattr(node, field, None) for field in ("attr", "id", "arg", "name")):
            if isinstance(name, str) and NAMES.search(name):
                yield getattr(node, "lineno", 0), name


def modules() -> list[str]:
    found = (path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
    return sorted(name for name in found if not name.startswith(FREE))


@pytest.mark.parametrize(
    "text",
    ['x = "finish_reason"', "x = b'data: [DONE]'", 'f"{u}/chat/completions"', "u.prompt_tokens", "f(finish_reason=1)",
     "class A:\n    completion_tokens: int = 1", 'x["choices"]', 'x = "delta"', 'x["output_index"]', 'f"{u}/messages"',
     'x = "response.output_text.delta"', 'x = "tool_use"'],
)  # fmt: skip
def test_a_wire_word_is_found(text: str) -> None:
    """In a string, an f-string, bytes, an attribute, an argument or a field."""
    assert LETTERS.search(text)
    assert list(words_of(ast.parse(text)))


def test_no_module_outside_has_a_wire_word() -> None:
    """Names of other people's published metrics are in the importers; ``summary.json`` has nouns."""
    sources = ((name, (SOURCE / name).read_text(encoding="utf-8")) for name in modules())
    found = [
        f"{name}:{line}: {text[:80]!r}"
        for name, source in sources
        if LETTERS.search(source)
        for line, text in words_of(ast.parse(source))
    ]
    assert not found, "\n".join(found)
