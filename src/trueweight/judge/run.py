"""A recorded run → all its observations, one exchange in memory at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trueweight.core import Case, Exchange, InfrastructureError, Observation
from trueweight.judge.exchange import judge_exchange, lean
from trueweight.store import Manifest, RunDir


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged run.

    Attributes:
        cases: by key, in the order of the run.
        finished_at: when the last attempt on record ended, UTC; None if nothing is recorded.
    """

    manifest: Manifest
    cases: Mapping[str, Case]
    observations: tuple[Observation, ...]
    finished_at: str | None = None


def judge_run(run: RunDir) -> Judgement:
    """Judge every exchange of a run.

    Raises:
        InfrastructureError: if an exchange is of a case or provider that the run does not have.
    """
    cases = run.cases()
    providers = {provider.name: provider for provider in run.manifest.providers}
    observations, ends = [], []
    for exchange in run.exchanges():
        case = cases.get(f"{exchange.suite}/{exchange.case}") or cases.get(exchange.case)
        provider = providers.get(exchange.provider)
        if case is None or provider is None:
            raise InfrastructureError(
                f"trial {exchange.trial} is of case {exchange.case!r} and provider {exchange.provider!r}, "
                "which the run's own files do not have",
                code="run-corrupt",
                where=str(run.path),
                hint="Were files of two runs mixed?",
            )
        observations.append(lean(judge_exchange(case, provider, exchange).observation))
        ends.append(_end(exchange))
    return Judgement(run.manifest, cases, tuple(observations), max(ends, default=None))


def _end(exchange: Exchange) -> str:
    """UTC wall clock at which the last attempt ended, ISO 8601 with microseconds."""
    start = datetime.fromisoformat(exchange.started_at)
    return (start + timedelta(microseconds=exchange.final.t_done // 1000)).isoformat(timespec="microseconds")
