"""Select the cases for a faulty provider: those that provoke its fault, found by running it without a socket.

A case whose response equals the healthy one, or passes the check, cannot show the fault, so it is not sent. Cases that
name the check, or have the tag of the failure mode, are preferred.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

from trueweight.checks import all_checks, run_checks
from trueweight.core import (
    DEFAULT_API,
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Outcome,
    Provider,
    RequestRecord,
    Stamp,
    Trial,
)
from trueweight.core.case import ANSWERED_CHECK
from trueweight.fleet.completion import Pause, ResponseScript, Write
from trueweight.fleet.faults import FAULTS, Fault
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import MODEL
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.fleet.roster import WRITES, FleetMember, roster
from trueweight.protocols import read_reply
from trueweight.workflow.judge.exchange import with_served_model

_EACH = 6
"""Cases for each check that must find a fault: of those tagged for its row or that name it, else of all."""
_PROVIDER = Provider("p", "http://127.0.0.1", MODEL)
_OTHERS = 40
"""Further cases for a check that fails only beside requests that are answered."""
_TRANSPORT = 2
"""Cases for a transport fault: any case shows it."""

HEALTHY = tuple(
    entry.name
    for entry in roster()
    if entry.precision == "fp32"
    and not entry.faults
    and not entry.name.startswith(("thinks-", WRITES))
    and entry.name != "twin-2"
)
"""Providers on which no check may fail: of those that think one; the tests have the others."""
HANDWRITTEN = tuple(entry.name for entry in roster() if entry.name.startswith(WRITES))
"""Providers that each differ in one thing that is allowed: no check may fail on them either. A matrix sends each of
them another part of the cases."""
SOUND = frozenset({*HEALTHY, *HANDWRITTEN})


def matrix_faults() -> Mapping[str, Fault]:
    """The faults that name the checks or failures that must find them, by name."""
    return {name: fault for name, fault in FAULTS.all().items() if fault.checks or fault.failures}


@cache
def entry_of(fault: str) -> FleetMember:
    """The provider that has this fault and no other."""
    return next(entry for entry in roster() if entry.faults == (fault,))


class InProcess:
    """Runs providers in this process; their responses depend only on the request and the provider."""

    def __init__(self, known: KnownAnswers, cases: Iterable[Case] = ()) -> None:
        """``cases`` among which are those whose responses others continue."""
        self._known = known
        self._cases = {case.key: case for case in cases}
        self._healthy: dict[tuple[str, Mode], ResponseScript] = {}

    def finds(self, entry: FleetMember, case: Case, check: str) -> bool:
        """Whether the answer is not the healthy one, and the check, if it judges single replies, fails on it."""
        return any(self._finds(entry, case, mode, check) for mode in case.modes)

    def _finds(self, entry: FleetMember, case: Case, mode: Mode, check: str) -> bool:
        key = (case.key, mode)
        if key not in self._healthy:
            self._healthy[key] = self._respond(replace(entry, faults=(), server="asgi"), case, mode)
        response = self._respond(entry, case, mode)
        if response == self._healthy[key]:
            return False
        judged = with_served_model(case, _PROVIDER)
        return check in _PAIRED or any(
            finding.check == check and finding.outcome is Outcome.FAIL
            for finding in run_checks(judged, read_reply(as_exchange(case, mode, response)), without=_ALL - {check})
        )

    def _respond(self, entry: FleetMember, case: Case, mode: Mode) -> ResponseScript:
        provider = FleetProvider(entry, self._known, rng=random.Random(0), clock=lambda: 0.0)
        return self._ask(provider, case, mode)

    def _ask(self, provider: FleetProvider, case: Case, mode: Mode) -> ResponseScript:
        """The response of a provider that was asked before what the case is sent after."""
        trial = Trial("", case, _PROVIDER, 0, mode, _api_of(case))
        previous = ""
        if trial.behind is not None:
            first = self._ask(provider, self._cases[trial.behind.case], mode)
            if trial.follows is not None:
                previous = trial.protocol.stored_id(as_exchange(case, mode, first).final.body)
        line, body = trial.protocol.line, trial.body(previous).encode()
        return provider.respond(HttpRequest(line.method, f"/v1{line.path}", {}, body))


_ALL = frozenset(info.id for info in all_checks())
_PAIRED = frozenset(info.id for info in all_checks() if info.paired)
_EACH_TIME = frozenset({ANSWERED_CHECK})
"""Checks that fail only beside requests that are answered."""
_MORE = {"stream-in-pieces": 30, "answer-after-others": 12}
"""Cases for checks that need more of them: one leaves out what a busy client read late, one counts differences."""


def as_exchange(case: Case, mode: Mode, response: ResponseScript) -> Exchange:
    """The response as if it had come over the wire."""
    body, stamps, now = b"", [], 0
    for step in response.steps:
        if isinstance(step, Pause):
            now += int(step.seconds * 1e9)
        elif isinstance(step, Write):
            stamps.append(Stamp(now, len(body)))
            body += step.data
    failure = Failure(FailureKind.CLIENT_ERROR) if 400 <= response.status < 500 else None
    attempt = Attempt(
        0, 0, None, 0, now, response.status, headers=response.headers, body=body, stamps=tuple(stamps), failure=failure
    )
    request = RequestRecord("", "http://127.0.0.1", (), "")
    return Exchange("", "p", case.suite, case.id, 0, mode, "", request, (attempt,), api=_api_of(case))


def _api_of(case: Case) -> str:
    return case.api or DEFAULT_API


def select_cases(faults: Iterable[str], cases: Sequence[Case], known: KnownAnswers) -> dict[str, list[Case]]:
    """For each fault its cases, with the cases that their checks compare them with."""
    providers = InProcess(known, cases)
    return {name: _with_siblings(_select(name, cases, providers), cases) for name in faults}


def _select(name: str, cases: Sequence[Case], providers: InProcess) -> list[Case]:
    fault = FAULTS.get(name)
    if fault.failures:
        return [case for case in cases if fault.api in (DEFAULT_API, case.api)][:_TRANSPORT]
    chosen: dict[int, None] = {}
    for check in fault.checks:
        chosen |= dict.fromkeys(showing(name, check, cases, providers, _MORE.get(check, _EACH)))
        if check in _EACH_TIME:
            others = (at for at, case in enumerate(cases) if not providers.finds(entry_of(name), case, check))
            chosen |= dict.fromkeys(islice(others, _OTHERS))
    return [cases[at] for at in sorted(chosen)]


def showing(name: str, check: str, cases: Sequence[Case], providers: InProcess, most: int) -> list[int]:
    """Places of the first cases in which the check finds the fault: of those that name the check or have the tag of the
    failure mode; of all cases if none of those shows it."""
    entry = entry_of(name)
    tags = {f"row-{row}" for row in FAULTS.get(name).rows}
    named = [at for at, case in enumerate(cases) if check in case.checks]
    tagged = [at for at, case in enumerate(cases) if tags & set(case.tags)]
    for places in (dict.fromkeys((*named, *tagged)), range(len(cases))):
        if found := list(islice((at for at in places if providers.finds(entry, cases[at], check)), most)):
            return found
    return []


def _with_siblings(chosen: Sequence[Case], cases: Sequence[Case]) -> list[Case]:
    """The cases, and those that they name to be compared with."""
    by_key = {case.key: case for case in cases}
    wanted = {case.key for case in chosen}
    for case in chosen:
        wanted |= _before(case, by_key)
        for params in case.checks.values():
            for other in (params.get("than"), params.get("as"), params.get("control")):
                if isinstance(other, str):
                    wanted.add(case.key_of(other))
    return [case for case in cases if case.key in wanted]


def _before(case: Case, cases: Mapping[str, Case]) -> set[str]:
    """Keys of the cases that are sent before a case, the one directly before it and those before that one."""
    found: set[str] = set()
    while case.behind is not None:
        case = cases[case.key_of(case.behind)]
        found.add(case.key)
    return found
