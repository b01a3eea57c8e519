"""Proposes a bar from a workload and the baseline's own noise, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from trueweight.core import Case, Estimate
from trueweight.core.bar_outcome import JUDGE_MARGIN, MARGIN, WorkloadRule
from trueweight.core.workload import TaskSummary, WorkloadFacts, WorkloadSummary
from trueweight.workload.compare import compare_workload
from trueweight.workload.estimates import looks_of
from trueweight.workload.planning import SLACK, Need, margin_needs, needs_looked_at_once, quantile_needs, share_needs

_NOISE_UNKNOWN: Final = 0.98
"""How often an equally good provider is taken to agree where the log does not show how often the baseline does."""
_LEAST_PAIRS: Final = 20
"""Requests with several recorded answers from which the baseline's own noise counts as known."""
_SLOWER: Final = 1.25
"""How much longer than the baseline a reply may take."""
_READABLE, _FAILURES = 0.95, 0.03


class ProposedBar(NamedTuple):
    """A bar and what it takes.

    Attributes:
        text: of ``bar.toml``.
        needs: what each rule takes, with the number of cases that the workload has for it.
        notes: what was taken for granted, and which rules the bar has not.
    """

    text: str
    needs: tuple[tuple[Need, int], ...]
    notes: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether the workload has enough cases for each rule to be decided, as far as that is known."""
        return all(has >= (need.likely or need.least or 0) for need, has in self.needs)


def propose_bar(
    cases: Mapping[str, Case],
    facts: WorkloadFacts,
    candidates: int,
    *,
    margin: float = MARGIN,
    asked_again: Estimate | None = None,
) -> ProposedBar:
    """The bar for so many candidates.

    Args:
        asked_again: how often the baseline agrees with its recorded answers when it is asked anew; None for what the
            log shows of its noise.

    Raises:
        ValueError: if no case has a task.
    """
    found = compare_workload(cases, {}, candidates=candidates, seed=0, facts=facts)
    if found is None:
        raise ValueError("no case has a task")
    summary = found.summary
    if asked_again is not None and asked_again.value is not None:
        own = msgspec.structs.replace(summary.baseline, self_agreement=asked_again)
        summary = msgspec.structs.replace(summary, baseline=own)
    rules = list(_rules(summary, margin, candidates))
    needs = tuple(_needs(summary, dict(rules), candidates))
    notes = tuple(_notes(summary, dict(rules), candidates))
    return ProposedBar(_text(summary, rules, needs, candidates, notes), needs, notes)


def _self_agreement(summary: WorkloadSummary) -> tuple[float, bool]:
    """How often the baseline agrees with itself, and whether that is known."""
    own = summary.baseline.self_agreement
    known = own.value is not None and own.n >= _LEAST_PAIRS
    return (own.value if known and own.value is not None else _NOISE_UNKNOWN), known


def _rules(summary: WorkloadSummary, margin: float, candidates: int) -> Iterator[tuple[str, float]]:
    """The keys of ``[workload]`` and their values."""
    golden = sum(task.golden_decides for task in summary.tasks)
    agreement, known = _self_agreement(summary)
    if golden:
        yield "quality_margin", margin
    if any(task.decides and task.recorded for task in summary.tasks):
        yield "agreement_at_least", max(0.05, math.floor(100 * ((agreement if known else 0.95) - margin) + 1e-9) / 100)
    if _texts(summary) >= _llm_judge_need(summary, candidates) > 0:
        yield "judge_margin", JUDGE_MARGIN
    readable = _attainable(_READABLE, summary.cases, candidates)
    if readable is not None:
        yield "readable_at_least", readable
    baseline = summary.baseline
    of_time = quantile_needs(WorkloadRule.LATENCY, 0.95, looks_of(candidates)).least or 0
    if baseline.p95_ms.value is not None and summary.cases >= of_time:
        yield "p95_ms_at_most", float(math.ceil(_SLOWER * baseline.p95_ms.value / 100) * 100)
    arriving = _attainable(1 - _FAILURES, summary.cases, candidates)
    if arriving is not None:
        yield "failures_at_most", round(1 - arriving, 4)
    if baseline.cost.value:
        yield "cost_per_1000_at_most", float(f"{baseline.cost.value:.3g}")


def _needs_llm_judge(task: TaskSummary) -> bool:
    """Whether only an LLM judge, or golden answers, can decide about most answers of a task."""
    return not task.decides and task.recorded > 0 and 2 * task.golden_decides < task.cases


def _texts(summary: WorkloadSummary) -> int:
    """Cases that an LLM judge can compare, because agreement decides nothing about them."""
    return sum(task.recorded for task in summary.tasks if _needs_llm_judge(task))


def _llm_judge_need(summary: WorkloadSummary, candidates: int) -> int:
    """Cases with which an LLM judge's verdicts can meet the margin; 0 if none are enough."""
    return margin_needs(JUDGE_MARGIN, looks_of(candidates, len(summary.tasks)), 0.0).least or 0


def _notes(summary: WorkloadSummary, rules: Mapping[str, float], candidates: int) -> Iterator[str]:
    own, known = summary.baseline.self_agreement, _self_agreement(summary)[1]
    if not known and {"agreement_at_least", "quality_margin"} & rules.keys():
        seen = f"only {own.n} requests are" if own.n else "no request is"
        yield (
            f"the baseline is taken to agree with itself in {_NOISE_UNKNOWN:.0%}: {seen} twice in the log, and it "
            f"takes {_LEAST_PAIRS} to know; `trueweight workload reask` asks it twice"
        )
    if known and "agreement_at_least" in rules and own.low is not None and own.low <= rules["agreement_at_least"]:
        high = 1.0 if own.high is None else own.high
        yield (
            f"how often the baseline agrees with itself is known only as {own.low:.0%} to {high:.0%}, so a host as "
            "good as the baseline may agree less than agreement_at_least; `trueweight workload reask` asks each "
            "request twice"
        )
    yield from _small_tasks(summary, rules, candidates)
    texts = ", ".join(task.name for task in summary.tasks if _needs_llm_judge(task))
    if "judge_margin" in rules:
        yield (
            f"two good texts of {texts} differ, so an LLM judge decides by judge_margin, once your labels confirm it: "
            "after the run `trueweight workload prefer`, then `trueweight workload judge`"
        )
    elif texts:
        yield (
            f"not proposed: judge_margin: an LLM judge would need {_llm_judge_need(summary, candidates)} cases of "
            f"{texts}, and there are {_texts(summary)}; until then nothing decides about {texts}"
        )
    few = [key for key in ("readable_at_least", "failures_at_most") if key not in rules]
    timed = summary.baseline.p95_ms.value is not None
    few += ["p95_ms_at_most"] if timed and "p95_ms_at_most" not in rules else []
    if few:
        yield f"not proposed: {', '.join(few)}: {summary.cases} cases are too few to decide them"
    if not timed:
        yield "not proposed: p95_ms_at_most: too few times are in the log"
    if "cost_per_1000_at_most" not in rules:
        yield "not proposed: cost_per_1000_at_most: the log has no costs, and workload.yaml no price"


def _small_tasks(summary: WorkloadSummary, rules: Mapping[str, float], candidates: int) -> Iterator[str]:
    """Tasks of which even faultless answers would not show that they are not much worse than the bar asks of all."""
    asked = rules.get("agreement_at_least", 1 - rules.get("quality_margin", MARGIN))
    looks = looks_of(candidates, len(summary.tasks))
    least = share_needs(WorkloadRule.AGREEMENT, asked - SLACK, looks, None).least
    known = {task.name: max(task.golden_decides, task.recorded if task.decides else 0) for task in summary.tasks}
    small = [f"{name} ({known[name]})" for name in known if least is not None and 0 < known[name] < least]
    if small and len(summary.tasks) > 1:
        names = ", ".join(small)
        yield f"too few cases to move with the others, it takes {least}: {names}; draw more (`workload from --cases`)"


def _attainable(wanted: float, cases: int, candidates: int) -> float | None:
    """The share itself, or the next lower one of a few that so many cases can show; None if they can show none."""
    for share in (wanted, *(one for one in (0.97, 0.95, 0.93, 0.9, 0.85, 0.8) if one < wanted)):
        least = share_needs(WorkloadRule.READABLE, share, looks_of(candidates), None).least
        if least is not None and cases >= least:
            return share
    return None


def _needs(summary: WorkloadSummary, rules: Mapping[str, float], candidates: int) -> Iterator[tuple[Need, int]]:
    looks = looks_of(candidates, len(summary.tasks))
    agreement, _ = _self_agreement(summary)
    deciding = sum(task.recorded for task in summary.tasks if task.decides)
    known = sum(max(task.golden_decides, task.recorded if task.decides else 0) for task in summary.tasks)
    if "quality_margin" in rules:
        yield margin_needs(rules["quality_margin"], looks, 2 * (1 - agreement)), known
    if "agreement_at_least" in rules:
        yield share_needs(WorkloadRule.AGREEMENT, rules["agreement_at_least"], looks, agreement), deciding
    if "judge_margin" in rules:
        least = _llm_judge_need(summary, candidates)
        yield Need(WorkloadRule.PREFERRED, least, None), _texts(summary)
    readable, p95_ms, failures = map(rules.get, ("readable_at_least", "p95_ms_at_most", "failures_at_most"))
    for need in needs_looked_at_once(readable, p95_ms, failures, candidates):
        yield need, summary.cases


_COMMENTS: Final = {
    "quality_margin": "by golden answers: right no less often than the baseline, but for this share of the cases",
    "agreement_at_least": "agrees with the recorded answers at least so often; decides where golden answers do not",
    "judge_margin": "by an LLM judge that your labels confirm: it prefers the recorded answers by this share at most",
    "readable_at_least": "answers that have the form that the grader reads",
    "p95_ms_at_most": "95th percentile of the time to the whole reply, milliseconds",
    "failures_at_most": "requests without a reply, after all retries",
    "cost_per_1000_at_most": "USD for 1,000 requests: what the baseline costs",
}


def _text(
    summary: WorkloadSummary,
    rules: list[tuple[str, float]],
    needs: tuple[tuple[Need, int], ...],
    candidates: int,
    notes: tuple[str, ...],
) -> str:
    lines = [
        f"# A bar for the workload {summary.name}, proposed before any result. Change what you need, then keep it:",
        "# a bar that is changed after the results is shown as such in every output.",
        "#",
        f"# Baseline: {summary.baseline.model or 'not known'}",
        f"#   agrees with itself, where it was asked twice: {_shown(summary.baseline.self_agreement)}",
        f"#   right by golden answers: {_shown(summary.baseline.correct)}",
        f"# Cases that the rules take with {candidates} candidates:",
        *(f"#   {line}" for line in need_lines(needs)),
        *(f"# {note[0].upper()}{note[1:]}." for note in notes),
        "",
        "[workload]",
    ]
    for key, value in rules:
        lines += [f"# {_COMMENTS[key]}", f"{key} = {value:g}" if value < 1e6 else f"{key} = {value:.0f}"]
    return "\n".join(lines) + "\n"


def _shown(found: Estimate) -> str:
    if found.value is None:
        return f"not known ({found.note})"
    return f"{found.value:.3f} ({found.low or 0:.3f} to {1.0 if found.high is None else found.high:.3f}), n = {found.n}"


def need_lines(needs: tuple[tuple[Need, int], ...]) -> Iterator[str]:
    """A sentence for each rule: what it takes, and what the workload has."""
    for need, has in needs:
        least = "no number is enough" if need.least is None else f"{need.least} if no answer misses it"
        as_good = need.likely is not None and need.likely != need.least
        likely = f", {need.likely} for a provider as good as the baseline" if as_good else ""
        enough = has >= (need.likely or need.least or 0)
        yield f"{need.rule.value}: {least}{likely}; there are {has}: {'enough' if enough else 'TOO FEW'}"
