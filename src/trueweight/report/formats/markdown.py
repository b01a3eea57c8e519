"""Markdown for a GitHub step summary or a pull-request comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trueweight.core import Estimate
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.metrics import all_metrics, in_order
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.numbers import NONE, counted, points, span, write
from trueweight.report.text import fenced, inline
from trueweight.report.words import (
    Recommended,
    cut_in_thought,
    failure_words,
    ranked,
    recommendation_lines,
    run_limits,
    run_notes,
    summary_sentence,
    thinking_name,
)
from trueweight.report.words.decision import decision_text

_FINDINGS: Final = 5


def _cell(provider: ProviderSummary, metric: str) -> str:
    return _written(provider.metrics.get(metric))


def _written(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return NONE
    interval = span(estimate)
    return write(estimate.value, estimate.unit) + (f" <sub>{interval}</sub>" if interval else "")


def _difference(provider: ProviderSummary, metric: str) -> str:
    difference = provider.versus_reference.get(metric)
    if difference is None or difference.value is None:
        return ""
    interval = span(difference)
    return f" ({points(difference.value)}{f' <sub>{interval}</sub>' if interval else ''})"


def _table(summary: Summary, providers: Sequence[Recommended]) -> list[str]:
    columns = [
        metric
        for metric in in_order(all_metrics())
        if metric.column and any(_cell(provider, metric.id) != NONE for provider in summary.providers.values())
    ]
    lines = ["| provider | recommendation | " + " | ".join(inline(metric.title) for metric in columns) + " |"]
    lines.append("|---|---|" + "--:|" * len(columns))
    for one in providers:
        cells = [
            _cell(one.provider, metric.id) + (_difference(one.provider, metric.id) if metric.shows_difference else "")
            for metric in columns
        ]
        lines.append(f"| **{inline(one.name, 80)}** | {one.mark} {one.word} | " + " | ".join(cells) + " |")
        for mode, metrics in one.provider.thinking.items():
            cells = [_written(metrics.get(metric.id)) for metric in columns]
            lines.append(f"| {inline(one.name, 80)}, {thinking_name(mode)} |  | " + " | ".join(cells) + " |")
    return lines


def _findings(one: Recommended) -> Iterator[str]:
    findings = one.provider.findings
    if not findings:
        return
    yield f"<details><summary>{inline(one.name, 80)}: {counted(len(findings), 'broken requirement')}</summary>"
    yield ""
    for finding in findings[:_FINDINGS]:
        yield f"- **{inline(finding.check)}** ({finding.severity.value}): {inline(failure_words(finding))}"
        yield ""
        yield fenced(finding.message, limit=400)
        yield ""
    if len(findings) > _FINDINGS:
        yield f"… and {len(findings) - _FINDINGS} more."
    yield "</details>"
    yield ""


def render_markdown(summary: Summary) -> str:
    """The answer, the table, a sentence per provider and its findings folded away."""
    providers = ranked(summary)
    run = summary.run
    lines = ["## trueweight", ""]
    for sentence in cut_in_thought(summary):
        lines += [f"**{inline(sentence)}**", ""]
    for note in run_notes(summary):
        lines += [f"> {inline(note)}", ""]
    decision = decision_text(summary)
    if decision is not None:
        lines += [f"**{decision.mark} {inline(decision.title)}**", ""]
        lines += [f"- {label}: {inline(sentence)}" for label, sentence in decision.lines]
        lines.append("")
    for line in recommendation_lines(summary, providers):
        groups = [
            ", ".join(inline(name, 80) for name in names) + (f" ({inline(reason)})" if reason else "")
            for names, reason in line.providers
        ]
        lines += [f"**{line.mark} {line.label}:** {'; '.join(groups)}", ""]
    for limit in run_limits(summary):
        lines += [inline(limit), ""]
    lines += [*_table(summary, providers), ""]
    lines += [f"- **{inline(one.name, 80)}**: {inline(summary_sentence(one.provider))}" for one in providers]
    lines.append("")
    for one in providers:
        lines += _findings(one)
    modes = inline("; ".join(run.modes))
    tool = f"trueweight {inline(run.tool_version)}"
    lines.append(f"<sub>{run.cases} cases, {modes}; seed {run.seed}; {tool}. 95% intervals.</sub>")
    return "\n".join(lines) + "\n"


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """See ``render_markdown``."""
    return render_markdown(summary)


register(Format("markdown", ".md", render))
