"""Arguments with several right values are compared as the Berkeley leaderboard compares them."""

from __future__ import annotations

from typing import Any

import pytest

from trueweight.graders.accepted import accepted


@pytest.mark.parametrize(
    ("got", "accepts", "right"),
    [
        ({"a": "April 1, 2024"}, {"a": ["april 1 2024"]}, True),
        ({"a": "it's"}, {"a": ['IT"S']}, True),
        ({"a": "km"}, {"a": ["m", "k.m"]}, True),
        ({"a": "km"}, {"a": ["m"]}, False),
        ({"a": 5.0}, {"a": [4, 5]}, True),
        ({"a": True}, {"a": [1]}, False),
        ({"a": None}, {"a": [None, ""]}, True),
        ({}, {"a": [1, ""]}, True),
        ({}, {"a": [1]}, False),
        ({"b": 1}, {"a": [1, ""]}, False),
        ({"a": ["x y", 2]}, {"a": [["XY", 2], ["z"]]}, True),
        ({"a": [2, "x"]}, {"a": [["x", 2]]}, False),
        ({"a": ["x"]}, {"a": ["x"]}, False),
        ({"a": {"k": "V"}}, {"a": [{"k": ["u", "v"], "o": [1, ""]}]}, True),
        ({"a": {"k": "V", "z": 1}}, {"a": [{"k": ["u", "v"]}]}, False),
        ({"a": {}}, {"a": [{"k": ["u"]}]}, False),
        ({"a": [{"k": 1}, {"k": 2}]}, {"a": [[{"k": [1]}, {"k": [2, 3]}]]}, True),
        ({"a": [{"k": 2}, {"k": 1}]}, {"a": [[{"k": [1]}, {"k": [2, 3]}]]}, False),
    ],
)
def test_each_kind_of_value(got: Any, accepts: Any, right: bool) -> None:
    """Texts, numbers, lists, objects, lists of objects, absent and unexpected names."""
    assert accepted(got, accepts) is right
