"""How a check is declared: its requirement, why it matters, how to fix a failure, and an example.

A check is one function with one decorator. Checks of other packages are declared and registered like those here::

    from trueweight.core import Case, Reply
    from trueweight.core.check import CheckResult, Fail, Pass, check
    from trueweight.core.evidence import whole
    from trueweight.core.example import Example, says

    @check("no-apologies", "The content has no apology.", source="https://…", why="…", fix="…",
           example=Example(bad=says("Sorry!"), good=says("Yes."), evidence="Sorry"))
    def no_apologies(case: Case, reply: Reply) -> CheckResult | None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from trueweight.core.case import Case, Severity
from trueweight.core.errors import ConfigError, value_path
from trueweight.core.example import Example, PairedExample
from trueweight.core.judging import JudgingProblem
from trueweight.core.registry import Registry
from trueweight.core.reply import Reply, Span
from trueweight.core.reply_digest import ReplyDigest

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

NO_PARAMS: Mapping[str, Any] = {"type": "object", "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Pass:
    """The requirement holds."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """The requirement does not hold; the fields are those of the finding."""

    message: str
    expected: str = ""
    got: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The server says in clear words that it does not support what was requested.

    ``about``: the parameter of the request, or the part of its messages; "" if it is none.
    """

    message: str
    spans: tuple[Span, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The check applies to this reply but cannot judge it; the message says why.

    ``problem``: its kind, if it is a limit of judging and nothing in the reply's own meaning.
    """

    message: str
    problem: JudgingProblem | None = None


CheckResult = Pass | Fail | Unsupported | NotApplicable
PairedResult = tuple[ReplyDigest, CheckResult]
RunCheck = Callable[[Case, Reply, Mapping[str, Any]], CheckResult | None]
RunPairedCheck = Callable[[Sequence[ReplyDigest], Sequence[ReplyDigest]], Iterable[PairedResult]]
ValidateParams = Callable[[Mapping[str, Any]], None]


class Scope(StrEnum):
    """Which replies a check judges, and how often.

    RESPONSE: every HTTP response once, completion or not (a list of models).
    COMPLETION: every completion once.
    CHOICE: every choice of every completion.
    """

    RESPONSE = "response"
    COMPLETION = "completion"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """The description of a check.

    Attributes:
        id: stable name in kebab case.
        requirement: what must hold of a reply, in one sentence.
        failure: what was found where it fails, as a sentence without its full stop; ``{cases}`` stands for the count:
            ``{cases} had a call without an id``, ``{message}`` for the most frequent message. Without it reports quote
            the requirement.
        severity: of a failure. A failure in a case that names this check has the case's severity instead.
        source: link to the clause or the bug report.
        row: number of the failure mode in the project's list; 0 if it is not in the list.
        why: what breaks in a client when the requirement does not hold.
        fix: what the operator of the server should look at.
        engine: whether only the serving stack can cause a failure, whatever the model writes.
        paired: whether it judges several replies together.
        field: of a paired check: the noun of the field that it compares, in which the evidence of each reply is.
        protocol: the name of the only API whose replies it judges; None for any API.
        scope: which replies it judges, and how often.
        params: JSON Schema of its parameters.
        on_request: whether it runs only on the cases that name it.
        any_status: whether it also judges responses other than 2xx.
        obeys: whether it judges if the reply obeys the request. It does not run on cases whose malformed request must
            be refused, unless they name it.
        explains: ids of checks that fail as a consequence where this one fails: in sentences they are left out.
        example: a reply that breaks the requirement and one that meets it.
    """

    id: str
    requirement: str
    severity: Severity
    source: str = ""
    row: int = 0
    why: str = ""
    fix: str = ""
    engine: bool = False
    paired: bool = False
    field: str = ""
    protocol: str | None = None
    scope: Scope = Scope.CHOICE
    params: Mapping[str, Any] = dataclass_field(default_factory=lambda: NO_PARAMS)
    on_request: bool = False
    any_status: bool = False
    obeys: bool = False
    example: Example | PairedExample | None = None
    failure: str = ""
    explains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A declared check. ``run`` judges one reply, ``run_paired`` judges several; exactly one of them is set.

    ``validate`` raises ConfigError for parameters that the JSON Schema allows and the check does not. ``run_plain`` is
    ``run`` without parameters, for a check that takes none.
    """

    info: CheckInfo
    run: RunCheck | None = None
    run_paired: RunPairedCheck | None = None
    validate: ValidateParams | None = None
    run_plain: Callable[[Case, Reply], CheckResult | None] | None = None


CHECKS: Registry[Check] = Registry("check", "trueweight.checks")


def check(
    check_id: str,
    requirement: str,
    *,
    failure: str = "",
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
    protocol: str | None = None,
    scope: Scope = Scope.CHOICE,
    explains: tuple[str, ...] = (),
    example: Example | None = None,
    validate: ValidateParams | None = None,
) -> Callable[[Callable[..., CheckResult | None]], Callable[..., CheckResult | None]]:
    """Declare a check of one reply. The arguments are the attributes of ``CheckInfo``.

    The function takes ``(case, reply)``; with parameters, or if it runs on request only, ``(case, reply, params)``.
    It returns None where it does not apply. ``validate`` is as in ``Check``.
    """
    info = CheckInfo(
        check_id, requirement, severity, source, row, why, fix, engine, protocol=protocol, scope=scope, params=params,
        on_request=on_request, any_status=any_status, obeys=obeys, example=example, failure=failure, explains=explains,
    )  # fmt: skip
    takes_params = on_request or params is not NO_PARAMS

    def register(function: Callable[..., CheckResult | None]) -> Callable[..., CheckResult | None]:
        run: RunCheck = function if takes_params else wraps(function)(lambda case, reply, _: function(case, reply))
        CHECKS.add(check_id, Check(info, run=run, validate=validate, run_plain=None if takes_params else function))
        return function

    return register


def paired_check(
    check_id: str,
    requirement: str,
    *,
    failure: str = "",
    severity: Severity = Severity.SHOULD,
    row: int = 0,
    source: str,
    why: str,
    fix: str,
    field: str,
    params: Mapping[str, Any] = NO_PARAMS,
    on_request: bool = False,
    engine: bool = True,
    explains: tuple[str, ...] = (),
    example: PairedExample | None = None,
) -> Callable[[RunPairedCheck], RunPairedCheck]:
    """Declare a check that judges several replies together. By default only the serving stack can cause its failures;
    not so where two honest replies differ by chance, or by numbers that depend on the batch.

    The function takes the digests of all replies of one provider through one API, and of the reference through the same
    API (none if there is no reference, or if the provider is the reference). Of replies with several choices it takes
    the choices with one index. It yields a result for each reply that it judges. With ``on_request`` it
    judges the cases that name it; their parameters are in ``digest.case.checks``.
    """
    info = CheckInfo(
        check_id, requirement, severity, source, row, why, fix, engine=engine, paired=True, field=field,
        scope=Scope.COMPLETION, params=params, on_request=on_request, example=example, failure=failure,
        explains=explains,
    )  # fmt: skip

    def register(function: RunPairedCheck) -> RunPairedCheck:
        CHECKS.add(check_id, Check(info, run_paired=function))
        return function

    return register


def all_checks() -> tuple[CheckInfo, ...]:
    """The description of every check, in order of id."""
    return tuple(entry.info for entry in CHECKS.all().values())


def check_params_schema(check_id: str) -> Mapping[str, Any]:
    """The JSON Schema of a check's parameters.

    Raises:
        ConfigError: ``unknown-check``, with the nearest name.
    """
    return CHECKS.get(check_id).info.params


def validate_params(check_id: str, params: Any, *, where: str = "") -> None:
    """Check the parameters that a case gives a check.

    Raises:
        ConfigError: ``unknown-check``; ``bad-check-parameters`` with the parameter and the valid names; or as the
            check's own ``validate``.
    """
    error = next(iter(sorted(_validator(check_id).iter_errors(params), key=lambda e: list(map(str, e.path)))), None)
    if error is not None:
        place = value_path(error.absolute_path)
        valid = ", ".join(sorted(check_params_schema(check_id).get("properties", {}))) or "none"
        raise ConfigError(
            f"check {check_id}: {('parameter ' + place[1:] + ': ') if place else ''}{error.message[:300]}",
            code="bad-check-parameters",
            where=where,
            hint=f"Parameters of {check_id}: {valid}.",
        )
    validate = CHECKS.get(check_id).validate
    if validate is not None:
        try:
            validate(params)
        except ConfigError as problem:
            raise ConfigError(
                f"check {check_id}: {problem.message}", code=problem.code, where=where, hint=problem.hint
            ) from None


@cache
def _validator(check_id: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # costs 0.1 s, which only commands that read suites need

    return Draft202012Validator(dict(check_params_schema(check_id)))
