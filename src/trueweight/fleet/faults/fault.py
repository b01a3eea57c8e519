"""The places where a fault can bite, and the list of all faults.

Hooks run in this order; each gets what the healthy provider would have done and returns what happens instead:

    refuse → request → answer → body (plain) or chunks → frames (streamed) → response

A fault is without state: what varies comes from ``ask.coin`` (the same for the same question) or ``ask.count`` and
``ask.rng`` (different every time), so a provider with faults behaves the same in every process.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from trueweight.core import ConfigError, near_miss
from trueweight.fleet.answer import Answer, Ask, Response


class Fault:
    """A provider without this fault behaves like this class. Override the one hook where yours bites."""

    name: ClassVar[str] = ""
    rows: ClassVar[tuple[int, ...]] = ()
    """Numbers of the failure modes that it reproduces."""

    def refuse(self, ask: Ask) -> Response | None:
        """Answer before anyone thinks; None to go on."""

    def request(self, ask: Ask) -> Ask:
        """Change what the model gets to see."""
        return ask

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Change what the model said."""
        return answer

    def body(self, ask: Ask, body: dict[str, Any]) -> dict[str, Any]:
        """Change the JSON body of a plain reply."""
        return body

    def chunks(self, ask: Ask, chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Change the chunks of a streamed reply, before they are written as events."""
        return chunks

    def frames(self, ask: Ask, frames: list[bytes]) -> list[bytes]:
        """Change the bytes of a streamed reply: one item is one write."""
        return frames

    def response(self, ask: Ask, answer: Answer, response: Response) -> Response:
        """Change status, headers, timing, or how the connection ends."""
        return response


_FAULTS: dict[str, Fault] = {}
_Kind = TypeVar("_Kind", bound=type[Fault])


def fault(name: str, *, rows: tuple[int, ...] = ()) -> Callable[[_Kind], _Kind]:
    """Name a fault class and put it on the list.

    Raises:
        ValueError: if the name is taken.
    """

    def register(kind: _Kind) -> _Kind:
        if name in _FAULTS:
            raise ValueError(f"two faults are called {name!r}")
        kind.name, kind.rows = name, rows
        _FAULTS[name] = kind()
        return kind

    return register


def all_faults() -> Mapping[str, Fault]:
    """Every fault by name; the files of this package are found by themselves."""
    package = importlib.import_module("trueweight.fleet.faults")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_FAULTS.items()))


def find_fault(name: str) -> Fault:
    """The fault of that name.

    Raises:
        ConfigError: with the near miss, if there is none.
    """
    known = all_faults()
    if name not in known:
        raise ConfigError(f"there is no fault {name!r}", code="unknown-fault", hint=near_miss(name, known))
    return known[name]
