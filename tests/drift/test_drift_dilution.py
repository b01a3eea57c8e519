"""Odd answers: another model behind some requests is found, noise with heavy tails on both sides is not accused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from answers import CANDIDATE, REFERENCE, Answer, investigate, is_reference, reply, spread

from trueweight.core import Drift, DriftFindingCode, DriftMode, DriftVerdict, Trial, digest
from trueweight.drift import DriftSettings, Investigation, drift_outcomes, write_script
from trueweight.drift.by_logprobs import LogprobTest
from trueweight.drift.dilution import Dilution, far_limit
from trueweight.drift.investigate import BLOCK, REPEAT_EVERY
from trueweight.drift.largest import largest
from trueweight.report.words import drift_words


def diluted(*, both: bool) -> Answer:
    """One answer in seven of the candidate, or of either side, is another model's; sent again, it is drawn anew."""

    def answer(trial: Trial) -> dict[str, object]:
        luck = int(digest([trial.case.id, trial.repeat, trial.provider.name]), 16) % 7
        odd = luck == 0 and (both or not is_reference(trial))
        return reply("a", logprobs=spread(1.5 if odd else 0))

    return answer


def outcome(*, both: bool) -> Drift:
    """The candidate's result after at most 300 requests."""
    return drift_outcomes(investigate(diluted(both=both), DriftSettings(max_requests=300)))["c"]


def test_another_model_behind_one_answer_in_seven_is_drift() -> None:
    """And the sentence names how many answers are far."""
    found = outcome(both=False)
    assert found.verdict is DriftVerdict.DRIFT
    assert found.requests <= 300
    assert DriftFindingCode.FAR_ANSWERS in {finding.code for finding in found.findings}
    assert "are far from the reference's" in drift_words(found)


def test_a_request_that_was_sent_twice_already_is_not_sent_again() -> None:
    """The first question of some rounds is repeated to measure noise, whether or not its answer is far."""
    answer, sent = diluted(both=True), list[str]()

    def noted(trial: Trial) -> object:
        sent.append(trial.id)
        return answer(trial)

    found = drift_outcomes(investigate(noted, DriftSettings(max_requests=200)))["c"]  # type: ignore[arg-type]
    assert len(sent) == len(set(sent)) == found.requests + found.reference_requests


def test_no_provider_gets_more_requests_than_the_forecast_says() -> None:
    """Each of five candidates has its own far answers, which are sent again to the reference as well."""
    settings = DriftSettings(mode=DriftMode.LOGPROBS, max_requests=120, stop=False)
    found = investigate(diluted(both=False), settings, *(replace(CANDIDATE, name=name) for name in "cdefg"))
    most = Counter(trial.provider.name for trial in largest(found))
    assert all(spent.requests <= most[name] for name, spent in found.spent.items())
    assert found.spent["ref"].requests > settings.max_requests


def test_candidates_of_all_kinds_together_stay_below_the_forecast() -> None:
    """By log-probabilities, 20 or 5 alternatives, and by texts: the reference gets each kind of request; texts beyond
    those that are screened have a request of their own that shows its margins."""
    settings = DriftSettings(max_requests=40, screen=10, stop=False)
    odd, alternatives = diluted(both=False), {"c": 20, "d": 20, "e": 5, "f": 5, "g": 0}

    def answer(trial: Trial) -> object:
        allowed = alternatives.get(trial.provider.name, 20)
        return 400 if trial.case.request.get("top_logprobs", 0) > allowed else odd(trial)

    candidates = [replace(CANDIDATE, name=name) for name in alternatives]
    found = investigate(answer, settings, *candidates)  # type: ignore[arg-type]
    most = Counter(trial.provider.name for trial in largest(found))
    assert all(spent.requests <= most[name] for name, spent in found.spent.items())
    assert found.spent["ref"].requests > 4.5 * settings.max_requests


def test_what_an_api_cannot_express_is_not_forecast() -> None:
    """Messages has no log-probabilities: no request for them is sent, and none has a ceiling of tokens."""
    settings = DriftSettings(max_requests=20)
    apis = tuple(replace(one, api=("messages",)) for one in (REFERENCE, CANDIDATE))
    found = Investigation(write_script(settings), apis, settings)
    assert {trial.case.id.split("~")[1] for trial in largest(found)} == {"greedy"}


def test_noise_is_measured_by_requests_that_were_chosen_before_their_answers() -> None:
    """A request is sent again because its answer is far: its two answers differ more than those of most requests. The
    noise on the page is that of the first question of every second round, far or not."""
    answer, repeated = diluted(both=False), set[str]()

    def noted(trial: Trial) -> dict[str, object]:
        if trial.repeat and not is_reference(trial):
            repeated.add(trial.id)
        return answer(trial)

    found = investigate(noted, DriftSettings(max_requests=290, stop=False))
    c = found.candidates["c"]
    assert isinstance(c, LogprobTest)
    rounds = -(-len(c.scored) // BLOCK)
    assert len(c.own_gaps) == len(c.reference_gaps) == (rounds - 1) // REPEAT_EVERY
    assert len(repeated) > len(c.own_gaps)


def test_odd_answers_of_both_sides_are_neither_drift_nor_equivalent() -> None:
    """The same share on either side: who moves when sent again is a coin toss."""
    assert outcome(both=True).verdict is DriftVerdict.INCONCLUSIVE


def test_odd_answers_of_both_sides_reach_twenty_in_few_runs() -> None:
    """One answer in ten of either side, 300 answers, 300 runs, a look after each."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(300):
        test, moved = Dilution(), rng.random((300, 2)) < 0.1
        for reference, candidate in moved:
            test.update(
                far=bool(reference or candidate), reference_moved=bool(reference), candidate_moved=bool(candidate)
            )
            if test.value >= 20:
                alarms += 1
                break
    assert alarms / 300 <= 0.05


@pytest.mark.parametrize(("gaps", "limit"), [([0.01] * 5, None), ([0.01] * 6, 0.25), ([0.3] * 6, 1.8)])
def test_an_answer_is_far_relative_to_the_others(gaps: list[float], limit: float | None) -> None:
    """Six differences must be known; 0.25 nats at least; six times the median where all are noisy."""
    assert far_limit(gaps) == (None if limit is None else pytest.approx(limit))


def test_few_far_answers_are_certified_and_a_tenth_is_not() -> None:
    """None in 48, one in 81; of a share of 9% in at most 5% of 300 runs, a look after each of 300."""

    def certified(far: np.ndarray) -> np.ndarray:
        found, test = [], Dilution()
        for one in far:
            test.update(far=bool(one), reference_moved=False, candidate_moved=False)
            found.append(test.e_rare >= 20)
        return np.array(found)

    none = certified(np.zeros(100))
    assert none.argmax() + 1 == 48
    assert certified(np.arange(100) == 5).argmax() + 1 == 81
    rng = np.random.default_rng(2)
    assert np.mean([certified(rng.random(300) < 0.09).any() for _ in range(300)]) <= 0.05
