"""The health of this client: kept for each session in which the run sent requests, and as a summary has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import msgspec

from trueweight.core.summary import ClientSession
from trueweight.store import LoadRecord, RunDir, SessionRecord, read_client, write_client
from trueweight.wire import SendResult, WireSettings


def note_client(run: RunDir, result: SendResult, settings: WireSettings, started_at: str) -> None:
    """Add a session's load and health to the run's ``client.json``; nothing if nothing was sent.

    Exchanges with spoiled times are marked ``client_limited``; this file holds by how much the client was late.
    """
    if result.recorded:
        add_sessions(run, [session_of(result, settings, started_at)])


def add_sessions(run: RunDir, sessions: Iterable[SessionRecord]) -> None:
    """Add sessions to the run's ``client.json``: without duplicates, in order of time."""
    found = {msgspec.json.encode(one): one for one in (*read_client(run), *sessions)}
    if found:
        write_client(run, tuple(sorted(found.values(), key=lambda one: (one.started_at, msgspec.json.encode(one)))))


def session_of(result: SendResult, settings: WireSettings, started_at: str) -> SessionRecord:
    """A session's load and health, as it is kept."""
    load = LoadRecord(
        concurrency=settings.concurrency,
        rate=settings.rate,
        arrivals=settings.arrivals.value if settings.rate else None,
        http2=settings.http2,
    )
    measured = {**asdict(result.health), **asdict(result.stack)}
    return msgspec.convert(
        {**measured, "started_at": started_at, "recorded": result.recorded, "load": load}, SessionRecord
    )


def join_clients(merged: RunDir, runs: Iterable[RunDir]) -> None:
    """Write the sessions of all parts into the merged run."""
    add_sessions(merged, (one for run in runs for one in read_client(run)))


def client_sessions(run: RunDir) -> tuple[ClientSession, ...]:
    """The sessions as a summary holds them."""
    return tuple(
        ClientSession(
            lag_p99_ms=one.lag_p99_ms,
            self_test_p99_ms=None if one.self_test is None else one.self_test.p99_ms,
        )
        for one in read_client(run)
    )
