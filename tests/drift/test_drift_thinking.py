"""Drift on models that think: sure first tokens are passed over, and like is compared with like."""

from __future__ import annotations

import math
from typing import Any

import pytest
from answers import REFERENCE, exchange, listed, reply

from trueweight.core import Trial
from trueweight.drift import DriftSettings, write_script
from trueweight.drift.facts import Facts, Token, alike, facts_of
from trueweight.drift.script import RequestKind
from trueweight.drift.settings import THOUGHT_TOKENS

OPEN = (Token(b"<think>", 0.0), Token(b"x", -9.0))
BODY = (Token(b"a", -0.5), Token(b"b", -1.0))
OTHER = (Token(b"b", -0.5), Token(b"a", -1.0))


def position(*values: float) -> dict[str, Any]:
    return listed(*values)["content"][0]  # type: ignore[no-any-return]


def facts(*places: dict[str, Any], **message: Any) -> Facts:
    trial = write_script(DriftSettings(max_requests=1, screen=0)).cases[0]
    made = Trial.of(trial, REFERENCE, 0, trial.modes[0])
    found = facts_of(exchange(made, reply("x", logprobs={"content": list(places)} if places else None, **message)))
    assert isinstance(found, Facts)
    return found


def test_tokens_that_are_sure_are_passed_over() -> None:
    """The compared distribution is that of the first token that is not as good as certain."""
    found = facts(position(0.0, -12.0), position(math.log(0.9995), -8.0), position(-0.7, -0.8), position(-0.1, -3.0))
    assert [token.logprob for token in found.top] == [-0.7, -0.8]
    assert len(found.sure) == 2
    assert facts(position(-0.7, -0.8), position(0.0, -9.0)).sure == ()
    # With one token there is nothing to pass over to.
    assert facts(position(0.0, -12.0)).top[0].logprob == 0.0
    assert facts().top == ()


@pytest.mark.parametrize(
    ("left", "right", "place"),
    [
        (Facts("t", BODY, sure=(OPEN,)), Facts("t", OTHER, sure=(OPEN,)), 1),
        # The other one does not open a thought: it differs before it.
        (Facts("t", BODY, sure=(OPEN,)), Facts("t", OTHER), 0),
        (Facts("t", BODY, sure=(OPEN,)), Facts("t", OTHER, sure=((Token(b"No", 0.0),),)), 0),
        (Facts("t", BODY), Facts("t", OTHER), 0),
        (Facts("t"), Facts("t"), 0),
    ],
)
def test_distributions_are_compared_at_the_same_place(left: Facts, right: Facts, place: int) -> None:
    """Both at the first place where one is not sure or the best tokens differ, after the same tokens."""
    reduced = alike(left, right)
    for before, after in zip((left, right), reduced, strict=True):
        assert after.top == (*before.sure, before.top)[place]
        assert len(after.sure) == place


def test_texts_are_compared_in_thought_and_answer() -> None:
    """Where one host hides the thought, the answers alone are compared; where all show it, both."""
    shown, hidden = facts(reasoning_content="I think. "), facts()
    assert (shown.text, shown.answer, hidden.answer) == ("I think. x", "x", None)
    assert [one.text for one in alike(shown, shown)] == ["I think. x", "I think. x"]
    assert [one.text for one in alike(shown, hidden, shown)] == ["x", "x", "x"]


def test_a_thinking_model_is_asked_for_more_first_tokens() -> None:
    """The requests for log-probabilities ask for enough tokens to reach the thought's first words; others do not."""
    few = write_script(DriftSettings(max_requests=4, screen=0, first_tokens=THOUGHT_TOKENS))
    plain = write_script(DriftSettings(max_requests=4, screen=0))
    prompt = few.prompts[0]
    for kind in (RequestKind.LOGPROBS, RequestKind.LOGPROBS_FIVE, RequestKind.PROBE_HOT):
        assert few.case(prompt, kind).request["max_tokens"] == THOUGHT_TOKENS
        assert plain.case(prompt, kind).request["max_tokens"] == 1
    assert few.case(prompt, RequestKind.GREEDY) == plain.case(prompt, RequestKind.GREEDY)


def test_settings_survive_the_manifest() -> None:
    """``first_tokens`` is on record; a manifest of an earlier version, which has none, asked for one."""
    settings = DriftSettings(first_tokens=THOUGHT_TOKENS)
    assert DriftSettings.from_json(settings.as_json()) == settings
    assert "first_tokens" not in DriftSettings().as_json()
    assert DriftSettings.from_json(DriftSettings().as_json()).first_tokens == 1
