"""``bar.toml`` → bar. Errors say file, line, key, value, what is valid and the near miss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trueweight.assess.bar import Bar, Limit, Rule, Side
from trueweight.config.lines import Lines
from trueweight.config.spot import Spot
from trueweight.config.toml import parse_toml, read_toml_text
from trueweight.core import Role, Severity, near_miss
from trueweight.metrics import compared_metrics, trial_metrics

_KEYS = ("metric", "at_least", "at_most", "side", "versus", "providers", "role")
_FINDINGS = (*(severity.value for severity in Severity), "beyond_reference")
_MOST = 10**15
_TABLES = ("require", "findings")
_ROLES = {"candidate": Role.CANDIDATE, "reference": Role.REFERENCE, "any": None}


def load_bar(path: Path) -> Bar:
    """Read a bar.

    Raises:
        ConfigError: for the first thing that is wrong with the file, and for a file that demands nothing.
    """
    return parse_bar(read_toml_text(path, area="bar", hint="Valid: a bar.toml."), str(path))


def parse_bar(text: str, where: str) -> Bar:
    """The bar that a text says.

    Args:
        where: what to call the text in an error.

    Raises:
        ConfigError: as `load_bar`.
    """
    document = parse_toml(text, where, area="bar", hint="Valid: [[require]] tables.")
    file = Spot(where, Lines.of(text))
    _refuse_unknown(file, document, _TABLES)
    tables = document.get("require", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        file.at("require").refuse("require is not a list of tables", code="bar-value", hint="Valid: [[require]].")
    rules = tuple(_rule(file.at("require", index), table) for index, table in enumerate(tables))
    findings = document.get("findings", {})
    if not isinstance(findings, dict):
        file.at("findings").refuse("findings is not a table", code="bar-value", hint="Valid: [findings].")
    limits = _limits(file.at("findings"), findings)
    if not rules and not limits:
        hint = 'Valid: [[require]] with metric = "schema_accuracy" and at_least = 0.98, or [findings] with MUST = 0.'
        file.refuse("the bar demands nothing", code="bar-empty", hint=hint)
    return Bar(rules, limits, text)


def _refuse_unknown(spot: Spot, table: Mapping[str, Any], valid: tuple[str, ...]) -> None:
    for key in table:
        if key not in valid:
            spot.at(key).refuse(f"unknown key {key!r}", code="bar-unknown-key", hint=near_miss(key, valid))


def _rule(spot: Spot, table: Mapping[str, Any]) -> Rule:
    _refuse_unknown(spot, table, _KEYS)
    metric = _metric(spot, table)
    bounds = {key: _number(spot.at(key), table[key]) for key in ("at_least", "at_most") if key in table}
    if len(bounds) != 1:
        said = "neither at_least nor at_most" if not bounds else "both at_least and at_most"
        hint = "Valid: exactly one of them; two [[require]] tables make a range."
        spot.refuse(f"the rule on {metric} has {said}", code="bar-bound", hint=hint)
    versus = _versus(spot, table, metric)
    rule = Rule(
        metric,
        bounds.get("at_least"),
        bounds.get("at_most"),
        _choice(spot, table, "side", {side.value: side for side in Side}, default=Side.NEAR),
        versus == "reference",
        _names(spot.at("providers"), table.get("providers", [])),
        _choice(spot, table, "role", _ROLES, default=None if "providers" in table else Role.CANDIDATE),
        versus == "baseline",
    )
    _refuse_unreachable(spot, rule)
    return rule


def _metric(spot: Spot, table: Mapping[str, Any]) -> str:
    name = table.get("metric")
    if not isinstance(name, str):
        spot.refuse("the rule names no metric", code="bar-metric", hint=near_miss("", trial_metrics()))
    if name not in trial_metrics():
        spot.at("metric").refuse(f"unknown metric {name!r}", code="bar-metric", hint=near_miss(name, trial_metrics()))
    return name


def _versus(spot: Spot, table: Mapping[str, Any], metric: str) -> str:
    versus: str = _choice(spot, table, "versus", {name: name for name in ("reference", "baseline")}, default="")
    compared = compared_metrics() if versus == "baseline" else tuple(trial_metrics())
    valid = [name for name in compared if trial_metrics()[name].difference]
    if versus and metric not in valid:
        spot.at("versus").refuse_value(versus, f"{metric} is not compared", valid=", ".join(valid), code="bar-versus")
    return versus


def _number(spot: Spot, value: Any) -> float:
    # Compared before it is made a float, which a whole number of many digits has not; NaN is not below anything.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST:
        spot.refuse_value(value, "not a number", valid="a number, e.g. 0.98", code="bar-value")
    return float(value)


def _choice(spot: Spot, table: Mapping[str, Any], key: str, valid: Mapping[str, Any], *, default: Any) -> Any:
    if key not in table:
        return default
    value = table[key]
    if not isinstance(value, str) or value not in valid:
        spot.at(key).refuse(f"{key} = {value!r} is not known", code="bar-value", hint=near_miss(str(value), valid))
    return valid[value]


def _names(spot: Spot, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        spot.refuse_value(value, "not a list of names", valid='names of providers, e.g. ["a", "b"]', code="bar-value")
    return tuple(value)


def _refuse_unreachable(spot: Spot, rule: Rule) -> None:
    """A proportion whose interval must reach the very end of its range would be inconclusive for ever."""
    if trial_metrics()[rule.metric].unit != "proportion" or rule.versus_reference or rule.versus_baseline:
        return
    if not 0 <= rule.bound <= 1:
        key = "at_least" if rule.at_least is not None else "at_most"
        spot.at(key).refuse_value(rule.bound, "not a proportion", valid="0 to 1", code="bar-value")
    end = 1.0 if rule.at_least is not None else 0.0
    if rule.side is Side.NEAR and rule.bound == end:
        key = "at_least" if end else "at_most"
        problem = "no number of cases proves it, so the verdict could never be a pass"
        spot.at(key).refuse_value(
            rule.bound, problem, valid='a bound inside, or side = "value"', code="bar-unreachable"
        )


def _limits(spot: Spot, table: Mapping[str, Any]) -> tuple[Limit, ...]:
    _refuse_unknown(spot, table, _FINDINGS)
    beyond = table.get("beyond_reference", False)
    if not isinstance(beyond, bool):
        spot.at("beyond_reference").refuse_value(beyond, "not a boolean", valid="true, false", code="bar-value")
    return tuple(
        Limit(severity, _whole(spot.at(severity.value), table[severity.value]), beyond)
        for severity in Severity
        if severity.value in table
    )


def _whole(spot: Spot, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        spot.refuse_value(value, "not a count", valid="0, 1, 2, …", code="bar-value")
    return value
