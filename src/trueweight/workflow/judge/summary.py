"""A judgement → ``summary.json``: the same bytes for the same record, on any machine, in any order of the record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import Any

from trueweight.checks import all_checks
from trueweight.core import Case, CheckInfo, Mode, Observation, Provider, Role, variants_of
from trueweight.metrics import Measured, measure
from trueweight.workflow.judge.blame import Judged, judged_cases
from trueweight.workflow.judge.cells import make_cells, mark_different, matrix
from trueweight.workflow.judge.counts import count, count_failures
from trueweight.workflow.judge.distributions import distributions, over_time, window
from trueweight.workflow.judge.exchange import case_info, offers_tools
from trueweight.workflow.judge.findings import list_findings
from trueweight.workflow.judge.run import Judgement
from trueweight.workflow.judge.sentence import make_sentence

FORMAT = "trueweight.summary/1"


def summarise(judgement: Judgement) -> dict[str, Any]:
    """The summary of a run, as its published schema describes it. No verdicts: a bar gives those."""
    manifest, cases = judgement.manifest, judgement.cases
    providers = {provider.name: provider for provider in manifest.providers}
    reference = next((name for name, p in providers.items() if p.role is Role.REFERENCE), None)
    by_provider: defaultdict[str, list[Observation]] = defaultdict(list)
    for seen in judgement.observations:
        by_provider[seen.provider].append(seen)
    observations = {name: by_provider[name] for name in providers}
    measured = measure(
        observations,
        [case_info(case) for case in cases.values()],
        reference=reference,
        repeats=manifest.repeats,
        passes=manifest.passes,
        seed=manifest.seed,
        variants={
            name: {key: variants_of(case, provider) for key, case in cases.items()}
            for name, provider in providers.items()
        },
    )
    cells = make_cells(seen for rows in observations.values() for seen in rows)
    if reference is not None:
        mark_different(cells, [name for name in providers if name != reference], reference)
    return {
        "format": FORMAT,
        "run": _run(judgement, reference, measured),
        "noise_floor": {name: estimate.as_json() for name, estimate in measured.self_agreement.items()},
        "providers": _providers(providers, observations, measured, cases, reference),
        "cases": matrix(cases, list(providers), cells),
    }


def summary_text(summary: Mapping[str, Any]) -> str:
    """The text of ``summary.json``: sorted keys, ASCII, one newline at the end."""
    return json.dumps(summary, sort_keys=True, allow_nan=False, separators=(",", ":")) + "\n"


def _run(judgement: Judgement, reference: str | None, measured: Measured) -> dict[str, Any]:
    manifest = judgement.manifest
    modes = {mode for case in judgement.cases.values() for mode in case.modes}
    return {
        "tool_version": manifest.tool_version,
        "seed": manifest.seed,
        "repeats": manifest.repeats,
        "asks": manifest.passes,
        "started_at": manifest.started_at,
        "finished_at": judgement.finished_at,
        "suites": [{"name": s.name, "digest": s.digest, "cases": s.cases} for s in manifest.suites],
        "cases": len(judgement.cases),
        "trials": {
            "planned": sum(map(len, measured.tables.values())),
            "recorded": len(judgement.observations),
        },
        "reference": reference,
        "bar_digest": manifest.bar_digest,
        "modes": [mode.value for mode in Mode if mode in modes],
    }


def _providers(
    providers: Mapping[str, Provider],
    observations: Mapping[str, Sequence[Observation]],
    measured: Measured,
    cases: Mapping[str, Case],
    reference: str | None,
) -> dict[str, Any]:
    tools = {key for key, case in cases.items() if offers_tools(case.request)}
    checks = {info.id: info for info in all_checks()}
    theirs = judged_cases(observations[reference]) if reference is not None else None
    start, end = window([seen for rows in observations.values() for seen in rows])
    return {
        name: _provider(
            provider,
            observations[name],
            measured,
            tools=tools,
            checks=checks,
            reference_fails=None if name == reference else theirs,
        )
        | {"latency": distributions(observations[name]), "over_time": over_time(observations[name], start, end)}
        for name, provider in providers.items()
    }


def _provider(
    provider: Provider,
    observations: Sequence[Observation],
    measured: Measured,
    *,
    tools: Container[str],
    checks: Mapping[str, CheckInfo],
    reference_fails: Mapping[str, Judged] | None,
) -> dict[str, Any]:
    name = provider.name
    out: dict[str, Any] = {
        "role": provider.role.value,
        "model": provider.model,
        "precision": provider.precision,
        "declared": _declared(provider),
        "metrics": {metric: found.as_json() for metric, found in measured.metrics[name].items()},
        "versus_reference": {metric: found.as_json() for metric, found in measured.versus_reference[name].items()},
        "counts": count(observations, len(measured.tables[name]), tools),
        "failures": count_failures(observations),
        "findings": list_findings(observations, checks, reference_fails),
        "verdict": None,
    }
    has_reference = reference_fails is not None
    is_reference = provider.role is Role.REFERENCE
    return out | {"sentence": make_sentence(out, is_reference=is_reference, has_reference=has_reference)}


def _declared(provider: Provider) -> dict[str, Any]:
    price = provider.price
    return {
        "base_url": provider.base_url,
        "price": None if price is None else {"input": price.input, "output": price.output},
        "extra_body": dict(provider.extra_body),
        "concurrency": provider.concurrency,
        "requests_per_minute": provider.requests_per_minute,
        "timeout": provider.timeout,
    }
