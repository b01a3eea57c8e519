"""Before and after: metrics with paired differences, cells that flipped, and what of it is more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from trueweight.assess.significance import MATTERS
from trueweight.core import ConfigError
from trueweight.metrics import Difference, Resampler, compared_metrics, holm, trial_metrics
from trueweight.statistics.multiple_testing import ALPHA
from trueweight.workflow.compare.flips import KINDS, flips
from trueweight.workflow.compare.pairing import ComparedRun, lay_out, paired_with_itself, shared_cases
from trueweight.workflow.judge import Judgement

FORMAT = "trueweight.compare/1"


def compare(before: Judgement, after: Judgement) -> dict[str, Any]:
    """What changed, for every provider of both runs, over the cases that both asked alike.

    ``p_holm`` is corrected over all providers and metrics together, because "nothing changed" speaks of all of them.

    Raises:
        ConfigError: if the runs share no provider or no case.
    """
    cases = shared_cases(before, after)
    names = [p.name for p in after.manifest.providers if p.name in {q.name for q in before.manifest.providers}]
    if not names or not cases.both:
        what = "provider" if not names else "case with the same request"
        raise ConfigError(
            f"the two runs share no {what}", code="compare-nothing", hint="Valid: two runs of the same suite."
        )
    resampler = Resampler(len(cases.both), after.manifest.seed)
    old, new = (lay_out(run, cases.both, resampler) for run in (before, after))
    metrics = _metrics(names, old, new)
    flipped = flips(before, after, cases.both)
    providers = {name: {"metrics": metrics[name], **flipped.get(name, {kind: [] for kind in KINDS})} for name in names}
    significant = [
        {"provider": name, "metric": metric, "change": found["change"]}
        for name in names
        for metric, found in metrics[name].items()
        if found["change"]
    ]
    return {
        "format": FORMAT,
        "before": _run(before),
        "after": _run(after),
        "cases": {**cases._asdict(), "both": len(cases.both)},
        "providers": providers,
        "only_before": _only(before, after),
        "only_after": _only(after, before),
        "significant": significant,
    }


def _run(judgement: Judgement) -> dict[str, Any]:
    manifest = judgement.manifest
    return {
        "started_at": manifest.started_at,
        "finished_at": judgement.finished_at,
        "tool_version": manifest.tool_version,
        "suites": [msgspec.structs.asdict(suite) for suite in manifest.suites],
        "repeats": manifest.repeats,
        "trials": len(judgement.observations),
    }


def _only(one: Judgement, other: Judgement) -> list[str]:
    theirs = {provider.name for provider in other.manifest.providers}
    return [provider.name for provider in one.manifest.providers if provider.name not in theirs]


def _metrics(names: list[str], old: ComparedRun, new: ComparedRun) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[tuple[str, str], Difference] = {}
    for name in names:
        for metric in compared_metrics():
            difference = trial_metrics()[metric].difference
            if difference is not None:
                mine = paired_with_itself(name, old, new) if metric == "tool_call_f1" else new.samples[name]
                found[name, metric] = difference(mine, old.samples[name])
    tested = [key for key, difference in found.items() if difference.p is not None]
    adjusted = dict(zip(tested, holm([found[key].p or 0.0 for key in tested]), strict=True))
    out: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in names}
    for (name, metric), (estimate, p) in found.items():
        if estimate.value is None:
            continue
        values = [side.estimate(metric, name).as_json() for side in (old, new)]
        p_holm = adjusted.get((name, metric), 1.0)
        entry: dict[str, Any] = {"before": values[0], "after": values[1], "difference": estimate.as_json()}
        entry |= {"p": _short(p), "p_holm": _short(p_holm)}
        out[name][metric] = {**entry, "change": _change(metric, entry)}
    return out


def _short(p: float | None) -> float | None:
    return None if p is None else float(f"{p:.6g}")


def _change(metric: str, found: Mapping[str, Any]) -> str | None:
    """``better`` or ``worse`` where it is more than chance and, for times, more than a tenth; else None."""
    difference = found["difference"]
    if found["p_holm"] > ALPHA or not difference["value"]:
        return None
    if difference["unit"] != "difference":
        ends = [end for end in (difference["low"], difference["high"]) if end is not None]
        nearest = min(map(abs, ends or [difference["value"]]))
        if nearest <= MATTERS * (found["before"]["value"] or 0.0):
            return None
    higher = trial_metrics()[metric].higher_is_better
    return "better" if (difference["value"] > 0) == (higher is not False) else "worse"
