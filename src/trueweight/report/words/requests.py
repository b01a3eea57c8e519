"""How the requests of a run were written, in sentences."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from trueweight.core import ZeroTemperature
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import RunSummary
from trueweight.report.numbers import counted

_ZERO: Final[Mapping[str, str]] = {
    ZeroTemperature.REFUSED: "which is refused",
    ZeroTemperature.IGNORED: "which is ignored",
    ZeroTemperature.NOT_ADVISED: "which the vendor advises against",
}


def again_words(run: RunSummary) -> str:
    """The command that repeats the run, quoted for a POSIX shell; "" if no command made the run.

    A thinking allowance that the probe chose is stated, so that the same limits are sent.
    """
    if not run.command:
        return ""
    words = list(run.command)
    if run.thinking_allowance and words[1:2] == ["run"] and "--thinking-allowance" not in words:
        words += ["--thinking-allowance", str(run.thinking_allowance)]
    return shlex.join([*words, "--out", "AGAIN"])


def request_words(note: Note) -> str:  # noqa: PLR0911 - one sentence for each code
    """A note on the run's requests, in one sentence."""
    names = ", ".join(note.providers)
    match note.code:
        case NoteCode.PROFILE if names:
            return f"Profile {note.text}, by the model id of {names}."
        case NoteCode.PROFILE:
            return f"Profile {note.text}."
        case NoteCode.PROFILE_OTHER:
            return f"{names}: the model id fits the profile {note.text}; the run's profile holds for it too."
        case NoteCode.SAMPLING:
            why = f", {_ZERO[note.reason]}" if note.reason in _ZERO else ""
            why += f" by {names}" if names else ""
            return (
                f"Sampling {note.text}, by {note.recorded}, in place of temperature 0{why}: the same for all "
                "providers. Repeats make up for the randomness."
            )
        case NoteCode.ASKED_DIFFERENTLY:
            by = "because it refused the probe's" if note.reason else "by its entry in providers.toml"
            return (
                f"{names}: its requests differ in {counted(note.count or 0, 'case')} of {note.of}, {by}: {note.text}."
            )
        case NoteCode.KNOWN_HABIT:
            where = f", in {counted(note.count, 'case')} of {note.of}" if note.count else ""
            return f"{names}: a known habit of this model family{where}, and so no finding: {note.text} ({note.reason})"
        case NoteCode.OPEN_CALLS:
            return open_calls_words([note])
        case NoteCode.REPEATS:
            fewer = f" {note.reason} would be enough; the limits of the run allow fewer." if note.reason else ""
            return (
                f"Repeats: {note.text}, because two passes over the reference differ in {note.count} of {note.of} "
                f"cases.{fewer}"
            )
        case _:
            return note.text


def open_calls_words(notes: Sequence[Note]) -> str:
    """Notes on calls that differ from the reference's by chance, of one provider or several, in one sentence."""
    first, what = notes[0], "called a tool where the reference did not, or the other way round"
    why = "only where a case leaves the call open and is sampled, so that replies differ by chance"
    each = [(", ".join(note.providers), f"in {counted(note.count or 0, 'trial')} of {note.of}") for note in notes]
    if len(notes) == 1:
        ((name, trials),) = each
        said = f"{name}: it {what}, {trials}, {why}."
    else:
        said = f"{len(notes)} providers {what}, {why}: {', '.join(map(' '.join, each))}."
    itself = f"The reference differs from itself in {first.text} of {first.recorded} trials."
    return f"{said} {itself} F1, precision and recall count these trials."
