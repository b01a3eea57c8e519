"""Counts requests and USD, and refuses a request that could cross a limit: of this client, or of several together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from trueweight.core import Attempt, Trial, bill
from trueweight.plan import token_ceiling
from trueweight.wire.settings import WireSettings


class Charge(NamedTuple):
    """The cost of a request in USD; ``stated`` says whether the reply stated it, or the usage that it is made from."""

    usd: float
    stated: bool


class RefusalOf(StrEnum):
    """What a refusal is about: every request, those to a provider, or those through one of its APIs."""

    ALL = "all"
    PROVIDER = "provider"
    API = "api"


class Refusal(NamedTuple):
    """Why a request must not be sent, and what else must not be."""

    reason: str
    of: RefusalOf = RefusalOf.ALL


class Reservation(NamedTuple):
    """A request that is to be sent, or under way; ``ceiling`` is its highest cost in USD."""

    provider: str
    api: str
    ceiling: float = 0.0

    @classmethod
    def of(cls, trial: Trial) -> Reservation:
        """The request of a trial."""
        return cls(trial.provider.name, trial.api, ceiling_of(trial))


class SharedLimits(Protocol):
    """The limits that several clients keep together. One of their machines counts for all of them.

    All methods are called on the event loop; those that are not ``async`` must return at once.
    """

    async def admit(self, request: Reservation) -> Refusal | None:
        """Wait until a request may be sent. If so, it is accounted for until `settle` or `forget`."""

    def settle(self, request: Reservation, charge: Charge | None, *, answered: bool) -> None:
        """An admitted request has ended; ``answered`` says whether there was a response."""

    def forget(self, request: Reservation) -> None:
        """An admitted request is not sent after all."""

    def hold(self, provider: str, seconds: float) -> None:
        """Allow no start for so many seconds, because the provider asked for it."""

    def stop(self, provider: str, apis: Sequence[str], reason: str, *, unless_answered: bool = False) -> None:
        """Send nothing more through these APIs, without any through none of the provider, from any client.

        Args:
            unless_answered: only where no client had an answer: else this client alone cannot reach it.
        """


class Ledger:
    """Reserves the highest cost of each request before it is sent, and replaces it by the usage that the reply reports.

    The highest cost is an estimate. After a provider reports more than it, every request to that provider, also those
    under way, counts as that multiple of its estimate: the largest multiple so far.

    Attributes:
        requests: provider → requests sent.
        spent: provider → USD.
    """

    def __init__(self, settings: WireSettings) -> None:
        self._settings = settings
        self._reserved: defaultdict[str, float] = defaultdict(float)
        self._largest_multiple: defaultdict[str, float] = defaultdict(lambda: 1.0)
        self.requests: Counter[str] = Counter()
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.limit_reached = False

    def reserve(self, request: Reservation) -> str:
        """Account for a request that is about to be sent. Returns why it must not be sent; empty if it may."""
        refusal = self._refusal(request)
        if refusal:
            self.limit_reached = True
            return refusal
        self._reserved[request.provider] += request.ceiling
        self.requests[request.provider] += 1
        return ""

    def _refusal(self, request: Reservation) -> str:
        limits = self._settings
        if limits.max_requests is not None and self.requests.total() >= limits.max_requests:
            return f"--max-requests {limits.max_requests} reached"
        under_way = sum(reserved * self._largest_multiple[provider] for provider, reserved in self._reserved.items())
        most = sum(self.spent.values()) + under_way + request.ceiling * self._largest_multiple[request.provider]
        # The sum of many charges has rounding errors, which must not refuse the last request of an exact budget.
        if limits.budget_usd is not None and most > limits.budget_usd * (1 + 1e-9):
            return f"--budget {limits.budget_usd:g} USD could be crossed by the next request"
        return ""

    def settle(self, request: Reservation, charge: Charge | None) -> None:
        """Replace the reservation by the charge: None without a price and a stated cost."""
        name, ceiling = request.provider, request.ceiling
        self._reserved[name] -= ceiling
        if charge is None:
            return
        if charge.stated and ceiling:
            self._largest_multiple[name] = max(self._largest_multiple[name], charge.usd / ceiling)
        self.spent[name] += charge.usd

    def forget(self, request: Reservation) -> None:
        """A request that was accounted for is not sent after all."""
        self._reserved[request.provider] -= request.ceiling
        self.requests[request.provider] -= 1


def ceiling_of(trial: Trial) -> float:
    """The highest cost of a request in USD; 0 without a price."""
    price = trial.provider.price
    if price is None or not trial.protocol.completions:
        return 0.0
    return price.most(*token_ceiling(trial))


def charge_of(trial: Trial, attempt: Attempt) -> Charge | None:
    """The charge for an attempt; None without a price and a stated cost.

    A success without usage is charged its ceiling; a failure without usage is charged nothing.
    """
    price, protocol = trial.provider.price, trial.protocol
    if price is None and not protocol.may_state_cost(attempt.body):
        return None
    # Found by a search of the bytes: a budget must hold for malformed replies too.
    tokens = protocol.tokens_in(attempt.body)
    stated = None if tokens is None else bill(price, tokens)
    if stated is not None:
        return Charge(stated, True)
    if price is None:
        return None
    return Charge(ceiling_of(trial) if attempt.status is not None and 200 <= attempt.status < 300 else 0.0, False)
