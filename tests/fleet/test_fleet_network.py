"""Tokenizer and network: round trips, rounding, agreement between precisions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.fleet import tokenizer
from trueweight.fleet.network import Precision, log_softmax, network, quantise

PROMPTS = ["What is the weather today?", "def f(x):", "Warum ist der Himmel blau?", "写一首诗", "List three cities."]
PINNED = [11.103329, 11.361881, -8.600042]


def positions(precision: Precision) -> list[tuple[int, int]]:
    """Top token of fp32 and of another precision at each step of fp32's own greedy texts."""
    ours, theirs = network("fp32"), network(precision)
    out = []
    for prompt in [f"{prompt} {n}" for prompt in PROMPTS for n in range(4)]:
        left, right = (net.start([tokenizer.START, *tokenizer.encode(prompt)]) for net in (ours, theirs))
        for _ in range(80):
            top = int(ours.logits(left).argmax())
            out.append((top, int(theirs.logits(right).argmax())))
            if top == tokenizer.END:
                break
            ours.advance(left, top)
            theirs.advance(right, top)
    return out


@given(st.text(alphabet=st.characters()))
def test_any_text_survives(text: str) -> None:
    """``decode(encode(s)) == s``, surrogates included, and no text makes a control token."""
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert all(tokenizer.token_bytes(token) for token in tokens)


@pytest.mark.parametrize(("precision", "low", "high"), [("int4", 0.70, 0.97), ("int8", 0.95, 0.9999)])
def test_rounding_moves_some_choices(precision: Precision, low: float, high: float) -> None:
    """Rounded weights agree with the full ones on most top tokens, and not on all."""
    pairs = positions(precision)
    assert low <= np.mean([left == right for left, right in pairs]) <= high


def test_the_network_is_the_same_everywhere() -> None:
    """The weights are what they were when this test was written: a change would void every recorded ladder."""
    net = network("fp32")
    context = net.start([tokenizer.START, *tokenizer.encode("same on every machine")])
    assert net.logits(context)[[300, 600, 900]].tolist() == pytest.approx(PINNED, abs=2e-6)


@settings(max_examples=50)
@given(st.lists(st.floats(-10, 10), min_size=64, max_size=64), st.sampled_from([4, 8]))
def test_quantise_bounds_its_error(values: list[float], bits: int) -> None:
    """No weight moves by more than half a step of its group, and a group has at most 2^bits - 1 levels."""
    weights = np.array(values)
    rounded = quantise(weights, bits)
    for group in range(2):
        part = slice(32 * group, 32 * group + 32)
        step = np.abs(weights[part]).max() / (2 ** (bits - 1) - 1)
        assert np.abs(rounded[part] - weights[part]).max() <= step / 2 + 1e-9
        assert len(set(rounded[part])) <= 2**bits - 1


def test_logits_make_a_distribution() -> None:
    """The softmax sums to 1 and never gives a control token or half a character a chance."""
    net = network("fp32")
    probabilities = np.exp(log_softmax(net.logits(net.start([tokenizer.START]))))
    assert probabilities.sum() == pytest.approx(1.0)
    assert probabilities[tokenizer.CALL] == 0
