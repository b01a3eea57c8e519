"""The words of the page, explained on the page itself: its metrics, and the terms that `explain` knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from trueweight.metrics import describe
from trueweight.report.words.terms import TERMS

_BETTER: Final = {True: "Higher is better.", False: "Lower is better.", None: ""}


class GlossaryEntry(NamedTuple):
    """A word and what it means.

    Attributes:
        place: id of its place on the page: ``m-METRIC``, or ``w-TERM``.
        source: of a metric's definition: a citation or a URL; "" if there is none.
    """

    place: str
    name: str
    meaning: str
    source: str = ""


def glossary(metrics: Iterable[str]) -> tuple[GlossaryEntry, ...]:
    """The metrics in their order, then every term of the report."""
    return (
        *map(_metric, dict.fromkeys(metrics)),
        *(GlossaryEntry(word(one.name), one.name, one.meaning) for one in TERMS),
    )


def word(name: str) -> str:
    """The place of a term on the page."""
    return "w-" + "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def _metric(name: str) -> GlossaryEntry:
    found = describe(name)
    meaning = " ".join(filter(None, [found.definition, _BETTER[found.higher_is_better]]))
    return GlossaryEntry(f"m-{name}", found.title, meaning, found.source)
