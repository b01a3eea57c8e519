"""Whether tool calls are valid: of the calls that were made, and of the calls that were required."""

from __future__ import annotations

import numpy as np

from trueweight.core import Finish
from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, either, share_metric
from trueweight.metrics.table import Table
from trueweight.statistics import Array

_NOTHING = "no case offers tools"
_UNJUDGED = "the tool's own schema cannot be judged by"
_K2VV = "https://github.com/MoonshotAI/K2-Vendor-Verifier"


def _unjudged(table: Table) -> Array:
    """Replies whose calls are neither valid nor invalid, because a tool's schema is not a valid schema."""
    return np.asarray(table.called & (table.calls_valid == -1))


@share_metric(
    "schema_accuracy",
    "Schema accuracy",
    "Of the replies that finished with tool calls, the share whose calls are all valid: a declared name, and arguments "
    "that are one JSON object, valid under the tool's schema.",
    source=_K2VV,
    place=110,
    compared=True,
)
def schema_accuracy(sample: Sample) -> Share:
    table = sample.own
    finished = table.arrived & (table.finish == Finish.CALLS)
    why = either(finished, _UNJUDGED, "did not finish with tool calls")
    return Share(table.asked_tools, finished & ~_unjudged(table), table.calls_valid == 1, why, _NOTHING)


@share_metric(
    "schema_accuracy_unconditional",
    "Valid of required calls",
    "Of the trials in which the case, or else the reference, requires a tool call, the share with valid calls. A "
    "provider that stops calling cannot raise it.",
    source="Own definition: the K2 Vendor Verifier's schema accuracy without its condition that the reply calls.",
    place=109,
    compared=True,
    column=True,
    beside="schema_accuracy",
    beside_words="{} if called",
)
def schema_accuracy_unconditional(sample: Sample) -> Share:
    table = sample.own
    required = (table.expects == 1) | ((table.expects == -1) & (sample.reference_called == 1))
    unknown = (table.expects == -1) & (sample.reference_called == -1)
    why = either(unknown, "not known whether a call is required", _UNJUDGED)
    asked = table.asked_tools & (required | unknown)
    counted = required & table.arrived & ~_unjudged(table)
    return Share(asked, counted, table.calls_valid == 1, why, "no case requires a call")


@share_metric(
    "schema_accuracy_of_calls",
    "Schema accuracy of calls",
    "Of the replies that carry a tool call, whatever their finish reason, the share whose calls are all valid.",
    source=f"Own definition: {_K2VV} without its condition on the finish reason.",
    place=112,
)
def schema_accuracy_of_calls(sample: Sample) -> Share:
    table = sample.own
    counted = table.arrived & table.called & ~_unjudged(table)
    why = either(table.called, _UNJUDGED, "made no call")
    return Share(table.asked_tools, counted, table.calls_valid == 1, why, _NOTHING)
