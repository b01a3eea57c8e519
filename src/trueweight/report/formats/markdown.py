"""Markdown for a GitHub step summary or a pull-request comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trueweight.metrics import all_metrics, in_order
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.headline import limits, verdict_lines
from trueweight.report.numbers import NONE, points, span, write
from trueweight.report.standing import Standing, standings
from trueweight.report.text import visible

_FINDINGS: Final = 5
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>!|~&$]|(?<=www)\.")
# Mentions, issue numbers, emoji and bare links are found in the finished HTML, where a character reference is the
# character again; a zero-width space after it is what keeps GitHub from seeing one.
_JOINED: Final = re.compile(r"[@#:](?=\S)")
_APART: Final = "&#8203;"
_BACKTICKS: Final = re.compile(r"`+")


def inline(text: str, limit: int = 300) -> str:
    """Text as text, on one line and never at the start of one.

    What markdown or HTML could begin with becomes a character reference, which is never parsed again.
    """
    joined = _JOINED.sub("\\g<0>\0", visible(text, limit=limit))
    escaped = _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", joined)
    return escaped.replace("\0", _APART)  # visible() left no NUL of the text's own


def fenced(text: str, limit: int = 2_000) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    shown = visible(text, limit=limit, lines=True)
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def _cell(provider: Mapping[str, Any], metric: str) -> str:
    estimate = provider.get("metrics", {}).get(metric)
    if not estimate or estimate.get("value") is None:
        return NONE
    return f"{write(estimate['value'], estimate['unit'])} <sub>{span(estimate)}</sub>"


def _difference(provider: Mapping[str, Any], metric: str) -> str:
    difference = provider.get("versus_reference", {}).get(metric)
    if not difference or difference.get("value") is None:
        return ""
    return f" ({points(difference['value'])})"


def _table(summary: Mapping[str, Any], ranked: Iterable[Standing]) -> list[str]:
    providers = summary["providers"]
    columns = [
        metric for metric in in_order(all_metrics())
        if metric.column and any(_cell(provider, metric.id) != NONE for provider in providers.values())
    ]  # fmt: skip
    lines = ["| provider | verdict | " + " | ".join(metric.title for metric in columns) + " |"]
    lines.append("|---|---|" + "--:|" * len(columns))
    for standing in ranked:
        provider = providers[standing.provider]
        cells = [
            _cell(provider, metric.id) + (_difference(provider, metric.id) if metric.shows_difference else "")
            for metric in columns
        ]
        head = f"| **{inline(standing.provider, 80)}** | {standing.mark} {standing.word} | "
        lines.append(head + " | ".join(cells) + " |")
    return lines


def _findings(standing: Standing, provider: Mapping[str, Any]) -> list[str]:
    findings = provider.get("findings") or []
    if not findings:
        return []
    name = inline(standing.provider, 80)
    lines = [
        f"<details><summary>{name}: {len(findings)} broken {'law' if len(findings) == 1 else 'laws'}</summary>",
        "",
    ]
    for finding in findings[:_FINDINGS]:
        share = f"{finding['fails']} of {finding['of']}"
        lines.append(
            f"- **{inline(finding['check'])}** ({inline(finding['severity'])}), {share}: {inline(finding['law'])}"
        )
        lines += ["", fenced(str(finding.get("message", "")), limit=400), ""]
    if len(findings) > _FINDINGS:
        lines.append(f"… and {len(findings) - _FINDINGS} more.")
    return [*lines, "</details>", ""]


def render_markdown(summary: Mapping[str, Any]) -> str:
    """The answer, the table, a sentence per provider and its findings folded away."""
    ranked = standings(summary)
    run = summary["run"]
    lines = ["## trueweight", ""]
    for note in run.get("notes", ()):
        lines += [f"> {inline(str(note))}", ""]
    for line in verdict_lines(summary, ranked):
        people = [
            ", ".join(inline(name, 80) for name in names) + (f" ({inline(ground)})" if ground else "")
            for names, ground in line.people
        ]
        lines += [f"**{line.mark} {line.label}:** {'; '.join(people)}", ""]
    for limit in limits(summary):
        lines += [inline(limit), ""]
    lines += [*_table(summary, ranked), ""]
    for standing in ranked:
        sentence = str(summary["providers"][standing.provider].get("sentence", ""))
        lines.append(f"- **{inline(standing.provider, 80)}**: {inline(sentence)}")
    lines.append("")
    for standing in ranked:
        lines += _findings(standing, summary["providers"][standing.provider])
    modes = inline(", ".join(run.get("modes", ())))
    tool = f"trueweight {inline(str(run['tool_version']))}"
    lines.append(f"<sub>{run['cases']} cases, {modes}; seed {run['seed']}; {tool}. 95% intervals.</sub>")
    return "\n".join(lines) + "\n"


def render(summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """See ``render_markdown``."""
    return render_markdown(summary)


register(Format("markdown", ".md", render))
