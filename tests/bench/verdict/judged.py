"""Judged runs whose truth is known: the trials that ``fleets`` draws as observations, before any summary.

They pass through everything behind the judging of single replies: tables, metrics, cells, findings, blame, the
assessment, and the comparison of two runs. Two of three cases offer tools and expect a call in every second; the others
request JSON. What fails is, in turn, the call that is not made and the call, or the document, that is not valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from fleets import REFERENCE, Fleet, draw, draw_ease

from trueweight.core import Case, Finding, Finish, Mode, Observation, Outcome, Provider, Role, Severity, Timing
from trueweight.store import Manifest, SuiteRecord
from trueweight.workflow.judge import Judgement

MODES = (Mode.PLAIN, Mode.STREAM)
_TOOL = {"type": "function", "function": {"name": "ping", "parameters": {"type": "object", "properties": {}}}}
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "out", "schema": {"type": "object"}}}
_STARTED = "2026-01-02T03:00:00.000000+00:00"

Also = Callable[[str, int, Mode], Sequence[Finding]]
"""Host, case and mode → further findings of each of its trials."""


def judged_run(
    fleet: Fleet, drawn: Mapping[str, Any], rng: np.random.Generator, also: Also | None = None, load: float = 0.0
) -> Judgement:
    """The run of a fleet that was drawn; ``rng`` draws its times, which are longer or shorter for each host by one
    factor of log-sd ``load``."""
    providers = tuple(
        Provider(name, "http://h/v1", "m", role=Role.REFERENCE if name == REFERENCE else Role.CANDIDATE)
        for name in drawn
    )
    cases = [_case(number) for number in range(fleet.cases)]
    suites = (SuiteRecord("s", "0" * 64, fleet.cases),)
    manifest = Manifest("0.1.0", 7, fleet.repeats, 2 if fleet.reference else 1, suites, providers, _STARTED)
    seen = [one for name, passes in drawn.items() for one in _observations(name, passes, rng, also, load)]
    return Judgement(manifest, {f"s/{case.id}": case for case in cases}, tuple(seen), _STARTED)


def _case(number: int) -> Case:
    tools, expects = _asks(number)
    request: dict[str, Any] = {"messages": [{"role": "user", "content": f"Ping {number}."}]}
    if not tools:
        return Case("s", f"c{number}", request | {"response_format": _SCHEMA}, severity=Severity.MUST, source="")
    checks = {"tool-call-expected": {"call": "must" if expects else "must-not"}}
    return Case("s", f"c{number}", request | {"tools": [_TOOL]}, severity=Severity.MUST, source="", checks=checks)


def _asks(number: int) -> tuple[bool, bool]:
    """Whether a case offers tools, and whether it expects a call."""
    return number % 3 < 2, number % 2 == 0


def _observations(
    name: str, passes: Any, rng: np.random.Generator, also: Also | None, load: float
) -> Iterator[Observation]:
    times = rng.lognormal(20, 0.6, (*passes.shape, 2)) * np.exp(rng.normal(0, load))
    for (i, m, repeat), ok in np.ndenumerate(passes):
        tools, expects = _asks(i)
        mute = not ok and i % 4 < 2
        called = tools and (expects != mute)
        check = "structured-output" if not tools else "tool-call-expected" if mute else "tool-call-arguments-schema"
        findings = [Finding(check, Outcome.PASS if ok else Outcome.FAIL, Severity.MUST, "" if ok else "It fails.")]
        first, rest = (int(time) for time in times[i, m, repeat])
        stream = MODES[m] is Mode.STREAM
        yield Observation(
            trial=f"{name}-{i}-{m}-{repeat}", provider=name, suite="s", case=f"s/c{i}", repeat=repeat, mode=MODES[m],
            attempts=1, first_ok=True, ok=True, arrived=True, status=200, called=called,
            calls_valid=(bool(ok) or mute) if called else None, finish=Finish.CALLS if called else Finish.STOP,
            expects_call=expects if tools else None,
            structured=None if tools else "valid" if ok else "invalid", output_tokens=5,
            timing=Timing(
                ttft=first if stream else None, ttfo=first if stream else None, service=first + rest,
                response=first + rest,
            ),
            findings=(*findings, *(also(name, i, MODES[m]) if also else ())), started_at=_STARTED,
        )  # fmt: skip


def draw_nights(fleet: Fleet, rng: np.random.Generator, noise: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two runs of the same fleet. The cases are as hard in both.

    Args:
        noise: share of the cases in which a deterministic host answers otherwise in the second night, as of another
            batch or kernel; 0 draws the same again.
    """
    ease = draw_ease(fleet, rng)
    first, second = (draw(fleet, rng, ease) for _ in range(2))
    if fleet.kind == "fixed":
        for name, passes in second.items():
            kept = rng.random(fleet.cases) >= noise
            passes[kept] = first[name][kept]
    return first, second
