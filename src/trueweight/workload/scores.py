"""Golden and recorded answers in any mix: one score for each case, and the difference from the baseline.

An answer that equals the recorded one is right exactly as often, so only answers that differ need a golden answer. One
that differs and has none may be worse or better. So it does not matter which cases a person wrote golden answers to.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np

from trueweight.core.workload import Quality, TaskResult
from trueweight.statistics import Array
from trueweight.workload.estimates import Estimator

NO_GOLDEN: Final = "no golden answer"
NOT_GRADED: Final = "no reply that can be graded"
_NO_RECORDED: Final = "no recorded answer that the grader can read"


class AnswersByCase(NamedTuple):
    """The answers of a provider to some cases, one number for each case; NaN where there is none.

    Attributes:
        agreement: score against the recorded answer.
        correct: score against the golden answer, where that shows if another answer is right.
        baseline: score of the recorded answer against the golden one.
        judged: by an LLM judge, 0 worse, 1 better.
        readable: share of answers with the expected form.
        decides: whether agreement with a recorded answer is a measure of quality.
    """

    agreement: Array
    correct: Array
    baseline: Array
    judged: Array
    readable: Array
    decides: Array

    def of(self, rows: Array) -> AnswersByCase:
        """Those to some of the cases."""
        return AnswersByCase(*(one[rows] for one in self))


class Scores(NamedTuple):
    """Scores by case, NaN where there is none; see `TaskResult` for what they count.

    Attributes:
        best, of_baseline: against the golden answer, else the recorded one.
        golden: the pairs with a golden answer.
        open: answers that differ from the recorded one where there is no golden answer.
    """

    best: Array
    of_baseline: Array
    not_worse: Array
    golden: Array
    open: Array


def scores_of(agreement: Array, correct: Array, baseline: Array, decides: Array) -> Scores:
    """The scores of the answers to some cases; all arguments have one number for each case.

    Args:
        agreement, correct: scores against the recorded and the golden answer; NaN where there is none.
        baseline: score of the recorded answer against the golden one.
        decides: whether agreement with a recorded answer is a measure of quality.
    """
    agreement = np.where(decides, agreement, np.nan)
    right = np.isfinite(correct)
    golden = right & np.isfinite(baseline)
    recorded = ~right & np.isfinite(agreement)
    return Scores(
        best=np.where(right, correct, agreement),
        of_baseline=np.where(golden, baseline, np.where(recorded, 1.0, np.nan)),
        not_worse=np.where(golden, 1 - np.clip(baseline - correct, 0, None), agreement),
        golden=golden,
        open=recorded & (agreement < 1),
    )


def difference_of(make: Estimator, scores: Scores) -> Quality:
    """Right more often than the baseline by so much; not applicable without a golden answer."""
    of = len(scores.best)
    if not scores.golden.any():
        return Quality.not_applicable("difference", NO_GOLDEN, of=of)
    found = make.difference(scores.best, scores.of_baseline, of=of, note=NO_GOLDEN)
    if not scores.open.any():
        return found
    ours, theirs = np.where(scores.open, 1.0, scores.best), np.where(scores.open, 0.0, scores.of_baseline)
    best = make.difference(ours, theirs, of=of, note=NO_GOLDEN)
    number = int(scores.open.sum())
    method = f"{found.method}; {number} answers that differ without a golden one: a loss below, a gain above"
    return msgspec.structs.replace(found, high=best.high, sure_high=best.sure_high, method=method)


def preferred(make: Estimator, judged: Array, kappa: float) -> Quality | None:
    """How much more often the LLM judge prefers the provider's answers, in [-1, 1]; None without a verdict.

    An LLM judge that errs at random shrinks a true difference by about its kappa, so a lower end below zero is divided
    by the lower limit of kappa.
    """
    if not np.isfinite(judged).any():
        return None
    found = make.difference(judged, 1 - judged, of=int(np.isfinite(judged).sum()), note="no verdict")

    def corrected(low: float | None) -> float | None:
        return low if low is None or low >= 0 else max(-1.0, low / kappa)

    method = f"{found.method}; lower end ÷ {kappa:.3g}, the lower limit of the LLM judge's kappa"
    return msgspec.structs.replace(found, low=corrected(found.low), sure_low=corrected(found.sure_low), method=method)


def result_of(make: Estimator, answers: AnswersByCase, task: str, kappa: float | None) -> TaskResult:
    """The estimates over these answers.

    Args:
        task: "" for all tasks; then agreement counts only where it is a measure of quality.
        kappa: the lower limit of the LLM judge's; None without a trusted LLM judge.
    """
    scores = scores_of(answers.agreement, answers.correct, answers.baseline, answers.decides)
    baseline = np.where(np.isfinite(answers.correct), answers.baseline, np.nan)
    return TaskResult(
        task=task,
        cases=len(answers.agreement),
        agreement=make.mean(answers.agreement if task else answers.agreement[answers.decides], _NO_RECORDED),
        correct=make.mean(answers.correct, NO_GOLDEN),
        baseline_correct=make.mean(baseline, NO_GOLDEN).plain(),
        score=make.mean(scores.best, _NO_RECORDED),
        not_worse=make.mean(scores.not_worse, _NO_RECORDED),
        difference=difference_of(make, scores),
        readable=make.mean(answers.readable, NOT_GRADED),
        preferred=None if kappa is None else preferred(make, answers.judged, kappa),
    )
