"""The bench plays the product's bets: all runs at once, and the same wealth to the last digit."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from trueweight.core import DriftMode
from trueweight.drift import shipped_thresholds
from trueweight.drift.betting import EProcess
from trueweight.drift.evidence import DriftEvidence
from trueweight.drift.scoring import DriftScore

sys.path.insert(0, str(Path(__file__).parent.parent / "bench" / "drift"))

from bets import paths
from cells import Scores
from met import p_values
from panel import products, read_panel, squares
from prove_texts import Proof
from questions import compared, is_common, order_of
from resample import clopper_pearson, ends, log_wealth
from samples import of_split, read_kept
from variants import HONEST

from trueweight.drift.facts import Facts, Token
from trueweight.drift.places import AnswerPair, compare
from trueweight.drift.product import Pair, gap, product
from trueweight.drift.prompts import Split, prompt_bank, steady_bank
from trueweight.drift.scouting import LEAST_PLACES, common_places
from trueweight.drift.systematic import SystematicTest


@pytest.mark.parametrize("below", [False, True])
def test_the_bench_and_the_product_bet_alike(below: bool) -> None:
    """Or its power and false alarms would be somebody else's."""
    scores = np.random.default_rng(1).choice([-0.5, 0.0, 0.2, 1.0], (3, 30))
    paths = log_wealth(scores, 0.04, below=below)
    for row, path in zip(scores, paths, strict=True):
        wealth = EProcess(below=below)
        for score, expected in zip(row, path, strict=True):
            wealth.update(float(score), 0.04)
            assert wealth.log == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("mode", [DriftMode.GREEDY, DriftMode.SAMPLED])
def test_the_bench_and_the_product_weigh_their_parts_alike(mode: DriftMode) -> None:
    """All streams of a mode, with prompts on which nothing is bet: the same evidence after each prompt."""
    rng = np.random.default_rng(2)
    thresholds, streams = shipped_thresholds(), ("gross",) if mode is DriftMode.GREEDY else ("lean", "strange")
    drawn = {name: rng.choice([-0.25, 0.0, 0.5, 1.0], (1, 20)) for name in ("excess", *streams)}
    if mode is DriftMode.SAMPLED:
        drawn["strange"][0, ::3] = np.nan
    path, _ = Scores(tau=np.full((1, 20), 0.07), thresholds=thresholds, **drawn).paths()
    evidence = DriftEvidence(mode, thresholds)
    for place, expected in enumerate(path[0]):
        parts = {name: float(values[0, place]) for name, values in drawn.items()}
        told = {name: None if math.isnan(value) else value for name, value in parts.items()}
        evidence.update(DriftScore(distance=0.0, floor=0.0, **told), 0.07)  # type: ignore[arg-type]
        assert math.log(evidence.value) == pytest.approx(expected, abs=1e-9)


def test_the_bench_and_the_product_multiply_differences_alike() -> None:
    """On lists of which some tokens are missing on one side."""
    rng = np.random.default_rng(4)
    four = np.log(rng.dirichlet(np.ones(12), (4, 10)))
    four[rng.random(four.shape) < 0.2] = np.nan
    found = products(*four)
    for place in range(10):
        tops = [[Token(b"%d" % i, float(v)) for i, v in enumerate(side[place]) if not np.isnan(v)] for side in four]
        one = product(Pair(tops[0], tops[1]), Pair(tops[2], tops[3]))
        expected = (one.value, one.first**2, one.second**2) if one else (np.nan,) * 3
        assert [part[place] for part in found] == pytest.approx(expected, nan_ok=True)


def test_the_bench_and_the_product_measure_a_difference_alike() -> None:
    """Also where a token is all but impossible on one side: its difference counts as five nats."""
    rng = np.random.default_rng(5)
    two = np.log(rng.dirichlet(np.ones(12), (2, 10)))
    two[rng.random(two.shape) < 0.2] = np.nan
    two[1, :, 0] -= 9.0
    for size, *sides in zip(squares(*two), *two, strict=True):
        tops = [[Token(b"%d" % i, float(v)) for i, v in enumerate(side) if not np.isnan(v)] for side in sides]
        assert math.sqrt(size) == pytest.approx(gap(Pair(*tops)))


@pytest.mark.parametrize("noise", [0.0, 0.0002, 0.004, 0.05])
@pytest.mark.parametrize("size", [0.0001, 0.003])
def test_the_bench_and_the_product_test_products_alike(noise: float, size: float) -> None:
    """The same e-values and the same certificate after each question, quiet or noisy, below the tolerance or above."""
    rng = np.random.default_rng(5)
    x = size + rng.normal(0, noise + 1e-4, (2, 40))
    sizes = np.abs(x) + noise
    found = paths(x, sizes, shipped_thresholds())
    for run in range(2):
        test = SystematicTest(shipped_thresholds())
        for place in range(40):
            test.update(float(x[run, place]), float(sizes[run, place]))
            assert math.log(test.e_drift) == pytest.approx(found.drift[run, place], abs=1e-9)
            assert math.log(test.e_same) == pytest.approx(found.same[run, place], abs=1e-9)
            certified = found.within[run, place] and found.same[run, place] >= math.log(20)
            assert test.is_below_tolerance(0.05) == certified
        # The scale of the bench's estimate is that before the last product.
        assert run or test.difference().nats == pytest.approx(found.nats, rel=0.1)


def test_the_kept_panel_has_disjoint_splits_and_several_engines() -> None:
    """At least 99 test questions in two variants of two engines, and none of them among the tuning ones."""
    tuning, test = (read_panel(split) for split in (Split.TUNING, Split.TEST))
    assert not set(tuning.questions) & set(test.questions)
    assert len(test.questions) >= 99
    assert {"llama-f16", "vllm-bf16", "llama-q8_0", "llama-q4_0"} <= test.answers.keys()


def test_no_run_decides_before_it_may() -> None:
    """The product looks from the fourth prompt on, so the bench does."""
    assert ends(np.full((1, 9), 50.0), None, 0.05).drift[0] == 4


def test_tuning_and_test_prompts_are_disjoint_and_enough() -> None:
    """At least 500 for testing; families in several languages and kinds; every text once, and never the same lead."""
    bank = (*prompt_bank(), *steady_bank())
    assert not of_split(Split.TUNING) & of_split(Split.TEST)
    assert sum(prompt.split is Split.TEST for prompt in bank) >= 500
    assert len({prompt.language for prompt in bank}) >= 8
    assert {"code", "json", "dialogue"} <= {prompt.kind for prompt in bank}
    assert sum(prompt.split is Split.TEST for prompt in steady_bank()) >= 500
    assert len({prompt.messages[0]["content"].split(".")[0] for prompt in bank}) == len(bank)
    assert len({prompt.id for prompt in bank}) == len({str(prompt.messages) for prompt in bank}) == len(bank)


def test_another_seed_asks_other_words() -> None:
    """So that no prefix cache has seen them."""
    assert not {p.text for p in prompt_bank(1)} & {p.text for p in prompt_bank(2)}


def test_the_kept_recording_can_be_read() -> None:
    """The reference thrice and quantised rungs, with distributions and texts."""
    kept = read_kept()
    first = kept["f16", "greedy", 1]
    assert len(first) >= 100
    assert all(facts.top and facts.margins for facts in first.values())
    assert kept["q8_0", "greedy", 0].keys() & first.keys()


def test_the_proof_tells_a_wrong_setup_from_an_honest_stack() -> None:
    """Of the recorded providers: another system prompt and another template are named, honest stacks are not."""
    found = {row["provider"]: row["misconfigured"] for row in Proof(read_kept(), 2).misconfigured()}
    assert found["system-prompt"]
    assert found["wrong-template"]
    honest = [found[name] for name in HONEST if name in found]
    assert honest == [""] * len(honest) != []


def test_mmd_tells_different_texts_and_not_the_same() -> None:
    """Both permutations, on four prompts with six answers each."""
    rng = np.random.default_rng(0)
    prompts, first = np.repeat(np.arange(4), 12), np.tile([True] * 6 + [False] * 6, 4)
    same = ["".join(rng.choice(list("ab"), 6)) for _ in prompts]
    other = [text if mine else text.replace("a", "c") for text, mine in zip(same, first, strict=True)]
    assert max(p_values(other, prompts, first, rng)) < 0.05
    assert min(p_values(same, prompts, first, rng)) > 0.01


def test_exact_limits_of_none_and_all() -> None:
    """0 of n and n of n have honest one-sided limits."""
    assert clopper_pearson(0, 1000) == pytest.approx((0, 0.00368), abs=1e-4)
    assert clopper_pearson(1000, 1000)[1] == 1


def test_the_published_proof_is_of_the_shipped_thresholds() -> None:
    """A change of the thresholds requires the proof again: ``python tests/bench/drift/prove.py``."""
    proof = json.loads((Path(__file__).parents[2] / "reports" / "drift" / "proof.json").read_text("utf-8"))
    assert proof["thresholds"] == asdict(shipped_thresholds())


def answers(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many similar answers to 200 questions, five places of six tokens, and what was chosen: the likeliest token."""
    base = rng.normal(0, 2, (200, 5, 6)) + 9 * (rng.random((200, 5, 1)) < 0.3) * (np.arange(6) == 2)
    raw = base + rng.normal(0, 0.4, (count, 200, 5, 6))
    logprobs = raw - np.log(np.exp(raw).sum(-1, keepdims=True))
    chosen = logprobs.argmax(-1)
    logprobs[rng.random(logprobs.shape) < 0.1] = np.nan  # A list need not have all of them, not even the chosen one.
    for side, question in zip(rng.integers(0, count, 60), rng.integers(0, 200, 60), strict=True):
        length = rng.integers(1, 5)
        logprobs[side, question, length:], chosen[side, question, length:] = np.nan, -1
    return logprobs, chosen


def facts_of(logprobs: np.ndarray, chosen: np.ndarray) -> Facts:
    """One of these answers as the program has it."""
    places = [
        tuple(
            sorted((Token(b"%d" % i, float(x)) for i, x in enumerate(one) if not np.isnan(x)), key=lambda t: -t.logprob)
        )
        for one, token in zip(logprobs, chosen, strict=True)
        if token >= 0
    ]
    return Facts("x", places[0], later=tuple(places[1:]), chosen=tuple(b"%d" % i for i in chosen[: len(places)]))


def test_the_bench_and_the_product_compare_places_alike() -> None:
    """Answers that part, end, are sure, or lack the chosen token in their list: the same product of each question."""
    logprobs, chosen = answers(np.random.default_rng(6), 4)
    found = compared(list(logprobs), list(chosen))
    counts = set()
    for question in range(200):
        four = [facts_of(logprobs[side, question], chosen[side, question]) for side in range(4)]
        one = compare(AnswerPair(*four[:2]), AnswerPair(*four[2:]))
        if one is None:
            assert np.isnan(found.value[question])
            continue
        counts.add(one.places)
        assert found.value[question] == pytest.approx(one.value)
        assert found.size[question] == pytest.approx(one.size)
        assert found.places[question] == one.places
    assert len(counts) >= 4


def test_the_bench_and_the_product_ask_in_the_same_order() -> None:
    """The same questions are common; they come first, once a run has scouted them."""
    logprobs, chosen = answers(np.random.default_rng(7), 2)
    # The program's list has the chosen token wherever the host shows its likeliest ones.
    chosen = np.where(chosen < 0, -1, np.nan_to_num(logprobs, nan=-99.0).argmax(-1))
    found = is_common(*logprobs)
    for question in range(200):
        two = [facts_of(logprobs[side, question], chosen[side, question]) for side in range(2)]
        assert found[question] == (common_places(*two) >= LEAST_PLACES)
    assert 10 < found.sum() < 190
    order = order_of(found, np.random.default_rng(8), 120)
    assert sorted(order) == list(range(200))
    assert found[order[:20]].sum() >= 17  # A round for which too few are ready has others.
    assert found[order].cumsum()[60] > found[np.sort(order)].cumsum()[60]
