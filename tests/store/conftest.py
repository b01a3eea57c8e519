"""Exchanges and manifests to store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trueweight.core import (
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Price,
    Provider,
    RequestRecord,
    Role,
    Stamp,
)
from trueweight.store import Manifest, SuiteRecord

PROVIDERS = (
    Provider(
        "ref", "http://h/v1", "m", role=Role.REFERENCE, price=Price(1, 2), extra_body={"a": [1]}, headers={"X": "y"}
    ),
    Provider("cand", "http://h/v1", "m", api_key_env="KEY", concurrency=3, requests_per_minute=7.5, precision="int4"),
)


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        tool_version="0.1.0",
        seed=7,
        repeats=2,
        passes=2,
        suites=(SuiteRecord("s", "0" * 64, 2),),
        providers=PROVIDERS,
        started_at="2026-01-02T03:04:05.000006+00:00",
        host={"cpus": 2},
        options={"limit": None},
    )


@pytest.fixture
def cases() -> list[Case]:
    return [Case("s", "a", {"messages": []}, tags=("x",), answer={"content": "\ud800"}), Case("s", "b", {"n": 1})]


@pytest.fixture
def exchange() -> Callable[..., Exchange]:
    def make(trial: str, body: bytes = b"{}", kind: FailureKind | None = None) -> Exchange:
        attempt = Attempt(0, 10, 20, 30, 40, 200, "HTTP/1.1", (("A", "b"),), body, (Stamp(35, 0),))
        last = Attempt(5, 50, None, None, 60, failure=Failure(kind, "why")) if kind else attempt
        attempts = (attempt, last) if kind else (attempt,)
        request = RequestRecord("POST", "http://h/v1/chat/completions", (("Content-Type", "x"),), "{}")
        return Exchange(trial, "ref", "s", "a", 0, Mode.PLAIN, "2026-01-02T03:04:05.000006+00:00", request, attempts)

    return make
