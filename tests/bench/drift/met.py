"""Model Equality Testing (Gao, Liang, Guestrin 2024) for comparison: MMD with a Hamming kernel over characters.

The statistic is the one of the PyPI package ``model-equality-testing`` (``mmd_hamming``: kernel 0 between prompts,
normalised to 1 on the diagonal, unbiased); ``check_met.py`` compares the two number by number. The package permutes
labels over all prompts; ``within`` permutes them inside each prompt, which is valid too and sharper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PERMUTATIONS = 400


def gram(texts: Sequence[str], prompts: npt.NDArray[np.int64]) -> Floats:
    """The kernel between all texts, the texts of different prompts having nothing in common."""
    length = max(1, *map(len, texts))
    codes = np.full((len(texts), length), -1, dtype=np.int64)
    for row, text in zip(codes, texts, strict=True):
        row[: len(text)] = [ord(letter) for letter in text]
    alike = (codes[:, None, :] == codes[None, :, :]).mean(axis=2)
    return np.where(prompts[:, None] == prompts[None, :], alike, 0.0)


def statistics(kernel: Floats, same: npt.NDArray[np.bool_], ours: npt.NDArray[np.bool_]) -> Floats:
    """MMD² for each row of ``ours`` (labelings × texts): True marks the first sample."""
    off = kernel - np.diag(np.diag(kernel))
    pairs = same.astype(float) - np.eye(len(kernel))
    x, y = ours.astype(float), 1.0 - ours
    with np.errstate(invalid="ignore", divide="ignore"):
        within_x = ((x @ off) * x).sum(1) / ((x @ pairs) * x).sum(1)
        within_y = ((y @ off) * y).sum(1) / ((y @ pairs) * y).sum(1)
        across = ((x @ off) * y).sum(1) / ((x @ pairs) * y).sum(1)
    return np.asarray(within_x - 2 * across + within_y)


def p_values(
    texts: Sequence[str], prompts: npt.NDArray[np.int64], first: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[float, float]:
    """P-values with labels permuted over all prompts (as published) and inside each prompt."""
    kernel, same = gram(texts, prompts), prompts[:, None] == prompts[None, :]
    observed = statistics(kernel, same, first[None, :])[0]
    anywhere = np.array([rng.permutation(first) for _ in range(PERMUTATIONS)])
    inside = np.tile(first, (PERMUTATIONS, 1))
    for prompt in np.unique(prompts):
        where = np.flatnonzero(prompts == prompt)
        inside[:, where] = rng.permuted(inside[:, where], axis=1)
    return tuple(_share(statistics(kernel, same, labels), observed) for labels in (anywhere, inside))  # type: ignore[return-value]


def _share(null: Floats, observed: float) -> float:
    null = null[~np.isnan(null)]
    return float((1 + (null >= observed - 1e-12).sum()) / (1 + len(null)))
