"""Whether structured output is what its schema says."""

from __future__ import annotations

from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric


@share_metric(
    "structured_output_accuracy",
    "Replies whose whole content is one JSON document, valid under the schema that was asked for ÷ replies to cases "
    "that asked for one; cut off, refused, fenced or wrapped in prose is not valid.",
)
def structured_output_accuracy(sample: Sample) -> Share:
    table = sample.own
    counted = table.arrived & (table.structured != "")
    nothing = "no case asks for structured output"
    return Share(
        table.asked_structured,
        counted,
        table.structured == "valid",
        "nothing to classify: refused, or a tool called instead",
        nothing,
    )
