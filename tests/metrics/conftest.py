"""Makers of observations, so that a test says only what it is about."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trueweight.core import FailureKind, Mode, Observation
from trueweight.metrics import CaseInfo

sys.path.insert(0, str(Path(__file__).parent.parent / "report" / "site"))

Observe = Callable[..., Observation]


@pytest.fixture
def observe() -> Observe:
    """An observation of a healthy reply without calls, but for what is said."""

    def make(case: str, *, lost: FailureKind | None = None, mode: Mode = Mode.PLAIN, **said: Any) -> Observation:
        ok = lost is None
        plain: dict[str, Any] = {
            "trial": f"{case}-{mode}-{said.get('repeat', 0)}",
            "provider": "p",
            "suite": "s",
            "repeat": 0,
            "attempts": 1,
            "first_ok": ok,
            "ok": ok,
            "arrived": ok,
            "failure": lost,
        }
        return Observation(case=case, mode=mode, **(plain | said))

    return make


@pytest.fixture
def infos() -> Callable[..., list[CaseInfo]]:
    """``n`` cases that offer tools, asked plainly unless said otherwise."""

    def make(n: int, modes: tuple[Mode, ...] = (Mode.PLAIN,), structured: bool = False) -> list[CaseInfo]:
        return [CaseInfo(f"s/{i}", modes, tools=True, structured=structured) for i in range(n)]

    return make
