"""Money and request counts: nothing is sent that could cross a limit."""

from __future__ import annotations

from collections import Counter, defaultdict

from trueweight.core import Attempt, Trial
from trueweight.plan import token_ceiling
from trueweight.wire.settings import WireSettings


class Ledger:
    """Reserves the ceiling of each request before it is sent, and settles it by what the reply reports.

    A ceiling is an estimate. Where a provider once reported more than its ceiling, every request to it, those under way
    too, is from then on taken to cost as many times its ceiling as the dearest one so far.
    """

    def __init__(self, settings: WireSettings) -> None:
        self._settings = settings
        self._reserved: defaultdict[str, float] = defaultdict(float)
        self._dearest: defaultdict[str, float] = defaultdict(lambda: 1.0)
        self.requests: Counter[str] = Counter()
        self.spent: defaultdict[str, float] = defaultdict(float)

    def reserve(self, trial: Trial) -> str:
        """Account for one request about to be sent; or say why it must not be ("" if it may)."""
        limits = self._settings
        if limits.max_requests is not None and self.requests.total() >= limits.max_requests:
            return f"--max-requests {limits.max_requests} reached"
        name, ceiling = trial.provider.name, self._ceiling(trial)
        under_way = sum(reserved * self._dearest[provider] for provider, reserved in self._reserved.items())
        most = sum(self.spent.values()) + under_way + ceiling * self._dearest[name]
        # A sum of many charges is off by its rounding: that must not keep back the last request of an exact budget.
        if limits.budget_usd is not None and most > limits.budget_usd * (1 + 1e-9):
            return f"--budget {limits.budget_usd:g} USD could be crossed by the next request"
        self._reserved[name] += ceiling
        self.requests[name] += 1
        return ""

    def settle(self, trial: Trial, attempt: Attempt) -> float | None:
        """Replace the reservation by the charge; USD, or None without a price.

        A success that reports no usage is charged its ceiling; a failure that reports none is charged nothing.
        """
        name, ceiling = trial.provider.name, self._ceiling(trial)
        self._reserved[name] -= ceiling
        price = trial.provider.price
        if price is None:
            return None
        # Searched for in the bytes: a budget must not depend on a reply being well-formed.
        tokens = trial.protocol.tokens_in(attempt.body)
        if tokens is not None:
            charge = price.cost(tokens.input, tokens.output)
            if ceiling:
                self._dearest[name] = max(self._dearest[name], charge / ceiling)
        else:
            charge = ceiling if attempt.status is not None and 200 <= attempt.status < 300 else 0.0
        self.spent[name] += charge
        return charge

    def _ceiling(self, trial: Trial) -> float:
        price = trial.provider.price
        return 0.0 if price is None else price.cost(*token_ceiling(trial))
