"""The table and the JSON of everything that can come from another package: checks, metrics, graders, formats, APIs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from trueweight.core import PROTOCOLS, CheckInfo, Severity
from trueweight.core.check import CHECKS, all_checks
from trueweight.core.grader import GRADERS, all_graders
from trueweight.metrics import Metric, all_metrics, in_order, metric_origin
from trueweight.report.formats import find_format, format_names, format_origin

OURS = "trueweight"


class _ListedCheck(msgspec.Struct, frozen=True):
    id: str
    requirement: str
    severity: Severity
    row: int | None
    source: str | None
    why: str
    fix: str
    engine: bool
    protocol: str | None
    parameters: tuple[str, ...]
    package: str


class _ListedMetric(msgspec.Struct, frozen=True):
    id: str
    title: str
    unit: str
    definition: str
    method: str
    source: str
    higher_is_better: bool | None
    package: str


class _ListedGrader(msgspec.Struct, frozen=True):
    id: str
    definition: str
    expected: Mapping[str, Any]
    package: str


class _ListedFormat(msgspec.Struct, frozen=True):
    id: str
    suffix: str
    package: str


class _ListedApi(msgspec.Struct, frozen=True):
    id: str
    method: str
    path: str
    package: str


class _Listed(msgspec.Struct, frozen=True):
    """What ``checks --json`` prints."""

    checks: tuple[_ListedCheck, ...]
    metrics: tuple[_ListedMetric, ...]
    graders: tuple[_ListedGrader, ...]
    formats: tuple[_ListedFormat, ...]
    apis: tuple[_ListedApi, ...]


def checks_json() -> str:
    """Every check, metric, grader, report format and API with its attributes, for machines."""
    listed = _Listed(
        checks=tuple(map(_check, all_checks())),
        metrics=tuple(map(_metric, in_order(all_metrics()))),
        graders=tuple(
            _ListedGrader(one.id, one.definition, one.expected, GRADERS.origin(one.id)) for one in all_graders()
        ),
        formats=tuple(_ListedFormat(name, find_format(name).suffix, format_origin(name)) for name in format_names()),
        apis=tuple(
            _ListedApi(name, one.method, one.path, PROTOCOLS.origin(name)) for name, one in PROTOCOLS.all().items()
        ),
    )
    return json.dumps(msgspec.to_builtins(listed), indent=2, ensure_ascii=False)


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


def _metric(one: Metric) -> _ListedMetric:
    return _ListedMetric(
        id=one.id,
        title=one.title,
        unit=one.unit,
        definition=one.definition,
        method=one.method,
        source=one.source,
        higher_is_better=one.higher_is_better,
        package=metric_origin(one.id),
    )


def _check(info: CheckInfo) -> _ListedCheck:
    return _ListedCheck(
        id=info.id,
        requirement=info.requirement,
        severity=info.severity,
        row=info.row or None,
        source=info.source or None,
        why=info.why,
        fix=info.fix,
        engine=info.engine,
        protocol=info.protocol,
        parameters=tuple(info.params.get("properties", {})),
        package=CHECKS.origin(info.id),
    )
