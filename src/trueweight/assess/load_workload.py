"""The table ``[workload]`` of a bar."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from trueweight.assess.bar import TaskBar, WorkloadBar
from trueweight.config.spot import Spot
from trueweight.config.table import read_table

_Margin = Annotated[float, Meta(gt=0, lt=1, description="a share above 0, e.g. 0.03 for 3 points")]
_Share = Annotated[float, Meta(gt=0, lt=1, description="a share between 0 and 1, e.g. 0.95")]
_Amount = Annotated[float, Meta(gt=0, le=10**12, description="a number above 0")]


class _TaskTable(Struct):
    """``[workload.tasks.NAME]`` as the file has it."""

    quality_margin: _Margin | None = None
    agreement_at_least: _Share | None = None
    judge_margin: _Share | None = None


class _WorkloadTable(Struct):
    """``[workload]`` as the file has it, without its tasks."""

    quality_margin: _Margin | None = None
    agreement_at_least: _Share | None = None
    judge_margin: _Share | None = None
    readable_at_least: _Share | None = None
    p95_ms_at_most: _Amount | None = None
    failures_at_most: _Share | None = None
    cost_per_1000_at_most: _Amount | None = None


def workload_bar(spot: Spot, entry: Any) -> WorkloadBar | None:
    """The thresholds on a workload; None if the bar has none.

    Raises:
        ConfigError: ``bar-value`` and others of `trueweight.config.table.read_table`; ``bar-empty`` for a table
            without a threshold.
    """
    if entry is None:
        return None
    if not isinstance(entry, dict):
        spot.refuse("workload is not a table", code="bar-value", hint="Valid: [workload].")
    tasks = entry.get("tasks", {})
    if not isinstance(tasks, dict) or not all(isinstance(task, dict) for task in tasks.values()):
        hint = "Valid: [workload.tasks.NAME] with agreement_at_least = 0.9."
        spot.at("tasks").refuse("tasks is not a table of tables", code="bar-value", hint=hint)
    own = {key: value for key, value in entry.items() if key != "tasks"}
    table = read_table(spot, own, _WorkloadTable, area="bar", name="[workload]")
    of_tasks = {
        name: read_table(spot.at("tasks", name), task, _TaskTable, area="bar", name=f"[workload.tasks.{name}]")
        for name, task in tasks.items()
    }
    found = WorkloadBar(
        TaskBar(table.quality_margin, table.agreement_at_least, table.judge_margin),
        {name: TaskBar(one.quality_margin, one.agreement_at_least, one.judge_margin) for name, one in of_tasks.items()},
        table.readable_at_least,
        table.p95_ms_at_most,
        table.failures_at_most,
        table.cost_per_1000_at_most,
    )
    if found == WorkloadBar():
        spot.refuse("[workload] has no threshold", code="bar-empty", hint="Valid: quality_margin = 0.03.")
    return found
