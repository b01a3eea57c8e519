"""A judged run → its workload, if its cases have tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from trueweight.core import Observation, Role
from trueweight.core.summary import ProviderSummary
from trueweight.core.workload import MANIFEST_OPTION, WorkloadFacts
from trueweight.workflow.judge.run import Judgement
from trueweight.workload.compare import WorkloadFound, compare_workload

METRIC: Final = "workload"
"""The metric that leads the page; see `trueweight.metrics.catalogue.workload`."""


def workload_of(judgement: Judgement, observations: Mapping[str, Sequence[Observation]]) -> WorkloadFound | None:
    """What each provider's answers are worth; None if no case of the run has a task."""
    manifest = judgement.manifest
    facts = msgspec.convert(manifest.options.get(MANIFEST_OPTION, {}), WorkloadFacts)
    roles = {provider.name: provider.role for provider in manifest.providers}
    answered = [name for name, rows in observations.items() if any(one.grades for one in rows)]
    candidates = sum(roles[name] is Role.CANDIDATE for name in answered)
    return compare_workload(
        judgement.cases,
        observations,
        candidates=candidates,
        seed=manifest.seed,
        facts=facts,
        judge=judgement.judge,
    )


def with_workload(providers: Mapping[str, ProviderSummary], found: WorkloadFound | None) -> dict[str, ProviderSummary]:
    """The providers with their part of the workload, and its leading number among their metrics."""
    if found is None:
        return dict(providers)
    return {
        name: msgspec.structs.replace(
            one,
            workload=found.providers[name],
            metrics={**one.metrics, METRIC: found.providers[name].quality},
        )
        for name, one in providers.items()
    }
