"""Whether structured output is what its schema says."""

from __future__ import annotations

from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric


@share_metric(
    "structured_output_accuracy",
    "Structured output",
    "Of the replies to cases that request structured output, the share whose whole content is one JSON document, valid "
    "under the requested schema. Truncated, refused, fenced, or wrapped in prose is not valid.",
    source="https://platform.openai.com/docs/guides/structured-outputs",
    place=200,
    compared=True,
    column=True,
)
def structured_output_accuracy(sample: Sample) -> Share:
    table = sample.own
    counted = table.arrived & (table.structured != "")
    return Share(
        table.asked_structured,
        counted,
        table.structured == "valid",
        "nothing to classify: refused, or a tool called instead",
        "no case requests structured output",
    )
