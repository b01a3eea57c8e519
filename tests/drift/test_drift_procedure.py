"""The procedure on answers made by hand: modes it falls back to, providers that fail, refuse, or are set up wrongly."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from answers import CANDIDATE, REFERENCE, investigate, is_reference, listed, reply, spread

from trueweight.core import (
    ConfigError,
    Drift,
    DriftFinding,
    DriftGrade,
    DriftMode,
    DriftVerdict,
    FailureKind,
    Price,
    Provider,
    Trial,
    digest,
)
from trueweight.core import DriftFindingCode as FindingCode
from trueweight.drift import DriftSettings, Investigation, drift_outcomes, shipped_thresholds, write_script
from trueweight.drift.scouting import GIVE_UP_AFTER
from trueweight.drift.script import RequestKind
from trueweight.drift.settings import least_requests
from trueweight.report.words import drift_words


def codes(found: Drift) -> set[FindingCode]:
    """The codes of its findings."""
    return {finding.code for finding in found.findings}


def kind(trial: Trial) -> RequestKind:
    return RequestKind(trial.case.id.split("~")[1])


def test_drift_is_asked_through_the_api_that_both_have() -> None:
    """The reference's first API, wherever the candidate lists it; a candidate without it is sent through its own."""
    reference = replace(REFERENCE, api=("chat", "responses"))
    candidates = (replace(CANDIDATE, api=("responses", "chat")), replace(CANDIDATE, name="d", api=("responses",)))
    settings = DriftSettings()
    probes = next(Investigation(write_script(settings), (reference, *candidates), settings).batches())
    assert {trial.provider.name: trial.api for trial in probes} == {"ref": "chat", "c": "chat", "d": "responses"}


def test_an_api_without_log_probabilities_is_not_asked_for_them() -> None:
    """Messages: texts are compared from the first batch on, and why is said. A replay has each batch on record."""
    apis = (replace(REFERENCE, api=("messages",)), replace(CANDIDATE, api=("messages",)))
    settings = DriftSettings()
    found = Investigation(write_script(settings), apis, settings)
    first = next(found.batches())
    assert {kind(trial) for trial in first} == {RequestKind.GREEDY}
    assert found.candidates["c"].mode is DriftMode.GREEDY
    (shown,) = found.support["c"].findings
    assert (shown.code, shown.why) == (FindingCode.NO_LOGPROBS, "not applicable")
    assert shown.detail == "through Messages it has no log probabilities"


def test_log_probabilities_decide_in_six_questions_and_a_probe() -> None:
    """Six bets that nearly double reach 20, one more probe tells whether the sampler has touched them."""
    settings = DriftSettings(max_requests=40)
    found = drift_outcomes(investigate(lambda t: reply("a", logprobs=spread(0 if is_reference(t) else 1.0)), settings))[
        "c"
    ]
    assert found.verdict is DriftVerdict.DRIFT
    assert found.mode is DriftMode.LOGPROBS
    assert found.requests <= 13
    assert found.e_value >= 20
    assert found.effect.unit == "nats"
    assert found.grade is DriftGrade.DIFFERENT
    assert found.cost == pytest.approx(found.requests * (9 * 1.0 + 1 * 2.0) / 1e6)


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 1, "cost": 0.25}, 0.25),
        ({"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 8}}, 3.8e-6),
        ({"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cache_write_tokens": 8}}, 19e-6),
        ({"prompt_tokens": 9, "completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 5}}, 21e-6),
    ],
)
def test_a_request_costs_what_it_costs_elsewhere(usage: dict[str, object], usd: float) -> None:
    """A stated cost, tokens read from a cache or written to one, and thoughts outside of the completion's tokens."""
    candidate = replace(CANDIDATE, price=Price(1.0, 2.0, cached=0.1, cache_write=2.0))
    settings = DriftSettings(max_requests=13)
    found = investigate(lambda _: reply("a", logprobs=spread(0)) | {"usage": usage}, settings, candidate)
    outcome = drift_outcomes(found)["c"]
    assert outcome.cost == pytest.approx(outcome.requests * usd)


def test_a_stated_cost_needs_no_price_and_the_request_without_one_is_named() -> None:
    """The cost is that of the others."""

    def answer(trial: Trial) -> dict[str, object]:
        stated = {} if kind(trial) is RequestKind.PROBE_HOT else {"cost": 0.25}
        return reply("a", logprobs=spread(0)) | {"usage": stated}

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=13), replace(CANDIDATE, price=None)))["c"]
    assert found.cost == pytest.approx((found.requests - 1) * 0.25)
    assert DriftFinding(code=FindingCode.USAGE_MISSING, count=1) in found.findings


def test_the_least_budget_that_is_accepted_can_decide() -> None:
    """And one request less is refused, since even answers that differ utterly would not be enough."""
    for mode in DriftMode:
        for alpha in (0.05, 0.01):
            least = least_requests(1, alpha, mode, shipped_thresholds())
            with pytest.raises(ConfigError, match="cannot show drift"):
                DriftSettings(mode=mode, alpha=alpha, max_requests=least - 1).require_sound((REFERENCE, CANDIDATE))

            def answer(trial: Trial) -> dict[str, object]:
                own = "" if is_reference(trial) else "y"
                return reply(f"{own}x", logprobs=spread(0 if is_reference(trial) else 2))

            settings = DriftSettings(mode=mode, alpha=alpha, max_requests=least)
            settings.require_sound((REFERENCE, CANDIDATE))
            if mode is not DriftMode.SAMPLED:  # There, draws that all agree leave nothing to be strange among.
                assert drift_outcomes(investigate(answer, settings))["c"].verdict is DriftVerdict.DRIFT


def test_the_least_budget_counts_the_evidence_that_odd_answers_take_part_in() -> None:
    """One of nine candidates differs utterly: 6 questions make bets of 191, of which nine tenths count and 180 are
    needed."""
    least = least_requests(9, 0.05, DriftMode.LOGPROBS, shipped_thresholds())
    candidates = [replace(CANDIDATE, name=name) for name in "cdefghijk"]
    settings = DriftSettings(mode=DriftMode.LOGPROBS, max_requests=least)
    found = investigate(lambda t: reply("x", logprobs=spread(3 * (t.provider.name == "c"))), settings, *candidates)
    assert drift_outcomes(found)["c"].verdict is DriftVerdict.DRIFT


def test_a_cap_of_five_alternatives_is_met_with_fewer() -> None:
    """A provider that refuses 20 is asked for 5, says so, and is compared all the same."""

    def answer(trial: Trial) -> object:
        asked = trial.case.request.get("top_logprobs", 0)
        return 400 if asked > 5 else reply("a", logprobs=spread(0 if is_reference(trial) else 0.4, asked))

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=40)))["c"]  # type: ignore[arg-type]
    assert found.verdict is DriftVerdict.DRIFT
    assert FindingCode.FEWER_LOGPROBS in codes(found)


def test_without_log_probabilities_texts_are_compared() -> None:
    """And that they are missing is said."""
    found = drift_outcomes(
        investigate(lambda t: reply("x" if is_reference(t) else "y"), DriftSettings(max_requests=40))
    )["c"]
    assert (found.mode, found.verdict) == (DriftMode.GREEDY, DriftVerdict.DRIFT)
    assert FindingCode.NO_LOGPROBS in codes(found)


def test_minus_infinity_and_null_are_numbers_too() -> None:
    """Some servers say -9999, some null: neither breaks the comparison, and equal lists stay equal."""
    top = listed(-0.1, -9999, -3.0, -4.0)
    top["content"][0]["top_logprobs"][3]["logprob"] = None
    found = investigate(lambda _: reply("a", logprobs=top), DriftSettings(max_requests=20))
    assert drift_outcomes(found)["c"].effect.value == 0


def test_log_probabilities_that_follow_the_temperature_are_noticed() -> None:
    """They were taken after the sampler; at temperature 1 they can be compared nonetheless."""

    def answer(trial: Trial) -> dict[str, object]:
        return reply("a", logprobs=spread(1.0 if kind(trial) is RequestKind.PROBE_HOT else 0))

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=20)))["c"]
    assert FindingCode.PROCESSED_LOGPROBS in codes(found)


def test_a_steady_slope_is_a_temperature_and_no_quantisation() -> None:
    """MISCONFIGURED, the temperature named; weights are not blamed."""

    def answer(trial: Trial) -> dict[str, object]:
        slope = 1.0 if is_reference(trial) else 1.25
        return reply("a", logprobs=listed(*(slope * (-0.4 - 0.5 * i) for i in range(10))))

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=40)))["c"]
    assert found.verdict is DriftVerdict.MISCONFIGURED
    assert found.cause is not None
    assert found.cause.code is FindingCode.TEMPERATURE
    assert found.cause.temperature == pytest.approx(0.8)
    assert "temperature of 0.80" in drift_words(found)


@pytest.mark.parametrize(
    ("tokens", "words"), [(17, "an injected system prompt"), (-1, "start-of-text token is missing")]
)
def test_a_difference_with_other_prompt_tokens_is_another_template(tokens: int, words: str) -> None:
    """Different answers to prompts that all count otherwise: DRIFT by the prompt, and weights are not accused."""

    def answer(trial: Trial) -> dict[str, object]:
        own = not is_reference(trial)
        return reply("a", logprobs=spread(1.0 * own), tokens=19 + tokens * own)

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=40)))["c"]
    assert found.verdict is DriftVerdict.DRIFT
    assert found.cause is not None
    assert found.cause.tokens == tokens
    assert words in drift_words(found)
    assert "not the weights" in drift_words(found)
    assert found.rung is None


def test_usage_that_counts_otherwise_is_no_difference() -> None:
    """The same distributions prove the same prompt, whatever usage claims."""
    settings = DriftSettings(max_requests=200)
    found = drift_outcomes(
        investigate(lambda t: reply("a", logprobs=spread(0), tokens=9 if is_reference(t) else 13), settings)
    )["c"]
    assert (found.verdict, found.grade) == (DriftVerdict.EQUIVALENT, DriftGrade.INDISTINGUISHABLE)
    assert DriftFinding(code=FindingCode.COUNTED_OTHERWISE, tokens=4) in found.findings


def test_lists_without_a_common_token_cannot_be_compared() -> None:
    """Another spelling of tokens is not drift."""

    def answer(trial: Trial) -> dict[str, object]:
        keys = "abcdefghij" if is_reference(trial) else "klmnopqrst"
        return reply("a", logprobs=listed(*(-0.5 - 0.5 * i for i in range(10)), keys=keys))

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=40)))["c"]
    assert (found.verdict, found.prompts) == (DriftVerdict.INCONCLUSIVE, 0)
    assert FindingCode.NO_COMMON_TOKENS in codes(found)
    assert "cannot be compared" in drift_words(found)


def test_a_noisy_host_is_no_alarm_and_is_not_certified() -> None:
    """Noise of .3 nats on both sides, three times that on one: neither DRIFT nor EQUIVALENT, and the noise is said."""

    def answer(trial: Trial) -> dict[str, object]:
        rng = random.Random(trial.id)
        level = 0.3 if is_reference(trial) else 0.9
        noisy = [-0.6 * i + rng.gauss(0, level) for i in range(20)]
        return reply("a", logprobs=listed(*noisy))

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=120)))["c"]
    assert found.verdict is DriftVerdict.INCONCLUSIVE
    assert (found.details.noise or 0.0) > (found.details.noise_reference or 1.0) > 0.1
    assert (found.details.resolution or 0.0) > found.tau
    assert "would not have been found" in drift_words(found)


def test_a_provider_that_dies_midway_keeps_what_was_measured() -> None:
    """It is given up after five prompts without an answer, and is inconclusive, not drifting."""
    asked = 0

    def answer(trial: Trial) -> object:
        nonlocal asked
        asked += not is_reference(trial)
        return reply("a", logprobs=spread(0)) if is_reference(trial) or asked < 14 else FailureKind.RESET

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=60)))["c"]  # type: ignore[arg-type]
    assert found.verdict is DriftVerdict.INCONCLUSIVE
    assert found.prompts == 6
    assert dict(found.missing) == {"reset": 5}
    assert DriftFinding(code=FindingCode.STOPPED, why="reset") in found.findings


def test_a_reference_that_dies_ends_it_for_all() -> None:
    """Without answers to compare with, no further request is sent."""
    found = investigate(
        lambda t: FailureKind.TIMEOUT_TOTAL if is_reference(t) else reply("a"), DriftSettings(max_requests=60)
    )
    outcome = drift_outcomes(found)["c"]
    assert outcome.verdict is DriftVerdict.INCONCLUSIVE
    assert outcome.effect.value is None
    assert outcome.requests < 12
    silent = drift_outcomes(investigate(lambda _: FailureKind.CONNECT, DriftSettings(max_requests=60)))["c"]
    assert not codes(silent) & {FindingCode.NO_LOGPROBS, FindingCode.FEWER_LOGPROBS, FindingCode.CAPPED_LOGPROBS}


def test_empty_answers_and_refusals_differ_and_are_said() -> None:
    """An empty reply is an answer; so is a refusal."""
    settings = DriftSettings(mode=DriftMode.GREEDY, max_requests=40)
    empty = drift_outcomes(investigate(lambda t: reply("yes" if is_reference(t) else ""), settings))["c"]
    assert empty.verdict is DriftVerdict.DRIFT
    assert FindingCode.EMPTY in codes(empty)
    refused = drift_outcomes(
        investigate(lambda t: reply("yes") if is_reference(t) else reply("", refusal="I cannot"), settings)
    )["c"]
    assert FindingCode.REFUSED in codes(refused)


def test_a_noisy_reference_is_no_alarm() -> None:
    """Both sides answer at random, one text in three: inconclusive or equivalent, never drift."""

    def answer(trial: Trial) -> dict[str, object]:
        return reply("abc"[int(trial.id, 16) % 3])

    found = drift_outcomes(investigate(answer, DriftSettings(mode=DriftMode.GREEDY, max_requests=120)))["c"]
    assert found.verdict is not DriftVerdict.DRIFT


def test_many_candidates_share_the_reference_and_one_alpha() -> None:
    """The reference is asked twice a prompt, however many are compared, and twice of each that it is scouted with; only
    the one that differs is rejected."""
    others = tuple(Provider(f"n{i}", f"http://127.0.0.1:{i + 3}/v1", "m") for i in range(4))

    def answer(trial: Trial) -> dict[str, object]:
        return reply("a", logprobs=spread(1.0 if trial.provider.name == "c" else 0))

    found = drift_outcomes(investigate(answer, DriftSettings(max_requests=30), CANDIDATE, *others))
    assert [name for name, one in found.items() if one.verdict is DriftVerdict.DRIFT] == ["c"]
    assert found["c"].e_value >= 5 / 0.05
    assert found["c"].reference_requests <= 2 * 30 + 2 + 2 * GIVE_UP_AFTER


def test_unrelated_seeds_are_no_drift() -> None:
    """Sampled text: a provider with another generator differs always, and is not accused for that."""

    def answer(trial: Trial) -> dict[str, object]:
        own = "" if is_reference(trial) else "other"
        return reply(digest([trial.case.id, own])[:5])

    settings = DriftSettings(mode=DriftMode.SAMPLED, max_requests=80)
    found = drift_outcomes(investigate(answer, settings))["c"]
    assert found.verdict is DriftVerdict.INCONCLUSIVE
    assert codes(found) >= {FindingCode.SEEDS_DIFFER, FindingCode.DRAWS_RARELY_REPEAT}
