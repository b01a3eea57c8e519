"""A recorded ladder: the distances of known files from the reference, to place an unknown one among them.

A rung has a *depth*, which unlike the score does not saturate: the logarithm of the distance in nats
(log-probabilities), or whether the text differs (greedy and sampled). Prompts that candidate and rung both answered
are compared pairwise, since a prompt's own sensitivity is most of the spread.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import msgspec
from scipy import special

from trueweight.core import ConfigError, DriftMode, Estimate
from trueweight.core.regular_file import read_regular
from trueweight.drift.candidate import CandidateTest
from trueweight.statistics.resample import CONFIDENCE

FORMAT = "trueweight.drift-ladder/1"
LEAST_SHARED = 4
_FLOOR = 1e-4


def depth(mode: DriftMode, distance: float) -> float:
    """A distance on a scale that separates coarse rungs: decades of nats, or the distance itself for texts."""
    return math.log10(max(min(distance, 100.0), _FLOOR)) if mode is DriftMode.LOGPROBS else distance


@dataclass(frozen=True, slots=True)
class Rung:
    """One known file in one mode.

    Attributes:
        effect: as a candidate's.
        depths: prompt → depth.
    """

    name: str
    mode: DriftMode
    effect: Estimate
    depths: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Its depth."""
        return fmean(self.depths.values())


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs, finest first.

    Attributes:
        seed: of the prompts' leads; only under the same one are prompts the same words.
        model: the model id of the reference, for display.
    """

    seed: int
    model: str
    rungs: tuple[Rung, ...]

    def of(self, mode: DriftMode | None) -> tuple[Rung, ...]:
        """The rungs that were recorded in this mode."""
        return tuple(rung for rung in self.rungs if rung.mode is mode)

    def as_json(self) -> dict[str, Any]:
        """For the file, and for the manifest of a run that uses it."""
        rungs = [
            {"rung": r.name, "mode": r.mode.value, "effect": r.effect.as_json(), "depths": dict(r.depths)}
            for r in self.rungs
        ]
        return {"format": FORMAT, "seed": self.seed, "model": self.model, "rungs": rungs}

    @classmethod
    def from_json(cls, value: Any, *, where: str = "") -> Ladder:
        """What `as_json` made.

        Raises:
            ConfigError: ``drift-ladder`` for anything else.
        """
        try:
            if value["format"] != FORMAT:
                raise ValueError(f"format {value['format']!r} instead of {FORMAT!r}")
            rungs = tuple(
                Rung(
                    str(entry["rung"]),
                    DriftMode(entry["mode"]),
                    msgspec.convert(entry["effect"], Estimate),
                    {str(prompt): float(value) for prompt, value in entry["depths"].items()},
                )
                for entry in value["rungs"]
            )
            return cls(int(value["seed"]), str(value["model"]), rungs)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"not a recorded ladder: {error}",
                code="drift-ladder",
                where=where,
                hint="Valid: the file that `trueweight drift calibrate` writes.",
            ) from None


def load_ladder(path: Path) -> Ladder:
    """Read a ladder's file.

    Raises:
        ConfigError: ``drift-ladder``.
    """
    try:
        value = json.loads(read_regular(path))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot read it: {error}",
            code="drift-ladder",
            where=str(path),
            hint="Valid: the file that `trueweight drift calibrate` writes.",
        ) from None
    return Ladder.from_json(value, where=str(path))


def depths_of(candidate: CandidateTest) -> dict[str, float]:
    """Prompt → depth, to six digits: the same on every machine."""
    return {
        one.prompt: float(f"{depth(candidate.mode, one.distance):.6g}")
        for one in candidate.scored
        if math.isfinite(one.distance)
    }


def place(scored: Mapping[str, float], rungs: Sequence[Rung], *, paired: bool) -> tuple[str | None, tuple[str, ...]]:
    """The nearest rung, and all that the candidate's depth is consistent with (each by a 95% t interval).

    Approximate if the test stopped at its verdict: stopping early favours extreme values.
    """
    if not scored or not rungs:
        return None, ()
    gaps = {rung.name: _gap(scored, rung.depths, paired=paired) for rung in rungs}
    nearest = min(gaps, key=lambda name: abs(gaps[name][0]))
    return nearest, tuple(name for name, (gap, margin) in gaps.items() if name == nearest or abs(gap) <= margin)


def _gap(own: Mapping[str, float], known: Mapping[str, float], *, paired: bool) -> tuple[float, float]:
    """Difference in mean depth, and half the width of its interval."""
    shared = sorted(own.keys() & known.keys()) if paired else []
    if len(shared) >= LEAST_SHARED:
        # One artificial pair on either side, so that prompts which agree by chance do not give a zero width.
        differences = [own[prompt] - known[prompt] for prompt in shared]
        spread = stdev([*differences, 0.5, -0.5])
        margin = special.stdtrit(len(differences) - 1, (1 + CONFIDENCE) / 2) * spread / math.sqrt(len(differences))
        return fmean(differences), float(margin)
    a, b = list(own.values()), list(known.values())
    variance = stdev([*a, fmean(a) + 0.5, fmean(a) - 0.5]) ** 2 / len(a)
    variance += stdev([*b, fmean(b) + 0.5, fmean(b) - 0.5]) ** 2 / len(b)
    margin = special.stdtrit(max(1, min(len(a), len(b)) - 1), (1 + CONFIDENCE) / 2) * math.sqrt(variance)
    return fmean(a) - fmean(b), float(margin)


def ladder_of(
    candidates: Mapping[str, CandidateTest], effects: Mapping[str, Estimate], seed: int, model: str
) -> Ladder:
    """A ladder of candidates whose files are known; those that could not be compared are left out."""
    rungs = [
        Rung(name, candidate.mode, effects[name], depths)
        for name, candidate in candidates.items()
        if (depths := depths_of(candidate))
    ]
    return Ladder(seed, model, tuple(sorted(rungs, key=lambda rung: (rung.mode.value, rung.mean))))
