"""How good a provider's answers are for the user's own workload."""

from __future__ import annotations

from trueweight.metrics.registry import Metric, register

register(
    Metric(
        id="workload",
        title="Your workload",
        unit="proportion",
        definition="The mean score of the answers to the cases of a workload by the graders of its tasks: against the "
        "golden answers, where a person wrote any; else against the answers that the log recorded, which are not the "
        "truth, over the tasks whose grader decides.",
        source="Own definition: trueweight.workload.",
        method="Mean over cases, paired by case with the baseline. Interval: exact limits over cases, or a BCa "
        "bootstrap where ten or more cases are not right.",
        higher_is_better=True,
        place=-100,
        column=True,
    )
)
