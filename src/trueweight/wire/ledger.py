"""Counts requests and USD, and refuses a request that could cross a limit."""

from __future__ import annotations

from collections import Counter, defaultdict

from trueweight.core import Attempt, Trial, bill
from trueweight.plan import token_ceiling
from trueweight.wire.settings import WireSettings


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

    def reserve(self, trial: Trial) -> str:
        """Account for a request that is about to be sent. Returns why it must not be sent; empty if it may."""
        refusal = self._refusal(trial)
        if refusal:
            self.limit_reached = True
            return refusal
        name = trial.provider.name
        self._reserved[name] += self._ceiling(trial)
        self.requests[name] += 1
        return ""

    def _refusal(self, trial: Trial) -> str:
        limits = self._settings
        if limits.max_requests is not None and self.requests.total() >= limits.max_requests:
            return f"--max-requests {limits.max_requests} reached"
        name, ceiling = trial.provider.name, self._ceiling(trial)
        under_way = sum(reserved * self._largest_multiple[provider] for provider, reserved in self._reserved.items())
        most = sum(self.spent.values()) + under_way + ceiling * self._largest_multiple[name]
        # The sum of many charges has rounding errors, which must not refuse the last request of an exact budget.
        if limits.budget_usd is not None and most > limits.budget_usd * (1 + 1e-9):
            return f"--budget {limits.budget_usd:g} USD could be crossed by the next request"
        return ""

    def settle(self, trial: Trial, attempt: Attempt) -> float | None:
        """Replace the reservation by the charge. Returns the charge in USD; None without a price and a stated cost.

        A success without usage is charged its ceiling; a failure without usage is charged nothing.
        """
        name, ceiling = trial.provider.name, self._ceiling(trial)
        self._reserved[name] -= ceiling
        price = trial.provider.price
        # Found by a search of the bytes: a budget must hold for malformed replies too.
        tokens = trial.protocol.tokens_in(attempt.body)
        stated = None if tokens is None else bill(price, tokens)
        if stated is not None:
            charge = stated
            if ceiling:
                self._largest_multiple[name] = max(self._largest_multiple[name], charge / ceiling)
        elif price is None:
            return None
        else:
            charge = ceiling if attempt.status is not None and 200 <= attempt.status < 300 else 0.0
        self.spent[name] += charge
        return charge

    def _ceiling(self, trial: Trial) -> float:
        price = trial.provider.price
        if price is None or not trial.protocol.completions:
            return 0.0
        return price.cost(*token_ceiling(trial))
