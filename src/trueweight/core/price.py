"""Prices, the tokens that a reply reports, and the cost that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from msgspec import Meta

_Dollars = Annotated[float, Meta(ge=0)]


class TokenCount(NamedTuple):
    """What a reply reports for its bill.

    Attributes:
        input: tokens of the prompt, ``cached`` included.
        output: tokens that are billed as output, those of thinking included.
        cached: tokens of the prompt that came from a cache.
        cost: USD, where the server states it; None elsewhere.
    """

    input: int
    output: int
    cached: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens, and per request.

    Attributes:
        cached: per million tokens of the prompt that came from a cache; None for the price of ``input``.
        request: USD per request, whatever its tokens.
    """

    input: _Dollars
    output: _Dollars
    cached: _Dollars | None = None
    request: _Dollars = 0.0

    @property
    def by_request_only(self) -> bool:
        """Whether tokens cost nothing, and requests do."""
        return self.request > 0 and not (self.input or self.output or self.cached)

    def cost(self, input_tokens: int, output_tokens: int, *, cached: int = 0, requests: int = 1) -> float:
        """USD for these numbers of tokens and requests. Forecasts, budgets, metrics and drift all use this formula.

        Args:
            cached: of the input tokens, those from a cache.
        """
        from_cache = min(cached, input_tokens)
        at_cache = self.input if self.cached is None else self.cached
        tokens = self.input * (input_tokens - from_cache) + at_cache * from_cache + self.output * output_tokens
        return tokens / 1e6 + self.request * requests


def bill(price: Price | None, tokens: TokenCount) -> float | None:
    """USD for one reply: as the server states it, else by the declared price; None without either."""
    if tokens.cost is not None:
        return tokens.cost
    return None if price is None else price.cost(tokens.input, tokens.output, cached=tokens.cached)


def billed_output(prompt: int | None, output: int | None, total: int | None, reasoning: int | None) -> int | None:
    """Tokens that are billed as output, by the counts of a usage report.

    Some servers count thinking outside ``completion_tokens``. They show it: the total is the sum of all three, or there
    are more thinking tokens than completion tokens.
    """
    if output is None or not reasoning:
        return output
    outside = reasoning > output or (total is not None and prompt is not None and total == prompt + output + reasoning)
    return output + reasoning if outside else output
