"""What a case says: its limit of completion tokens, its stop sequences."""

from __future__ import annotations

from typing import Any

import pytest

from trueweight.core import PROTOCOLS, Case, Provider
from trueweight.core.request import stop_sequences, token_limit


@pytest.mark.parametrize(
    ("request_", "limit"),
    [
        ({}, None),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 7, "max_tokens": 50}, 50),
        ({"max_completion_tokens": 70, "max_tokens": 5}, 70),
        ({"max_tokens": True}, None),
        ({"max_tokens": 0}, None),
    ],
)
def test_checks_and_forecast_have_one_limit(request_: dict[str, Any], limit: int | None) -> None:
    """The larger of two limits, for the checks of a reply and for the bound of its cost."""
    assert token_limit(request_) == limit
    size = PROTOCOLS.get("chat").size(Case("s", "c", request_), Provider("p", "http://localhost/v1", "m"))
    assert size is not None
    assert size.output_tokens == limit


@pytest.mark.parametrize(
    ("stop", "texts"), [(None, ()), ("END", ("END",)), ("", ()), (["a", "", 5, "b"], ("a", "b")), (7, ())]
)
def test_stop_sequences_are_one_text_or_several(stop: Any, texts: tuple[str, ...]) -> None:
    """A case may be written by hand, and have anything there."""
    assert stop_sequences({"stop": stop}) == texts
