"""A JSON text is parsed quickly only where the careful parser says the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.protocols import json_text
from trueweight.protocols.json_text import ParsedJson, parse_json

NUMBERS = ["0", "-0", "-0.0", "1.0", "1e5", "1E-7", "1e-400", "1e400", "0.1", "5e-324", "9" * 60, "9" * 401, "9" * 4000]
TEXTS = ['"a:b"', '"\\u003a"', '"\\u003A:"', '"\\\\u003a"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\/\\b"', '"é😀"']
SCALARS = st.sampled_from([*NUMBERS, *TEXTS, "NaN", "-Infinity", "null", "true", '"\n"', "01", "1.", "[1,]", ""])
NAMES = st.sampled_from(['"a"', '"b"', '"\\u0061"', '"a:"', '"a\\u003a"', '""'])
SPACE = st.sampled_from(["", "", " ", "\n", "\u00a0"])


def joined(parts: Iterable[str]) -> str:
    return ",".join(parts)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Arrays, and objects that often have a name twice."""
    members = st.builds("{}{}:{}{}".format, NAMES, SPACE, SPACE, inner)
    arrays = st.lists(inner, max_size=3).map(lambda items: f"[{joined(items)}]")
    return arrays | st.lists(members, max_size=4).map(lambda items: f"{{{joined(items)}}}")


def carefully(text: str) -> ParsedJson:
    with patch.object(json_text, "_QUICK", -1):
        return parse_json(text)


@settings(max_examples=300, deadline=None)
@given(st.recursive(SCALARS, containers, max_leaves=8))
def test_both_ways_to_parse_give_the_same(text: str) -> None:
    """The value, the oddities, the error and the weight of any text are those of the careful parser."""
    assert repr(parse_json(text)) == repr(carefully(text))


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":2}', '{"a":1,"\\u0061":"\\u003a"}', '[{"b":":","b":2}]', '{"a":{"a":1,"a":NaN}}', f"[{'9' * 401}]"],
)
def test_an_oddity_is_seen(text: str) -> None:
    """A doubled key is an oddity, also where an escaped colon makes up for what is dropped; and so is a huge number."""
    assert parse_json(text).oddities == carefully(text).oddities != ()


@pytest.mark.parametrize("digits", [400, 401])
@pytest.mark.parametrize("before", ["", "-", "[1,-", '["00",'])
def test_digits_are_counted_without_the_sign(before: str, digits: int) -> None:
    """Both ways to parse take a number for too long at the same length, wherever it is."""
    text = before + "9" * digits + "]" * before.count("[")
    assert repr(parse_json(text)) == repr(carefully(text))
    assert bool(parse_json(text).oddities) is (digits > 400)


def test_a_usual_event_is_parsed_quickly() -> None:
    """What servers send, with spaces and escapes or without, needs no careful parser."""
    event = {"id": "c-1", "created": 1, "choices": [{"index": 0, "delta": {"content": "é: \n😀"}, "logprob": -0.25}]}
    for text in (json.dumps(event), json.dumps(event, separators=(",", ":"), ensure_ascii=False)):
        assert json_text._parse_quickly(text) == event
