"""The limits of a run, its events, and its result."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.util import find_spec
from typing import Final, NamedTuple

from trueweight.core import ConfigError, FailureKind
from trueweight.wire.client_stack import ClientStack
from trueweight.wire.health import Health
from trueweight.wire.pacing import ArrivalKind, arrivals

_NOTHING: Final = 1e-12
"""USD that are left of a budget that is used up: a budget of 0 is refused as a typing error."""


class TransportName(StrEnum):
    """``http1``: `trueweight.wire.http1`, the default. ``httpx``: httpx's own stack."""

    HTTP1 = "http1"
    HTTPX = "httpx"


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Limits of a run. Seconds, bytes, USD.

    Attributes:
        concurrency: concurrent requests per provider without its own ``concurrency``. A reference with two passes
            gets twice as many.
        retries: attempts after the first, for transient failures only.
        backoff_base, backoff_cap: the n-th retry waits a uniformly random share of ``min(cap, base * 2**n)``.
        lane_wait: most seconds of waiting for one provider, in all, because it asked to (Retry-After). Then it is
            stopped.
        lane_time: most seconds, from the first, in which requests to one provider may begin; None for no limit.
        retry_budget: most seconds of waiting for one trial. A Retry-After longer than what is left ends the trial; one
            longer than the whole budget stops the provider.
        budget_usd: a request that could cross it is not sent. Counted by reported usage; by the plan's ceiling while
            a request is under way and where a reply reports no usage. Providers without a price count as free.
        max_requests: most requests of the run, retries included.
        connect_timeout: DNS, TCP and TLS together.
        first_byte_timeout: from sending to the head of the response; None leaves it to the provider's timeout.
        stall_timeout: silence inside a body. It may end a tenth late, because deadlines are not moved for each chunk.
        max_response_bytes: of one body; more is not read, and is the provider's failure. 8 MB hold some 30,000 tokens
            as a stream of one token per chunk.
        give_up_after: a provider that never answered is stopped after this many trials in a row without a connection.
        lead: how many places in the plan a provider may be ahead of another, so that all are measured in the same
            minutes. None: twice the concurrent requests of all providers.
        patience: seconds after which the others no longer wait for a provider that was sent nothing.
        grace: seconds that requests under way may take after an interrupt.
        http2: offer HTTP/2, over httpx's stack.
        transport: what carries the requests. HTTP/2 and SOCKS proxies always take httpx's stack; the result's
            ``stack`` says what each provider's requests were carried by, and why.
        rate: open loop: start so many requests a second at each provider, without waiting for earlier ones. At most
            ``concurrency`` are under way; a delay by that limit counts as response time.
        arrivals, seed: how those starts are spaced, and the seed of their random numbers.
    """

    concurrency: int = 8
    retries: int = 3
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    lane_time: float | None = None
    retry_budget: float = 120.0
    lane_wait: float = 3600.0
    budget_usd: float | None = None
    max_requests: int | None = None
    connect_timeout: float = 10.0
    first_byte_timeout: float | None = None
    stall_timeout: float = 60.0
    max_response_bytes: int = 8 * 1024 * 1024
    give_up_after: int = 4
    lead: int | None = None
    patience: float = 30.0
    grace: float = 10.0
    http2: bool = False
    transport: TransportName = TransportName.HTTP1
    rate: float | None = None
    arrivals: ArrivalKind = ArrivalKind.POISSON
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the limits, and that the library for HTTP/2 is installed.

        Raises:
            ConfigError: if HTTP/2 is asked for and its library is missing, a budget or a rate is not above 0, or
                there is no such transport.
        """
        for name, value in (("budget_usd", self.budget_usd), ("rate", self.rate)):
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(
                    f"{name} must be a number above 0, not {value:g}",
                    code="setting-value",
                    where=name,
                    hint="Valid: USD of the whole run; requests a second. None sets no limit, or no schedule.",
                )
        if self.transport not in set(TransportName):
            raise ConfigError(
                f"unknown transport {self.transport!r}",
                code="setting-value",
                where="transport",
                hint=f"Valid: {', '.join(TransportName)}.",
            )
        if self.http2 and find_spec("h2") is None:
            raise ConfigError(
                "HTTP/2 needs a library that is not installed",
                code="extra-missing",
                where="--http2",
                hint="Valid: pip install 'trueweight[http2]', or without --http2.",
            )

    def starts_of(self, provider: str, begin: int = 0) -> Iterator[int]:
        """The schedule of an open loop for a provider, as `arrivals`: the same on each machine with this seed."""
        return arrivals(self.rate or 1.0, self.arrivals, begin, random.Random(f"{self.seed}/{provider}"))

    @property
    def exhausted(self) -> bool:
        """Whether nothing of a limit is left, as `remaining_limits` leaves it, so that no request can be sent."""
        return self.max_requests == 0 or (self.budget_usd is not None and self.budget_usd <= _NOTHING)


class EventKind(StrEnum):
    """A trial began, will be retried, or ended; or a provider, or one API of it, was stopped."""

    STARTED = "started"
    RETRIED = "retried"
    FINISHED = "finished"
    STOPPED = "stopped"
    API_STOPPED = "api-stopped"


class WireEvent(NamedTuple):
    """For progress displays.

    Attributes:
        ok: whether a finished trial has a complete HTTP success.
        failure: of the attempt that has just ended.
        cost: USD charged to the trial until now; None without a price.
        waited: seconds until the retry (retried), or of all waits (finished).
        detail: why a provider was stopped, or which API and why.
    """

    kind: EventKind
    provider: str
    trial: str = ""
    ok: bool = False
    failure: FailureKind | None = None
    cost: float | None = None
    waited: float = 0.0
    detail: str = ""


class Unsent(NamedTuple):
    """A trial without any request, and why none was sent."""

    trial: str
    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result of `send`. Every trial is either recorded or in ``unsent``.

    Attributes:
        recorded: exchanges handed to the sink.
        requests: provider → requests sent, retries included.
        cost: provider → USD charged; None without a price.
        stopped: provider → why it was stopped before its last trial (auth, unreachable, budget, interrupt, or the setup
            fault that a probe found, as a sentence).
        stopped_apis: provider → API → why nothing more was sent through it, while others of the provider went on.
        limit_reached: whether ``max_requests`` or ``budget_usd`` kept a request back.
        health: whether this client was fit to measure.
        stack: the software that sent the requests.
    """

    recorded: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    cost: Mapping[str, float | None] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    stopped_apis: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unsent: tuple[Unsent, ...] = ()
    interrupted: bool = False
    limit_reached: bool = False
    health: Health = field(default_factory=Health)
    stack: ClientStack = field(default_factory=ClientStack)


def remaining_limits(settings: WireSettings, spent: SendResult) -> WireSettings:
    """The settings for the next call of `send`: the limits minus the requests and the cost of this one."""
    requests, cost = sum(spent.requests.values()), sum(value or 0.0 for value in spent.cost.values())
    return replace(
        settings,
        max_requests=None if settings.max_requests is None else max(0, settings.max_requests - requests),
        budget_usd=None if settings.budget_usd is None else max(_NOTHING, settings.budget_usd - cost),
    )
