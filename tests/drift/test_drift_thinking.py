"""Drift on models that think: sure first tokens are passed over, and like is compared with like."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from answers import CANDIDATE, REFERENCE, exchange, investigate, is_reference, listed, reply, spread
from msgspec import structs

from trueweight.core import ConfigError, DriftMode, DriftVerdict, Trial
from trueweight.core.probe import Probe, ProbeAnswer, ProbeQuestion, ProviderProbe, SwitchTried, Thinking
from trueweight.drift import DriftSettings, write_script
from trueweight.drift.facts import Facts, Token, alike, facts_of
from trueweight.drift.script import RequestKind
from trueweight.drift.settings import FIRST_TOKENS, THOUGHT_TOKENS
from trueweight.profiles import request_rules
from trueweight.protocols import read_reply
from trueweight.workflow.drift import settings_for
from trueweight.workflow.thinking import with_profile

OPEN = (Token(b"<think>", 0.0), Token(b"x", -9.0))
BODY = (Token(b"a", -0.5), Token(b"b", -1.0))
OTHER = (Token(b"b", -0.5), Token(b"a", -1.0))


def position(*values: float) -> dict[str, Any]:
    return listed(*values)["content"][0]  # type: ignore[no-any-return]


def facts(*places: dict[str, Any], **message: Any) -> Facts:
    trial = write_script(DriftSettings(max_requests=1, screen=0)).cases[0]
    made = Trial.of(trial, REFERENCE, 0, trial.modes[0])
    sent = exchange(made, reply("x", logprobs={"content": list(places)} if places else None, **message))
    found = facts_of(sent, read_reply(sent))
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
        assert plain.case(prompt, kind).request["max_tokens"] == FIRST_TOKENS
    assert few.case(prompt, RequestKind.GREEDY) == plain.case(prompt, RequestKind.GREEDY)


def test_settings_survive_the_manifest() -> None:
    """``first_tokens`` and the test's method are on record; those of an earlier version's test are refused."""
    settings = DriftSettings(first_tokens=THOUGHT_TOKENS)
    assert DriftSettings.from_json(settings.as_json()) == settings
    old = {name: value for name, value in settings.as_json().items() if name != "method"}
    with pytest.raises(ConfigError, match="earlier version"):
        DriftSettings.from_json(old)


def thinking(trial: Trial, *, obeys: bool) -> dict[str, Any]:
    """A candidate that thinks although it is told not to, beside a reference that obeys."""
    if is_reference(trial) or obeys:
        return reply("x", logprobs=spread(0.0))
    return reply("", reasoning_content="hm", logprobs=listed(-0.1, -2.5, keys="zy"))


def test_thinking_is_turned_off_where_it_can_be() -> None:
    """Requests to each provider have its own switch; a host that ignores it is not accused of drift: it got another
    request."""
    off = {"ref": {"thinking": {"type": "disabled"}}, "c": {"enable_thinking": False}}
    settings = DriftSettings(max_requests=60, screen=0, thinking_off=off)
    assert DriftSettings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
    sent: dict[str, dict[str, Any]] = {}

    def answer(trial: Trial, *, obeys: bool) -> dict[str, Any]:
        sent[trial.provider.name] = json.loads(trial.body())
        return thinking(trial, obeys=obeys)

    obeyed = investigate(partial(answer, obeys=True), settings).candidates["c"]
    assert sent["ref"]["thinking"] == {"type": "disabled"}
    assert sent["c"]["enable_thinking"] is False
    assert obeyed.scored
    assert not obeyed.missing
    ignored = investigate(partial(answer, obeys=False), settings).candidates["c"]
    assert not ignored.scored
    assert set(ignored.missing) == {"thinks-although-off"}
    assert ignored.verdict is not DriftVerdict.DRIFT


@pytest.mark.parametrize("mode", [DriftMode.LOGPROBS, DriftMode.GREEDY])
@pytest.mark.parametrize("answer", ["", "x", "other"])
def test_a_thought_is_not_compared_with_an_answer(mode: DriftMode, answer: str) -> None:
    """A candidate that thinks beside a reference that shows no thought, its answer cut in the thought or not, was
    asked something else: nothing is compared, and it is not accused of drift."""

    def replies(trial: Trial) -> dict[str, Any]:
        if is_reference(trial):
            return reply("x", logprobs=spread(0.0))
        return reply(answer, reasoning_content="hm", logprobs=listed(-0.1, -2.5, keys="zy"))

    found = investigate(replies, DriftSettings(max_requests=60, screen=0, mode=mode)).candidates["c"]
    assert not found.scored
    assert set(found.missing) == {"thinks-alone"}
    assert found.verdict is not DriftVerdict.DRIFT


def test_a_run_decides_by_its_providers() -> None:
    """Off if every provider has a switch; else a few tokens; a model that does not think is asked as before."""
    kimi = [replace(one, model="kimi-k2.6") for one in (REFERENCE, CANDIDATE)]
    rules = request_rules(kimi)
    switched = with_profile(kimi, rules.profile)
    assert set(settings_for(DriftSettings(), rules, switched).thinking_off) == {"ref", "c"}
    assert settings_for(DriftSettings(), rules, kimi).first_tokens == THOUGHT_TOKENS
    assert settings_for(DriftSettings(), request_rules([REFERENCE]), switched) == DriftSettings()


def test_the_probe_turns_thinking_off_where_no_profile_does() -> None:
    """A thinking host beside a reference without a thought: off by the way that the probe saw work; nothing to turn off
    at the reference; a host that ignores every way has none, and hinders no other."""
    entry = ProviderProbe(
        provider="ref", api="chat", base_url="", model="m", fingerprint="", at="",
        answers=(ProbeAnswer(question=ProbeQuestion.PLAIN, trial="t", url="", answered=True),),
    )  # fmt: skip
    off = SwitchTried(fields={"reasoning_effort": "none"}, works=True)
    thinks = structs.replace(entry, provider="c", thinking=Thinking(place="reasoning", tokens=9))
    probe = Probe(providers=(entry, structs.replace(thinks, switches=(off,)), structs.replace(thinks, provider="d")))
    providers = with_profile([REFERENCE, CANDIDATE, replace(CANDIDATE, name="d")], None, probe)
    rules = request_rules(providers)
    found = settings_for(DriftSettings(), rules, providers, probe)
    assert found.thinking_off == {"ref": {}, "c": {"reasoning_effort": "none"}}
    assert settings_for(DriftSettings(), rules, providers) == DriftSettings()
