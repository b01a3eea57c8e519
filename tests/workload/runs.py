"""A workload of a log, and a recorded run of it without a server: each provider answers by a function of the case."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from logs import lines

from in_process import trueweight
from trueweight.assess import Bar
from trueweight.core import (
    DEFAULT_API,
    PROTOCOLS,
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Provider,
    Stamp,
    trial_id,
)
from trueweight.core.example import SampleCall, SampleReply
from trueweight.core.task import Answer
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.workflow.send import RunOptions, prepare

START = datetime(2026, 11, 29, 12, tzinfo=UTC)
ANSWERS = Callable[[Case, int], Answer | None]
"""Case and its number → the answer; None for a request that fails on the way."""


def workload_of(rows: Iterable[Mapping[str, Any]], folder: Path, *, confirmed: bool = True) -> Path:
    """The workload ``tickets`` of a log with these rows. Both are in the folder.

    Args:
        confirmed: a person has confirmed its graders.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.jsonl").write_text(lines(*rows), encoding="utf-8")
    done = trueweight("workload", "from", "a.jsonl", "-o", "tickets", cwd=folder)
    assert done.returncode == 0, done.stderr
    if confirmed:
        confirm(folder / "tickets")
    return folder / "tickets"


def confirm(folder: Path) -> None:
    """Confirm all graders of a workload, as a person does it in the file."""
    path = folder / "workload.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("confirmed: false", "confirmed: true"), encoding="utf-8")


def as_recorded(case: Case, _: int) -> Answer:
    """The answer of the log."""
    assert case.task is not None
    assert case.task.recorded is not None
    return case.task.recorded.answer


def record(
    folder: Path,
    out: Path,
    answers: Mapping[str, tuple[Provider, ANSWERS]],
    *,
    bar: Bar | None = None,
    ms: Mapping[str, float] | None = None,
    start: datetime = START,
    of_history: bool = False,
) -> Path:
    """Write a run directory of the workload in ``folder``.

    Args:
        ms: time of each reply by provider; 500 by default.
        start: of the run.
        of_history: as in `RunOptions`.
    """
    suite = find_suite(str(folder))
    providers = [provider for provider, _ in answers.values()]
    options = RunOptions(passes=1, of_history=of_history)
    prepared = prepare(providers, [suite], options, bar=bar, now=lambda: start)
    numbers = {case.key: at for at, case in enumerate(prepared.cases)}
    with RunDir.create(out, prepared.manifest, prepared.cases, bar=None if bar is None else bar.text) as run:
        for at, trial in enumerate(prepared.plan.trials):
            provider, answer = answers[trial.provider.name]
            found = answer(trial.case, numbers[trial.case.key])
            assert trial.id == trial_id(trial.case, provider, trial.repeat, trial.mode)
            took = int((ms or {}).get(provider.name, 500) * 1e6)
            exchange = _lost(took) if found is None else _reply(found, took)
            run.append(
                replace(
                    exchange,
                    trial=trial.id,
                    provider=provider.name,
                    suite=trial.case.suite,
                    case=trial.case.id,
                    repeat=trial.repeat,
                    mode=trial.mode,
                    started_at=(start + timedelta(seconds=at)).isoformat(timespec="microseconds"),
                )
            )
    return out


def _reply(answer: Answer, ns: int) -> Exchange:
    calls = tuple(SampleCall(json.dumps(one["arguments"]), name=one["name"]) for one in answer.get("calls", ()))
    sample = SampleReply(answer.get("content"), calls=calls, finish="calls" if calls else "stop", usage=(100, 5))
    exchange = PROTOCOLS.get(DEFAULT_API).sample(sample)
    attempt = replace(exchange.final, t_send=0, t_headers=1, t_done=ns, stamps=(Stamp(ns, 0),))
    return replace(exchange, attempts=(attempt,))


def _lost(ns: int) -> Exchange:
    exchange = PROTOCOLS.get(DEFAULT_API).sample(SampleReply("x"))
    failed = Attempt(0, 0, None, None, ns, failure=Failure(FailureKind.SERVER_ERROR, "502"), status=502)
    return replace(exchange, attempts=(failed,))
