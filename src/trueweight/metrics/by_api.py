"""The main metrics of the trials through each API of a host, from the columns that all of them are measured from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from trueweight.core import PROTOCOLS, Estimate
from trueweight.core.judging import guarded
from trueweight.metrics.registry import trial_metrics
from trueweight.metrics.sample import Sample

SHOWN: Final = (
    "schema_accuracy_unconditional",
    "structured_output_accuracy",
    "must_pass_rate",
    "success_rate",
    "ttft",
    "ttfo",
    "output_speed",
    "cost_per_1000",
)
"""Metrics by API. All have an estimate that pairs no trials."""


def measure_apis(sample: Sample) -> dict[str, dict[str, Estimate]]:
    """API → metric → estimate; empty for a host that is asked through one API. Lists of models and counts of tokens are
    no part of it."""
    known = PROTOCOLS.all()
    apis = [api for api in np.unique(sample.own.api).tolist() if api in known and known[api].completions]
    return {api: _measure(sample, api) for api in apis} if len(apis) > 1 else {}


def _measure(sample: Sample, api: str) -> dict[str, Estimate]:
    rows = np.flatnonzero(sample.own.api == api)
    part = replace(
        sample, own=sample.own.take(rows), reference_called=sample.reference_called[rows], pairing=None, unpaired=_PART
    )
    # A metric that raises here raises for all trials of the host as well, which is a note of the run.
    work = {name: metric.estimate for name in SHOWN if (metric := trial_metrics().get(name)) and metric.estimate}
    found = {name: guarded(name, partial(estimate, part)) for name, estimate in work.items()}
    return {name: one for name, one in found.items() if isinstance(one, Estimate)}


_PART: Final = "the trials are those of one API"
