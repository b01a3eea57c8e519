"""The endpoint JSON that shields.io draws a badge from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trueweight.report.evidence import Evidence
from trueweight.report.standing import Group, standings

SUFFIX = ".json"
_COLOURS: Final = {Group.AVOID: "critical", Group.UNDECIDED: "yellow", Group.USE: "success"}


def render(summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """Counts only, so that no provider's words stand in a README. The worst group gives the colour."""
    groups = [standing.group for standing in standings(summary) if standing.group is not Group.REFERENCE]
    parts = [(Group.USE, "pass"), (Group.UNDECIDED, "open"), (Group.AVOID, "fail")]
    message = ", ".join(f"{groups.count(group)} {word}" for group, word in parts if group in groups)
    colour = next((colour for group, colour in _COLOURS.items() if group in groups), "inactive")
    badge = {"schemaVersion": 1, "label": "trueweight", "message": message or "no candidates", "color": colour}
    return json.dumps(badge, sort_keys=True) + "\n"
