"""The answer in words, the same in every format: whom to use, whom to avoid, and what this run cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.report.standing import Group, Standing, drift_measured

FEW = 0.1
"""If more than this share could fail unseen (exact 95% limit of none in n), cases are said to be too few."""


class Line(NamedTuple):
    """A line of the answer: its label and the providers in it, each with the ground for it."""

    group: Group
    mark: str
    label: str
    people: tuple[tuple[str, str], ...]


def limits(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader must know before the numbers, in sentences."""
    run = summary["run"]
    out = [str(note) for note in run.get("notes", ())]
    if not drift_measured(summary) and run.get("reference"):
        out.append(
            "Drift not measured: nothing here says that anyone's weights, or their precision, are the reference's."
        )
    unknown = [n for n, p in summary["providers"].items() if not p.get("drift") and n != run.get("reference")]
    if drift_measured(summary) and unknown:
        out.append(f"Drift not measured of {', '.join(unknown)}.")
    planned, recorded = run["trials"]["planned"], run["trials"]["recorded"]
    if recorded < planned:
        out.append(f"Not finished: {recorded} of {planned} planned trials are on record. The same command goes on.")
    if not run.get("cases"):
        out.append("Only drift was measured: nothing here says whether tool calls and schemas arrive intact.")
        return tuple(out)
    unseen = 1 - 0.05 ** (1 / run["cases"])
    if unseen > FEW:
        cases = f"{run['cases']} case{'' if run['cases'] == 1 else 's'}"
        out.append(f"Too few cases to rely on: with {cases}, a provider could fail {unseen:.0%} of such and show none.")
    if not run.get("reference"):
        out.append("No reference: providers are held to their MUST laws alone, and to each other by eye.")
    return tuple(out)


def verdict_lines(summary: Mapping[str, Any], ranked: Sequence[Standing]) -> tuple[Line, ...]:
    """A line per group that has anyone in it, in the order in which a reader wants them."""
    bar = any(provider.get("verdict") for provider in summary["providers"].values())
    alone = not summary["run"].get("cases")
    known = all(summary["providers"][s.provider].get("drift") for s in ranked if s.group is Group.USE)
    labels = {
        Group.USE: "Meets the bar" if bar else "No drift" if alone else "Use" if known else "No fault found",
        Group.AVOID: "Fails the bar" if bar else "Not the same" if alone else "Avoid",
        Group.UNDECIDED: "Undecided",
    }
    marks = {Group.USE: "✓", Group.AVOID: "✕", Group.UNDECIDED: "?"}
    lines = (
        Line(group, marks[group], label, tuple((s.provider, s.ground) for s in ranked if s.group is group))
        for group, label in labels.items()
    )
    return tuple(line for line in lines if line.people)
