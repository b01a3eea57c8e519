"""What a profile changes in cases: sampling in place of temperature 0, and thoughts in histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from trueweight.cli._options import SAMPLING
from trueweight.config.body_table import SAMPLING_FIELDS
from trueweight.core import (
    Case,
    HistoryRule,
    Profile,
    ProfileHistory,
    ProfileSampling,
    ProfileThinking,
    Provider,
    Thinks,
    ZeroTemperature,
)
from trueweight.profiles import ChosenProfile, RequestRules, SamplingMode, request_rules, shipped_families
from trueweight.profiles.requests import rules_of, with_history
from trueweight.suites import find_suite, shipped_suites

HOT = {"temperature": 1.0, "top_p": 0.95}
COLD = Case("s", "c", {"messages": [{"role": "user", "content": "hi"}], "temperature": 0, "seed": 7, "max_tokens": 9})
PLAIN = Provider("p", "http://127.0.0.1:1/v1", "kimi-k2.6")


def rules(zero: ZeroTemperature, mode: SamplingMode = SamplingMode.AUTO, **provider: Any) -> RequestRules:
    """The rules for a run of one provider, whose model id has this profile."""
    providers = [replace(PLAIN, model="unheard-of", **provider)]
    profile = Profile(
        name="mine",
        title="Mine",
        models=("*mine*",),
        sources=("https://example.org",),
        thinking=ProfileThinking(thinks=Thinks.BY_DEFAULT),
        sampling=ProfileSampling(zero=zero, thinking=HOT, direct={"temperature": 0.6}),
    )
    return rules_of(ChosenProfile(profile, "p"), providers, sampling=mode)


@pytest.mark.parametrize("zero", [ZeroTemperature.REFUSED, ZeroTemperature.IGNORED, ZeroTemperature.NOT_ADVISED])
def test_recommended_sampling_takes_the_place_of_zero(zero: ZeroTemperature) -> None:
    """The recommended fields are sent, and no seed, which would make all repeats one draw; the rest stays."""
    sent = rules(zero).case(COLD).request
    assert sent == {"messages": COLD.request["messages"], "max_tokens": 9, **HOT}


@pytest.mark.parametrize("zero", [ZeroTemperature.UNKNOWN, ZeroTemperature.FINE])
def test_zero_stays_where_nothing_speaks_against_it(zero: ZeroTemperature) -> None:
    """Unless the recommended sampling is asked for."""
    assert rules(zero).case(COLD) is COLD
    assert rules(zero, SamplingMode.RECOMMENDED).case(COLD).request["temperature"] == 1.0


def test_a_refusal_before_the_run_decides() -> None:
    """Where the probe shows that temperature 0 is refused, the profile's sampling is sent, or else temperature 1."""
    named = rules_of(ChosenProfile(None), [PLAIN], zero_refused_by=["p"])
    assert named.case(COLD).request["temperature"] == 1.0
    assert named.sampling is not None
    assert (named.sampling.refused_by, named.sampling.source) == (("p",), "the API's default")
    fine = rules(ZeroTemperature.FINE)
    assert fine.sampling is None
    assert rules_of(fine.chosen, [PLAIN], zero_refused_by=["p"]).case(COLD).request["top_p"] == 0.95


def test_as_written_changes_nothing() -> None:
    """``--sampling as-written`` sends temperature 0 whatever the profile says."""
    assert rules(ZeroTemperature.REFUSED, SamplingMode.AS_WRITTEN).case(COLD) is COLD


def test_the_providers_file_counts_before_the_profile() -> None:
    """``sampling`` of an entry of providers.toml holds for the run, with or without a profile."""
    stated = {"temperature": 0.7}
    assert rules(ZeroTemperature.REFUSED, sampling=stated).case(COLD).request["temperature"] == 0.7
    alone = request_rules([replace(PLAIN, model="unheard-of", sampling=stated)])
    assert alone.case(COLD).request["temperature"] == 0.7
    assert alone.as_options()["sampling"]["source"] == "providers.toml"


@pytest.mark.parametrize(
    "case",
    [
        replace(COLD, tags=("sampling",)),
        replace(COLD, checks={"request-refused": {}}),
        replace(COLD, request={"messages": []}),
        replace(COLD, request={**COLD.request, "temperature": 0.5}),
        replace(COLD, request={**COLD.request, "temperature": "hot"}),
        Case("s", "models", {}, api="models"),
    ],
)
def test_cases_about_sampling_keep_theirs(case: Case) -> None:
    """A case with the tag ``sampling``, one without a temperature, and one with another value are not changed."""
    assert rules(ZeroTemperature.REFUSED).case(case) is case


def test_a_fixed_temperature_replaces_any_other() -> None:
    """Where hosts fix the temperature, 0.5 would be refused as 0 is."""
    k26 = request_rules([PLAIN])
    assert k26.profile is not None
    assert k26.profile.label == "kimi-k2/2.5"
    assert k26.case(replace(COLD, request={**COLD.request, "temperature": 0.5})).request["temperature"] == 1.0


def test_malformed_requests_stay_malformed() -> None:
    """Under no shipped profile does a case change that must be refused, but for a thought that its history lacks, so
    that it is refused for what is wrong with it; nor does any case's limit, tools or format change."""
    cases = [case for name in ("parameters", "protocol", "tool-calls", "reasoning") for case in find_suite(name).cases]
    for family in shipped_families().values():
        for profile in family.all():
            sending = rules_of(ChosenProfile(profile), [PLAIN], sampling=SamplingMode.RECOMMENDED)
            for case in cases:
                sent = sending.case(case)
                changed = {key for key in {*case.request, *sent.request} if _other(case, sent, key)}
                allowed = {*SAMPLING_FIELDS, "seed", "messages"}
                assert changed <= ({"messages"} if "request-refused" in case.checks else allowed), case.key


def _other(case: Case, sent: Case, key: str) -> bool:
    return bool(case.request.get(key) != sent.request.get(key))


def test_shipped_cases_that_test_sampling_are_tagged() -> None:
    """Every shipped case whose checks depend on the sampler keeps its own sampling."""
    about = {"seed-repeats", "temperature-zero-repeats", "temperature-varies"}
    for name in shipped_suites():
        for case in find_suite(name).cases:
            if about & case.checks.keys():
                assert "sampling" in case.tags, case.key


def test_options_of_the_command_line_are_the_modes() -> None:
    """The spellings in ``--help`` are those of `SamplingMode`."""
    assert tuple(mode.value for mode in SamplingMode) == SAMPLING


CALL = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
HISTORY = [
    {"role": "user", "content": "a"},
    {"role": "assistant", "reasoning_content": "old", "content": "b"},
    {"role": "user", "content": "c"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "1", "content": "d"},
    {"role": "assistant", "reasoning_content": "new", "content": None, "tool_calls": [CALL]},
]


def thoughts(
    rule: HistoryRule | None,
    *,
    field: str = "reasoning_content",
    thinks: bool = True,
    history: Sequence[Any] = HISTORY,
) -> list[Any]:
    case = Case("s", "c", {"messages": history}, checks={"history-reasoning-kept": {"than": "x"}})
    sent = with_history(case, ProfileHistory(reasoning=rule, field=field), thinks=thinks)
    assert ("history-reasoning-kept" in sent.checks) is (rule is not HistoryRule.DROP)
    return [one.get(field) for one in sent.request["messages"] if one["role"] == "assistant"]


def test_thoughts_go_back_as_the_model_wants_them() -> None:
    """Dropped, kept, or required beside tool calls, in the last turn or in all; under the profile's field."""
    assert thoughts(None) == ["old", None, "new"]
    assert thoughts(HistoryRule.DROP) == [None, None, None]
    assert thoughts(HistoryRule.KEEP) == ["old", None, "new"]
    assert thoughts(HistoryRule.WITH_CALLS) == ["old", "I call look_up.", "new"]
    assert thoughts(HistoryRule.WITH_ALL_CALLS) == ["old", "I call look_up.", "new"]
    earlier = [*HISTORY, {"role": "assistant", "content": "e"}, {"role": "user", "content": "f"}]
    assert thoughts(HistoryRule.WITH_CALLS, history=earlier) == ["old", None, "new", None]
    assert thoughts(HistoryRule.WITH_ALL_CALLS, history=earlier) == ["old", "I call look_up.", "new", "I answer."]
    assert thoughts(HistoryRule.WITH_CALLS, thinks=False) == ["old", None, "new"]
    assert thoughts(HistoryRule.WITH_CALLS, field="reasoning") == ["old", "I call look_up.", "new"]


@pytest.mark.parametrize(("form", "first"), [("functions.{name}:{index}", "functions.look_up:0"), ("{digest}", None)])
def test_ids_of_earlier_calls_have_the_form_of_the_model(form: str, first: str | None) -> None:
    """Calls and their results get the same new id; a result of no call keeps its own; other messages do not change."""
    other = {**CALL, "id": "2"}
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [CALL, other]},
        {"role": "tool", "tool_call_id": "2", "content": "d"},
        {"role": "tool", "tool_call_id": "1", "content": "d"},
        {"role": "tool", "tool_call_id": "lost", "content": "d"},
    ]
    sent = with_history(Case("s", "c", {"messages": messages}), ProfileHistory(call_ids=form), thinks=False)
    after = sent.request["messages"]
    ids = [call["id"] for call in after[1]["tool_calls"]]
    assert [one["tool_call_id"] for one in after[2:]] == [ids[1], ids[0], "lost"]
    assert len(set(ids)) == 2
    assert ids[0] == first if first else all(len(one) == 9 and one.isalnum() for one in ids)
    assert after[0] == messages[0]
    assert messages[1]["tool_calls"][0]["id"] == "1"  # type: ignore[index]
