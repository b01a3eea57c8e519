"""Two judged runs → metrics with paired differences, flipped cells, and which of the changes are beyond chance."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from typing import Any

import msgspec

from trueweight.assess.significance import MATTERS
from trueweight.core import ConfigError, Estimate
from trueweight.core.estimate import ALPHA, six_digits
from trueweight.core.run_comparison import (
    Change,
    ComparedCases,
    ComparedMetric,
    ComparedRunFacts,
    ProviderComparison,
    RunComparison,
    SignificantChange,
)
from trueweight.core.thinking import main_mode
from trueweight.metrics import Difference, Resampler, compared_metrics, describe, holm, trial_metrics
from trueweight.profiles.requests import PROFILE_OPTION, SAMPLING_OPTION
from trueweight.workflow.compare.flips import flips
from trueweight.workflow.compare.pairing import (
    ComparedRun,
    lay_out_alike,
    paired_with_itself,
    scored_alike,
    shared_cases,
)
from trueweight.workflow.compare.workload import METRIC, workload_differences
from trueweight.workflow.judge import Judgement


def compare(before: Judgement, after: Judgement) -> RunComparison:
    """What changed, for every provider of both runs, over the cases with the same request in both.

    ``p_holm`` is corrected over all providers and metrics together, because "nothing changed" speaks of all of them.

    If the runs share several modes of thinking, metrics are of the main one (`main_mode`) in both.

    Raises:
        ConfigError: if the runs share no provider, no case or no mode of thinking.
    """
    cases = shared_cases(before, after)
    modes = [mode for mode in after.manifest.thinking if mode in before.manifest.thinking]
    names = [p.name for p in after.manifest.providers if p.name in {q.name for q in before.manifest.providers}]
    if not names or not cases.both or not modes:
        what = "mode of thinking"
        if not names or not cases.both:
            what = "provider" if not names else "case with the same request"
        raise ConfigError(f"the two runs share no {what}", code="compare-nothing", hint=_hint(before, after))
    resampler = Resampler(len(cases.both), after.manifest.seed)
    one, other = (run.in_mode(main_mode(modes)) for run in (before, after))
    old, new = lay_out_alike(one, other, cases.both, resampler)
    metrics = _metrics(names, old, new, workload_differences(names, one, other, list(cases.both), resampler))
    flipped = flips(before, after, cases.both)
    return RunComparison(
        before=_run(before),
        after=_run(after),
        cases=ComparedCases(
            both=len(cases.both),
            changed=cases.changed,
            only_before=cases.only_before,
            only_after=cases.only_after,
        ),
        providers={
            name: ProviderComparison(
                metrics=metrics[name],
                **{kind.value: tuple(found) for kind, found in flipped.get(name, {}).items()},
            )
            for name in names
        },
        only_before=_only(before, after),
        only_after=_only(after, before),
        significant=tuple(
            SignificantChange(provider=name, metric=metric, change=found.change)
            for name in names
            for metric, found in metrics[name].items()
            if found.change
        ),
    )


def _run(judgement: Judgement) -> ComparedRunFacts:
    manifest = judgement.manifest
    sampling = _recorded(manifest.options.get(SAMPLING_OPTION))
    return ComparedRunFacts(
        started_at=manifest.started_at,
        finished_at=judgement.finished_at,
        tool_version=manifest.tool_version,
        suites=tuple(msgspec.structs.asdict(suite) for suite in manifest.suites),
        repeats=manifest.repeats,
        trials=len(judgement.observations),
        thinking=manifest.thinking,
        thinking_allowance=manifest.thinking_allowance,
        profile=_recorded(manifest.options.get(PROFILE_OPTION)).get("name", ""),
        sampling={key: value for key, value in sampling.items() if key in ("thinking", "direct", "source")},
    )


def _recorded(option: Any) -> Mapping[str, Any]:
    return option if isinstance(option, Mapping) else {}


def _hint(before: Judgement, after: Judgement) -> str:
    """What would be valid, and a difference of the runs that explains why no case pairs."""
    one, other = _run(before), _run(after)
    first, second = ([provider.name for provider in run.manifest.providers] for run in (before, after))
    if set(first).isdisjoint(second):
        have = f"The first has {', '.join(first)}, the second {', '.join(second)}."
        return f"Valid: two runs with a provider of the same name. {have}"
    words = "Valid: two runs of the same suite, in the same mode of thinking"
    if one.sampling != other.sampling:
        return f"{words}, with the same --sampling: it differs between these runs, so no request is the same."
    return f"{words}."


def _only(one: Judgement, other: Judgement) -> tuple[str, ...]:
    theirs = {provider.name for provider in other.manifest.providers}
    return tuple(provider.name for provider in one.manifest.providers if provider.name not in theirs)


def _metrics(
    names: list[str], old: ComparedRun, new: ComparedRun, workload: Mapping[str, Difference]
) -> dict[str, dict[str, ComparedMetric]]:
    found: dict[tuple[str, str], Difference] = {(name, METRIC): one for name, one in workload.items()}
    for name in names:
        for metric in compared_metrics():
            difference = trial_metrics()[metric].difference
            if difference is not None:
                alike = trial_metrics()[metric].self_agreement_is_estimate
                mine = paired_with_itself(name, old, new) if alike else new.samples[name]
                found[name, metric] = difference(mine, old.samples[name])
    tested = {key: difference.p for key, difference in found.items() if difference.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    out: dict[str, dict[str, ComparedMetric]] = {name: {} for name in names}
    for (name, metric), one in found.items():
        estimate, p = one.estimate, one.p
        if estimate.value is None:
            continue
        before, after = (side.rounded() for side in _sides(metric, name, old, new, one))
        p_holm, rounded = six_digits(adjusted.get((name, metric), 1.0)), estimate.rounded()
        out[name][metric] = ComparedMetric(
            before=before,
            after=after,
            difference=rounded,
            p=None if p is None else six_digits(p),
            p_holm=p_holm,
            change=_change(metric, before, rounded, p_holm),
        )
    return out


def _sides(
    metric: str, name: str, old: ComparedRun, new: ComparedRun, difference: Difference
) -> tuple[Estimate, Estimate]:
    """The metric before and after, over the cases that both runs answered, so that a change of a share is after −
    before; a score against the reference has the old reference as its truth both times."""
    declared = describe(metric)
    if declared.self_agreement_is_estimate and declared.estimate is not None:
        pair = scored_alike(paired_with_itself(name, old, new))
        if pair is not None:
            return declared.estimate(pair[0]), declared.estimate(pair[1])
    before, after = old.estimate(metric, name), new.estimate(metric, name)
    if difference.sides is None:
        return before, after
    unit = declared.unit
    return _over(before, difference.sides[1], difference, unit), _over(after, difference.sides[0], difference, unit)


def _over(found: Estimate, value: float, difference: Difference, unit: str) -> Estimate:
    """The estimate of a run; where its value over the cases of the difference is another one, that value alone."""
    if found.value is not None and isclose(found.value, value, rel_tol=1e-9):
        return found
    method = "over the cases that both runs answered, each with the same weight"
    return Estimate(value, None, None, difference.estimate.n, unit, method, of=found.of)


def _change(metric: str, before: Estimate, difference: Estimate, p_holm: float) -> Change | None:
    """The direction where the change is beyond chance and, for times and speeds, beyond a tenth; else None."""
    if p_holm > ALPHA or not difference.value:
        return None
    if difference.unit != "difference":
        ends = [end for end in (difference.low, difference.high) if end is not None]
        nearest = min(map(abs, ends or [difference.value]))
        if nearest <= MATTERS * (before.value or 0.0):
            return None
    higher = describe(metric).higher_is_better
    return Change.BETTER if (difference.value > 0) == (higher is not False) else Change.WORSE
