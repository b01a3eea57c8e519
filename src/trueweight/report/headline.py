"""The answer in words, the same in every format: whom to use, whom to avoid, and what this run cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.report.standing import FEW, Group, Standing, drift_measured, has_answered, unseen


class Line(NamedTuple):
    """A line of the answer: its label, and the providers in it by the ground that they share."""

    group: Group
    mark: str
    label: str
    people: tuple[tuple[tuple[str, ...], str], ...]


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
    missed = unseen(run["cases"])
    if missed > FEW:
        cases = f"{run['cases']} case{'' if run['cases'] == 1 else 's'}"
        out.append(f"Too few cases to rely on: with {cases}, a provider could fail {missed:.0%} of such and show none.")
    if not has_answered(summary, run.get("reference")):
        out.append(f"{_lacking(summary)}: providers are held to their MUST laws alone, and to each other by eye.")
    return tuple(out)


def _lacking(summary: Mapping[str, Any]) -> str:
    name = summary["run"].get("reference")
    if name is None:
        return "No reference"
    asked = summary["providers"][name].get("counts", {}).get("recorded")
    return "The reference never answered" if asked else "The reference was not asked yet"


def verdict_lines(summary: Mapping[str, Any], ranked: Sequence[Standing]) -> tuple[Line, ...]:
    """A line per group that has anyone in it, in the order in which a reader wants them."""
    bar = any(provider.get("verdict") for provider in summary["providers"].values())
    alone = not summary["run"].get("cases")
    known = all(summary["providers"][s.provider].get("drift") for s in ranked if s.group is Group.USE)
    known = known and (alone or unseen(summary["run"]["cases"]) <= FEW)
    labels = {
        Group.USE: "Meets the bar" if bar else "No drift" if alone else "Use" if known else "No fault found",
        Group.AVOID: "Fails the bar" if bar else "Not the same" if alone else "Avoid",
        Group.UNDECIDED: "Undecided",
    }
    marks = {Group.USE: "✓", Group.AVOID: "✕", Group.UNDECIDED: "?"}
    lines = (
        Line(group, marks[group], label, _by_ground(s for s in ranked if s.group is group))
        for group, label in labels.items()
    )
    return tuple(line for line in lines if line.people)


def _by_ground(ranked: Iterable[Standing]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Who stands on the same ground stands together: it is written once."""
    found: dict[str, tuple[str, ...]] = {}
    for standing in ranked:
        found[standing.ground] = (*found.get(standing.ground, ()), standing.provider)
    return tuple((names, ground) for ground, names in found.items())
