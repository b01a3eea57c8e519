"""The calibrated numbers with their source, frozen before the held-out test. Read from ``thresholds.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a difference, and the tolerance for another stack with the same model.

    Attributes:
        logprob_scale: nats at which a first token's distribution counts half as different.
        noise_factor: the scale is at least this many times the median distance of the reference from itself.
        agreement_scale: characters of common prefix at which two sampled texts have agreement ½.
        tau_logprobs, tau_greedy, tau_near_tie, tau_sampled, tau_steady: tolerated mean excess, per mode and bank.
        tau_gross: tolerated mean of gross differences at temperature 0.
        tau_lean, tau_strange: tolerated mean lean and strangeness of sampled text.
        provenance: what they were calibrated on.
    """

    logprob_scale: float
    noise_factor: float
    agreement_scale: float
    tau_logprobs: float
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
