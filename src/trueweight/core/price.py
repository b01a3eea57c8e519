"""Prices, the tokens that a reply reports, and the cost that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from msgspec import Meta

_Dollars = Annotated[float, Meta(ge=0)]


class TokenCount(NamedTuple):
    """What a reply reports for its bill.

    Attributes:
        input: tokens of the prompt, ``cached`` and ``cache_write`` included.
        output: tokens that are billed as output, those of thinking included.
        cached: tokens of the prompt that came from a cache.
        cost: USD, where the server states it; None elsewhere.
        cache_write: tokens of the prompt that were written to a cache.
    """

    input: int
    output: int
    cached: int = 0
    cost: float | None = None
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens, and per request.

    Attributes:
        cached: per million tokens of the prompt that came from a cache; None for the price of ``input``.
        request: USD per request, whatever its tokens.
        cache_write: per million tokens of the prompt that were written to a cache, which some hosts bill above
            ``input``; None for the price of ``input``.
    """

    input: _Dollars
    output: _Dollars
    cached: _Dollars | None = None
    request: _Dollars = 0.0
    cache_write: _Dollars | None = None

    @property
    def by_request_only(self) -> bool:
        """Whether tokens cost nothing, and requests do."""
        return self.request > 0 and not (self.input or self.output or self.cached or self.cache_write)

    def cost(
        self, input_tokens: int, output_tokens: int, *, cached: int = 0, cache_write: int = 0, requests: int = 1
    ) -> float:
        """USD for these numbers of tokens and requests. Budgets, metrics and drift all use this formula.

        Args:
            cached: of the input tokens, those from a cache.
            cache_write: of the input tokens, those that were written to a cache.
        """
        from_cache = min(cached, input_tokens)
        to_cache = min(cache_write, input_tokens - from_cache)
        read = self.input if self.cached is None else self.cached
        written = self.input if self.cache_write is None else self.cache_write
        tokens = self.input * (input_tokens - from_cache - to_cache) + read * from_cache + written * to_cache
        tokens += self.output * output_tokens
        return tokens / 1e6 + self.request * requests

    def most(self, input_tokens: int, output_tokens: int, *, requests: int = 1) -> float:
        """The highest cost in USD: of a prompt that is written to a cache, where that costs more."""
        dear = self.cache_write is not None and self.cache_write > self.input
        return self.cost(input_tokens, output_tokens, cache_write=input_tokens if dear else 0, requests=requests)


def bill(price: Price | None, tokens: TokenCount) -> float | None:
    """USD for one reply: as the server states it, else by the declared price; None without either."""
    if tokens.cost is not None:
        return tokens.cost
    if price is None:
        return None
    return price.cost(tokens.input, tokens.output, cached=tokens.cached, cache_write=tokens.cache_write)


def billed_output(prompt: int | None, output: int | None, total: int | None, reasoning: int | None) -> int | None:
    """Tokens that are billed as output, by the counts of a usage report.

    Some servers count thinking outside ``completion_tokens``. They show it: the total is the sum of all three, or there
    are more thinking tokens than completion tokens.
    """
    if output is None or not reasoning:
        return output
    outside = reasoning > output or (total is not None and prompt is not None and total == prompt + output + reasoning)
    return output + reasoning if outside else output
