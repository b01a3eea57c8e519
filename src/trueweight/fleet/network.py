"""The fleet's model: one small seeded network whose logits are real numbers, at three precisions.

A prompt becomes two decayed sums of token embeddings (a fast one for the last dozen tokens, a slow one for the last
few hundred); those and the last two embeddings go through one hidden layer to a logit per token. It knows no language,
but it has what a verifier of endpoints needs: a distribution for every prompt, sensitive to all of it, which moves
slightly when the weights are rounded.

The same everywhere: weights are made from the raw output of a PCG64 generator by exact arithmetic, sums run in float64,
and logits are rounded to a millionth. The order in which a BLAS adds moves them by some 1e-15, so two machines disagree
on a rounded logit about once in a billion.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trueweight.fleet import tokenizer

MODEL = "trueweight-tiny"
"""The name of the one model that every provider of the fleet claims to serve."""

Precision = Literal["fp32", "int8", "int4"]
Array = NDArray[np.float64]

WIDTH = 32
HIDDEN = 32
NEVER = -9999.0
"""The logit of tokens that are never written: control tokens, and bytes that alone are not text."""

_SEED = 20240229
_FAST, _SLOW, _HORIZON = 0.8, 0.99, 1024
_END_START, _END_SLOPE = -4.0, 0.25
_REPEAT = 4.0
_CONTEXT_GAIN, _HABIT_GAIN, _HABITS = 4.0, 13.0, 2


class Context:
    """The state after the tokens so far. ``written`` counts the tokens of the answer."""

    __slots__ = ("fast", "last", "previous", "slow", "written")

    def __init__(self, fast: Array, slow: Array, last: int, previous: int, written: int = 0) -> None:
        self.fast = fast
        self.slow = slow
        self.last = last
        self.previous = previous
        self.written = written

    def copy(self) -> Context:
        """An independent copy, to try a continuation."""
        return Context(self.fast, self.slow, self.last, self.previous, self.written)


class Network:
    """The network at one precision. Stateless after it is made; get it from :func:`network`."""

    def __init__(self, precision: Precision) -> None:
        draw = np.random.Generator(np.random.PCG64(_SEED))
        self._embedding = _uniform(draw, tokenizer.SIZE, WIDTH)
        self._inner = _uniform(draw, HIDDEN, 4 * WIDTH) * (1.5 / np.sqrt(4 * WIDTH))
        outer = _uniform(draw, tokenizer.SIZE, HIDDEN) * (_CONTEXT_GAIN / np.sqrt(HIDDEN))
        self._outer = np.hstack((outer, _successors(draw, self._embedding)))
        self._bias = _bias(draw)
        if precision != "fp32":
            bits = 8 if precision == "int8" else 4
            self._embedding = quantise(self._embedding, bits)
            self._inner = quantise(self._inner, bits)
            self._outer = quantise(self._outer, bits)

    def start(self, tokens: Sequence[int]) -> Context:
        """The context after a prompt."""
        recent = self._embedding[np.asarray(tokens[-_HORIZON:], dtype=np.intp)]
        ages = np.arange(len(recent) - 1, -1, -1)
        fast, slow = _FAST**ages @ recent, _SLOW**ages @ recent
        previous = tokens[-2] if len(tokens) > 1 else tokenizer.START
        return Context(fast, slow, tokens[-1] if tokens else tokenizer.START, previous)

    def advance(self, context: Context, token: int) -> None:
        """Append a token of the answer."""
        row = self._embedding[token]
        context.fast = context.fast * _FAST + row
        context.slow = context.slow * _SLOW + row
        context.previous, context.last = context.last, token
        context.written += 1

    def logits(self, context: Context) -> Array:
        """A real number for every token of the vocabulary. An answer's end grows likelier as it gets longer."""
        x = np.concatenate(
            (
                context.fast * np.sqrt(1 - _FAST**2),
                context.slow * np.sqrt(1 - _SLOW**2),
                self._embedding[context.last],
                self._embedding[context.previous],
            )
        )
        hidden = np.concatenate((np.tanh(self._inner @ x), self._embedding[context.last]))
        out: Array = np.round(self._outer @ hidden + self._bias, 6)
        out[context.last] -= _REPEAT
        out[tokenizer.END] += _END_START + _END_SLOPE * context.written
        return out


def quantise(weights: Array, bits: int, group: int = 32) -> Array:
    """Weights rounded to ``bits`` bits: a shared scale for every ``group`` neighbours, and back to floats.

    Raises:
        ValueError: if the number of weights is no multiple of the group.
    """
    if weights.size % group:
        raise ValueError(f"{weights.size} weights do not make groups of {group}")
    grouped = weights.reshape(-1, group)
    levels = 2 ** (bits - 1) - 1
    scale = np.abs(grouped).max(axis=1, keepdims=True) / levels
    scale[scale == 0] = 1.0
    rounded: Array = (np.round(grouped / scale) * scale).reshape(weights.shape)
    return rounded


@cache
def network(precision: Precision = "fp32") -> Network:
    """The one network of that precision in this process."""
    return Network(precision)


def log_softmax(logits: Array) -> Array:
    """Natural logarithms of the probabilities."""
    shifted = logits - logits.max()
    result: Array = shifted - np.log(np.exp(shifted).sum())
    return result


def _uniform(draw: Any, rows: int, columns: int) -> Array:
    """Uniform on [-√3, √3): variance 1, and no transcendental function that libraries could round differently."""
    out: Array = (draw.random((rows, columns)) * 2 - 1) * 1.7320508075688772
    return out


def _successors(draw: Any, embedding: Array) -> Array:
    """Habits: each token calls for a few words after it.

    Without them every word would compete with every other, the gap between the two likeliest would be a tiny part of
    the logits' spread, and 4 bits would flip a fifth of all choices. A trained network is surer of itself than that.
    """
    words = np.asarray(tokenizer.word_tokens())
    out = np.zeros_like(embedding)
    for token in range(tokenizer.SIZE):
        for choice in (draw.random(_HABITS) * len(words)).astype(np.intp):
            out[words[choice]] += embedding[token]
    scaled: Array = out * (_HABIT_GAIN / embedding.shape[1])
    return scaled


def _bias(draw: Any) -> Array:
    """How common each token is before any context: words most, single letters rarely, unprintable bytes never."""
    bias: Array = draw.random(tokenizer.SIZE) * 2.0 - 6.0
    for token in range(tokenizer.SIZE):
        raw = tokenizer.token_bytes(token)
        if (len(raw) == 1 and not (0x20 <= raw[0] < 0x7F)) or (not raw and token != tokenizer.END):
            bias[token] = NEVER
    for token in tokenizer.word_tokens():
        if tokenizer.token_bytes(token).isascii():
            bias[token] += 6.0
    bias[tokenizer.END] = 0.0
    return bias
