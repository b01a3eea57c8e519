"""Whether a tool is called where the reference calls one: precision, recall, and their harmonic mean."""

from __future__ import annotations

from trueweight.metrics.triggers import trigger_metric

_SOURCE = "van Rijsbergen, Information Retrieval, 1979, chapter 7; against a reference as in the K2 Vendor Verifier"

trigger_metric(
    "tool_call_f1",
    "Tool-call F1",
    "f1",
    "Harmonic mean of tool-call precision and recall: whether a tool is called at all where the reference calls one.",
    source=_SOURCE,
    place=120,
    compared=True,
    column=True,
)
trigger_metric(
    "tool_call_precision",
    "Tool-call precision",
    "precision",
    "Of the replies with a tool call, the share of those where the reference called a tool too.",
    source=_SOURCE,
    place=121,
)
trigger_metric(
    "tool_call_recall",
    "Tool-call recall",
    "recall",
    "Of the trials where the reference called a tool, the share of those where this provider called one too.",
    source=_SOURCE,
    place=122,
)
