"""The cases of a run, one a line, so that a run can be judged with nothing but its own directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from trueweight.core import Case, InfrastructureError, Mode, Severity


def encode_cases(cases: Iterable[Case]) -> bytes:
    """One case a line, in the order given. Pure ASCII, because a request may hold lone surrogates."""
    return b"".join(json.dumps(_to_json(case), separators=(",", ":")).encode("ascii") + b"\n" for case in cases)


def decode_cases(data: bytes, *, where: str) -> Iterator[Case]:
    """The cases of a file.

    Raises:
        InfrastructureError: for a line that is no case.
    """
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line:
            try:
                yield _from_json(json.loads(line))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InfrastructureError(
                    f"this line is no case: {type(error).__name__}: {error}",
                    code="run-corrupt",
                    where=f"{where}:{number}",
                    hint="The run directory is damaged, or of another version.",
                ) from None


def _to_json(case: Case) -> dict[str, Any]:
    special = {} if case.api is None else {"api": case.api}
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


def _from_json(value: dict[str, Any]) -> Case:
    return Case(
        suite=value["suite"],
        id=value["id"],
        why=value["why"],
        severity=Severity(value["severity"]),
        source=value["source"],
        tags=tuple(value["tags"]),
        modes=tuple(Mode(mode) for mode in value["modes"]),
        request=value["request"],
        checks=value["checks"],
        answer=value["answer"],
        # The first runs call it "endpoint".
        api=value.get("api", value.get("endpoint")),
    )
