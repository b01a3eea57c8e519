"""Names and sentences of the whole source: one name has one meaning, and sentences are plain."""

from __future__ import annotations

import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "trueweight"

SHARED_NAMES: Mapping[str, str] = {}
"""Public classes of one name in several modules, with the reason why that is right."""

BANNED = (
    r"whoever|whomever|nobody|anybody|somebody|of (?:its|their|our|your|one's) own|as (?:it|they) stands?|"
    r"(?:comes?|came) to (?:nothing|its end|the same|:|\()|told of|heard|Heard|gist"
)
"""Words that hide the subject of a sentence or make it a riddle."""

PROMPT_TEXT = (
    "fleet/vocabulary.py",  # the tokenizer's words: their order is part of the weights
    "suites/properties/conversations.py",  # what simulated users write
    "suites/properties/asks.py",  # what simulated users write
    "suites/importers/kvv_schemas.py",  # the prompt of its cases
)
"""Files whose strings are text for or of a model."""


def _modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8")


def test_no_two_public_classes_share_a_name() -> None:
    """A reader who knows a class in one package is not misled by another one."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in _modules():
        for found in re.findall(r"^class ([A-Za-z]\w*)", text, re.MULTILINE):
            homes[found].append(name)
    shared = {name: where for name, where in homes.items() if len(where) > 1}
    assert {name: where for name, where in shared.items() if name not in SHARED_NAMES} == {}
    assert set(SHARED_NAMES) <= set(shared), "a name that is shared no more leaves the list"


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Lines of comments and of string literals, with their numbers."""
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            for at, line in enumerate(token.string.splitlines()):
                yield token.start[0] + at, line


def test_sentences_have_a_subject_and_no_riddle() -> None:
    """Docstrings, comments, help and errors are read once by an engineer whose first language is not English."""
    banned = re.compile(rf"\b(?:{BANNED})\b")
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in _modules()
        if name not in PROMPT_TEXT and banned.search(text)
        for number, line in _sentences(text)
        if banned.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["whoever stops", "an id of its own", "it was heard", "as it stands"])
def test_the_search_finds_what_it_is_for(text: str) -> None:
    """A pattern that matches nothing would hold anything."""
    assert re.search(rf"\b(?:{BANNED})\b", text)
