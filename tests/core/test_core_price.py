"""What is billed: each token at its own price, once."""

from __future__ import annotations

import pytest

from trueweight.core import Price, TokenCount
from trueweight.core.price import bill

PRICE = Price(2.0, 10.0, cached=0.2, cache_write=2.5)


@pytest.mark.parametrize(
    ("tokens", "usd"),
    [
        (TokenCount(1_000_000, 0), 2.0),
        (TokenCount(1_000_000, 0, 1_000_000), 0.2),
        (TokenCount(1_000_000, 0, cache_write=1_000_000), 2.5),
        (TokenCount(1_000_000, 100_000, 500_000, cache_write=300_000), 0.1 + 0.75 + 0.4 + 1.0),
        (TokenCount(1_000_000, 0, 900_000, cache_write=900_000), 0.18 + 0.25),
        (TokenCount(1_000_000, 0, 5, 0.01, 5), 0.01),
    ],
)
def test_a_token_is_billed_once_at_its_own_price(tokens: TokenCount, usd: float) -> None:
    """Counts that overlap add up to the prompt all the same; what the server states wins."""
    assert bill(PRICE, tokens) == pytest.approx(usd)


def test_without_a_price_of_the_cache_the_input_price_counts() -> None:
    """For tokens from it and to it."""
    assert bill(Price(2.0, 10.0), TokenCount(1_000_000, 0, 500_000, cache_write=500_000)) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("price", "usd"), [(PRICE, 3.5), (Price(2.0, 10.0, cache_write=1.0), 3.0), (Price(2.0, 10.0), 3.0)]
)
def test_no_cost_is_above_the_highest(price: Price, usd: float) -> None:
    """The ceiling of a budget is that of a prompt which is written to a cache, where that is the dearest."""
    assert price.most(1_000_000, 100_000) == pytest.approx(usd)
    for written in (0, 400_000, 1_000_000):
        assert price.cost(1_000_000, 100_000, cache_write=written) <= price.most(1_000_000, 100_000) + 1e-9
