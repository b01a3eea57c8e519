"""An LLM judge in words: how far it agrees with labels by hand, whether it is consistent, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trueweight.core.estimate import Estimate
from trueweight.core.preference import LEAST_KAPPA, LEAST_LABELS, MOST_UNREADABLE, LlmJudgeDoubt, LlmJudgeSummary
from trueweight.report.numbers import counted, dollars, percent, plain, span, whole_percent
from trueweight.report.text import visible

_DOUBTS: Final = {
    LlmJudgeDoubt.FEW_LABELS: f"fewer than {LEAST_LABELS} of its pairs have a label by hand",
    LlmJudgeDoubt.ONE_LABEL: "all labels by hand are the same, so agreement shows nothing",
    LlmJudgeDoubt.DISAGREES: f"its kappa with the labels by hand may be below {LEAST_KAPPA:g}",
    LlmJudgeDoubt.STALE: "the run has answers that it was not asked about; run `trueweight workload judge` again",
    LlmJudgeDoubt.UNREADABLE: f"more than {whole_percent(MOST_UNREADABLE)} of its pairs have no two verdicts in JSON",
}


def llm_judge_sentences(found: LlmJudgeSummary) -> Iterator[str]:
    """What was asked, how far the LLM judge can be trusted, and whether its verdicts count."""
    name = visible(f"{found.name} ({found.model})", limit=100)
    cost = "cost not known" if found.cost is None else dollars(found.cost)
    pairs = counted(found.pairs, "pair")
    asked = f"The LLM judge {name} was asked about {pairs} of answers, each in both orders, blind to"
    if found.consistent.value is None:
        yield f"{asked} names; {cost}. It gave two verdicts on none of them."
    else:
        first = f" {_share(found.first)} of its decided verdicts were for the first answer."
        yield (
            f"{asked} names; {cost}. Of {found.pairs - found.unreadable} with two verdicts it said the same in both "
            f"orders in {_share(found.consistent)}; the others count as equal."
            + (first if found.first.value is not None else " It preferred neither answer of any pair.")
        )
    if found.accuracy.value is None:
        yield "No pair with two verdicts has a label by hand, so its agreement with you is not known."
    else:
        yield (
            f"With {counted(found.accuracy.n, 'label')} by hand it agrees in {_share(found.accuracy)}, Cohen's kappa "
            f"{_kappa(found.kappa)}."
        )
    if found.doubt is not None:
        yield f"Its verdicts do not count: {_DOUBTS[found.doubt]}."


def _share(found: Estimate) -> str:
    return f"{percent(found.value or 0.0)}{_interval(found)}"


def _interval(found: Estimate) -> str:
    return f" ({span(found)})" if span(found) else ""


def _kappa(found: Estimate) -> str:
    if found.value is None:
        return f"not known ({found.note})"
    return f"{plain(found.value, 2)} ({plain(found.low or 0.0, 2)} to {plain(found.high or 1.0, 2)})"
