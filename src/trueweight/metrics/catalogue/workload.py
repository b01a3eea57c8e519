"""How good a provider's answers are for the user's own workload."""

from __future__ import annotations

from trueweight.metrics.registry import Metric, register

register(
    Metric(
        id="workload",
        title="Your workload",
        unit="proportion",
        definition="The mean score of the answers to the cases of a workload by the graders of its tasks, as the rule "
        "that decides counts it. By golden answers: against the golden answer of a case if a person wrote one, else "
        "against the answer that the log recorded, in tasks whose grader decides. By recorded answers: the same, and "
        "what the golden answer shows to be no worse than the recorded answer is no loss. Of texts that an LLM judge "
        "compares: the share that it finds as good as the recorded answer, or better.",
        source="Own definition: trueweight.workload.",
        method="Mean over cases, paired by case with the baseline. Interval: exact limits over cases, or a BCa "
        "bootstrap where ten or more cases are not right.",
        higher_is_better=True,
        place=-100,
        column=True,
    )
)
