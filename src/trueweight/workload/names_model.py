"""Finds names of people by a spaCy pipeline, which is an extra: rules know no names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from trueweight.core import ConfigError
from trueweight.workload.personal import Found, Recogniser

_PEOPLE: Final = frozenset({"PERSON", "PER", "persName"})
"""Labels of people in spaCy's pipelines: English and Chinese, most others, Polish."""
_NOT_NEEDED: Final = ("parser", "lemmatizer", "tagger", "morphologizer", "attribute_ruler")
_PIECE: Final = 50_000
"""Characters that are searched at once, which bounds memory."""


def people_of(model: str, load: Callable[[str], Any] | None = None) -> Recogniser:
    """Finds what a pipeline takes for names of people.

    Args:
        model: name of an installed pipeline (``en_core_web_sm``), or a folder with one.
        load: loads it; None takes spaCy.

    Raises:
        ConfigError: ``names-extra`` without spaCy; ``names-model`` if there is no such pipeline, or it finds no people.
    """
    pipeline = (load or _load)(model)
    labels = {label for found in pipeline.pipe_labels.values() for label in found}
    if not labels & _PEOPLE:
        hint = f"Valid: a pipeline with one of the labels {', '.join(sorted(_PEOPLE))}."
        raise ConfigError("the pipeline finds no people", code="names-model", where=model, hint=hint)

    def people(text: str) -> Iterator[Found]:
        for start, piece in _pieces(text):
            for entity in pipeline(piece).ents:
                if entity.label_ in _PEOPLE:
                    yield Found(start + entity.start_char, start + entity.end_char, "name")

    return people


def _load(model: str) -> Any:
    try:
        import spacy
    except ImportError:
        hint = "Install it: pip install 'trueweight[names]'"
        raise ConfigError("names are found by spaCy", code="names-extra", where="--names-model", hint=hint) from None
    try:
        return spacy.load(model, exclude=list(_NOT_NEEDED))
    except (OSError, ValueError):
        hint = "Install one, for example: python -m spacy download en_core_web_sm"
        raise ConfigError(
            f"no spaCy pipeline {model!r}", code="names-model", where="--names-model", hint=hint
        ) from None


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in pieces that end at white space, each with its start."""
    start = 0
    while start < len(text):
        end = len(text)
        if end - start > _PIECE:
            end = max(text.rfind(" ", start, start + _PIECE), text.rfind("\n", start, start + _PIECE)) + 1
            end = end if end > start else start + _PIECE
        yield start, text[start:end]
        start = end
