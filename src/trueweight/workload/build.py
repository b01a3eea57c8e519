"""A log → a workload: its cases, a grader for each task, and what became of every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from trueweight.core import Case, ConfigError, Mode, Severity
from trueweight.core.grader import GRADERS
from trueweight.core.task import Answer, CaseTask, RecordedAnswer
from trueweight.suites.importers.logs import ReadLog, read_log
from trueweight.suites.importers.write import suite_files, write_new
from trueweight.suites.jsonl_suite import suite_name
from trueweight.suites.request_lines import case_request, modes_of
from trueweight.suites.workload_folder import WORKLOAD_FILE, TaskPlan, WorkloadFile, workload_text
from trueweight.workload.personal import Replacer
from trueweight.workload.sample import DrawnSample, Request, account, deduplicate, draw
from trueweight.workload.tasks import TaskRule, find_tasks

ORDER: Final = ("call-fields", "json-fields", "label", "number", "text", "prose")
"""The most specific first. A grader of another package is never proposed: the user names it."""


CASES: Final = 200
"""Cases of a workload by default: with 200, a fall of 5 points is within reach of a paired comparison."""
MONTH: Final = 30 * 24 * 3600.0
_MOST_FIELDS: Final = 40
"""Fields of the log that are named."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a log becomes a workload.

    Attributes:
        form: the format of the log; None recognises it.
        task_field, rules: what names the task of a line, see `find_tasks`.
        replacer: of personal data.
    """

    name: str
    form: str | None = None
    cases: int = CASES
    seed: int = 0
    task_field: str | None = None
    rules: tuple[TaskRule, ...] = ()
    replacer: Replacer = field(default_factory=Replacer)


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload that is ready to be written.

    Attributes:
        model: what answered most of the recorded requests; "" if the log does not say.
        per_month: requests per month by the times of the log's lines; None if it has none.
    """

    name: str
    cases: tuple[Case, ...]
    tasks: Mapping[str, TaskPlan]
    seed: int
    model: str
    per_month: float | None
    log: ReadLog
    sample: DrawnSample
    replaced: str

    def files(self) -> dict[str, str]:
        """Name → text of each file of the folder: all that leaves the log."""
        made = WorkloadFile(self.name, self.tasks, self.seed, self.per_month, self.model)
        title = f"Requests of a log, {len(self.cases)} of {len(self.log.lines)}"
        return {WORKLOAD_FILE: workload_text(made), **suite_files(self.cases, self.name, title)}

    def write(self, folder: Path) -> list[Path]:
        """Write the folder. Returns the paths.

        Raises:
            ConfigError: ``import-exists`` if a file exists, ``import-disk``.
        """
        written = []
        for name, text in self.files().items():
            write_new(folder / name, text)
            written.append(folder / name)
        return written

    def account(self) -> Iterator[str]:
        """Sentences that say what became of every line and field of the log."""
        log = self.log
        forms = ", ".join(f"{name} ({count})" for name, count in sorted(log.formats.items()))
        yield f"format: {forms}"
        counted = f"{len(log.lines)} requests, {len(log.left_out)} left out, {len(log.malformed)} malformed"
        yield f"{log.rows} lines: {counted}"
        reasons: dict[str, int] = {}
        for reason in log.reasons():
            reasons[reason] = reasons.get(reason, 0) + 1
        for reason, count in sorted(reasons.items(), key=lambda one: -one[1])[:12]:
            yield f"  {count} × {reason}"
        if log.not_sent:
            fields = ", ".join(f"{name} ({count})" for name, count in sorted(log.not_sent.items()))
            yield f"  kept out of requests (lines): {fields}"
        beside = Counter(name for line in log.lines for name, value in line.fields.items() if value not in ("", None))
        if beside:
            shown = ", ".join(f"{name} ({count})" for name, count in sorted(beside.items())[:_MOST_FIELDS])
            more = f" and {len(beside) - _MOST_FIELDS} more" if len(beside) > _MOST_FIELDS else ""
            yield f"  left behind, beside the requests (lines): {shown}{more}"
        yield from account(self.sample)
        without = sum(case.task is not None and case.task.recorded is None for case in self.cases)
        if without:
            yield f"{without} cases have no recorded answer"
        yield self.replaced


def build(path: Path, options: BuildOptions) -> Workload:
    """Read a log and make a workload of it. Nothing is written.

    Raises:
        ConfigError: as `read_log` and `find_tasks`; ``workload-empty`` if no line is a request.
    """
    log = read_log(path, options.form)
    if not log.lines:
        reasons = "; ".join(dict.fromkeys(log.reasons()))
        raise ConfigError(f"no line is a request: {reasons[:400]}", code="workload-empty", where=str(path))
    tasks = find_tasks(log.lines, field=options.task_field, rules=options.rules, private=options.replacer.text)
    requests = deduplicate(log.lines, tasks)
    sample = draw(requests, options.cases, options.seed)
    options.replacer.replaced.clear()  # names of tasks were searched as well, which are not written
    answers: dict[str, list[Answer]] = {name: [] for name in dict.fromkeys(sorted(tasks))}
    cases: list[Case] = []
    for request, stands_for in zip(sample.requests, sample.stands_for, strict=True):
        case = _case(request, stands_for, options, len(cases))
        cases.append(case)
        if case.task is not None and case.task.recorded is not None:
            answers[request.task].append(case.task.recorded.answer)
    drawn = {request.task for request in sample.requests}
    shares = {name: tasks.count(name) / len(tasks) for name in drawn}
    return Workload(
        options.name,
        tuple(cases),
        {name: propose_grader(answers[name], shares[name]) for name in sorted(drawn)},
        options.seed,
        _commonest([one.recorded.model for one in requests if one.recorded is not None]),
        _per_month([one.recorded.at for one in log.lines if one.recorded is not None]),
        log,
        sample,
        options.replacer.account(),
    )


def _case(request: Request, stands_for: float, options: BuildOptions, number: int) -> Case:
    body = options.replacer.value(request.line.body)
    stream = body.get("stream")
    return Case(
        suite=suite_name(options.name),
        id=f"{request.task}-{number + 1:04d}",
        request=case_request(body),
        why=f"A request of the log, task {request.task}.",
        severity=Severity.SHOULD,
        tags=("workload", request.task),
        modes=modes_of(body) if isinstance(stream, bool) else (Mode.PLAIN,),
        task=CaseTask(
            name=request.task,
            grader="",
            recorded=_recorded(request.recorded, options.replacer),
            stands_for=round(stands_for, 4),
        ),
    )


def _recorded(recorded: RecordedAnswer | None, replacer: Replacer) -> RecordedAnswer | None:
    if recorded is None:
        return None
    others = tuple(replacer.value(one) for one in recorded.others)
    return msgspec.structs.replace(recorded, answer=replacer.value(recorded.answer), others=others)


def _commonest(names: Sequence[str]) -> str:
    known = [name for name in names if name]
    return max(sorted(set(known)), key=known.count) if known else ""


def _per_month(times: Sequence[str]) -> float | None:
    """Requests per month at the rate of the log; None if it spans less than an hour."""
    found = []
    for time in times:
        try:
            found.append(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp())
        except ValueError:
            continue
    span = max(found) - min(found) if len(found) > 1 else 0.0
    return len(found) / span * MONTH if span >= 3600 else None


def propose_grader(answers: Sequence[Answer], share: float) -> TaskPlan:
    """The first grader that fits the answers; ``prose`` if none does, or if there is no answer.

    Args:
        share: of the task, of the lines of the log.
    """
    for name in ORDER if answers else ():
        propose = GRADERS.get(name).propose
        options = None if propose is None else propose(answers)
        if options is not None:
            return TaskPlan(name, options, share=share)
    return TaskPlan("prose", {}, share=share)
