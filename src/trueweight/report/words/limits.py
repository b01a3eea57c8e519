"""Limitations of a run and notes on it, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Final

from trueweight.core.assessment import Limitation, LimitCode
from trueweight.core.judging import JudgingProblem
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import Summary
from trueweight.core.thinking import ThinkingMode, main_mode
from trueweight.report.numbers import counted, percent_at_most
from trueweight.report.words.probe import api_title, fault_clause
from trueweight.report.words.requests import open_calls_words, request_words


def run_notes(summary: Summary, *, without: Collection[NoteCode] = ()) -> tuple[str, ...]:
    """The notes on the run, each a sentence: on its bar, its shards, its drift.

    Args:
        without: notes of these codes are left out.
    """
    modes = thinking_modes_words(summary)
    notes = [note for note in summary.run.notes if note.code not in without]
    return (*((modes,) if modes else ()), *notes_words(notes, tuple(summary.providers)))


def notes_words(notes: Sequence[Note], everyone: Sequence[str]) -> Iterator[str]:
    """The sentences of notes. What several notes say of several providers, or of one API, is one sentence.

    Args:
        everyone: all providers of the run: what is true of all of them needs no names.
    """
    for (code, *_), some in groupby(notes, key=_subject):
        group = list(some)
        match code:
            case NoteCode.API_LEAVES_OUT | NoteCode.API_NOT_APPLICABLE:
                yield from _api_words(group, everyone)
            case NoteCode.OPEN_CALLS:
                yield open_calls_words(group)
            case _:
                yield from map(note_words, group)


def _subject(note: Note) -> tuple[object, ...]:
    """What notes that may be said together have in common."""
    return (note.code,) if note.code is NoteCode.OPEN_CALLS else (note.code, note.api, note.providers)


def _api_words(group: Sequence[Note], everyone: Sequence[str]) -> Iterator[str]:
    """What one API cannot express, or leaves out, of the cases of the same providers."""
    first = group[0]
    names = "" if len(first.providers) == len(everyone) > 1 else f"{', '.join(first.providers)}: "
    if first.code is NoteCode.API_LEAVES_OUT or len(group) == 1:
        yield from (f"{names}{_about_api(note)}" for note in group)
        return
    reasons = "; ".join(f"{note.reason} ({note.count})" for note in group)
    total = sum(note.count or 0 for note in group)
    yield f"{names}{total} cases are not applicable through {api_title(first.api)}: {reasons}."


def _about_api(note: Note) -> str:
    """What an API cannot express of some cases, or leaves out."""
    cases = "1 case is" if note.count == 1 else f"{note.count} cases are"
    if note.code is NoteCode.API_LEAVES_OUT:
        return f"{cases} asked through {api_title(note.api)} without {note.text}, which it does not have."
    return f"{cases} not applicable through {api_title(note.api)}: {note.reason}."


def thinking_modes_words(summary: Summary) -> str:
    """Which mode of thinking the numbers are about, if the run has several; else ""."""
    modes = summary.run.thinking
    if len(modes) == 1:
        return ""
    others = " and ".join(f"thinking {mode.value}" for mode in modes if mode is not main_mode(modes))
    return (
        f"Recommendations, numbers and times are of the model {thinking_name(main_mode(modes))}. Numbers with {others} "
        "are in separate rows. Findings and the matrix have every mode."
    )


def thinking_name(mode: ThinkingMode) -> str:
    """``as served``, or ``with thinking off``."""
    return "as served" if mode is ThinkingMode.AS_SERVED else f"with thinking {mode.value}"


def run_limits(summary: Summary) -> tuple[str, ...]:
    """The limitations of the run, each a sentence; what becomes of the reference comes first."""
    out = [_of_run(limit, summary) for limit in summary.limits if limit.code in _OF_REFERENCE]
    candidates = [name for name in summary.providers if name != summary.run.reference]
    unknown = [name for name in candidates if summary.providers[name].drift is None]
    if summary.run.reference is not None and unknown:
        if len(unknown) == len(candidates):
            out.append(
                "Drift was not measured: this run does not say whether a provider serves the reference's weights at "
                "the reference's precision."
            )
        else:
            out.append(f"Drift was not measured of {', '.join(unknown)}.")
    rest = (one for one in summary.limits if one.code not in (*_OF_REFERENCE, LimitCode.CUT_IN_THOUGHT))
    return (*out, *filter(None, (_of_run(limit, summary) for limit in rest)))


def _of_run(limit: Limitation, summary: Summary) -> str:
    """A limitation with what the whole summary adds to it."""
    reference = summary.run.reference
    match limit.code:
        case code if code in _OF_REFERENCE and reference is not None:
            fault = summary.providers[reference].setup_fault
            if fault is not None:
                return f"The reference, {reference}, has a setup fault: {fault_clause(fault)}. {_NOT_COMPARED}"
            return limit_words(limit).replace("he reference", f"he reference, {reference},", 1)
        case LimitCode.NO_REFERENCE:
            answered = sum(bool(one.counts.arrived) for one in summary.providers.values())
            return _NO_REFERENCE[min(answered, 3)]
        case LimitCode.NOT_FINISHED:
            stopped = [
                name for name, one in summary.providers.items() if any(api.fault is not None for api in one.probe)
            ]
            if stopped:
                cure = f"Cure the setup fault of {', '.join(stopped)}, then run the same command again."
                return f"Not finished: {limit.count} of {limit.of} planned trials are on record. {cure}"
    return limit_words(limit)


_OF_REFERENCE = (
    LimitCode.NO_REFERENCE,
    LimitCode.REFERENCE_NOT_ASKED,
    LimitCode.REFERENCE_SILENT,
    LimitCode.REFERENCE_SETUP_FAULT,
    LimitCode.REFERENCE_REFUSED,
    LimitCode.REFERENCE_UNJUDGEABLE,
    LimitCode.REFERENCE_CUT,
)
_NOT_COMPARED = "No provider was compared with it."
_ALONE = "There is no reference and no other candidate that answered: only requirements that no model can break decide."
_NO_REFERENCE = {
    0: _ALONE,
    1: _ALONE,
    2: "There is no reference: the two candidates are compared with each other, which does not say which one is wrong.",
    3: "There is no reference: each candidate is compared with the mean of the others.",
}
"""Candidates that answered, 3 for more → what decides."""


def cut_in_thought(summary: Summary) -> tuple[str, ...]:
    """A sentence for each provider of which many replies have no answer to judge; reports begin with them."""
    return tuple(limit_words(limit) for limit in summary.limits if limit.code is LimitCode.CUT_IN_THOUGHT)


def limit_words(limit: Limitation) -> str:  # noqa: PLR0911, PLR0912 - one sentence for each code
    """One limitation of a run, or of a provider, as a sentence."""
    match limit.code:
        case LimitCode.NOT_FINISHED:
            return (
                f"Not finished: {limit.count} of {limit.of} planned trials are on record. Run the same command "
                "again to resume."
            )
        case LimitCode.ONLY_DRIFT:
            return "Only drift was measured: this run does not say whether tool calls and schemas arrive intact."
        case LimitCode.TOO_FEW_CASES:
            cases = counted(limit.of or 0, "case")
            unseen = percent_at_most(limit.share or 0)
            return (
                f"Too few cases to rely on: with {cases}, a provider that fails up to {unseen} of such cases can show "
                "no failure."
            )
        case LimitCode.FAILED_BY_ALL:
            return (
                f"Every provider fails the same checks in every trial in {limit.count} of "
                f"{counted(limit.of or 0, 'case')} ({', '.join(limit.checks)}). Pass rates are compared without these "
                "checks there, because they tell no provider from another."
            )
        case LimitCode.NO_REFERENCE:
            return "There is no reference."
        case LimitCode.REFERENCE_NOT_ASKED:
            return "No request was sent to the reference yet, so no provider was compared with it."
        case LimitCode.REFERENCE_SILENT:
            return "The reference never answered, so no provider was compared with it."
        case LimitCode.REFERENCE_SETUP_FAULT:
            return "The reference has a setup fault, so no provider was compared with it."
        case LimitCode.REFERENCE_REFUSED:
            return "The reference refused every request, so no provider was compared with it."
        case LimitCode.REFERENCE_UNJUDGEABLE:
            return (
                "The reference answered nothing that can be judged: most of its replies have no answer, or none "
                "passes. No provider was compared with it."
            )
        case LimitCode.REFERENCE_CUT:
            return "Most replies of the reference are cut in thought, so no provider was compared with it."
        case LimitCode.DRIFT_NOT_MEASURED:
            return "Drift was not measured."
        case LimitCode.DRIFT_UNDECIDED:
            return "Drift was measured and not decided."
        case LimitCode.SETUP_FAULT:
            return "The probe found a setup fault, so no request of the run was sent to it."
        case LimitCode.NOT_ASKED:
            return "No request was sent to it yet."
        case LimitCode.NEVER_ANSWERED:
            return f"It answered none of {limit.of} requests."
        case LimitCode.CUT_IN_THOUGHT:
            return _cut_words(limit)
        case LimitCode.NOT_ANSWERED:
            return f"It answered {limit.count} of {counted(limit.of or 0, 'case')}."


def allowance_words(tokens: int, *, of_shard: bool = False) -> str:
    """The allowance of a run, in a sentence; of a shard, whose own probe found it, also what makes all alike."""
    words = f"Each answer gets its own limit of tokens and {tokens:,} more for a thought, the same for all providers."
    alike = (
        f" Only shards with the same number can be merged: give all of them --thinking-allowance {tokens}, or one "
        "--probe-from."
    )
    return words + (alike if of_shard else "")


def _cut_words(limit: Limitation) -> str:
    count, circles = limit.count or 0, limit.circles or 0
    words = (
        f"{limit.provider}: {count} of {limit.of} replies not judged: cut in thought. The limit of tokens ended before "
        "the answer."
    )
    if circles:
        which = "All of these thoughts repeat" if circles == count else f"{circles} of these thoughts repeat"
        words += f" {which} the same words: no allowance would do."
    if circles < count:
        words += f" Run again with --thinking-allowance {limit.tokens}."
    return words


_PROBLEMS = {
    JudgingProblem.RAISED: "it raised an error",
    JudgingProblem.LIMIT: "it would take too long",
    JudgingProblem.SCHEMA: "the schema or the pattern cannot be evaluated",
}
_PARTS = {
    "reply": "reading the reply",
    "timing": "its times",
    "calls": "whether its calls are valid",
    "structured": "its structured output",
    "digest": "its comparison with other replies",
}


def not_judged_words(note: Note) -> str:
    """What was not judged of a provider's replies, and why."""
    what = _PARTS.get(note.part, note.part)
    why = _PROBLEMS.get(note.problem, "") if note.problem is not None else ""
    where = "" if note.count is None else f" in {note.count} of {note.of} replies"
    example = f" (for example in trial {note.trial})" if note.trial else ""
    return f"{', '.join(note.providers)}: {what} was not judged{where}, because {why}: {note.reason}{example}."


_KEY: Final = "Check the key, and key_header in providers.toml"


def note_words(note: Note) -> str:  # noqa: PLR0911, PLR0912 - one sentence for each code
    """A note on the run, in one sentence."""
    bar, recorded = note.bar[:12], note.recorded[:12]
    match note.code:
        case NoteCode.IMPORTED:
            return (
                f"The replies were recorded by another verifier ({note.text}): {note.count} of {note.of} requests have "
                "one. Arrival times, headers and stream events are not known."
            )
        case NoteCode.BAR_MISSING:
            return f"The run was made against the bar {recorded}, which is no longer in its directory: no rule applied."
        case NoteCode.BAR_ADDED:
            return f"The bar {bar} was put into the run after it was recorded."
        case NoteCode.BAR_CHANGED:
            return f"The bar was changed after the run was recorded: it was {recorded} and is {bar}."
        case NoteCode.BAR_EARLIER:
            was = f"under another bar, {recorded}" if recorded else "without a bar"
            return f"Part of the data was recorded {was}: this bar was not written before all of the data."
        case NoteCode.BAR_OTHER if recorded:
            return f"This bar, {bar}, is not the one that the run was made against, {recorded}."
        case NoteCode.BAR_OTHER:
            return f"The run was made without a bar: this one, {bar}, may have been written after it."
        case NoteCode.PART_OF_RUN:
            return (
                f"This is {note.share} of a run: the other shards are not merged in, so no number is of the whole run."
            )
        case NoteCode.DRIFT_LEFT_OUT:
            return f"Drift left out, measured with another address, model or reference: {', '.join(note.providers)}."
        case NoteCode.KEY_REFUSED:
            where = f" through {api_title(note.api)}" if note.api else ""
            rest = f"; its other APIs were asked on. {_KEY} for {api_title(note.api)}" if note.api else f". {_KEY}"
            return (
                f"{', '.join(note.providers)} refused the key{where} during the run ({note.reason}), so nothing more "
                f"was sent there{rest}, then run the same command again."
            )
        case NoteCode.DAMAGED:
            lines = "line of the record is" if note.count == 1 else "lines of the record are"
            return f"{note.count} {lines} damaged and left out. The first is {note.text}: {note.reason}."
        case NoteCode.NOT_FINISHED:
            return f"{note.count} of {note.of} planned trials are on record."
        case NoteCode.NOT_IN_BASELINE:
            return f"Not in the baseline, so not compared with it: {', '.join(note.providers)}."
        case NoteCode.API_LEAVES_OUT | NoteCode.API_NOT_APPLICABLE:
            return f"{', '.join(note.providers)}: {_about_api(note)}"
        case NoteCode.NOT_JUDGED:
            return not_judged_words(note)
        case NoteCode.TEXT:
            return note.text
        case _:
            return request_words(note)
