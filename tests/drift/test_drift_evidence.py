"""Several e-processes as one: still fair when averaged, and each finds what the others cannot see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from answers import investigate, is_reference, reply

from trueweight.core import DriftMode, DriftVerdict, Trial, digest
from trueweight.drift import DriftSettings, drift_outcomes, shipped_thresholds
from trueweight.drift.evidence import DriftEvidence
from trueweight.drift.facts import Facts
from trueweight.drift.gross import score_gross
from trueweight.drift.prompts import Split, prompts
from trueweight.drift.scoring import score_greedy, score_sampled
from trueweight.drift.script import write_script
from trueweight.drift.typical import DRAWS
from trueweight.report.words import drift_words

EXACT = replace(
    shipped_thresholds(), tau_greedy=0.0, tau_gross=0.0, tau_sampled=0.0, tau_steady=0.0, tau_lean=0.0, tau_strange=0.0
)
"""No tolerance at all: then exchangeable answers are the null itself, with nothing to spare."""


@pytest.mark.parametrize("mode", [DriftMode.GREEDY, pytest.param(DriftMode.SAMPLED, marks=pytest.mark.slow)])
def test_false_alarms_of_the_average_stay_below_alpha_at_any_time(mode: DriftMode) -> None:
    """300 candidates that are the reference, with unrelated seeds where they are sampled; 60 prompts, 60 looks."""
    rng = np.random.default_rng(8)
    runs, alarms = 300, 0
    for _ in range(runs):
        evidence = DriftEvidence(mode, EXACT)
        peak = 0.0
        for likely in rng.random(60):
            drawn = np.where(rng.random(DRAWS + 3) < likely, 0, rng.integers(1, 6, DRAWS + 3))
            a, b, c, *others = (Facts(f"{value} and on") for value in drawn)
            score = score_greedy(a, b, c)._replace(gross=score_gross(a, b, c, None))
            evidence.update(score if mode is DriftMode.GREEDY else score_sampled(a, b, c, others, 1.0), 0.0)
            peak = max(peak, evidence.value)
        alarms += peak >= 20
    assert alarms / runs <= 0.05


def test_a_share_of_gross_answers_is_found_by_their_own_e_process() -> None:
    """One prompt in four departs: a mean of 0.25 says little beside a tolerance of 0.3, and much beside 0.12."""
    with_gross, without = (DriftEvidence(mode, shipped_thresholds()) for mode in (DriftMode.GREEDY, DriftMode.LOGPROBS))
    a, other = Facts("It rains."), Facts("Of course")
    for number in range(240):
        c = other if number % 4 == 0 else a
        score = score_greedy(a, a, c)._replace(gross=score_gross(a, a, c, None))
        with_gross.update(score, 0.3)
        without.update(score, 0.3)
    assert with_gross.value >= 20 > without.value


def test_a_coarse_provider_is_found_whatever_its_seeds_give() -> None:
    """It draws with a generator of its own, and misses the settled answer on half of the prompts."""
    settings = DriftSettings(mode=DriftMode.SAMPLED, max_requests=60)
    found = drift_outcomes(investigate(lambda t: _drawn(t, 0.9 if is_reference(t) else 0.5), settings))["c"]
    assert found.verdict is DriftVerdict.DRIFT
    assert found.requests <= 40
    assert (found.details.typical or 1.0) < (found.details.typical_floor or 0.0)
    assert "draws under other seeds (of the reference's draws: " in drift_words(found)


def test_another_generator_alone_is_no_drift_on_steady_prompts_either() -> None:
    """The same distribution under seeds that mean something else."""
    settings = DriftSettings(mode=DriftMode.SAMPLED, max_requests=80)
    found = drift_outcomes(investigate(lambda t: _drawn(t, 0.9), settings))["c"]
    assert found.verdict is DriftVerdict.INCONCLUSIVE
    assert found.e_value < 20


def _drawn(trial: Trial, likely: float) -> dict[str, object]:
    """By the case, whose seed is its own, and by who draws."""
    luck = int(digest([trial.case.id, is_reference(trial)]), 16) % 10_000
    return reply("Keller, Paul" if luck < likely * 10_000 else f"{luck} or so")


def test_sampled_prompts_take_turns_and_the_reference_alone_draws_more() -> None:
    """Steady prompts first, then by turns; a candidate has one request a prompt, the reference two and its draws."""
    settings = DriftSettings(mode=DriftMode.SAMPLED, max_requests=80)
    script = write_script(settings)
    steady = {prompt.id for prompt in prompts(Split.TEST, steady=True)}
    assert [prompt in steady for prompt in script.prompts[:66]] == [True] * 60 + [False, True] * 3
    found = drift_outcomes(investigate(lambda t: reply("same"), settings))["c"]
    assert found.reference_requests == found.prompts * (2 + DRAWS)
    assert found.requests == found.prompts
