"""The places where a fault can bite, and the list of all faults.

Hooks run in this order; each gets what the healthy provider would have done and returns what happens instead:

    accept → refuse → request → answer → body (plain) or chunks → frames (streamed) → response

``refusal`` comes instead of all after ``accept`` where the request is refused; ``models`` alone bites where the list of
models is asked for; ``wire`` is below HTTP.

A fault is without state: what varies comes from ``ask.coin`` (the same for the same question) or ``ask.count`` and
``ask.rng`` (different every time), so a provider with faults behaves the same in every process.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar

from trueweight.core import ConfigError, FailureKind, near_miss
from trueweight.fleet.answer import Answer, Ask, Response, Step


class Fault:
    """A provider without this fault behaves like this class. Override the one hook where yours bites."""

    name: ClassVar[str] = ""
    rows: ClassVar[tuple[int, ...]] = ()
    """Numbers of the failure modes that it reproduces."""
    checks: ClassVar[tuple[str, ...]] = ()
    """Checks that must find it: each one of them."""
    failures: ClassVar[tuple[FailureKind, ...]] = ()
    """For faults of transport: the kinds of failure that the wire must name, each one of them."""
    raw: ClassVar[bool] = False
    """Whether it bites below HTTP, where ``wire`` is, and so needs a server of its own."""
    says: ClassVar[str] = ""
    """What it does, in a few words."""

    def accept(self, body: Any, objection: Response) -> Any:
        """A request body to answer instead of refusing this one; None to refuse it."""
        return None

    def refuse(self, ask: Ask) -> Response | None:
        """Answer before anyone thinks; None to go on."""

    def refusal(self, response: Response) -> Response:
        """Change how a refusal is worded."""
        return response

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

    def models(self, listed: dict[str, Any]) -> Any:
        """Change the list of models."""
        return listed

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Change the raw bytes of an HTTP/1.1 response, its head among them. Only where ``raw``."""
        return steps


_FAULTS: dict[str, Fault] = {}
_Kind = TypeVar("_Kind", bound=type[Fault])


def fault(
    name: str,
    *,
    rows: tuple[int, ...] = (),
    checks: tuple[str, ...] = (),
    failures: tuple[FailureKind, ...] = (),
    says: str = "",
) -> Callable[[_Kind], _Kind]:
    """Name a fault class and put it on the list.

    Raises:
        ValueError: if the name is taken.
    """

    def register(kind: _Kind) -> _Kind:
        if name in _FAULTS:
            raise ValueError(f"two faults are called {name!r}")
        kind.name, kind.rows, kind.checks, kind.failures = name, rows, checks, failures
        kind.says = says or (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")
        _FAULTS[name] = kind()
        return kind

    return register


@cache
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
