"""Refuses, before a run is sent, what could be sent and recorded but not be judged afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import msgspec

from trueweight.core import Case, ConfigError, InfrastructureError, Provider
from trueweight.store.cases import case_from_json, case_to_json
from trueweight.store.decode import problem_of
from trueweight.store.manifest import Manifest, manifest_from_json, manifest_to_json

_VALID = "Valid: values that JSON has (text, finite numbers, booleans, null, lists, objects), each within its range."


def require_recordable(providers: Iterable[Provider], cases: Iterable[Case]) -> None:
    """Write and read back each provider and case, as a run directory has them.

    Raises:
        ConfigError: ``not-recordable`` for the first one that cannot be written as JSON (NaN), or that judging would
            refuse, with its field.
    """
    for provider in providers:
        _read_back(f"provider {_shown(provider.name)}", asdict, _provider_from_json, provider)
    for case in cases:
        _read_back(f"case {_shown(case.key)}", case_to_json, case_from_json, case)


def require_readable(manifest: Manifest) -> None:
    """Write and read back a manifest.

    Raises:
        ConfigError: ``not-recordable``, as `require_recordable`.
    """
    _read_back("the run's plan", manifest_to_json, manifest_from_json, manifest)


def _provider_from_json(value: Any) -> Provider:
    return msgspec.convert(value, Provider)


def _read_back(name: str, to_json: Callable[[Any], Any], from_json: Callable[[Any], object], value: object) -> None:
    try:
        from_json(json.loads(json.dumps(to_json(value), allow_nan=False, sort_keys=True)))
    except InfrastructureError as error:
        raise _not_recordable(name, error.message) from None
    except RecursionError:
        raise _not_recordable(name, "nested too deep") from None
    except (ValueError, TypeError, AttributeError) as error:  # msgspec's errors are ValueErrors; the others are json's
        field, problem = problem_of(error)
        raise _not_recordable(name, problem if field == "$" else f"at {field}: {problem}") from None


def _shown(name: object) -> str:
    return repr(name)[:120]


def _not_recordable(name: str, problem: str) -> ConfigError:
    return ConfigError(f"{name} cannot be recorded and judged: {problem}", code="not-recordable", hint=_VALID)
