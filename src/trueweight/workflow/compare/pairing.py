"""The cases that two runs share, and the trials of these cases as samples."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from trueweight.core import Estimate, Observation, Variant
from trueweight.core.provider import reference_among
from trueweight.core.thinking import without_allowance
from trueweight.metrics import Resampler, Sample, all_metrics, make_samples, tabulate
from trueweight.metrics.sample import Pairing, split
from trueweight.metrics.table import Table
from trueweight.workflow.judge import Judgement
from trueweight.workflow.judge.exchange import case_info
from trueweight.workflow.judge.observation_table import SomeObservations


class SharedCases(NamedTuple):
    """Keys of cases: with the same request in both runs; in both with different requests; in one run only."""

    both: tuple[str, ...]
    changed: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def shared_cases(before: Judgement, after: Judgement) -> SharedCases:
    """The cases of two runs. A case pairs if its request is the same; a reworded ``why`` changes nothing, nor do the
    tokens that each run added for thoughts."""
    common = [key for key in after.cases if key in before.cases]
    same = {key for key in common if _as_written(before, key) == _as_written(after, key)}
    return SharedCases(
        tuple(key for key in common if key in same),
        tuple(key for key in common if key not in same),
        tuple(key for key in before.cases if key not in after.cases),
        tuple(key for key in after.cases if key not in before.cases),
    )


def _as_written(judgement: Judgement, key: str) -> str:
    return without_allowance(judgement.cases[key], judgement.manifest.thinking_allowance).request_digest()


class ComparedRun(NamedTuple):
    """One run over the shared cases: a table and a sample per provider."""

    tables: Mapping[str, Table]
    samples: Mapping[str, Sample]
    reference: str | None
    repeats: int
    passes: int

    def estimate(self, metric: str, provider: str) -> Estimate:
        """A metric of one of its providers."""
        estimate = all_metrics()[metric].estimate
        if estimate is None:
            return Estimate.not_applicable("", "not estimated from the trials of a run")
        return estimate(self.samples[provider])


def lay_out_alike(
    before: Judgement, after: Judgement, keys: Sequence[str], resampler: Resampler
) -> tuple[ComparedRun, ComparedRun]:
    """The trials of these cases in both runs, as many on each side: the same APIs and modes, and the repeats and passes
    of the run that has fewer.

    The mean of three trials is seldom 0, one trial often is; where a run has more trials than the other, a test would
    take that for a change.
    """
    repeats = min(run.manifest.repeats for run in (before, after))
    variants = [run.variants() for run in (before, after)]
    passes = [_passes(run) for run in (before, after)]
    plans = {}
    for name in {**variants[0], **variants[1]}:
        both = [(one[name], found[name]) for one, found in zip(variants, passes, strict=True) if name in one]
        shared = {key: tuple(one for one in both[0][0][key] if one in both[-1][0][key]) for key in keys}
        plans[name] = _Plan(shared, repeats, min(number for _, number in both))
    old, new = (_lay_out(run, keys, resampler, plans) for run in (before, after))
    return old, new


class _Plan(NamedTuple):
    """The trials of a provider that both runs have: APIs and modes by case, and how often each was sent."""

    variants: Mapping[str, Sequence[Variant]]
    repeats: int
    passes: int

    def has(self, seen: Observation, repeats: int) -> bool:
        """Whether a trial of a run with so many repeats is part of this plan."""
        turn, repeat = divmod(seen.repeat, repeats)
        return turn < self.passes and repeat < self.repeats

    def renumbered(self, seen: Observation, repeats: int) -> Observation:
        """Such a trial with its repeat in this plan."""
        turn, repeat = divmod(seen.repeat, repeats)
        number = turn * self.repeats + repeat
        return seen if number == seen.repeat else replace(seen, repeat=number)


def _passes(judgement: Judgement) -> Mapping[str, int]:
    manifest = judgement.manifest
    found = reference_among(manifest.providers)
    return {one.name: manifest.passes if found is one else 1 for one in manifest.providers}


def _lay_out(
    judgement: Judgement, keys: Sequence[str], resampler: Resampler, plans: Mapping[str, _Plan]
) -> ComparedRun:
    manifest = judgement.manifest
    found = reference_among(manifest.providers)
    reference = None if found is None else found.name
    infos = [case_info(judgement.cases[key]) for key in keys]
    places: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    wanted = {
        (name, key, one.api, one.mode, one.thinking)
        for name, plan in plans.items()
        for key, variants in plan.variants.items()
        for one in variants
    }
    for at, seen in enumerate(judgement.observations):
        sent = (seen.provider, seen.case, seen.compared_as, seen.mode, seen.thinking)
        if sent in wanted and plans[seen.provider].has(seen, manifest.repeats):
            places[seen.provider].append(at)
    own = {provider.name: plans[provider.name] for provider in manifest.providers}
    tables = {}
    for name, plan in own.items():
        renumbered = partial(plan.renumbered, repeats=manifest.repeats)
        rows = SomeObservations(judgement.observations, places[name], renumbered)
        tables[name] = tabulate(rows, infos, plan.repeats * plan.passes, plan.variants)
    repeats = min(plan.repeats for plan in own.values())
    passes = own[reference].passes if reference is not None else 1
    samples = make_samples(tables, reference, repeats, passes, resampler)
    return ComparedRun(tables, samples, reference, repeats, passes)


def paired_with_itself(name: str, before: ComparedRun, after: ComparedRun) -> Sample:
    """A provider's new trials, paired with its old ones and with those of the old reference, for trigger metrics.

    Both runs are scored against the same run of the reference, so a change of the reference does not count as theirs.
    """
    new = after.samples[name]
    if before.reference is None or name not in before.tables:
        return new
    a, b = split(before.tables[before.reference], before.repeats, before.passes)
    old = before.tables[name]
    if name == before.reference:
        old = b.take(np.arange(len(b)))
    shift = before.repeats if name == before.reference else 0
    own = after.tables[name]
    rows = [_rows(table, own, moved) for table, moved in ((a, 0), (old, shift))]
    kept = (rows[0] >= 0) & (rows[1] >= 0)
    pairing = Pairing(own.take(np.flatnonzero(kept)), a.take(rows[0][kept]), old.take(rows[1][kept]))
    return Sample(own, new.resampler, new.reference_called, pairing)


def scored_alike(sample: Sample) -> tuple[Sample, Sample] | None:
    """The old trials and the new ones of `paired_with_itself`, each beside the old reference's, over the trials that
    all three answered: what the two scores are whose difference is the change. None if there is nothing to pair."""
    pairing = sample.pairing
    if pairing is None or pairing.b is None:
        return None
    rows = np.flatnonzero(pairing.ours.arrived & pairing.a.arrived & pairing.b.arrived)
    a = pairing.a.take(rows)
    before, after = (
        Sample(one, sample.resampler, a.called.astype(np.int8), Pairing(one, a, None))
        for one in (pairing.b.take(rows), pairing.ours.take(rows))
    )
    return before, after


def _rows(table: Table, like: Table, shift: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    where = {key: row for row, key in enumerate(table.keys(shift=shift))}
    return np.array([where.get(key, -1) for key in like.keys()], dtype=np.int64)  # noqa: SIM118 - not a dict
