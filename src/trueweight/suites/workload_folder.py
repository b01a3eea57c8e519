"""A folder that is a workload: ``workload.yaml`` has the graders of its tasks, ``golden.yaml`` answers by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from jsonschema import Draft202012Validator

from trueweight.core import Case, ConfigError, Price, Suite, near_miss
from trueweight.core.grader import GRADERS, validate_expected, validate_options
from trueweight.core.regular_file import read_regular
from trueweight.core.schemas import load_schema
from trueweight.core.task import Answer, CaseTask
from trueweight.core.workload import WorkloadFacts
from trueweight.suites.explain import objections
from trueweight.suites.request_lines import Reading
from trueweight.suites.strict_yaml import Document, parse_yaml

WORKLOAD_FILE: Final = "workload.yaml"
GOLDEN_FILE: Final = "golden.yaml"
PREFERENCES_FILE: Final = "preferences.yaml"
WORKLOAD_FILES: Final = (WORKLOAD_FILE, GOLDEN_FILE, PREFERENCES_FILE)
"""Files of a workload that are no suites."""


class TaskPlan(NamedTuple):
    """How the answers of a task are graded.

    Attributes:
        confirmed: whether a person looked at it.
        share: of the lines of the log.
    """

    grader: str
    options: Mapping[str, Any]
    confirmed: bool = False
    share: float | None = None


class WorkloadFile(NamedTuple):
    """``workload.yaml``.

    Attributes:
        price: of the baseline; None for the costs that the log states.
    """

    name: str
    tasks: Mapping[str, TaskPlan]
    seed: int = 0
    requests_per_month: float | None = None
    model: str = ""
    price: Price | None = None


def read_workload_file(folder: Path) -> WorkloadFile:
    """The ``workload.yaml`` of a folder.

    Raises:
        ConfigError: for the first mistake, with its line; ``workload-missing`` if the folder has no such file.
    """
    path = folder / WORKLOAD_FILE
    if not path.is_file():
        hint = "`trueweight workload from LOG -o DIR` makes one."
        raise ConfigError(f"there is no {WORKLOAD_FILE}", code="workload-missing", where=str(folder), hint=hint)
    document = read_document(path, load_schema("workload"))
    value = document.value
    tasks = {}
    for name, entry in value["tasks"].items():
        try:
            validate_options(entry["grader"], entry.get("options", {}))
        except ConfigError as problem:
            where = f"{path}:{document.line(('tasks', name, 'grader'))}"
            raise ConfigError(problem.message, code=problem.code, where=where, hint=problem.hint) from None
        tasks[name] = TaskPlan(
            entry["grader"], entry.get("options", {}), entry.get("confirmed", False), entry.get("share")
        )
    baseline = value.get("baseline", {})
    price = baseline.get("price")
    return WorkloadFile(
        value["workload"],
        tasks,
        value.get("seed", 0),
        value.get("requests_per_month"),
        baseline.get("model", ""),
        None if price is None else msgspec.convert(price, Price),
    )


def workload_text(made: WorkloadFile) -> str:
    """The text of a ``workload.yaml`` with comments for the person who fills it in."""
    month = "null" if made.requests_per_month is None else f"{made.requests_per_month:.0f}"
    price = "null" if made.price is None else json.dumps(msgspec.to_builtins(made.price))
    lines = [
        "# What the cases beside this file are a sample of. Look at each task, change its grader if it is not the",
        "# right one, and set confirmed to true. `trueweight workload graders` lists graders and their options.",
        f"workload: {json.dumps(made.name)}",
        f"seed: {made.seed}",
        "# Requests of this kind in a month, for which savings are stated"
        + (": an estimate from the times of the log's lines." if made.requests_per_month else "; null if not known."),
        f"requests_per_month: {month}",
        "baseline:",
        f"  model: {json.dumps(made.model)}",
        "  # USD per million tokens, e.g. {input: 2.5, output: 10, cached: 1.25, cache_write: 3};",
        "  # null takes the costs that are recorded with each answer, if they are.",
        f"  price: {price}",
        "tasks:",
    ]
    for name, plan in made.tasks.items():
        lines += [
            f"  {json.dumps(name)}:",
            f"    grader: {plan.grader}",
            f"    options: {json.dumps(dict(plan.options), ensure_ascii=True)}",
            f"    confirmed: {'true' if plan.confirmed else 'false'}",
            *([] if plan.share is None else [f"    share: {plan.share:.4f}"]),
        ]
    return "\n".join(lines) + "\n"


def confirm_task(folder: Path, name: str) -> None:
    """Set ``confirmed: true`` for a task in ``workload.yaml``; every other character of the file stays.

    Raises:
        ConfigError: as `read_workload_file`; ``workload-confirm`` where the line is not written as expected, or the
            file cannot be written.
    """
    path = folder / WORKLOAD_FILE
    document = read_document(path, load_schema("workload"))
    entry = document.value["tasks"][name]
    lines = read_regular(path).decode("utf-8").splitlines(keepends=True)
    at = document.line(("tasks", name, "confirmed" if "confirmed" in entry else "grader")) - 1
    line = lines[at]
    indent = line[: len(line) - len(line.lstrip())]
    if "confirmed" not in entry and line.lstrip().startswith("grader:"):
        lines[at] = f"{line.rstrip()}\n{indent}confirmed: true\n"
    elif line.lstrip().startswith("confirmed: false"):
        lines[at] = line.replace("confirmed: false", "confirmed: true", 1)
    else:
        hint = "Write confirmed: true for the task by hand."
        raise ConfigError("the line is written in another way", code="workload-confirm", where=str(path), hint=hint)
    try:
        path.write_text("".join(lines), encoding="utf-8", newline="")
    except OSError as error:
        message = f"cannot write: {error.strerror}"
        raise ConfigError(message, code="workload-confirm", where=str(path)) from None


def read_golden(folder: Path) -> dict[str, Answer]:
    """Case id → the right answer, from ``golden.yaml``; empty without that file.

    Raises:
        ConfigError: for the first mistake, with its line.
    """
    path = folder / GOLDEN_FILE
    if not path.is_file():
        return {}
    suite = load_schema("suite")
    schema = {"type": "object", "additionalProperties": {"$ref": "#/$defs/task-answer"}, "$defs": suite["$defs"]}
    golden: dict[str, Answer] = read_document(path, schema).value or {}
    return golden


def read_document(path: Path, schema: Mapping[str, Any]) -> Document:
    """A YAML file that fits a JSON Schema.

    Raises:
        ConfigError: for the first mistake, with its line.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", code="suite-unreadable", where=str(path)) from None
    document = parse_yaml(text, str(path))
    for flaw in Draft202012Validator(schema).iter_errors(document.value):
        for found in objections(flaw):
            where = f"{path}:{document.line(found.path)}"
            raise ConfigError(found.message, code=found.code, where=where, hint=found.hint)
    return document


def workload_facts(suite: Suite) -> WorkloadFacts | None:
    """What the workload of a suite says beside its graders; None if the suite is no workload, or its files are gone."""
    folder = Path(suite.origin)
    folder = folder if folder.is_dir() else folder.parent
    if not any(case.task is not None for case in suite.cases) or not (folder / WORKLOAD_FILE).is_file():
        return None
    plan = read_workload_file(folder)
    return WorkloadFacts(
        plan.name,
        plan.requests_per_month,
        plan.model,
        tuple(name for name, task in plan.tasks.items() if not task.confirmed),
        {name: task.share for name, task in plan.tasks.items() if task.share is not None},
    )


def with_workload(reading: Reading, folder: Path) -> Reading:
    """The cases with the graders of their tasks and their right answers; as they were if none has a task.

    The recorded cost of each case is by the price of ``workload.yaml``, if it has one.
    """
    if not any(case.task is not None for case in reading.cases):
        return reading
    try:
        plan, golden = read_workload_file(folder), read_golden(folder)
        cases = tuple(_whole(case, plan, golden, folder) for case in reading.cases)
    except ConfigError as problem:
        return reading._replace(problems=(*reading.problems, problem))
    return reading._replace(cases=cases, problems=(*reading.problems, *_strangers(golden, cases, folder)))


def _whole(case: Case, plan: WorkloadFile, golden: Mapping[str, Answer], folder: Path) -> Case:
    task = case.task
    if task is None:
        return case
    if task.name not in plan.tasks:
        where = str(folder / WORKLOAD_FILE)
        hint = near_miss(task.name, plan.tasks)
        raise ConfigError(f"case {case.id!r}: no task {task.name!r}", code="workload-task", where=where, hint=hint)
    own = plan.tasks[task.name]
    right = golden.get(case.id)
    recorded = task.recorded
    if recorded is not None and plan.price is not None and None not in (recorded.input_tokens, recorded.output_tokens):
        cost = plan.price.cost(
            recorded.input_tokens or 0,
            recorded.output_tokens or 0,
            cached=recorded.cached_input_tokens or 0,
            cache_write=recorded.cache_write_input_tokens or 0,
        )
        recorded = msgspec.structs.replace(recorded, cost=cost)
    made = CaseTask(
        name=task.name,
        grader=own.grader,
        options=own.options,
        recorded=recorded,
        golden=right,
        stands_for=task.stands_for,
    )
    if right is not None:
        _require_gradable(case, made, right, folder)
    answer = right if right is not None else None if recorded is None else recorded.answer
    return replace(case, task=made, answer=answer if case.answer is None else case.answer)


def _require_gradable(case: Case, task: CaseTask, right: Answer, folder: Path) -> None:
    """Refuse a right answer that the grader cannot read: it would never be met."""
    expected = GRADERS.get(task.grader).expect(right, task.options)
    if expected is None:
        where = str(folder / GOLDEN_FILE)
        message = f"the answer to {case.id!r} has not the form that the grader {task.grader} reads"
        raise ConfigError(message, code="workload-golden", where=where, hint=GRADERS.get(task.grader).definition)
    validate_expected(task.grader, expected)


def _strangers(golden: Mapping[str, Answer], cases: tuple[Case, ...], folder: Path) -> Iterator[ConfigError]:
    """A problem for each answer whose case does not exist; none where the cases are in several files."""
    files = [one for one in folder.iterdir() if one.suffix in (".yaml", ".yml") and one.name not in WORKLOAD_FILES]
    known = {case.id for case in cases}
    for name in golden if len(files) == 1 else ():
        if name not in known:
            where = str(folder / GOLDEN_FILE)
            yield ConfigError(f"no case {name!r}", code="workload-golden", where=where, hint=near_miss(name, known))
