"""What the wire may do, what it says while it works, and what it came to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import NamedTuple

from trueweight.core import ConfigError, FailureKind
from trueweight.wire.arrivals import ArrivalKind
from trueweight.wire.client_stack import ClientStack
from trueweight.wire.health import Health


class TransportName(StrEnum):
    """``http1``: `trueweight.wire.http1`, the default. ``httpx``: httpx's own stack."""

    HTTP1 = "http1"
    HTTPX = "httpx"


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Limits of a run. Seconds, bytes, USD.

    Attributes:
        concurrency: requests under way at once per provider that sets no ``concurrency`` of its own, and per ask: a
            reference that is asked twice may have twice as many.
        retries: attempts after the first, for transient failures only.
        backoff_base, backoff_cap: the n-th retry waits a uniformly random share of ``min(cap, base * 2**n)``.
        retry_budget: most deliberate waiting for one trial in all; a Retry-After beyond what is left ends the trial,
            and one beyond all of it stops the provider.
        budget_usd: no request is sent that could cross it. Counted by reported usage; by the plan's ceiling while a
            request is under way, and where a reply reports none. Providers without a price count as free.
        max_requests: no more requests than this in all, retries included.
        connect_timeout: DNS, TCP and TLS together.
        first_byte_timeout: from sending until the response's head is there; None leaves it to the provider's timeout.
        stall_timeout: silence inside a body (may end up to a tenth late: deadlines are moved lazily).
        max_response_bytes: of one body; what is beyond is never read.
        give_up_after: a provider that never answered is stopped after this many trials in a row that could not connect.
        lead: no provider is sent a trial that stands more than so many places behind another's next one in the plan, so
            that all are measured in the same minutes. None: twice as many as may be under way.
        patience: nobody waits for a provider that was sent nothing for so many seconds, or that backs off.
        grace: after an interrupt, how long requests under way may finish.
        http2: offer HTTP/2, over httpx's stack.
        transport: what carries the requests. HTTP/2 and SOCKS proxies always take httpx's stack; the result's
            ``stack`` says what each provider's requests were carried by, and why.
        rate: open loop: so many requests a second ought to start at each provider, whatever has become of those before;
            at most ``concurrency`` of them are under way, and what that holds back shows as response time.
        arrivals, seed: how and by which random numbers those starts are spread.
    """

    concurrency: int = 8
    retries: int = 3
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    retry_budget: float = 120.0
    budget_usd: float | None = None
    max_requests: int | None = None
    connect_timeout: float = 10.0
    first_byte_timeout: float | None = None
    stall_timeout: float = 60.0
    max_response_bytes: int = 64 * 1024 * 1024
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
        """Refuse what this installation cannot do, and limits that limit nothing.

        Raises:
            ConfigError: if HTTP/2 is asked for and its library is missing, or a budget or a rate is no number above 0.
        """
        for name, value in (("budget_usd", self.budget_usd), ("rate", self.rate)):
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(
                    f"{name} must be a number above 0, not {value:g}",
                    code="setting-value",
                    where=name,
                    hint="Valid: USD of the whole run; requests a second. None sets no limit, or no schedule.",
                )
        if self.http2 and find_spec("h2") is None:
            raise ConfigError(
                "HTTP/2 needs a library that is not installed",
                code="extra-missing",
                where="--http2",
                hint="Valid: pip install 'trueweight[http2]', or without --http2.",
            )


class EventKind(StrEnum):
    """What happened: a trial began, will be tried again, ended; or a provider was stopped."""

    STARTED = "started"
    RETRIED = "retried"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WireEvent:
    """For progress displays.

    Attributes:
        ok: of a finished trial: whether it brought a whole HTTP success.
        failure: of the attempt that just ended.
        cost: USD charged to the trial so far; None without a price.
        waited: seconds about to be waited (retried) or waited in all (finished).
        detail: why a provider was stopped.
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
    """A trial of which no request was sent, and why."""

    trial: str
    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """What was sent. Every trial given is either recorded or in ``unsent``.

    Attributes:
        recorded: exchanges handed to the sink.
        requests: provider → requests sent, retries included.
        cost: provider → USD charged; None without a price.
        stopped: provider → why it was stopped before its last trial (auth, unreachable, budget, interrupt).
        health: whether this client was fit to measure.
        stack: the software that sent the requests.
    """

    recorded: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    cost: Mapping[str, float | None] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    unsent: tuple[Unsent, ...] = ()
    interrupted: bool = False
    health: Health = field(default_factory=Health)
    stack: ClientStack = field(default_factory=ClientStack)
