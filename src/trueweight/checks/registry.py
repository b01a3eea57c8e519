"""The register of checks: how one is declared, found, and run on a reply."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from trueweight.checks.reply_digest import ReplyDigest
from trueweight.core import Case, CheckInfo, ConfigError, Endpoint, Finding, Outcome, Reply, Severity, Span, near_miss


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
PairedVerdict = tuple[ReplyDigest, Verdict]
_RunPaired = Callable[[Sequence[ReplyDigest], Sequence[ReplyDigest]], Iterable[PairedVerdict]]

NO_PARAMS: Mapping[str, Any] = {"type": "object", "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class _Check:
    info: CheckInfo
    params: Mapping[str, Any]
    on_request: bool
    any_status: bool = False
    obeys: bool = False
    endpoint: Endpoint | None = Endpoint.CHAT
    run: _Run | None = None
    run_paired: _RunPaired | None = None


_CHECKS: dict[str, _Check] = {}
_REFUSED = "request-refused"


def check(
    check_id: str,
    law: str,
    *,
    severity: Severity = Severity.MUST,
    row: int = 0,
    source: str,
    why: str,
    fix: str,
    params: Mapping[str, Any] = NO_PARAMS,
    any_status: bool = False,
    on_request: bool = False,
    engine: bool = False,
    obeys: bool = False,
    endpoint: Endpoint | None = Endpoint.CHAT,
) -> Callable[[Callable[..., Verdict | None]], Callable[..., Verdict | None]]:
    """Register a check.

    Args:
        engine: whether only the serving stack can break the law, whatever the model says.
        obeys: whether it holds a reply to what was asked, which means nothing where the request is malformed on purpose
            and should have been refused.
        params: JSON Schema of its parameters.
        any_status: whether it judges replies other than 2xx.
        on_request: whether it runs only when a case names it; it then takes ``(case, reply, params)``. A check that
            runs always takes ``(case, reply)``, and the parameters too if it has any.
        endpoint: whose replies it judges; None is any, for what every HTTP answer must be.
    """
    info = CheckInfo(check_id, law, severity, source, row, why, fix, engine)
    takes_params = on_request or params is not NO_PARAMS

    def register(function: Callable[..., Verdict | None]) -> Callable[..., Verdict | None]:
        run: _Run = function if takes_params else (lambda case, reply, _: function(case, reply))
        _add(_Check(info, params, on_request, any_status, obeys, endpoint, run))
        return function

    return register


def paired_check(
    check_id: str,
    law: str,
    *,
    severity: Severity = Severity.SHOULD,
    row: int = 0,
    source: str,
    why: str,
    fix: str,
    field: str,
    params: Mapping[str, Any] = NO_PARAMS,
    on_request: bool = False,
) -> Callable[[_RunPaired], _RunPaired]:
    """Register a check of what several replies say together, which no single one of them can show.

    The function takes all replies of one provider and all of the reference's (none if there is no reference, or if
    this is it), and gives a verdict for each reply that it speaks of. What it finds, no model can cause.

    Args:
        field: what it compares of each reply, which is where its evidence stands.
        on_request: whether it is about cases that name it; it finds their parameters in ``heard.case.checks``.
    """
    info = CheckInfo(check_id, law, severity, source, row, why, fix, engine=True, paired=True, field=field)

    def register(function: _RunPaired) -> _RunPaired:
        _add(_Check(info, params, on_request, run_paired=function))
        return function

    return register


def _add(made: _Check) -> None:
    if made.info.id in _CHECKS:
        raise ValueError(f"two checks are called {made.info.id}")
    _CHECKS[made.info.id] = made


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


def run_checks(case: Case, reply: Reply, *, without: Collection[str] = ()) -> tuple[Finding, ...]:
    """What every check that has something to say says of a reply, in order of check id.

    A check that does not apply is silent; one that should judge and cannot says why, as "n/a".

    Args:
        without: checks to leave out, as if they did not exist.

    Raises:
        ConfigError: if the case gives a check parameters that it does not take.
    """
    findings = [
        _finding(case, entry, verdict)
        for entry in _checks().values()
        if entry.info.id not in without and (verdict := _run(case, reply, entry)) is not None
    ]
    unknown = [
        Finding(name, Outcome.NOT_APPLICABLE, case.severity, "this version of trueweight has no such check")
        for name in case.checks
        if name not in _checks()
    ]
    return (*findings, *unknown)


def run_paired_checks(
    heard: Iterable[ReplyDigest], reference: Iterable[ReplyDigest] = (), *, without: Collection[str] = ()
) -> dict[str, tuple[Finding, ...]]:
    """What the checks of several replies say of one provider's: findings by trial, in order of check id.

    Args:
        reference: the reference's replies; none for the reference itself.
    """
    # In one order, whatever the order of the record, so that the same replies give the same words.
    ours, theirs = (sorted(some, key=lambda h: (h.case.key, h.repeat, h.mode)) for some in (heard, reference))
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for entry in _checks().values():
        if entry.run_paired is None or entry.info.id in without:
            continue
        asked = [one for one in ours if not entry.on_request or entry.info.id in one.case.checks]
        for one, verdict in entry.run_paired(ours, theirs) if asked else ():
            found[one.trial].append(_finding(one.case, entry, verdict))
    return {trial: tuple(findings) for trial, findings in found.items()}


def _run(case: Case, reply: Reply, entry: _Check) -> Verdict | None:
    named = entry.info.id in case.checks
    if entry.endpoint not in (None, case.endpoint):
        return None
    if entry.run is None or (entry.on_request and not named) or not (reply.ok or entry.any_status):
        return None
    if entry.obeys and not named and _REFUSED in case.checks:
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
