"""Writes and reads the cases of a run, one per line. With them, a run directory has everything for judging."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from trueweight.core import Case, InfrastructureError
from trueweight.store.decode import problem_of


def encode_cases(cases: Iterable[Case]) -> bytes:
    """One case per line, in the order given. ASCII only, because a request may have lone surrogates."""
    return b"".join(json.dumps(case_to_json(case), separators=(",", ":")).encode("ascii") + b"\n" for case in cases)


def decode_cases(data: bytes, *, where: str) -> Iterator[Case]:
    """The cases of a file, in its order.

    Raises:
        InfrastructureError: ``run-corrupt`` for a line that is not a case, with its number and the first wrong field.
    """
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line:
            try:
                yield case_from_json(json.loads(line))
            except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
                field, problem = problem_of(error)
                raise InfrastructureError(
                    f"this line is not a case: at {field}: {problem}",
                    code="run-corrupt",
                    where=f"{where}:{number}",
                    hint="The run directory is damaged, or another version of trueweight wrote it.",
                ) from None


def case_to_json(case: Case) -> dict[str, Any]:
    """The case as a JSON object."""
    special: dict[str, Any] = {} if case.api is None else {"api": case.api}
    if case.keeps_limit:
        special["keeps_limit"] = True
    if case.follows is not None:
        special["follows"] = case.follows
    if case.after is not None:
        special["after"] = case.after
    if case.task is not None:
        special["task"] = msgspec.to_builtins(case.task)
    return {
        "suite": case.suite,
        "id": case.id,
        "why": case.why,
        "severity": case.severity,
        "source": case.source,
        "tags": case.tags,
        "modes": case.modes,
        "request": dict(case.request),
        "checks": {name: dict(parameters) for name, parameters in case.checks.items()},
        "answer": None if case.answer is None else dict(case.answer),
        **special,
    }


def case_from_json(value: Any) -> Case:
    """The case in a JSON value.

    Raises:
        msgspec.ValidationError: if it is not a case, with the first wrong field.
    """
    if isinstance(value, dict) and "endpoint" in value:  # the name of "api" in the first runs
        value = {"api": value["endpoint"], **value}
    return msgspec.convert(value, Case)
