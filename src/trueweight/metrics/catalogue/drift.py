"""How far a provider's output distribution is from the reference's."""

from __future__ import annotations

from trueweight.metrics.registry import Metric, register

register(
    Metric(
        id="drift",
        title="Drift",
        unit="difference",
        definition="How far the output distribution is from the reference's, beyond how far the reference's is from "
        "itself: the mean excess distance over prompts. 0 is none, 1 is the largest possible.",
        source="Own definition: trueweight.drift, which sends separate requests.",
        method="Mean over prompts of the distance from the reference less the reference's distance from itself, with a "
        "confidence sequence; the test is an e-process, valid at every stopping time.",
        higher_is_better=False,
        place=300,
        column=True,
    )
)
