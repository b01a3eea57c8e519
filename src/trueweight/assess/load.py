"""``bar.toml`` → bar. Errors say file, line, key, value, what is valid and the near miss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trueweight.assess.bar import Bar, Limit, Rule
from trueweight.assess.load_workload import workload_bar
from trueweight.config.lines import Lines
from trueweight.config.spot import Spot
from trueweight.config.table import read_table
from trueweight.config.toml import parse_toml, read_toml_text
from trueweight.core import Role, Severity, near_miss
from trueweight.core.bar_outcome import Side
from trueweight.metrics import compared_metrics, trial_metrics

_MOST = 10**15
_KEYS = ("suites", "require", "findings", "workload")
_ROLES = {"candidate": Role.CANDIDATE, "reference": Role.REFERENCE, "any": None}

_Bound = Annotated[float, Meta(ge=-_MOST, le=_MOST, description="a number, e.g. 0.98")]
_Count = Annotated[int, Meta(ge=0, description="0, 1, 2, …")]


class _RuleTable(Struct):
    """A ``[[require]]`` as the file has it."""

    metric: Annotated[str, Meta(examples=['"schema_accuracy"'])]
    at_least: _Bound | None = None
    at_most: _Bound | None = None
    side: Side = Side.NEAR
    versus: Literal["reference", "baseline"] | None = None
    providers: Annotated[list[str], Meta(description='names of providers, e.g. ["a", "b"]')] | None = None
    role: Literal["candidate", "reference", "any"] | None = None


class _FindingsTable(Struct):
    """``[findings]`` as the file has it: the most failing checks of each severity."""

    MUST: _Count | None = None
    SHOULD: _Count | None = None
    INFO: _Count | None = None
    beyond_reference: bool = False


def load_bar(path: Path) -> Bar:
    """Read a bar.

    Raises:
        ConfigError: for the first mistake in the file, and for a file without thresholds.
    """
    return parse_bar(read_toml_text(path, area="bar", hint="Valid: a bar.toml."), str(path))


def parse_bar(text: str, where: str) -> Bar:
    """The bar of a text.

    Args:
        where: the name of the text in an error.

    Raises:
        ConfigError: as `load_bar`.
    """
    document = parse_toml(text, where, area="bar", hint="Valid: [[require]] tables.")
    file = Spot(where, Lines.of(text))
    for key in document:
        if key not in _KEYS:
            file.at(key).refuse(f"unknown key {key!r}", code="bar-unknown-key", hint=near_miss(key, _KEYS))
    tables = document.get("require", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        file.at("require").refuse("require is not a list of tables", code="bar-value", hint="Valid: [[require]].")
    rules = tuple(_rule(file.at("require", index), table) for index, table in enumerate(tables))
    findings = document.get("findings", {})
    if not isinstance(findings, dict):
        file.at("findings").refuse("findings is not a table", code="bar-value", hint="Valid: [findings].")
    limits = _limits(file.at("findings"), findings)
    workload = workload_bar(file.at("workload"), document.get("workload"))
    if not rules and not limits and workload is None:
        hint = 'Valid: [[require]] with metric = "schema_accuracy" and at_least = 0.98, [findings] with MUST = 0, or '
        hint += "[workload] with quality_margin = 0.03."
        file.refuse("the bar has no threshold", code="bar-empty", hint=hint)
    suites = document.get("suites", [])
    if not isinstance(suites, list) or not all(isinstance(name, str) for name in suites):
        hint = 'Valid: suites = ["tool-calls"].'
        file.at("suites").refuse("suites is not a list of strings", code="bar-value", hint=hint)
    return Bar(rules, limits, text, workload, tuple(suites))


def _rule(spot: Spot, entry: Mapping[str, Any]) -> Rule:
    table = read_table(spot, entry, _RuleTable, area="bar", name="this [[require]]")
    metrics = trial_metrics()
    if table.metric not in metrics:
        hint = near_miss(table.metric, metrics)
        spot.at("metric").refuse(f"unknown metric {table.metric!r}", code="bar-metric", hint=hint)
    if (table.at_least is None) is (table.at_most is None):
        problem = "neither at_least nor at_most" if table.at_least is None else "both at_least and at_most"
        hint = "Valid: exactly one of them; two [[require]] tables make a range."
        spot.refuse(f"the rule on {table.metric} has {problem}", code="bar-bound", hint=hint)
    _refuse_not_compared(spot, table)
    role = _ROLES[table.role] if table.role else None if table.providers is not None else Role.CANDIDATE
    rule = Rule(
        table.metric,
        table.at_least,
        table.at_most,
        table.side,
        table.versus == "reference",
        tuple(table.providers or ()),
        role,
        table.versus == "baseline",
    )
    _refuse_unreachable(spot, rule)
    return rule


def _refuse_not_compared(spot: Spot, table: _RuleTable) -> None:
    if table.versus is None:
        return
    metrics = trial_metrics()
    compared = compared_metrics() if table.versus == "baseline" else tuple(metrics)
    valid = [name for name in compared if metrics[name].difference]
    if table.metric not in valid:
        problem = f"{table.metric} is not compared"
        spot.at("versus").refuse_value(table.versus, problem, valid=", ".join(valid), code="bar-versus")


def _refuse_unreachable(spot: Spot, rule: Rule) -> None:
    """Refuse a bound at the very end of a proportion's range: no interval ever reaches it."""
    if trial_metrics()[rule.metric].unit != "proportion" or rule.versus_reference or rule.versus_baseline:
        return
    if not 0 <= rule.bound <= 1:
        key = "at_least" if rule.at_least is not None else "at_most"
        spot.at(key).refuse_value(rule.bound, "not a proportion", valid="0 to 1", code="bar-value")
    end = 1.0 if rule.at_least is not None else 0.0
    if rule.side is Side.NEAR and rule.bound == end:
        key = "at_least" if end else "at_most"
        problem = "no number of cases proves it, so the outcome would never be a pass"
        spot.at(key).refuse_value(
            rule.bound, problem, valid='a bound inside, or side = "value"', code="bar-unreachable"
        )


def _limits(spot: Spot, entry: Mapping[str, Any]) -> tuple[Limit, ...]:
    table = read_table(spot, entry, _FindingsTable, area="bar", name="[findings]")
    most = {severity: getattr(table, severity.value) for severity in Severity}
    return tuple(
        Limit(severity, count, table.beyond_reference) for severity, count in most.items() if count is not None
    )
