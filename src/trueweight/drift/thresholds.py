"""The calibrated numbers with their source, frozen before the held-out test. Read from ``thresholds.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a difference, and the tolerance for another engine with the same model.

    Attributes:
        tolerance: the systematic difference in nats that honest engines may have (see `systematic`).
        indistinguishable: the one that different builds and number formats of one engine have, in nats.
        another_model: nats from which a difference is larger than that of any rung of the ladder.
        bias: share of the squared noise that is tolerated besides, as lists are cut.
        noise_factor: products are cut off at least at this many times the lower quartile of past ones (taken positive).
        agreement_scale: characters of common prefix at which two sampled texts have agreement ½.
        tau_greedy, tau_near_tie, tau_sampled, tau_steady: tolerated mean excess of texts, per mode and bank.
        tau_gross: tolerated mean of gross differences at temperature 0.
        tau_lean, tau_strange: tolerated mean lean and strangeness of sampled text.
        provenance: what they were calibrated on.
    """

    tolerance: float
    indistinguishable: float
    another_model: float
    bias: float
    noise_factor: float
    agreement_scale: float
    tau_greedy: float
    tau_near_tie: float
    tau_gross: float
    tau_sampled: float
    tau_steady: float
    tau_lean: float
    tau_strange: float
    provenance: str = ""


@cache
def shipped_thresholds() -> Thresholds:
    """The calibrated ones that come with the package."""
    value = json.loads(files(__package__).joinpath("thresholds.json").read_text(encoding="utf-8"))
    return msgspec.convert(value["thresholds"], Thresholds)
