"""The metrics a reader meets: their names, what each means, and which stand as columns of the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple


class Metric(NamedTuple):
    """How one metric of ``summary.json`` is presented.

    Attributes:
        label: head of its column.
        meaning: its definition in one sentence, for the last part of the report.
        column: whether it stands in the answer's table.
        log: whether its axis is logarithmic.
        floor: whether the noise floor and the paired difference belong in its column.
        beside: a second metric that is written in its ``word``, and marked with a tick, in the same cell.
    """

    id: str
    label: str
    meaning: str
    column: bool = False
    log: bool = False
    floor: bool = False
    beside: str = ""
    word: str = ""


METRICS: Final = (
    Metric(
        "schema_accuracy",
        "Schema accuracy",
        "Of the replies that finished with tool_calls, how many carry only valid calls: a declared name and arguments "
        "that are one JSON object, valid under the tool's schema. Beside it, where it differs: of the cases that must "
        "bring a call, how many bring a valid one.",
        column=True,
        beside="schema_accuracy_unconditional",
        word="{} of due",
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
    Metric(
        "drift",
        "Drift",
        "How far the candidate's answers are from the reference's, beyond how far the reference's are from its own: "
        "the mean excess distance over prompts. 0 is none, 1 is all there can be.",
        column=True,
    ),
    Metric(
        "ttft",
        "TTFT, ms",
        "Time from sending to the first token of a stream; the median.",
        column=True,
        log=True,
        beside="ttft_p95",
        word="p95 {}",
    ),
    Metric(
        "output_speed",
        "Tokens/s",
        "Completion tokens by the provider's own count, per second between the first and the last token; the median.",
        column=True,
        log=True,
    ),
    Metric(
        "success_rate",
        "Success",
        "Of all trials planned and started, how many brought a whole HTTP success in the end, retries included.",
        column=True,
        beside="first_attempt_success_rate",
        word="{} at once",
    ),
    Metric(
        "cost_per_1000",
        "USD / 1,000",
        "Cost of 1,000 requests at the declared prices, all attempts.",
        column=True,
        log=True,
    ),
    Metric("must_pass_rate", "MUST laws held", "Of the cases with MUST laws, how many hold all of them."),
    Metric("first_attempt_success_rate", "First-attempt success", "The same as success, without retries."),
    Metric("ttft_p90", "TTFT p90, ms", "Time to the first token; the 90th percentile."),
    Metric("ttft_p95", "TTFT p95, ms", "The same; the 95th percentile."),
    Metric("ttft_p99", "TTFT p99, ms", "The same; the 99th percentile, where there are 100 requests or more."),
    Metric("ttft_warm", "TTFT, warm, ms", "Median time to the first token on connections that stood already."),
    Metric("ttft_cold", "TTFT, cold, ms", "The same on new connections."),
    Metric(
        "ttfe", "First event, ms", "Median time to the first event, be it empty. Far below TTFT: an early empty chunk."
    ),
    Metric("ttfo", "First output, ms", "Median time to the first content or tool call, reasoning left out."),
    Metric("e2e", "Whole reply, ms", "Median time from sending to the last token, or to the end of a plain reply."),
    Metric("e2e_p95", "Whole reply p95, ms", "The same; the 95th percentile."),
    Metric("e2e_p99", "Whole reply p99, ms", "The same; the 99th percentile, where there are 100 requests or more."),
    Metric("response_time", "Response, ms", "As the whole reply, from the scheduled start: queueing shows."),
    Metric("response_time_p95", "Response p95, ms", "The same; the 95th percentile."),
    Metric("tpot", "Time per token, ms", "Median time per output token after the first, by the server's token count."),
    Metric(
        "cost_per_1000_valid_calls",
        "USD / 1,000 valid calls",
        "Cost of all trials for each 1,000 replies whose calls are valid.",
    ),
    Metric(
        "k2vv_trigger_f1",
        "K2VV trigger F1",
        "Tool-call F1 as the K2 Vendor Verifier counts it: by finish_reason alone.",
    ),
    Metric(
        "schema_accuracy_of_calls",
        "Schema accuracy of calls",
        "The same over replies with calls, whatever finish_reason says.",
    ),
    Metric(
        "flaky_rate", "Flaky cases", "Of the cases asked more than once, how many neither surely pass nor surely fail."
    ),
)

BY_ID: Final = {metric.id: metric for metric in METRICS}


def of_id(name: str) -> Metric:
    """The metric of that name; one that nobody described yet is shown under its own name."""
    return BY_ID.get(name) or Metric(name, name.replace("_", " "), "")


def in_order(names: Iterable[str]) -> list[str]:
    """Metrics in the order of this file, those that nobody described yet at the end."""
    places = {metric.id: place for place, metric in enumerate(METRICS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


_COUNTS: Final = {
    "trials": "trials planned",
    "recorded": "trials on record",
    "cases_answered": "cases answered",
    "cases_answered_with_tools": "cases with tools answered",
    "arrived": "answers that arrived",
    "attempts": "attempts",
    "retries": "retries",
    "client_limited": "CLIENT-LIMITED",
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "completion tokens",
    "usage_missing": "answers without usage",
    "count_finish_reason_tool_calls": "finish_reason tool_calls",
    "count_successful_tool_call": "of these, all calls valid",
    "schema_validation_error_count": "of these, a call invalid",
    "count_finish_reason_stop": "finish_reason stop",
    "count_finish_others": "finish_reason, another",
    "count_finish_absent": "finish_reason absent",
    "calls_under_stop": "calls under stop",
    "calls_under_other_finish": "calls under another finish_reason",
    "calls_not_judged": "calls of a tool without a sound schema",
    "tool_calls_finish_without_calls": "tool_calls without a call",
}


def counts_in_order(names: Iterable[str]) -> list[str]:
    """Counts in the order of this file, the others behind them."""
    places = {name: place for place, name in enumerate(_COUNTS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def count_name(name: str) -> str:
    """What a count of ``summary.json`` counts."""
    return _COUNTS.get(name) or name.replace("_", " ")
