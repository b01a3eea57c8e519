"""Calls that differ from the reference's by chance alone: in cases that leave the call open, and are sampled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from trueweight.core import Case, Observation
from trueweight.core.note import Note, NoteCode
from trueweight.workflow.judge.exchange import asks_calls

_Place = tuple[str, str, str, str, int]


class _Differences(NamedTuple):
    """Trials that both answered, those of them in which one called a tool and the other did not, and their cases."""

    trials: int
    cases: tuple[str, ...]


def open_call_notes(
    observations: Mapping[str, Sequence[Observation]], cases: Mapping[str, Case], reference: str | None, repeats: int
) -> Iterator[Note]:
    """A note for each candidate whose calls differ from the reference's first pass in open cases alone.

    Args:
        observations: of each provider.
        repeats: of each case in one pass of the reference.
    """
    if reference is None:
        return
    asked = [seen for seen in observations[reference] if seen.case in cases and asks_calls(cases[seen.case])]
    first = _called(seen for seen in asked if seen.repeat < repeats)
    second = {(*at[:-1], at[-1] - repeats): called for at, called in _called(asked).items() if at[-1] >= repeats}
    own = _compare(second, first)
    for name, rows in observations.items():
        found = _compare(_called(rows), first)
        if name != reference and found.cases and all(_is_open(cases[case]) for case in found.cases):
            yield Note(
                code=NoteCode.OPEN_CALLS,
                providers=(name,),
                count=len(found.cases),
                of=found.trials,
                text=str(len(own.cases)),
                recorded=str(own.trials),
            )


def _called(rows: Iterable[Observation]) -> dict[_Place, bool]:
    judged = (seen for seen in rows if seen.arrived and not seen.cut_in_thought)
    return {
        (seen.case, seen.compared_as, seen.mode.value, seen.thinking.value, seen.repeat): seen.called for seen in judged
    }


def _compare(ours: Mapping[_Place, bool], theirs: Mapping[_Place, bool]) -> _Differences:
    both = ours.keys() & theirs.keys()
    return _Differences(len(both), tuple(sorted(place[0] for place in both if ours[place] is not theirs[place])))


def _is_open(case: Case) -> bool:
    """Whether the case asks neither for a call nor for none, and its answer is sampled."""
    temperature = case.request.get("temperature")
    named = {"tool-call-expected", "tool-call-matches"} & case.checks.keys()
    return not named and temperature != 0
