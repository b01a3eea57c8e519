"""The summary itself, laid out for reading; sorted keys, so that two of them can be compared line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register


def render(summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """ASCII only: what a provider wrote must not reach a terminal through ``cat``."""
    return json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


register(Format("json", ".json", render))
