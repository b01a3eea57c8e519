"""The endpoint JSON that shields.io draws a badge from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.headline import verdict_lines
from trueweight.report.standing import Group, standings

_COLOURS: Final = {Group.AVOID: "critical", Group.UNDECIDED: "yellow", Group.USE: "success"}


def render(summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """Counts only, so that no provider's words stand in a README. The worst group gives the colour.

    Without a bar or a measured drift no provider passes: the words are those of the report.
    """
    lines = verdict_lines(summary, standings(summary))
    message = ", ".join(f"{sum(len(names) for names, _ in line.people)} {line.label.lower()}" for line in lines)
    groups = {line.group for line in lines}
    colour = next((colour for group, colour in _COLOURS.items() if group in groups), "inactive")
    badge = {"schemaVersion": 1, "label": "trueweight", "message": message or "no candidates", "color": colour}
    return json.dumps(badge, sort_keys=True) + "\n"


register(Format("badge", ".json", render))
