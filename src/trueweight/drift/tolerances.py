"""Tolerances from a user's own honest hosts: how far hosts of one model are from one another, in nats.

All hosts answer the same questions, so each pair of them has products as candidate and reference have. A host is left
out if it is further from each of the others than any two of those are from one another (needs three others).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from trueweight.core import ConfigError
from trueweight.core.regular_file import read_regular
from trueweight.drift.by_logprobs import LogprobTest
from trueweight.drift.places import AnswerPair, compare
from trueweight.drift.systematic import LEAST_PRODUCTS, SystematicDifference, SystematicTest
from trueweight.drift.thresholds import Thresholds

FORMAT: Final = "trueweight.drift-tolerances/3"
LEAST_WITHOUT_ONE: Final = 3

Answers = Mapping[str, tuple[AnswerPair, AnswerPair]]
"""Question → the reference's and a candidate's answers to both variants."""


@dataclass(frozen=True, slots=True)
class PairOfHosts:
    """The systematic difference of two hosts, in nats, and its upper 95% limit."""

    hosts: tuple[str, str]
    nats: float
    most: float


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The result of a calibration.

    Attributes:
        tolerance: nats; the largest upper limit among the pairs of hosts that were not left out.
        left_out: hosts that are further from all others than those are from one another.
    """

    model: str
    tolerance: float
    pairs: tuple[PairOfHosts, ...]
    left_out: tuple[str, ...]

    def applied(self, thresholds: Thresholds) -> Thresholds:
        """The thresholds with this tolerance."""
        where = f"tolerance from {len(self.pairs)} pairs of the user's own hosts of {self.model}"
        return replace(thresholds, tolerance=self.tolerance, provenance=where)

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        pairs = [{"hosts": list(p.hosts), "nats": p.nats, "most": p.most} for p in self.pairs]
        return {
            "format": FORMAT,
            "model": self.model,
            "tolerance": self.tolerance,
            "pairs": pairs,
            "left_out": list(self.left_out),
        }


def tolerances_of(reference: str, model: str, candidates: Mapping[str, LogprobTest]) -> Tolerances:
    """The tolerance that these hosts, reference included, have among each other.

    Raises:
        ConfigError: ``drift-calibration`` with fewer than two hosts that answered six common questions.
    """
    found = {(reference, name): one.difference for name, one in candidates.items()}
    for left, right in itertools.combinations(candidates, 2):
        thresholds = candidates[left].thresholds
        found[left, right] = _between(candidates[left].answers, candidates[right].answers, thresholds)
    known = {hosts: _pair(hosts, one) for hosts, one in found.items() if not math.isinf(one.high)}
    if not known:
        raise ConfigError(
            f"no two hosts answered {LEAST_PRODUCTS} common questions with log-probabilities",
            code="drift-calibration",
            hint="Tolerances need log-probabilities of at least two hosts of the same model.",
        )
    left_out = _strange(list(known.values()))
    kept = [one for one in known.values() if not set(one.hosts) & set(left_out)]
    return Tolerances(model, float(f"{max(one.most for one in kept):.6g}"), tuple(known.values()), left_out)


def load_tolerances(path: Path) -> Tolerances:
    """Read a file that `drift calibrate` wrote.

    Raises:
        ConfigError: ``drift-tolerances``.
    """
    try:
        value = json.loads(read_regular(path))
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r} instead of {FORMAT!r}")
        pairs = tuple(
            PairOfHosts((str(p["hosts"][0]), str(p["hosts"][1])), float(p["nats"]), float(p["most"]))
            for p in value["pairs"]
        )
        tolerance = float(value["tolerance"])
        if not 0.0 < tolerance < 5.0:
            raise ValueError(f"a tolerance of {tolerance:g} nats")
        return Tolerances(str(value["model"]), tolerance, pairs, tuple(map(str, value["left_out"])))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ConfigError(
            f"not a file of tolerances: {error}",
            code="drift-tolerances",
            where=str(path),
            hint="Valid: the file that `trueweight drift calibrate --tolerances` writes.",
        ) from None


def _between(left: Answers, right: Answers, thresholds: Thresholds) -> SystematicDifference:
    """Two candidates compared with each other by their answers to the questions that both were asked."""
    test = SystematicTest(thresholds)
    for question in sorted(left.keys() & right.keys()):
        one, two = (
            AnswerPair(mine.candidate, theirs.candidate)
            for mine, theirs in zip(left[question], right[question], strict=True)
        )
        if (found := compare(one, two)) is not None:
            test.update(found.value, found.size)
    return test.difference()


def _pair(hosts: tuple[str, str], found: SystematicDifference) -> PairOfHosts:
    return PairOfHosts(hosts, float(f"{found.nats:.6g}"), float(f"{found.high:.6g}"))


def _strange(pairs: Sequence[PairOfHosts]) -> tuple[str, ...]:
    """Hosts that are further from each other host than any two of the others are from one another."""
    names = sorted({name for one in pairs for name in one.hosts})
    found = []
    for name in names:
        own = [one.nats for one in pairs if name in one.hosts]
        others = [one.most for one in pairs if name not in one.hosts]
        if len(names) > LEAST_WITHOUT_ONE and others and own and min(own) > max(others):
            found.append(name)
    return tuple(found)
