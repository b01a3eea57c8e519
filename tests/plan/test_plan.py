"""The plan: complete, seeded, interleaved; identical bodies; a ceiling that is one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import PROTOCOLS, Case, ConfigError, Mode, Price, Provider, Role, Shard, Trial
from trueweight.plan import forecast, make_plan, take_shard, token_ceiling
from trueweight.protocols.chat import Chat

REFERENCE = Provider("ref", "http://h/v1", "big", role=Role.REFERENCE, price=Price(1.0, 2.0))
CANDIDATES = tuple(Provider(f"c{n}", "http://h/v1", f"m{n}") for n in range(3))
PROVIDERS = (REFERENCE, *CANDIDATES)


def case(name: str, suite: str = "s", **request: object) -> Case:
    return Case(suite, name, {"messages": [{"role": "user", "content": f"Zürich {name} 😀"}], **request})


CASES = [case(f"k{n}") for n in range(7)]


def test_every_trial_is_there_once_and_the_reference_asks_times_as_often() -> None:
    """Candidates get ``repeats`` repeats a mode, the reference ``repeats * passes``, numbered from 0 without gaps."""
    plan = make_plan(CASES, PROVIDERS, repeats=3, passes=2)
    assert len({trial.id for trial in plan.trials}) == len(plan.trials)
    repeats = Counter((t.provider.name, t.case.key, t.mode, t.repeat) for t in plan.trials)
    assert set(repeats.values()) == {1}
    for provider in PROVIDERS:
        wanted = range(6) if provider is REFERENCE else range(3)
        for mode in Mode:
            got = sorted(r for (p, k, m, r) in repeats if (p, k, m) == (provider.name, "s/k0", mode))
            assert got == list(wanted)


def test_trials_of_one_case_stand_together_and_providers_are_mixed() -> None:
    """A case's trials of a round are contiguous; no provider always goes first."""
    plan = make_plan(CASES, PROVIDERS, repeats=2, passes=2)
    size = 2 * (2 + len(CANDIDATES))
    blocks = [plan.trials[start : start + size] for start in range(0, len(plan.trials), size)]
    assert all(len({trial.case.key for trial in block}) == 1 for block in blocks)
    assert len({block[0].provider.name for block in blocks}) > 1
    first_round = [block[0].case.key for block in blocks[: len(CASES)]]
    assert sorted(first_round) == sorted(case.key for case in CASES)
    assert first_round != [case.key for case in CASES]


def test_the_seed_decides_the_order_and_nothing_else() -> None:
    """Same seed, same order; another seed, the same trials in another order."""
    one, again, other = (make_plan(CASES, PROVIDERS, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.trials != other.trials
    assert {t.id for t in one.trials} == {t.id for t in other.trials}


def test_another_provider_or_file_order_moves_no_other_trial() -> None:
    """The relative order of what was there before stays, so a resumed run with one more provider is comparable."""
    fewer = [t.id for t in make_plan(CASES, PROVIDERS[:3]).trials]
    more = [t.id for t in make_plan(CASES[::-1], PROVIDERS[::-1]).trials if t.provider is not PROVIDERS[3]]
    assert more == fewer


def test_a_case_that_continues_another_stands_behind_it_and_in_its_shard() -> None:
    """Whatever the seed; no other trial moves. One that continues a case that is not there is not sent, and says so."""
    later = replace(case("later"), follows="k3")
    for seed in range(8):
        plan = make_plan([*CASES, later], PROVIDERS, seed=seed, repeats=2)
        order = [trial.case.id for trial in plan.trials]
        assert order.index("later") == order.index("k3") + order[: order.index("later")].count("k3")
        assert [t.id for t in plan.trials if t.case != later] == [
            t.id for t in make_plan(CASES, PROVIDERS, seed=seed, repeats=2).trials
        ]
        parts = [take_shard(plan, Shard(number, 3)).trials for number in (1, 2, 3)]
        assert sorted(t.id for part in parts for t in part) == sorted(t.id for t in plan.trials)
        for part in parts:
            places = {(t.provider.name, t.place) for t in part}
            assert all((t.provider.name, t.follows) in places for t in part if t.follows is not None)
    alone = make_plan([*CASES, replace(later, follows="k9")], PROVIDERS)
    assert alone.trials == make_plan(CASES, PROVIDERS).trials
    assert {(one.case, one.reason) for one in alone.inexpressible} == {
        ("s/later", "it continues the response of k9, which is not sent")
    }


def test_a_case_that_is_sent_after_another_stands_behind_it_and_in_its_shard() -> None:
    """Whatever the seed; one whose first case is not there is sent all the same."""
    later, last = replace(case("later"), after="k3"), replace(case("last"), after="later")
    for seed in range(8):
        plan = make_plan([*CASES, later, last], PROVIDERS, seed=seed)
        order = list(dict.fromkeys(trial.case.id for trial in plan.trials))
        at = order.index("k3")
        assert order[at : at + 3] == ["k3", "later", "last"]
        for part in (take_shard(plan, Shard(number, 3)).trials for number in (1, 2, 3)):
            places = {(t.provider.name, t.place) for t in part}
            assert all((t.provider.name, t.behind) in places for t in part if t.behind is not None)
    alone = make_plan([*CASES, replace(later, after="k9")], PROVIDERS)
    assert "later" in {trial.case.id for trial in alone.trials}
    assert alone.inexpressible == ()
    assert later.request_digest() != replace(later, after=None).request_digest()


def test_limit_is_per_suite() -> None:
    """A short run still touches every suite."""
    plan = make_plan([*CASES, case("x", "other")], PROVIDERS, limit=2)
    assert {t.case.key for t in plan.trials} == {"s/k0", "s/k1", "other/x"}


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"passes": 0}, {"limit": 0}])
def test_numbers_below_one_are_refused(wrong: dict[str, int]) -> None:
    """A plan without trials is a mistake, not an empty run."""
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} = 0"):
        make_plan(CASES, PROVIDERS, **wrong)  # type: ignore[arg-type]


def test_two_cases_of_one_key_are_refused() -> None:
    """Their trials would share ids, and one would silently never be sent."""
    with pytest.raises(ConfigError, match="s/k0"):
        make_plan([*CASES, case("k0", temperature=1)], PROVIDERS)


def body(provider: Provider, mode: Mode = Mode.STREAM, **request: object) -> str:
    return Trial.of(case("k", **request), provider, 0, mode).body()


def test_identical_means_identical() -> None:
    """Law 2: bodies of two providers differ in the model's name alone, byte for byte."""
    one, two = (body(p, tools=[{"b": 1, "a": 2}], temperature=0.1) for p in CANDIDATES[:2])
    assert one.replace('"m0"', '"m1"') == two
    assert list(json.loads(one)) == ["model", "messages", "tools", "temperature", "stream", "stream_options"]


def test_mode_and_extra_body() -> None:
    """Streams request usage; plain requests have no key of streaming; extra_body wins over the case."""
    stream, plain = json.loads(body(REFERENCE)), json.loads(body(REFERENCE, Mode.PLAIN, stream=True))
    assert (stream["stream"], stream["stream_options"]) == (True, {"include_usage": True})
    assert not {"stream", "stream_options"} & set(plain)
    extra = Provider("x", "http://h", "m", extra_body={"temperature": 0, "top_k": 1})
    merged = json.loads(body(extra, temperature=1))
    assert (merged["temperature"], merged["top_k"], merged["model"]) == (0, 1, "m")
    assert json.loads(body(REFERENCE, stream_options={}))["stream_options"] == {}


@given(st.text(st.characters(), max_size=20))
def test_any_text_can_be_sent(content: str) -> None:
    """Lone surrogates and all: the body encodes to UTF-8 and says what the case says."""
    text = body(REFERENCE, user=content)
    sent: str = json.loads(text.encode())["user"]
    assert sent.encode("utf-16", "surrogatepass") == content.encode("utf-16", "surrogatepass")


def test_what_json_cannot_say_is_an_error_that_names_the_case() -> None:
    """NaN must not reach the wire as a word no parser knows."""
    with pytest.raises(ConfigError, match="'s/k'"):
        make_plan([case("k", temperature=float("nan"))], PROVIDERS)


def test_the_ceiling_counts_bytes_and_limits() -> None:
    """Input is bytes over the documented ratio and more; output is the limit in the request, times choices."""
    trial = Trial.of(case("k", max_tokens=50, n=3), REFERENCE, 0, Mode.PLAIN)
    assert token_ceiling(trial).output == 150
    assert token_ceiling(Trial.of(case("k"), REFERENCE, 0, Mode.PLAIN)).output == 4096
    long = Trial.of(case("k", tools=[{"description": "ü" * 1000}]), REFERENCE, 0, Mode.PLAIN)
    assert token_ceiling(long).input >= 1000


def test_forecast_adds_up_and_is_none_without_a_price() -> None:
    """Per provider: trials, requests with retries, and USD by its own price or None."""
    plan = make_plan([case("k", max_tokens=1_000_000)], PROVIDERS, passes=2)
    rows = {row.provider.name: row for row in forecast(plan, attempts=3)}
    ref = rows["ref"]
    assert (ref.trials, ref.requests, ref.output_tokens) == (4, 12, 12_000_000)
    assert ref.cost == pytest.approx(ref.input_tokens / 1e6 + 24.0)
    assert rows["c0"].cost is None
    assert sum(row.trials for row in rows.values()) == len(plan.trials)


class Prompts(Chat):
    """A protocol without tools and without streams."""

    name = title = "prompts"
    modes = (Mode.PLAIN,)

    def cannot_express(self, case: Case) -> str:
        return "it has no tools" if "tools" in case.request else ""


@pytest.fixture
def two_apis(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A provider that is asked through chat completions and through an API that can express less."""
    found = {**PROTOCOLS.all(), "prompts": Prompts()}
    monkeypatch.setattr(PROTOCOLS, "all", lambda: found)
    return Provider("two", "http://h/v1", "m", api=("chat", "prompts"))


def test_every_api_that_can_express_a_case_has_its_trials(two_apis: Provider) -> None:
    """A trial for each API and each mode of both; chat's ids are those of a provider with chat alone."""
    plan = make_plan([case("k0")], [two_apis])
    assert sorted((t.api, t.mode) for t in plan.trials) == [
        ("chat", Mode.PLAIN), ("chat", Mode.STREAM), ("prompts", Mode.PLAIN)
    ]  # fmt: skip
    assert len({t.id for t in plan.trials}) == 3
    alone = make_plan([case("k0")], [replace(two_apis, api=("chat",))])
    assert {t.id for t in alone.trials} < {t.id for t in plan.trials}


def test_what_an_api_cannot_express_is_in_the_plan_with_its_reason(two_apis: Provider) -> None:
    """Tools, a mode it does not have, a case about another API: no trial, and a row that says why."""
    tools, streamed = case("k1", tools=[]), replace(case("k2"), modes=(Mode.STREAM,))
    only = replace(case("k3"), api="prompts")
    plan = make_plan([tools, streamed, only, replace(case("k4"), api="models", modes=(Mode.PLAIN,))],
                     [two_apis, replace(two_apis, name="chat-only", api=("chat",))])  # fmt: skip
    assert {(one.case, one.provider, one.api): one.reason for one in plan.inexpressible} == {
        ("s/k1", "two", "prompts"): "it has no tools",
        ("s/k2", "two", "prompts"): "it has no stream replies",
        ("s/k3", "chat-only", "prompts"): "the case needs prompts, and the provider has chat completions",
    }
    assert {(t.case.key, t.provider.name) for t in plan.trials if t.api == "models"} == {
        ("s/k4", "two"), ("s/k4", "chat-only")
    }  # fmt: skip
