"""The verdicts of an LLM judge on a run's answers, from the run in which it was asked; no network."""

from __future__ import annotations

from pathlib import Path

from trueweight.core import ConfigError
from trueweight.core.preference import LlmJudgeFound, LlmJudgeScope, LlmJudgeSummary
from trueweight.protocols import cost_of, read_reply
from trueweight.store import LLM_JUDGE_RUN, RunDir, RunFile, read_json_file
from trueweight.workload.preference import combine, pair_key, read_verdict, trust


def read_scope(judge_run: Path) -> LlmJudgeScope:
    """What the LLM judge of a run was asked about; empty if its file is missing.

    Raises:
        ConfigError, InfrastructureError: as `read_json_file`.
    """
    without = "the LLM judge's verdicts are left out"
    return read_json_file(RunFile.LLM_JUDGED.of(judge_run), LlmJudgeScope, without=without) or LlmJudgeScope()


def read_preferences(directory: Path) -> LlmJudgeFound:
    """What the LLM judge of a run directory says; empty if none was asked.

    Raises:
        ConfigError: ``judge-run`` if the LLM judge's run is not one of a single provider; as `RunDir.open`.
        InfrastructureError: as `read_scope` and `RunDir.open`.
    """
    path = directory / LLM_JUDGE_RUN
    if not RunFile.MANIFEST.is_in(path):
        return LlmJudgeFound()
    scope = read_scope(path)
    with RunDir.open(path) as run:
        if len(run.manifest.providers) != 1:
            hint = "Valid: the run of one LLM judge. Delete the folder to judge without it."
            raise ConfigError("not the run of an LLM judge", code="judge-run", where=str(path), hint=hint)
        (provider,) = run.manifest.providers
        pairs = tuple(dict.fromkeys(pair_key(case.id) for case in run.cases().values()))
        places: dict[str, str | None] = {}
        costs: list[float | None] = []
        for exchange in run.exchanges():
            reply = read_reply(exchange) if exchange.judgeable else None
            places[exchange.case] = None if reply is None else read_verdict(reply)
            costs.append(cost_of(provider, exchange, reply))
    found = combine(pairs, places)
    trusted = trust(found.of_pairs, found.unreadable, scope.labels)
    known = [cost for cost in costs if cost is not None]
    summary = LlmJudgeSummary(
        name=provider.name,
        model=provider.model,
        cases=len(scope.cases),
        pairs=len(pairs),
        unreadable=found.unreadable,
        consistent=found.consistent,
        first=found.first,
        accuracy=trusted.accuracy,
        kappa=trusted.kappa,
        doubt=trusted.doubt,
        cost=sum(known) if known else None,
    )
    return LlmJudgeFound(frozenset(scope.cases), frozenset(pairs), found.of_pairs, summary)
