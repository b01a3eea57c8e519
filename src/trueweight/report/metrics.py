"""The metrics a reader meets: their names, what each means, and which stand as columns of the answer."""

from __future__ import annotations

from typing import Final, NamedTuple


class Metric(NamedTuple):
    """How one metric of ``summary.json`` is presented.

    Attributes:
        label: head of its column.
        meaning: its definition in one sentence, for the last part of the report.
        column: whether it stands in the answer's table.
        log: whether its axis is logarithmic.
        floor: whether the noise floor and the paired difference belong in its column.
    """

    id: str
    label: str
    meaning: str
    column: bool = False
    log: bool = False
    floor: bool = False


METRICS: Final = (
    Metric(
        "schema_accuracy",
        "Schema accuracy",
        "Of the replies that finished with tool_calls, how many carry only valid calls: a declared name and arguments "
        "that are one JSON object, valid under the tool's schema.",
        column=True,
    ),
    Metric(
        "schema_accuracy_unconditional",
        "Schema accuracy, unconditional",
        "Of the cases that must bring a call, how many bring a valid one. Calling less cannot raise it.",
    ),
    Metric(
        "tool_call_f1",
        "Tool-call F1",
        "Harmonic mean of precision and recall of calling a tool at all, against the reference, paired by case. The "
        "band is the reference against itself.",
        column=True,
        floor=True,
    ),
    Metric(
        "tool_call_precision", "Tool-call precision", "Of the replies that call, how many the reference calls in too."
    ),
    Metric(
        "tool_call_recall", "Tool-call recall", "Of the cases where the reference calls, how many this one calls in."
    ),
    Metric(
        "trigger_accuracy",
        "Trigger accuracy",
        "Of the cases that say whether a tool must be called, how many are obeyed. Needs no reference.",
    ),
    Metric(
        "structured_output_accuracy",
        "Structured output",
        "Of the cases that ask for structured output, how many replies are one JSON document, valid under the schema.",
        column=True,
    ),
    Metric("must_pass_rate", "MUST laws held", "Of the cases with MUST laws, how many hold all of them."),
    Metric(
        "drift",
        "Drift",
        "How far the output distribution is from the reference's, beyond the noise floor.",
        column=True,
    ),
    Metric(
        "success_rate",
        "Success",
        "Of all trials planned and started, how many brought a whole HTTP success in the end, retries included.",
        column=True,
    ),
    Metric("first_attempt_success_rate", "First-attempt success", "The same, without retries."),
    Metric("ttft", "TTFT, ms", "Time from sending to the first token of a stream; the median.", column=True, log=True),
    Metric("ttft_p95", "TTFT p95, ms", "The same; the 95th percentile."),
    Metric("e2e", "End to end, ms", "Time from the scheduled start to the last token; the median."),
    Metric(
        "output_speed",
        "Tokens/s",
        "Completion tokens by the provider's own count, per second between the first and the last token; the median.",
        column=True,
        log=True,
    ),
    Metric(
        "cost_per_1000",
        "USD / 1,000",
        "Cost of 1,000 requests at the declared prices, all attempts.",
        column=True,
        log=True,
    ),
)

BY_ID: Final = {metric.id: metric for metric in METRICS}


def of_id(name: str) -> Metric:
    """The metric of that name; one that nobody described yet is shown under its own name."""
    return BY_ID.get(name) or Metric(name, name.replace("_", " "), "")
