"""Whether a case names checks that exist, with parameters that they take. What is valid is the checks' own word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trueweight.core import ConfigError
from trueweight.suites.explain import Objection
from trueweight.suites.strict_yaml import Path


def objections_to_checks(checks: Mapping[str, Any], path: Path) -> Iterator[Objection]:
    """What is wrong with a case's ``checks``, at ``path`` in its file."""
    # Imported here, so that only files that name checks pay for loading them all.
    from trueweight.core.check import validate_params

    for check_id, params in checks.items():
        if not isinstance(params, dict):
            continue  # the suite's own schema says so
        try:
            validate_params(check_id, params)
        except ConfigError as problem:
            yield Objection((*path, check_id), problem.code, problem.message, problem.hint)
