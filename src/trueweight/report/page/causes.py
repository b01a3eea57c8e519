"""Failures grouped by cause: one row for each requirement that providers break, with all that break it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from trueweight.core import SEVERE
from trueweight.core.summary import Summary
from trueweight.report.numbers import counted
from trueweight.report.text import visible
from trueweight.report.words import cause_words


class Cause(NamedTuple):
    """A broken requirement.

    Attributes:
        blames: who causes it, in words, each once; it can differ by provider.
        providers: those that break it, worst first, each with how often.
        cases: number of cases in which it fails at any provider.
        keys: those cases, sorted.
        query: what filters the cases on the page to these.
    """

    check: str
    severity: str
    requirement: str
    blames: tuple[str, ...]
    providers: tuple[tuple[str, str], ...]
    cases: str
    keys: tuple[str, ...]
    query: str


def failing_json(summary: Summary, names: Sequence[str]) -> str:
    """The broken requirements as ASCII JSON, as `causes`: each with all of its cases."""
    rows = [
        {
            "check": one.check,
            "severity": one.severity,
            "requirement": one.requirement,
            "caused_by": one.blames,
            "providers": dict(one.providers),
            "cases": one.keys,
        }
        for one in causes(summary, names)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=True)


def causes(summary: Summary, names: Sequence[str]) -> tuple[Cause, ...]:
    """The broken requirements, those of most severity and most cases first. INFO breaks nothing, so it is not here.

    Args:
        names: of the providers, in their order.
    """
    found = [
        (name, one) for name in names for one in summary.providers[name].findings if one.outcome == "fail" and one.cases
    ]
    made = []
    for check in dict.fromkeys(one.check for _, one in found):
        own = [(name, one) for name, one in found if one.check == check]
        first = own[0][1]
        if first.severity not in SEVERE:
            continue
        cases = {case for _, one in own for case in one.cases}
        worst = sorted(own, key=lambda pair: -len(pair[1].cases))
        row = Cause(
            check=visible(check, limit=80),
            severity=first.severity.value,
            requirement=visible(first.requirement, limit=300),
            blames=tuple(dict.fromkeys(cause_words(one.blame) for _, one in own if one.blame is not None)),
            providers=tuple((visible(name, limit=80), f"{one.fails} of {one.of}") for name, one in worst),
            cases=counted(len(cases), "case"),
            keys=tuple(sorted(cases)),
            query="check:" + visible(check, limit=80),
        )
        made.append((first.severity.rank, -len(cases), check, row))
    return tuple(row for *_, row in sorted(made, key=lambda one: one[:3]))
