"""The whole page: template, style, script, data, and a content security policy that allows nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment
from markupsafe import Markup, escape

from trueweight.core import SEVERE
from trueweight.core.assessment import ReasonCode
from trueweight.core.estimate import ALPHA
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.metrics import describe, in_order
from trueweight.report.evidence import Evidence
from trueweight.report.numbers import plain, sample, span, write
from trueweight.report.page.answer import first_screen
from trueweight.report.page.answers import Answers
from trueweight.report.page.apis import through_apis
from trueweight.report.page.causes import causes
from trueweight.report.page.client import client_health
from trueweight.report.page.drift import drifts
from trueweight.report.page.glossary import glossary
from trueweight.report.page.heading import heading
from trueweight.report.page.latency import latency
from trueweight.report.page.lost import lost_requests
from trueweight.report.page.matrix import OUTCOMES, Matrix, as_data, build
from trueweight.report.page.paired import paired
from trueweight.report.page.payload import Failing, failing_cells, payload, rows_of_trials
from trueweight.report.page.select_evidence import select_answers, select_evidence
from trueweight.report.page.workload import workload_section
from trueweight.report.template import asset, content_policy, environment
from trueweight.report.text import json_escaped, visible
from trueweight.report.words import (
    Recommended,
    again_words,
    blame_words,
    cause_words,
    count_rows,
    failure_words,
    ranked,
    rule_name,
    rule_words,
    thinking_name,
)
from trueweight.report.words.decision import decision_text

EVIDENCE_BYTES: Final = 8_000_000
_WHOLE: Final = 22
"""A name of so many characters fits its column."""
_BREAKS: Final = re.compile(r"(?<=[-/._:@])(?=\w)")
STATIC_ROWS: Final = 60
"""Rows of the matrix that stand in the page itself; the script shows the rest on demand."""


def inert_json(value: Any) -> Markup:
    """JSON for a data block: without ``<``, ``>``, ``&`` or line separators, so nothing ends the block."""
    text = json_escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character with a meaning in HTML was replaced right above


@cache
def _environment() -> Environment:
    env = environment("page", limit=2_000, lines=True).overlay()
    env.filters = env.filters | {
        "link": _link,
        "breakable": breakable,
        "metric": describe,
        "sort_metrics": _sorted_metrics,
        "json_text": json.dumps,
        "thousands": _thousands,
    }
    env.globals = dict(env.globals) | {
        "write": write,
        "span": span,
        "sample": sample,
        "rule_name": rule_name,
        "rule_words": rule_words,
        "blame_words": blame_words,
        "failure_words": failure_words,
        "cause_words": cause_words,
    }
    return env


def _thousands(number: float) -> str:
    return plain(number, 0)


def _places(summary: Summary, names: Sequence[str], lost: Container[str]) -> dict[str, str]:
    """Provider → id of the section with its reasons; a provider without reasons has none."""
    reasons = [name for name in names if name in lost or summary.providers[name].findings]
    workloads = {name: "workload-h" for name in names if summary.providers[name].workload is not None}
    drifts = {name: "drift-h" for name in names if summary.providers[name].drift is not None}
    return drifts | workloads | {name: f"why-{names.index(name)}" for name in reasons}


def _sorted_metrics(names: Iterable[str]) -> list[str]:
    return [metric.id for metric in in_order(names)]


def _measured(provider: ProviderSummary) -> set[str]:
    return {metric for metric, found in provider.metrics.items() if found.value is not None}


def _beside(summary: Summary) -> dict[str, list[str]]:
    """Mode of thinking beside the main one → the metrics that a provider has in it."""
    found: dict[str, set[str]] = {}
    for one in summary.providers.values():
        for mode, metrics in one.thinking.items():
            found.setdefault(mode, set()).update(key for key, value in metrics.items() if value.value is not None)
    return {mode: _sorted_metrics(keys) for mode, keys in found.items()}


def _explained(summary: Summary, shown: Iterable[str], compared: Iterable[str]) -> list[str]:
    """The metrics that the page shows anywhere."""
    beside = (metric for metrics in _beside(summary).values() for metric in metrics)
    return _sorted_metrics({"drift", *shown, *compared, *beside})


def breakable(name: str) -> Markup:
    """A name that a line may break after a stroke, a point or a hyphen, if it is long."""
    shown = visible(name, limit=2_000, lines=True)
    if len(shown) <= _WHOLE:
        return escape(shown)
    return Markup("<wbr>").join(map(escape, filter(None, _BREAKS.split(shown))))


def _link(url: Any) -> str:
    """The URL if it is a plain web address, else nothing."""
    text = str(url)
    return text if text.startswith(("https://", "http://")) and len(text) < 500 else ""


def _embed(
    evidence: Iterable[Evidence],
    chosen: Mapping[str, int],
    fails: Mapping[str, Sequence[Failing]],
    rows: Mapping[str, str],
    held: dict[str, int],
) -> tuple[list[Markup], int]:
    """The chosen items as JSON texts, in order of rank, up to `EVIDENCE_BYTES`; and how many did not fit.

    Args:
        held: takes the id of each check that holds, and its number: the items name these checks by number.
    """
    texts: dict[int, Markup] = {}
    for item in evidence:
        rank = chosen.get(item.trial)
        if rank is not None:
            one = payload(item, fails.get(item.trial, ()), row=rows.get(item.trial))
            one["held"] = [held.setdefault(check, len(held)) for check in one["held"]]
            texts[rank] = inert_json(one)
    kept, used = [], 0
    for rank in sorted(texts):
        used += len(texts[rank].encode())
        if used > EVIDENCE_BYTES:
            break
        kept.append(texts[rank])
    return kept, len(texts) - len(kept)


def _requirements(summary: Summary) -> dict[str, tuple[str, str]]:
    """Check → its requirement, and the address of its clause or bug report."""
    found = (finding for provider in summary.providers.values() for finding in provider.findings)
    return {one.check: (visible(one.requirement, limit=300), visible(_link(one.source), limit=500)) for one in found}


def _order(matrix: Matrix, summary: Summary) -> list[str]:
    """Names of the summary's rows, in the matrix's order."""
    shown = {visible(case.name, limit=200): case.name for case in summary.cases}
    return [shown[row.key] for row in matrix.rows]


def wanted_trials(summary: Summary) -> frozenset[str]:
    """Ids of the trials whose evidence the page would embed: nothing else needs to be read for it."""
    names = summary.ranked()
    return frozenset(select_evidence(summary, names, _order(build(summary, names), summary)))


def wanted_answers(summary: Summary) -> frozenset[str]:
    """Ids of the passing trials of which the page embeds the answer: only their replies need to be read for it."""
    names = summary.ranked()
    order = _order(build(summary, names), summary)
    return frozenset(select_answers(summary, names, order, select_evidence(summary, names, order)))


def _faulty(providers: Sequence[Recommended], lost: Container[str]) -> frozenset[str]:
    """Providers of which the page shows a reason: lost requests, drift, a broken MUST or SHOULD requirement."""
    return frozenset(
        one.name
        for one in providers
        if one.name in lost
        or one.provider.assessment.reasons[0].code is ReasonCode.DRIFT
        or any(finding.severity in SEVERE for finding in one.provider.findings)
    )


def render_html(summary: Summary, evidence: Iterable[Evidence], *, title: str = "") -> str:
    """One self-contained page.

    Args:
        evidence: any order; only what is embedded is kept in memory.
        title: of the document and of its first heading; "" names the run in the title, and the question in the heading.
    """
    providers = ranked(summary)
    names = [one.name for one in providers]
    matrix = build(summary, names)
    chosen = select_evidence(summary, names, _order(matrix, summary))
    answers = Answers(select_answers(summary, names, _order(matrix, summary), chosen), rows_of_trials(summary))
    held: dict[str, int] = {}
    kept, dropped = _embed(answers.take(evidence), chosen, failing_cells(summary), rows_of_trials(summary), held)
    lost = {name: found for name in names if (found := lost_requests(summary, name))}
    style, script = asset("page", "page.css"), asset("page", "tables.js") + asset("page", "page.js")
    answer = first_screen(summary, providers)
    shown = _sorted_metrics(set().union(*map(_measured, summary.providers.values())))
    compared = {metric for one in summary.providers.values() for metric in one.versus_reference}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            heading=heading(summary),
            alpha=ALPHA,
            policy=content_policy(style, script),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            summary=summary,
            run=summary.run,
            answer=answer,
            words=glossary([*(column.metric.id for column in answer.columns), *_explained(summary, shown, compared)]),
            workload=workload_section(summary, names),
            decision=decision_text(summary),
            client=client_health(summary),
            again=again_words(summary.run),
            latency=latency(summary, names),
            drift=drifts(summary, names),
            matrix=matrix,
            names={letter: name for name, letter in OUTCOMES.items()},
            static_rows=STATIC_ROWS,
            lost=lost,
            causes=causes(summary, names),
            pairs=paired(summary, _candidates(summary, names), _sorted_metrics(compared)),
            shown=shown,
            beside=_beside(summary),
            through=through_apis(summary, names),
            thinking_name=thinking_name,
            counts=count_rows([one.provider.counts for one in providers]),
            kinds=sorted({kind for one in providers for kind in one.provider.failures}),
            places=_places(summary, names, lost),
            faulty=_faulty(providers, lost),
            judged=frozenset(one.name for one in providers if one.provider.assessment.bar is not None),
            data=inert_json(as_data(matrix, _requirements(summary), summary.run.reference) | {"held": list(held)}),
            evidence=Markup("[" + ",\n".join(kept) + "]"),  # noqa: S704 - each piece went through inert_json
            answers=inert_json(answers.data()),
            embedded=len(kept),
            dropped=dropped,
        )
    )


def _candidates(summary: Summary, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name != summary.run.reference)
