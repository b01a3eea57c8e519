"""``client.json``: the load that this client sent and its health, for each session of sending."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from trueweight.store.files import RunFile
from trueweight.store.json_file import read_json_file
from trueweight.store.rundir import RunDir

FORMAT: Final = "trueweight.client/1"


class SelfTestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Times of small requests from this client to itself, before the session."""

    requests: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    carrier: str = ""


class CarrierRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What carried the requests of these providers; ``reason`` is why, if it is not the default."""

    name: str
    version: str = ""
    reason: str = ""
    proxy: str | None = None
    providers: tuple[str, ...] = ()


class LoadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The requested load; ``rate`` in requests per second, None if requests follow each other."""

    concurrency: int | None = None
    rate: float | None = None
    arrivals: str | None = None
    http2: bool = False


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One session of sending.

    Attributes:
        started_at: UTC, ISO 8601.
        recorded: trials that it recorded.
        self_test: None if it could not be made.
        samples, lag_p50_ms, lag_p99_ms, lag_max_ms: how late the event loop woke up; None where not measured.
        stalls, limited: long delays, and the trials whose times they spoiled.
        loop, tls: packages and versions.
        worker: of a cluster, which sent this; "" for one machine.
        clock_ahead_ms: that the cluster's clock was ahead of this machine's; the times on record are the cluster's.
        clock_error_ms: most milliseconds by which that is wrong. Both None where no clock was compared.
    """

    started_at: str = ""
    recorded: int = 0
    load: LoadRecord = LoadRecord()
    self_test: SelfTestRecord | None = None
    samples: int = 0
    lag_p50_ms: float | None = None
    lag_p99_ms: float | None = None
    lag_max_ms: float | None = None
    stalls: int = 0
    limited: int = 0
    loop: str = ""
    tls: str = ""
    carriers: tuple[CarrierRecord, ...] = ()
    worker: str = ""
    clock_ahead_ms: float | None = None
    clock_error_ms: float | None = None


class ClientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; sessions in order of time."""

    format: Literal["trueweight.client/1"] = FORMAT
    sessions: tuple[SessionRecord, ...] = ()


def read_client(run: RunDir) -> tuple[SessionRecord, ...]:
    """The sessions of a run; none if it has no such file.

    Raises:
        ConfigError, InfrastructureError: as `read_json_file`.
    """
    without = "the page says nothing of how fit this machine was to measure"
    found = read_json_file(RunFile.CLIENT.of(run.path), ClientRecord, without=without)
    return () if found is None else found.sessions


def write_client(run: RunDir, sessions: tuple[SessionRecord, ...]) -> None:
    """Write the sessions of a run: sorted keys, indented."""
    data = msgspec.json.encode(ClientRecord(sessions=sessions), order="sorted")
    run.write_text(RunFile.CLIENT, msgspec.json.format(data, indent=1).decode() + "\n")
