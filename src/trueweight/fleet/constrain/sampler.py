"""Choices by the network: its logits after the prompt and all choices so far."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from trueweight.fleet import tokenizer
from trueweight.fleet.decode import chosen
from trueweight.fleet.network import Context, Network

_WORDS = np.asarray(
    [token for token in tokenizer.word_tokens() if tokenizer.token_bytes(token).isascii()],
    dtype=np.intp,
)
_REPEAT_PENALTY = 30.0
"""Logits that a word loses once it was used, so that names and titles do not repeat words."""


class Sampler:
    """Makes choices one after the other; each choice becomes context for the next."""

    def __init__(self, network: Network, context: Context, temperature: float, rng: random.Random) -> None:
        self._network = network
        self._context = context
        self._temperature = temperature
        self._rng = rng
        self._used: list[int] = []

    def hotter(self, by: float) -> Sampler:
        """A copy at a higher temperature, for another attempt after a rejected one."""
        other = Sampler(self._network, self._context.copy(), self._temperature + by, self._rng)
        other._used = list(self._used)
        return other

    def pick(self, options: Sequence[str]) -> int:
        """Index of one of the options."""
        if len(options) == 1:
            return 0
        at = chosen(self._network, self._context, options, self._temperature, self._rng)
        for token in tokenizer.encode(options[at])[:4] or [tokenizer.END]:
            self._network.advance(self._context, token)
        return at

    def word(self) -> str:
        """One plain word, without spaces; it differs from earlier words while there are others."""
        logits = self._network.logits(self._context)[_WORDS]
        logits[self._used] -= _REPEAT_PENALTY
        if self._temperature > 0:
            logits = logits - self._temperature * np.log(-np.log([self._rng.random() or 0.5 for _ in logits]))
        at = int(logits.argmax())
        self._used.append(at)
        token = int(_WORDS[at])
        self._network.advance(self._context, token)
        return tokenizer.token_bytes(token).decode().strip()

    def below(self, size: int) -> int:
        """An integer in [0, size), by digits, so that any size costs little."""
        value, span = 0, 1
        while span < size:
            value, span = value * 10 + self.pick("0123456789"), span * 10
        return value * size // span
