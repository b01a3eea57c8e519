"""A recorded run, made by hand, and ways to cut it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from trueweight.core import (
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Provider,
    RequestRecord,
    Role,
    Severity,
    Shard,
    Stamp,
    Trial,
)
from trueweight.core.shard import stretches_to_json
from trueweight.plan import Plan, make_plan
from trueweight.store import Manifest, RunDir, SuiteRecord

PROVIDERS = (Provider("ref", "http://h/v1", "m", role=Role.REFERENCE), Provider("cand", "http://h/v1", "m"))
CASES = tuple(
    Case("s", f"c{n}", {"messages": [{"role": "user", "content": f"{n}"}]}, severity=Severity.MUST, source="https://e")
    for n in range(6)
)
BODY = b'{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"%d"}}]}'


def plan(cases: Sequence[Case] = CASES) -> Plan:
    """Everything of everyone, twice."""
    return make_plan(cases, PROVIDERS, repeats=1)


def answered(trial: Trial, when: int, kind: FailureKind | None = None) -> Exchange:
    """An answer, made up from the trial's id."""
    body = BODY % (int(trial.id, 16) % 7)
    failure = None if kind is None else Failure(kind, "why")
    attempt = Attempt(0, 10, 20, 30, 40, 200, "HTTP/1.1", (("A", "b"),), body, (Stamp(35, 0),), failure)
    request = RequestRecord("POST", "http://h/v1/chat/completions", (("Content-Type", "x"),), "{}")
    at = f"2026-01-02T03:{when // 60 % 60:02}:{when % 60:02}.000000+00:00"
    return Exchange(
        trial.id, trial.provider.name, "s", trial.case.id, trial.repeat, trial.mode, at, request, (attempt,)
    )


def manifest(**changes: object) -> Manifest:
    """The manifest of the whole run."""
    made = Manifest("0.1.0", 7, 1, 2, (SuiteRecord("s", "0" * 64, 6),), PROVIDERS, "2026-01-02T03:00:00.000000+00:00")
    return replace(made, **changes)


def write(path: Path, exchanges: Iterable[Exchange], shards: Sequence[Shard] = (), **changes: object) -> RunDir:
    """A closed run of these records; opened again to read."""
    options = {"shards": stretches_to_json([shard.stretch for shard in shards])} if shards else {}
    with RunDir.create(path, manifest(options=options, **changes), CASES) as run:
        for exchange in exchanges:
            run.append(exchange)
    return RunDir.open(path)


def record_of(path: Path) -> dict[str, bytes]:
    """The recording: manifest, cases and exchanges, byte for byte."""
    return {name: (path / name).read_bytes() for name in ("manifest.json", "cases.jsonl", "exchanges.jsonl.zst")}
