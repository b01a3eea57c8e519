"""The health of this client, in ``client.json``: one entry for each session in which the run sent requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from trueweight.core import ConfigError
from trueweight.core.summary import ClientSession
from trueweight.store import RunDir, RunFile
from trueweight.wire import SendResult, WireSettings

FORMAT = "trueweight.client/1"


def note_client(run: RunDir, result: SendResult, settings: WireSettings, started_at: str) -> None:
    """Add a session's load and health to the run's ``client.json``; nothing if nothing was sent.

    Exchanges with spoiled times are marked ``client_limited``; this file holds by how much the client was late.
    """
    if not result.recorded:
        return
    load = {
        "concurrency": settings.concurrency,
        "rate": settings.rate,
        "arrivals": settings.arrivals.value if settings.rate else None,
        "http2": settings.http2,
    }
    session = {
        "started_at": started_at,
        "recorded": result.recorded,
        "load": load,
        **result.health.as_json(),
        **result.stack.as_json(),
    }
    text = json.dumps({"format": FORMAT, "sessions": [*sessions(run), session]}, indent=1, sort_keys=True)
    run.write_text(RunFile.CLIENT, text + "\n")


def join_clients(merged: RunDir, runs: Iterable[RunDir]) -> None:
    """Write the sessions of all parts into the merged run, without duplicates, in order of time."""
    every = {json.dumps(one, sort_keys=True): one for run in runs for one in sessions(run)}
    found = sorted(every.values(), key=lambda one: (str(one.get("started_at")), json.dumps(one, sort_keys=True)))
    if found:
        merged.write_text(
            RunFile.CLIENT, json.dumps({"format": FORMAT, "sessions": found}, indent=1, sort_keys=True) + "\n"
        )


def sessions(run: RunDir) -> list[dict[str, Any]]:
    """The sessions in a run's ``client.json``; none if there is no such file, or it has another format."""
    with suppress(ConfigError, ValueError):
        value = json.loads(run.read_text(RunFile.CLIENT))
        if isinstance(value, dict) and value.get("format") == FORMAT and isinstance(value.get("sessions"), list):
            return [session for session in value["sessions"] if isinstance(session, dict)]
    return []


def client_sessions(run: RunDir) -> tuple[ClientSession, ...]:
    """The sessions as a summary holds them; a value that is no number counts as not measured."""
    return tuple(map(_session, sessions(run)))


def _session(session: Mapping[str, Any]) -> ClientSession:
    test = session.get("self_test")
    return ClientSession(
        lag_p99_ms=_number(session.get("lag_p99_ms")),
        self_test_p99_ms=_number(test.get("p99_ms")) if isinstance(test, Mapping) else None,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
