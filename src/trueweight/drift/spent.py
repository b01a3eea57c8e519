"""What was asked of a provider, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core import Price
from trueweight.drift.facts import Facts
from trueweight.drift.probe import Answer


@dataclass(slots=True)
class Spent:
    """Requests, and the tokens that were reported for them.

    Attributes:
        requests: attempts, retries included.
        unreported: trials whose answer tells no token counts; their cost is unknown and not in `cost`.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    unreported: int = 0

    def charge(self, answer: Answer, attempts: int) -> None:
        """Take in one trial."""
        self.requests += attempts
        if isinstance(answer, Facts) and answer.prompt_tokens is not None and answer.completion_tokens is not None:
            self.prompt_tokens += answer.prompt_tokens
            self.completion_tokens += answer.completion_tokens
        else:
            self.unreported += 1

    def cost(self, price: Price | None) -> float | None:
        """USD; None without a price."""
        return None if price is None else price.cost(self.prompt_tokens, self.completion_tokens)
