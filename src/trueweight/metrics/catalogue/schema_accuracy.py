"""Whether tool calls are valid: of the calls that were made, and of the calls that were due."""

from __future__ import annotations

import numpy as np

from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric
from trueweight.metrics.table import Table
from trueweight.statistics.array import Array

_NOTHING = "no case offers tools"
_UNJUDGED = "the tool's own schema cannot be judged by"


def _unjudged(table: Table) -> Array:
    """Replies whose calls are neither valid nor invalid, because a tool's schema is itself no schema."""
    return np.asarray(table.called & (table.calls_valid == -1))


@share_metric(
    "schema_accuracy",
    "Replies whose tool calls are all valid (declared name, one JSON object, valid under the tool's schema) ÷ replies "
    "that finished with tool_calls: the definition of the K2 Vendor Verifier.",
)
def schema_accuracy(sample: Sample) -> Share:
    table = sample.own
    finished = table.arrived & (table.finish == "tool_calls")
    why = np.where(finished, _UNJUDGED, "did not finish with tool_calls")
    return Share(table.asked_tools, finished & ~_unjudged(table), table.calls_valid == 1, why, _NOTHING)


@share_metric(
    "schema_accuracy_of_calls",
    "Replies whose tool calls are all valid ÷ replies that carry a tool call, whatever their finish reason says.",
)
def schema_accuracy_of_calls(sample: Sample) -> Share:
    table = sample.own
    counted = table.arrived & table.called & ~_unjudged(table)
    why = np.where(table.called, _UNJUDGED, "made no call")
    return Share(table.asked_tools, counted, table.calls_valid == 1, why, _NOTHING)


@share_metric(
    "schema_accuracy_unconditional",
    "Replies with valid tool calls ÷ replies to trials in which the case, or else the reference, says that a call is "
    "due: a provider that stops calling cannot raise it.",
)
def schema_accuracy_unconditional(sample: Sample) -> Share:
    table = sample.own
    due = (table.expects == 1) | ((table.expects == -1) & (sample.told == 1))
    unknown = (table.expects == -1) & (sample.told == -1)
    why = np.where(unknown, "not known whether a call is due", _UNJUDGED)
    asked = table.asked_tools & (due | unknown)
    counted = due & table.arrived & ~_unjudged(table)
    return Share(asked, counted, table.calls_valid == 1, why, "no case says that a call is due")
