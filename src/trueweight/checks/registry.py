"""The register of checks: how one is declared, found, and run on a reply."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from trueweight.core import Case, CheckInfo, ConfigError, Finding, Outcome, Reply, Severity, Span, near_miss


@dataclass(frozen=True, slots=True)
class Pass:
    """The law holds."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """The law is broken; the fields are those of the finding."""

    message: str
    expected: str = ""
    got: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The server says cleanly that it does not do this."""

    message: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The check cannot judge this reply although it should, for a reason worth saying."""

    message: str


Verdict = Pass | Fail | Unsupported | NotApplicable
Params = Mapping[str, Any]
_Run = Callable[[Case, Reply, Params], Verdict | None]

NO_PARAMS: Mapping[str, Any] = {"type": "object", "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class _Check:
    info: CheckInfo
    run: _Run
    params: Mapping[str, Any]
    any_status: bool
    on_request: bool


_CHECKS: dict[str, _Check] = {}


def check(
    check_id: str,
    law: str,
    *,
    severity: Severity = Severity.MUST,
    row: int = 0,
    source: str = "",
    why: str,
    fix: str,
    params: Mapping[str, Any] = NO_PARAMS,
    any_status: bool = False,
    on_request: bool = False,
) -> Callable[[Callable[..., Verdict | None]], Callable[..., Verdict | None]]:
    """Register a check.

    Args:
        params: JSON Schema of its parameters.
        any_status: whether it judges replies other than 2xx.
        on_request: whether it runs only when a case names it; it then takes ``(case, reply, params)``. A check that
            runs always takes ``(case, reply)``, and the parameters too if it has any.
    """
    info = CheckInfo(check_id, law, severity, source, row, why, fix)
    takes_params = on_request or params is not NO_PARAMS

    def register(function: Callable[..., Verdict | None]) -> Callable[..., Verdict | None]:
        if check_id in _CHECKS:
            raise ValueError(f"two checks are called {check_id}")
        run: _Run = function if takes_params else (lambda case, reply, _: function(case, reply))
        _CHECKS[check_id] = _Check(info, run, params, any_status, on_request)
        return function

    return register


@cache
def _checks() -> Mapping[str, _Check]:
    """All checks by id, in order of id, after importing every module beside this one."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    return dict(sorted(_CHECKS.items()))


def all_checks() -> tuple[CheckInfo, ...]:
    """What every check is, in order of id."""
    return tuple(entry.info for entry in _checks().values())


def check_params_schema(check_id: str) -> Mapping[str, Any]:
    """The JSON Schema of a check's parameters.

    Raises:
        ConfigError: if there is no such check.
    """
    return _known(check_id).params


def validate_params(check_id: str, params: Any, *, where: str = "") -> None:
    """See that a case's parameters for a check are valid.

    Raises:
        ConfigError: if there is no such check, or the parameters break its schema.
    """
    validator = Draft202012Validator(dict(_known(check_id).params))
    error = next(iter(sorted(validator.iter_errors(params), key=lambda e: list(map(str, e.path)))), None)
    if error is not None:
        place = "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in error.absolute_path)
        valid = ", ".join(sorted(check_params_schema(check_id).get("properties", {}))) or "none"
        raise ConfigError(
            f"check {check_id}: {('parameter ' + place[1:] + ': ') if place else ''}{error.message[:300]}",
            code="bad-check-parameters",
            where=where,
            hint=f"Parameters of {check_id}: {valid}.",
        )


def _known(check_id: str) -> _Check:
    found = _checks().get(check_id)
    if found is None:
        raise ConfigError(f"unknown check {check_id!r}", code="unknown-check", hint=near_miss(check_id, _checks()))
    return found


def run_checks(case: Case, reply: Reply) -> tuple[Finding, ...]:
    """What every check that has something to say says of a reply, in order of check id.

    A check that does not apply is silent; one that should judge and cannot says why, as "n/a".

    Raises:
        ConfigError: if the case gives a check parameters that it does not take.
    """
    findings = [
        _finding(case, entry, verdict)
        for entry in _checks().values()
        if (verdict := _run(case, reply, entry)) is not None
    ]
    unknown = [
        Finding(name, Outcome.NOT_APPLICABLE, case.severity, "this version of trueweight has no such check")
        for name in case.checks
        if name not in _checks()
    ]
    return (*findings, *unknown)


def _run(case: Case, reply: Reply, entry: _Check) -> Verdict | None:
    named = entry.info.id in case.checks
    if (entry.on_request and not named) or not (reply.ok or entry.any_status):
        return None
    params = case.checks.get(entry.info.id) or {}
    if params:
        validate_params(entry.info.id, params, where=f"case {case.key}")
    return entry.run(case, reply, params)


def _finding(case: Case, entry: _Check, verdict: Verdict) -> Finding:
    severity = case.severity if entry.info.id in case.checks else entry.info.severity
    match verdict:
        case Pass(message):
            return Finding(entry.info.id, Outcome.PASS, severity, message)
        case Fail(message, expected, got, spans):
            message, expected, got = map(_writable, (message, expected, got))
            return Finding(entry.info.id, Outcome.FAIL, severity, message, expected, got, spans)
        case Unsupported(message, spans):
            return Finding(entry.info.id, Outcome.UNSUPPORTED, severity, _writable(message), spans=spans)
        case NotApplicable(message):
            return Finding(entry.info.id, Outcome.NOT_APPLICABLE, severity, _writable(message))


def _writable(text: str) -> str:
    """The text with half code points spelled out, so that any file can hold what a model wrote."""
    return text.encode("utf-8", "backslashreplace").decode()
