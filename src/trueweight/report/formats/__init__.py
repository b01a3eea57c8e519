"""Report formats by name. A new format is a new module here with ``SUFFIX`` and ``render(summary, evidence)``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

from trueweight.core import ConfigError, near_miss
from trueweight.report.evidence import Evidence


class Format(Protocol):
    """What a module of this package offers.

    Attributes:
        SUFFIX: of a file in this format, with its dot.
    """

    SUFFIX: str

    def render(self, summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:
        """The whole report as text; formats without evidence leave the iterable alone."""


def format_names() -> tuple[str, ...]:
    """Every format, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in format_names():
        raise ConfigError(f"no report format {name!r}", code="unknown-format", hint=near_miss(name, format_names()))
    return cast(Format, importlib.import_module(f"{__name__}.{name}"))


def render(name: str, summary: Mapping[str, Any], evidence: Iterable[Evidence] = ()) -> str:
    """A report in the format of that name."""
    return find_format(name).render(summary, evidence)
