"""What a provider's entry changes in bodies: in what is sent, in what is judged, and in the trial's id."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from trueweight.core import BodyChanges, Case, Mode, Provider, Trial
from trueweight.plan import token_ceiling

REQUEST = {
    "messages": [{"role": "user", "content": "hi"}],
    "temperature": 0,
    "seed": 7,
    "max_tokens": 64,
    "tools": [{"type": "function", "function": {"name": "now", "strict": True}}],
}
CASE = Case("s", "c", REQUEST)
PLAIN = Provider("p", "http://127.0.0.1:1/v1", "m")


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        (BodyChanges(drop=("seed",)), {"seed": None}),
        (
            BodyChanges(rename={"max_tokens": "max_completion_tokens"}),
            {"max_tokens": None, "max_completion_tokens": 64},
        ),
        (BodyChanges(set={"temperature": 1, "top_p": 0.9}), {"temperature": 1, "top_p": None}),
        (BodyChanges(drop=("stream_options",)), {"stream_options": None, "stream": True}),
    ],
)
def test_fields_are_dropped_renamed_and_set(changes: BodyChanges, sent: dict[str, object]) -> None:
    """``set`` replaces a value and adds none; the rest of the body is the same; the trial has another id."""
    trial, other = (Trial.of(CASE, one, 0, Mode.STREAM) for one in (PLAIN, replace(PLAIN, changes=changes)))
    body, changed = json.loads(trial.body()), json.loads(other.body())
    assert {name: changed.get(name) for name in sent} == sent
    assert {name: changed[name] for name in changed if name not in sent} == {
        name: body[name] for name in body if name not in sent
    }
    assert trial.id != other.id


def test_a_field_inside_each_element_is_dropped() -> None:
    """A path goes through lists; a path that a request does not have changes nothing."""
    changes = BodyChanges(drop=("tools.function.strict", "response_format.json_schema.strict"))
    trial = Trial.of(CASE, replace(PLAIN, changes=changes), 0, Mode.PLAIN)
    assert json.loads(trial.body())["tools"] == [{"type": "function", "function": {"name": "now"}}]
    assert changes.fields_in(REQUEST) == ("tools",)


def test_a_case_is_judged_as_it_was_sent() -> None:
    """Checks and the forecast see a dropped limit as absent; a renamed field keeps the case's name for them."""
    dropping = replace(PLAIN, changes=BodyChanges(drop=("max_tokens",), rename={"seed": "random_seed"}))
    trial = Trial.of(CASE, dropping, 0, Mode.PLAIN)
    assert "max_tokens" not in trial.case_as_sent.request
    assert trial.case_as_sent.request["seed"] == 7
    assert token_ceiling(trial).output > token_ceiling(Trial.of(CASE, PLAIN, 0, Mode.PLAIN)).output


def test_half_a_surrogate_pair_survives() -> None:
    """A case may send one; the changed body still encodes to UTF-8 and means the same."""
    case = replace(CASE, request={**REQUEST, "messages": [{"role": "user", "content": "\ud83d"}]})
    body = Trial.of(case, replace(PLAIN, changes=BodyChanges(drop=("seed",))), 0, Mode.PLAIN).body()
    assert json.loads(body.encode())["messages"][0]["content"] == "\ud83d"
