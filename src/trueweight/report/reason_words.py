"""Words for the codes of a summary that stand alone: what a rule of the bar decided, blame, notes on the run."""

from __future__ import annotations

from trueweight.core import Estimate
from trueweight.core.bar_outcome import RuleCode, RuleOutcome
from trueweight.core.summary import BlameCode, BlameReason, Note, NoteCode


def rule_message(rule: RuleOutcome) -> str:  # noqa: PLR0911, PLR0912 - one sentence for each code
    """What one rule of the bar decided and on what numbers, in one sentence."""
    measured = "" if rule.estimate is None or rule.estimate.value is None else _measured(rule.estimate)
    failing, answers = len(rule.checks), f"{rule.answered} answers of {rule.trials} trials"
    note = "" if rule.estimate is None else rule.estimate.note
    match rule.code:
        case None:
            return rule.message
        case RuleCode.MEASURED:
            return measured
        case RuleCode.MORE_NEEDED:
            n = 0 if rule.estimate is None else rule.estimate.n
            more = (rule.decides_at or 0) - n
            trials = f"about {rule.more_trials} more trials"
            return f"{measured}; {more} more (n = {rule.decides_at}, {trials}) would decide at this rate"
        case RuleCode.AT_BOUND:
            return f"{measured}; no n decides at this rate: it is the bound itself"
        case RuleCode.NO_INTERVAL:
            return f"{measured}; {note or 'no interval'}"
        case RuleCode.NOT_APPLICABLE:
            return f"not applicable: {note}"
        case RuleCode.NOT_MEASURED:
            return "not measured in this run"
        case RuleCode.NO_BASELINE:
            return "no baseline was given to compare with"
        case RuleCode.CHECKS_FAIL:
            return f"{failing} fail: {', '.join(rule.checks)}"
        case RuleCode.CHECKS_WITHIN:
            return f"{failing} fail in {answers}"
        case RuleCode.CHECKS_UNANSWERED:
            return f"{failing} fail in {answers}; {rule.unanswered} cases and modes have no answer yet"
        case RuleCode.CHECKS_SILENT:
            return "no answer arrived that could be checked"
        case RuleCode.CHANGED:
            return f"worse: {', '.join(rule.metrics)}" if rule.metrics else f"over the {rule.cases} cases of both"


def _measured(found: Estimate) -> str:
    low, high = ("…" if end is None else f"{end:.4g}" for end in (found.low, found.high))
    return f"{found.value:.4g} [{low}, {high}], n = {found.n}"


def blame_words(reason: BlameReason) -> str:
    """Why a failure is blamed on model or serving, in one sentence."""
    match reason.code:
        case BlameCode.ENGINE_ONLY:
            too = f"; so does the reference's in {reason.shared} of these cases" if reason.shared else ""
            return f"no model can break this requirement, only what writes the reply{too}"
        case BlameCode.NO_REFERENCE:
            return "a model or a server can break this requirement, and there is no reference beside it to tell which"
        case BlameCode.REFERENCE_UNJUDGED:
            return "the reference's replies to these cases gave this check nothing to judge"
        case BlameCode.REFERENCE_FAILS:
            return f"the reference fails it too, in {reason.shared} of the same {_cases(reason.common or 0)}"
    verb = "fails" if reason.alone == 1 else "fail"
    against = (
        f"the reference passes {_cases(reason.alone or 0)} that {verb} here and fails {reason.reverse} that pass "
        f"(p = {reason.p or 0:.2g})"
    )
    if reason.code is BlameCode.REFERENCE_PASSES:
        return f"{against}: the same model, so its weights, template or engine differ here"
    rest = f"; in {reason.unjudged} more its replies gave this check nothing to judge" if reason.unjudged else ""
    return f"{against}: too few to tell from chance{rest}"


def _cases(count: int) -> str:
    return f"{count} case{'' if count == 1 else 's'}"


def note_words(note: Note) -> str:  # noqa: PLR0911 - one sentence for each code
    """What a reader must know of how the run came about, in one sentence."""
    bar, recorded = note.bar[:12], note.recorded[:12]
    match note.code:
        case NoteCode.BAR_MISSING:
            return f"The run was made against the bar {recorded}, which is no longer in its directory: no verdicts."
        case NoteCode.BAR_ADDED:
            return f"The bar {bar} was put into the run after it was recorded."
        case NoteCode.BAR_CHANGED:
            return f"The bar was changed after the run was recorded: it was {recorded} and is {bar}."
        case NoteCode.BAR_EARLIER:
            was = f"under another bar, {recorded}" if recorded else "without a bar"
            return f"Part of the data was recorded {was}: this one was not written before all of it."
        case NoteCode.BAR_OTHER if recorded:
            return f"This bar, {bar}, is not the one that the run was made against, {recorded}."
        case NoteCode.BAR_OTHER:
            return f"The run was made without a bar: this one, {bar}, may have been written after it."
        case NoteCode.PART_OF_RUN:
            return (
                f"This is {note.share} of a run: the other shards are not merged in, and nothing here is of the whole."
            )
        case NoteCode.DRIFT_LEFT_OUT:
            return f"Drift left out, measured of another address, model or reference: {', '.join(note.providers)}."
        case NoteCode.NOT_FINISHED:
            return f"{note.count} of {note.of} planned trials are on record."
        case NoteCode.NOT_IN_BASELINE:
            return f"Not in the baseline, and so not compared with it: {', '.join(note.providers)}."
        case NoteCode.API_NOT_APPLICABLE:
            cases = "1 case is" if note.count == 1 else f"{note.count} cases are"
            who = ", ".join(note.providers)
            return f"{who}: {cases} not applicable through the API {note.api}: {note.reason}."
        case NoteCode.TEXT:
            return note.text
