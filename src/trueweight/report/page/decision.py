"""The page of the decision: what to do, the checklist, and the plan. One offline file without a script."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from trueweight.core.summary import Summary
from trueweight.report.template import asset, content_policy, environment
from trueweight.report.words.decision import decision_text
from trueweight.report.words.move_plan import checklist, plan_lines


def decision_page(summary: Summary, answers: Mapping[str, str]) -> str:
    """HTML of the decision; "" if the summary has none.

    Args:
        answers: what the team answered, by key of `trueweight.report.words.move_plan.QUESTIONS`.
    """
    text = decision_text(summary)
    if text is None or summary.workload is None:
        return ""
    style = asset("page", "page.css")
    env = environment("page", limit=2_000, lines=True)
    return env.get_template("decision_page.html.j2").render(
        policy=content_policy(style),
        style=Markup(style),  # noqa: S704 - our own file
        decision=text,
        workload=summary.workload,
        run=summary.run,
        items=checklist(summary, answers),
        plan=tuple(plan_lines(summary)),
    )
