"""How far a provider's output distribution is from the reference's."""

from __future__ import annotations

from trueweight.metrics.registry import Metric, register

register(
    Metric(
        id="drift",
        title="Drift",
        unit="nats",
        definition="How far the output distribution is from the reference's systematically: the root of the mean "
        "product of the log-probability differences in two variants of a question, which share no noise, at the first "
        "places that the answers have in common; no question counts for more than five times that mean. Without "
        "log-probabilities: the mean excess of texts that differ, from 0 to 1.",
        source="Own definition: trueweight.drift, which sends separate requests.",
        method="Mean over questions with a confidence sequence; the test is an e-process against the tolerance that "
        "honest engines need, valid at every stopping time.",
        higher_is_better=False,
        place=300,
        column=True,
    )
)
