"""Report formats: one module each, which declares its ``Format``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from trueweight.core.registry import Registry
from trueweight.core.summary import Summary
from trueweight.report.evidence import Evidence

Render = Callable[[Summary, Iterable[Evidence]], str]
"""Summary and evidence → the whole report as text. A format without evidence leaves the iterable alone."""


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a report; ``suffix`` is that of its files, with the dot."""

    name: str
    suffix: str
    render: Render


_FORMATS: Final = Registry[Format]("report format", "trueweight.formats")


def register(report_format: Format) -> Format:
    """Add a format.

    Raises:
        ConfigError: ``registry-duplicate`` if the name is taken.
    """
    return _FORMATS.add(report_format.name, report_format)


def format_names() -> tuple[str, ...]:
    """Names of all formats, those of other packages included, sorted."""
    return tuple(_FORMATS.all())


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        ConfigError: ``unknown-report-format``, with the near miss.
    """
    return _FORMATS.get(name)


def format_origin(name: str) -> str:
    """The package that declares a format.

    Raises:
        ConfigError: ``unknown-report-format``, with the near miss.
    """
    return _FORMATS.origin(name)


def render(name: str, summary: Summary, evidence: Iterable[Evidence] = ()) -> str:
    """A report in the format of that name."""
    return find_format(name).render(summary, evidence)
