"""The endpoint JSON that shields.io draws a badge from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from trueweight.core.assessment import Recommendation
from trueweight.core.summary import Summary
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.words import ranked, recommendation_lines
from trueweight.report.words.bar import is_bar_later

_COLOURS: Final = {
    Recommendation.AVOID: "critical",
    Recommendation.UNDECIDED: "yellow",
    Recommendation.USE: "success",
}


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """Counts only, so that no provider's words stand in a README. The worst recommendation gives the colour."""
    lines = recommendation_lines(summary, ranked(summary))
    message = ", ".join(_count(sum(len(names) for names, _ in line.providers), line.label.lower()) for line in lines)
    found = {line.recommendation for line in lines}
    colour = next((colour for one, colour in _COLOURS.items() if one in found), "inactive")
    if is_bar_later(summary):
        message += " (bar changed after the run had begun)"
    badge = {"schemaVersion": 1, "label": "trueweight", "message": message or "no candidates", "color": colour}
    return json.dumps(badge, sort_keys=True) + "\n"


def _count(number: int, label: str) -> str:
    """``1 meets the bar``, ``2 meet the bar``, ``3 avoid``."""
    return f"{number} {label if number == 1 else label.replace('s the bar', ' the bar')}"


register(Format("badge", ".badge.json", render))  # report.json is the summary
