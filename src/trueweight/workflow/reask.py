"""Asks the baseline again: a run of its entry alone, twice, becomes the recorded answers of a new workload."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from trueweight.core import Case, Exchange, Provider, Reply, Role
from trueweight.core.task import Answer, CaseTask, RecordedAnswer
from trueweight.protocols import read_reply
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.suites.importers.write import suite_files, write_new
from trueweight.suites.workload_folder import GOLDEN_FILE, WORKLOAD_FILE, read_workload_file, workload_text
from trueweight.workflow.judge import judge_exchange
from trueweight.workflow.run_builder import RunBuilder
from trueweight.workflow.send import RunOptions
from trueweight.workflow.send_whole import BuiltRun


class Reasked(NamedTuple):
    """A workload with the answers of today.

    Attributes:
        answered: cases that have one; ``twice``: of these, with a second one.
    """

    paths: tuple[Path, ...]
    cases: int
    answered: int
    twice: int


def plan_reask(folder: Path, provider: Provider, seed: int = 0) -> BuiltRun:
    """The run that asks the baseline every request of a workload twice.

    Raises:
        ConfigError: as `find_suite`; ``workload-missing`` if the folder is no workload.
    """
    read_workload_file(folder)
    builder = RunBuilder([replace(provider, role=Role.REFERENCE)], [find_suite(str(folder))], RunOptions(seed=seed))
    prepared = builder.run()
    return BuiltRun(prepared.manifest, prepared.cases, prepared.plan, None, builder)


def write_reasked(folder: Path, run: RunDir, out: Path) -> Reasked:
    """Write the workload of a folder with the answers of a run in place of the recorded ones.

    Graders and golden answers stay as they are; labels for a judge do not, because they are about the old answers.

    Raises:
        ConfigError: ``import-exists`` if a file exists, ``import-disk``.
    """
    plan = read_workload_file(folder)
    suite = find_suite(str(folder))
    found: defaultdict[str, list[RecordedAnswer]] = defaultdict(list)
    (provider,) = run.manifest.providers
    cases = run.cases()
    for exchange in sorted(run.exchanges(), key=lambda one: (one.case, one.repeat)):
        case = cases.get(f"{exchange.suite}/{exchange.case}")
        recorded = None if case is None else _recorded(case, provider, exchange)
        if recorded is not None:
            found[exchange.case].append(recorded)
    made = tuple(_with_answers(case, found.get(case.id, [])) for case in suite.cases)
    model = next((one[0].model for one in found.values()), provider.model)
    texts = {
        WORKLOAD_FILE: workload_text(plan._replace(model=model, price=None)),
        **suite_files(made, suite.name, f"Requests of a log, answered on {run.manifest.started_at[:10]}"),
    }
    golden = folder / GOLDEN_FILE
    if golden.is_file():
        texts[GOLDEN_FILE] = golden.read_text(encoding="utf-8")
    for name, text in texts.items():
        write_new(out / name, text)
    twice = sum(len(one) > 1 for one in found.values())
    return Reasked(tuple(out / name for name in texts), len(made), len(found), twice)


def _recorded(case: Case, provider: Provider, exchange: Exchange) -> RecordedAnswer | None:
    """What an exchange answers; None if it answers nothing that a grader could read."""
    if not exchange.judgeable:
        return None
    reply = read_reply(exchange)
    answer = _answer(reply)
    if reply.error is not None or not answer:
        return None
    seen = judge_exchange(case, provider, exchange).observation
    times, usage = seen.timing, reply.usage
    tokens = None if usage is None else usage.bill
    return RecordedAnswer(
        answer=answer,
        model=reply.model or provider.model,
        ms=None if times is None or times.service is None else times.service / 1e6,
        ttft_ms=None if times is None or times.ttft is None else times.ttft / 1e6,
        input_tokens=None if tokens is None else tokens.input,
        cached_input_tokens=None if usage is None else usage.cached,
        cache_write_input_tokens=None if usage is None else usage.cache_write,
        output_tokens=None if tokens is None else tokens.output,
        cost=seen.cost,
        at=exchange.started_at,
    )


def _answer(reply: Reply) -> Answer:
    calls = list(_calls(reply))
    content = {"content": reply.content} if reply.content else {}
    return {**content, **({"calls": calls} if calls else {})} if len(calls) == len(reply.calls) else {}


def _calls(reply: Reply) -> Iterator[dict[str, object]]:
    for call in reply.calls:
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError):
            continue
        if call.name and isinstance(arguments, dict):
            yield {"name": call.name, "arguments": arguments}


def _with_answers(case: Case, answers: list[RecordedAnswer]) -> Case:
    task = case.task
    if task is None:
        return case
    first = None
    if answers:
        first = msgspec.structs.replace(answers[0], others=tuple(one.answer for one in answers[1:]))
    kept = CaseTask(name=task.name, grader="", recorded=first, stands_for=task.stands_for)
    return replace(case, task=kept, answer=None)
