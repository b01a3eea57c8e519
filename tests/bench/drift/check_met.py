"""Our MMD statistic against the published package's on random texts, where ``model-equality-testing`` is installed.

``python tests/bench/drift/check_met.py``; prints the largest difference over 50 draws.
"""

# ruff: noqa: T201
from __future__ import annotations

import numpy as np
import torch
from met import gram, statistics
from model_equality_testing.distribution import CompletionSample
from model_equality_testing.tests import IMPLEMENTED_TESTS


def main() -> None:
    """Draw, compute both, compare."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(50):
        prompts = np.repeat(np.arange(4), 6)
        texts = ["".join(rng.choice(list("ab"), 5)) for _ in prompts]
        first = np.tile([True, True, True, False, False, False], 4)
        ours = statistics(gram(texts, prompts), prompts[:, None] == prompts[None, :], first[None, :])[0]
        sides = []
        for side in (first, ~first):
            codes = torch.tensor(
                [[ord(letter) for letter in text] for text, yes in zip(texts, side, strict=True) if yes]
            )
            sides.append(CompletionSample(prompts=torch.tensor(prompts[side]), completions=codes, m=4))
        worst = max(worst, abs(ours - IMPLEMENTED_TESTS["mmd_hamming"](*sides)))
    print(f"largest difference over 50 draws: {worst:.2e}")


if __name__ == "__main__":
    main()
