"""Whether a tool is called exactly when the case says so."""

from __future__ import annotations

from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric


@share_metric(
    "trigger_accuracy",
    "Trigger accuracy",
    "Replies that call a tool exactly when the case says so ÷ replies to cases that say whether a call is required. "
    "Needs no reference.",
    source="Own definition, from the expectation that a case states (check tool-call-expected).",
    place=130,
    compared=True,
)
def trigger_accuracy(sample: Sample) -> Share:
    table = sample.own
    says = table.expects >= 0
    nothing = "no case says whether a call is required"
    return Share(says, says & table.arrived, table.called == (table.expects == 1), "", nothing)
