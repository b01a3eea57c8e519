"""Which API of a provider is compared with which API of the reference."""

from __future__ import annotations

from itertools import permutations

import pytest

from trueweight.core import counterparts

NAMES = ("chat", "responses", "messages")
LISTS = [some for size in (1, 2, 3) for some in permutations(NAMES, size)]


@pytest.mark.parametrize(
    ("own", "base", "expected"),
    [
        (["chat"], ["chat"], {"chat": "chat"}),
        (["messages", "chat"], ["chat", "messages"], {"messages": "messages", "chat": "chat"}),
        (["messages"], ["chat"], {"messages": "chat"}),
        (["messages"], ["chat", "messages"], {"messages": "messages"}),
        (["messages", "chat"], ["chat"], {"messages": "messages", "chat": "chat"}),
        (["responses", "chat"], ["chat", "messages"], {"responses": "messages", "chat": "chat"}),
    ],
)
def test_the_same_api_is_the_counterpart_and_the_rest_pair_in_order(
    own: list[str], base: list[str], expected: dict[str, str]
) -> None:
    """By name first; then what only one of the two has, in order; then itself."""
    assert counterparts(own, base) == expected


def test_no_two_apis_of_a_provider_have_one_counterpart() -> None:
    """Two APIs in one cell would be averaged."""
    for own in LISTS:
        for base in LISTS:
            found = counterparts(own, base)
            assert tuple(found) == own
            assert len(set(found.values())) == len(own)
