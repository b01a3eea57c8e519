"""The table and the JSON of everything that can come from another package: checks, metrics, graders, formats, APIs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from trueweight.core import PROTOCOLS, CheckInfo
from trueweight.core.check import CHECKS, all_checks
from trueweight.core.grader import GRADERS, Grader, all_graders
from trueweight.metrics import Metric, all_metrics, in_order, metric_origin
from trueweight.report.formats import find_format, format_names, format_origin

OURS = "trueweight"


def checks_json() -> str:
    """Every check, metric, grader, report format and API with its attributes, for machines."""
    listed = {
        "checks": [_check_json(info) for info in all_checks()],
        "metrics": [_metric_json(one) for one in in_order(all_metrics())],
        "graders": [_grader_json(one) for one in all_graders()],
        "formats": [
            {"id": name, "suffix": find_format(name).suffix, "package": format_origin(name)} for name in format_names()
        ],
        "apis": [
            {"id": name, "method": one.method, "path": one.path, "package": PROTOCOLS.origin(name)}
            for name, one in PROTOCOLS.all().items()
        ],
    }
    return json.dumps(listed, indent=2, ensure_ascii=False)


def check_table() -> Iterator[str]:
    """A line for each check: id, severity, failure mode, requirement. Then a section for each other kind.

    The package of an item that is not ours stands at the end of its line.
    """
    checks = all_checks()
    width = max(len(info.id) for info in checks)
    for info in checks:
        row = f"row {info.row}" if info.row else ""
        yield f"{info.id:<{width}}  {info.severity:<6}  {row:<6}  {info.requirement}{_package(CHECKS.origin(info.id))}"
    apis = [(name, f"{one.method} {one.path}") for name, one in PROTOCOLS.all().items()]
    metrics = [(one.id, _with_unit(one)) for one in in_order(all_metrics())]
    yield from _section("Metrics:", metrics, metric_origin)
    yield from _section(
        "Graders, which the check 'graded' takes:", [(one.id, one.definition) for one in all_graders()], GRADERS.origin
    )
    formats = [(name, f"*{find_format(name).suffix}") for name in format_names()]
    yield from _section("Report formats, for `report --format`:", formats, format_origin)
    yield from _section("APIs, for `api` in providers.toml:", apis, PROTOCOLS.origin)


def _with_unit(metric: Metric) -> str:
    return metric.title if metric.unit in metric.title else f"{metric.title}, {metric.unit}"


def _section(title: str, rows: Iterable[tuple[str, str]], origin: Callable[[str], str]) -> Iterator[str]:
    items = list(rows)
    width = max(len(name) for name, _ in items)
    yield ""
    yield title
    yield from (f"{name:<{width}}  {text}{_package(origin(name))}" for name, text in items)


def _package(origin: str) -> str:
    return "" if origin == OURS else f"  [{origin}]"


def _metric_json(one: Metric) -> dict[str, Any]:
    """The declaration of a metric."""
    return {
        "id": one.id,
        "title": one.title,
        "unit": one.unit,
        "definition": one.definition,
        "method": one.method,
        "source": one.source,
        "higher_is_better": one.higher_is_better,
        "package": metric_origin(one.id),
    }


def _check_json(info: CheckInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "requirement": info.requirement,
        "severity": info.severity.value,
        "row": info.row or None,
        "source": info.source or None,
        "why": info.why,
        "fix": info.fix,
        "engine": info.engine,
        "protocol": info.protocol,
        "parameters": list(info.params.get("properties", {})),
        "package": CHECKS.origin(info.id),
    }


def _grader_json(one: Grader) -> dict[str, Any]:
    return {"id": one.id, "definition": one.definition, "expected": one.expected, "package": GRADERS.origin(one.id)}
