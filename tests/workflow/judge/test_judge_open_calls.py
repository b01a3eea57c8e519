"""Calls that differ only where a case leaves them open are explained, next to how the reference differs from itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from trueweight.core import Case, Mode, Observation
from trueweight.core.note import Note, NoteCode
from trueweight.report.words import note_words, notes_words
from trueweight.workflow.judge.open_calls import open_call_notes

TOOLS = [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}]
CASES = {
    "s/open": Case("s", "open", {"messages": [], "tools": TOOLS, "temperature": 1}),
    "s/settled": Case("s", "settled", {"messages": [], "tools": TOOLS, "temperature": 0}),
    "s/must": Case("s", "must", {"messages": [], "tools": TOOLS, "temperature": 1}, checks={"tool-call-expected": {}}),
}


def row(provider: str, case: str, called: bool, repeat: int = 0, *, cut: bool = False) -> Observation:
    """A judged trial with or without a call."""
    return Observation(
        f"{provider}-{case}-{repeat}", provider, "s", case, repeat, Mode.PLAIN, 1, True, True, True,
        called=called, cut_in_thought=cut,
    )  # fmt: skip


def notes(twin: Sequence[Observation], *, itself: bool = True) -> list[Note]:
    """Of a twin beside a reference that calls in each case, and in its second pass in the open one if ``itself``."""
    reference = [row("reference", case, True) for case in CASES] + [row("reference", "s/open", itself, 1)]
    rows: Mapping[str, Sequence[Observation]] = {"reference": reference, "twin": twin}
    return list(open_call_notes(rows, CASES, "reference", 1))


def test_a_difference_in_an_open_case_is_explained() -> None:
    """With the number of trials, and how the reference differs from itself."""
    twin = [row("twin", "s/open", False), row("twin", "s/settled", True), row("twin", "s/must", True)]
    (note,) = notes(twin, itself=False)
    assert (note.code, note.count, note.of, note.text, note.recorded) == (NoteCode.OPEN_CALLS, 1, 3, "1", "1")
    assert "in 1 trial of 3, only where a case leaves the call open" in note_words(note)


def test_several_providers_are_named_in_one_sentence() -> None:
    """Each with its trials: the same words six times hide what else a page says."""
    (note,) = notes([row("twin", "s/open", False)])
    said = list(notes_words([note, replace(note, providers=("slow",), count=2)], ("reference", "twin", "slow")))
    assert said == [
        "2 providers called a tool where the reference did not, or the other way round, only where a case leaves the "
        "call open and is sampled, so that replies differ by chance: twin in 1 trial of 1, slow in 2 trials of 1. The "
        "reference differs from itself in 0 of 1 trials. F1, precision and recall count these trials."
    ]


def test_other_differences_are_not_excused() -> None:
    """One in a case at temperature 0, or that asks for a call, is no chance; none needs no words."""
    for case in ("s/settled", "s/must"):
        assert notes([row("twin", "s/open", False), row("twin", case, False)]) == []
    assert notes([row("twin", case, True) for case in CASES]) == []


def test_a_reply_that_was_cut_in_thought_is_no_difference() -> None:
    """It has no answer to compare."""
    assert notes([row("twin", "s/open", False, cut=True)]) == []
