"""What a provider's entry changes in bodies: in what is sent, in what is judged, and in the trial's id."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from trueweight.core import BodyChanges, Case, Mode, Provider, Trial, apis_of
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


_BAD = {"messages": REQUEST["messages"], "temperature": 0, "seed": 7, "max_tokens": 64}
_STOPS = Case("s", "stop", {**REQUEST, "stop": ["x"]}, checks={"content-matches": {"pattern": "a"}})
_REQUIRED = Case("s", "call", {**REQUEST, "tool_choice": "required"}, checks={"tool-call-expected": {"call": "must"}})
_CUT = Case("s", "cut", REQUEST, checks={"finish-reason": {"one_of": ["length"]}}, keeps_limit=True)


def _malformed(**fields: object) -> Case:
    return Case("s", "bad", {**_BAD, **fields}, checks={"request-refused": {}})


@pytest.mark.parametrize(
    ("case", "changes", "extra", "reason"),
    [
        (_malformed(max_tokens=-5), BodyChanges(set={"max_tokens": 40}), {}, "sets max_tokens"),
        (_malformed(max_tokens="many"), BodyChanges(drop=("max_tokens",)), {}, "leaves out max_tokens"),
        (_malformed(n=0), BodyChanges(rename={"n": "best_of"}), {}, "renames n"),
        (_malformed(temperature=-3), BodyChanges(), {"temperature": 0.6}, "sets temperature"),
        (_malformed(seed="x"), BodyChanges(drop=("seed",)), {}, "leaves out seed"),
        (_malformed(tools="x"), BodyChanges(drop=("seed",), set={"max_tokens": 40}), {"temperature": 1}, ""),
        (_malformed(n=0), BodyChanges(rename={"max_tokens": "max_completion_tokens"}), {"provider": {}}, ""),
        (_STOPS, BodyChanges(drop=("stop",)), {}, "leaves out stop"),
        (_STOPS, BodyChanges(drop=("seed", "tools.function.strict")), {"temperature": 1}, ""),
        (_REQUIRED, BodyChanges(set={"tool_choice": "auto"}), {}, "sets tool_choice"),
        (replace(_REQUIRED, request={**REQUEST, "tool_choice": "auto"}), BodyChanges(drop=("tool_choice",)), {}, ""),
        (_CUT, BodyChanges(set={"max_tokens": 4000}), {}, "sets max_tokens"),
        (_CUT, BodyChanges(rename={"max_tokens": "max_completion_tokens"}), {}, ""),
        (CASE, BodyChanges(drop=("seed", "max_tokens")), {}, ""),
    ],
)
def test_a_case_about_a_field_that_the_entry_changes_is_not_sent(
    case: Case, changes: BodyChanges, extra: dict[str, object], reason: str
) -> None:
    """An honest host would be blamed for accepting a malformed request that it never got; other cases are sent."""
    provider = replace(PLAIN, changes=changes, extra_body=extra)
    found = apis_of(case, provider)
    wanted = {"chat": f"the provider's entry {reason}, which the case is about"} if reason else {}
    assert (found.refused, list(found.asked)) == (wanted, [] if reason else ["chat"])


@pytest.mark.parametrize(
    ("changes", "extra", "asked"),
    [
        (BodyChanges(), {"max_output_tokens": 90}, ["chat"]),
        (BodyChanges(set={"max_output_tokens": 90}), {}, ["chat"]),
        (BodyChanges(set={"max_tokens": 40}), {}, []),
        (BodyChanges(set={"n": 1}), {}, ["chat", "responses"]),
    ],
)
def test_a_field_is_looked_for_under_the_name_of_each_api(
    changes: BodyChanges, extra: dict[str, object], asked: list[str]
) -> None:
    """The entry names a field as chat completions do, for every API, or as one API does, for that one."""
    provider = replace(PLAIN, api=("chat", "responses"), changes=changes, extra_body=extra)
    assert list(apis_of(_malformed(max_tokens=-5), provider).asked) == asked
