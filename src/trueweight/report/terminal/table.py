"""The run in a terminal: a number and its interval per provider and metric in 80 columns, then a sentence each."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from trueweight.core import Estimate
from trueweight.core.assessment import ReasonCode, Recommendation
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.metrics.catalogue.agreement_with_others import AGREEMENT_WITH_OTHERS
from trueweight.report.numbers import NONE, points, span, write
from trueweight.report.page.causes import causes
from trueweight.report.page.matrix import OUTCOMES, MatrixRow, build
from trueweight.report.terminal.whole import NAME, print_whole
from trueweight.report.text import for_log
from trueweight.report.words import (
    Recommended,
    api_title,
    cut_in_thought,
    fault_clause,
    fault_sentence,
    ranked,
    run_limits,
    run_notes,
    summary_sentence,
    thinking_name,
)
from trueweight.report.words.bar import bar_on_record
from trueweight.report.words.decision import decision_text

_SENTENCE: Final = 700
_NARROW: Final = 76
"""In fewer columns the numbers stand below each name."""
_NO_TIME: Final = Estimate.not_applicable("ms", "")
COLUMNS: Final = {
    "workload": "workload",
    "calls": "schema_accuracy_unconditional",
    "agrees": AGREEMENT_WITH_OTHERS.id,
    "as others": AGREEMENT_WITH_OTHERS.id,
    "F1": "tool_call_f1",
    "F1−ref": "tool_call_f1",
    "struct.": "structured_output_accuracy",
    "success": "success_rate",
    "ttft ms": "ttft",
    "ttfo ms": "ttfo",
}
"""Heading of the table → id of its metric."""
_STYLE: Final = {
    Recommendation.USE: "green",
    Recommendation.AVOID: "red",
    Recommendation.UNDECIDED: "yellow",
    Recommendation.REFERENCE: "dim",
}


def _number(provider: ProviderSummary, metric: str) -> Text:
    """A value, and below it its interval."""
    return _written(provider.metrics.get(metric))


def _written(estimate: Estimate | None) -> Text:
    if estimate is None or estimate.value is None:
        return Text(NONE, style="dim")
    return _two(write(estimate.value, estimate.unit), span(estimate))


def _two(value: str, interval: str) -> Text:
    return Text(value).append(f"\n{interval}", style="dim")


def _recorded_once(summary: Summary) -> bool:
    """Whether there is a reference without self-agreement, so that F1 has no difference to show."""
    agreement = summary.self_agreement.get("tool_call_f1")
    return summary.run.reference is not None and (agreement is None or agreement.value is None)


def _agreement(summary: Summary, name: str) -> Text:
    """Paired difference of F1 from the reference, in points; for the reference its self-agreement.

    Without self-agreement (the reference was recorded once) there is no difference, and the number is F1 itself.
    Without a reference it is the agreement with the other candidates.
    """
    if summary.run.reference is None:
        return _number(summary.providers[name], AGREEMENT_WITH_OTHERS.id)
    if _recorded_once(summary):
        return _number(summary.providers[name], "tool_call_f1")
    if name == summary.run.reference:
        agreement = summary.self_agreement["tool_call_f1"]
        return _two(f"({write(agreement.value or 0.0, agreement.unit)})", span(agreement))
    difference = summary.providers[name].versus_reference.get("tool_call_f1")
    if difference is None or difference.value is None:
        return Text(NONE, style="dim")
    return _two(points(difference.value), span(difference).replace(" to ", "…"))


def _name_and_word(one: Recommended) -> Text:
    """The name, and below it the recommendation."""
    name = Text(for_log(one.name, limit=NAME), style="bold")
    return name.append(f"\n{one.mark} {one.word}", style=Style.parse(f"not bold {_STYLE[one.recommendation]}"))


def print_table(summary: Summary, console: Console, said: Container[str] = ()) -> None:
    """Print the table of all providers, a sentence on each, and the notes and limitations of the run.

    Args:
        said: notes and setup faults that the same command has printed already; they are not printed again.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("provider", no_wrap=True)
    thinks = any(one.metrics.get("thinking_time", _NO_TIME).value for one in summary.providers.values())
    # Beside a thought the first token says little: a reader waits for the answer.
    times = ("ttft", "ttfo") if thinks else ("ttft",)
    # Beside a workload "agrees" would be read as agreement with the recorded answers.
    among_hosts = "agrees" if summary.workload is None else "as others"
    agreement = among_hosts if summary.run.reference is None else "F1" if _recorded_once(summary) else "F1−ref"
    # Of a workload, the answers come first: whether calls and JSON are valid is part of them.
    lead = "calls" if summary.workload is None else "workload"
    others = ("struct.", "success", *(f"{time} ms" for time in times))
    for head in (lead, agreement, *others):
        table.add_column(head, justify="right", no_wrap=True)
    providers = ranked(summary)
    for sentence in cut_in_thought(summary):
        console.print(Text(for_log(sentence, limit=_SENTENCE), style="bold yellow"))
    decision = decision_text(summary)
    if decision is not None:
        console.print(Text(for_log(f"{decision.mark} {decision.title}"), style="bold"))
        bar = bar_on_record(summary)
        if bar:
            console.print(Text(for_log(f"Bar {bar}"), style="dim"))
        console.print()
    for one in providers:
        table.add_row(
            _name_and_word(one),
            _number(one.provider, COLUMNS[lead]),
            _agreement(summary, one.name),
            *(_number(one.provider, COLUMNS[head]) for head in others),
        )
        parts = [(thinking_name(mode), metrics) for mode, metrics in one.provider.thinking.items()]
        parts += [(api_title(api), metrics) for api, metrics in one.provider.by_api.items()]
        for title, metrics in parts:
            table.add_row(
                Text(f"  {title}", style="dim"),
                _written(metrics.get(COLUMNS[lead])),
                Text(NONE, style="dim"),
                *(_written(metrics.get(COLUMNS[head])) for head in others),
            )
    place = "Below" if print_whole(table, console, at_least=_NARROW) else "Beside"
    console.print(Text(f"{place} each number its 95% interval.", style="dim"))
    console.print()
    for one in providers:
        sentence, fault = summary_sentence(one.provider), one.provider.setup_fault
        if fault is not None and fault_sentence(fault) in said:
            sentence = f"Setup fault: {fault_clause(fault)}; see above. Nothing else was sent to it."
        line = Text(for_log(one.name, limit=NAME), style="bold")
        if one.provider.assessment.has(ReasonCode.BAR) and one.reason:
            sentence = f"{one.reason}. {sentence}"
        console.print(line.append(": ").append(for_log(sentence, limit=_SENTENCE), style="not bold"), soft_wrap=False)
    for note in (one for one in run_notes(summary) if one not in said):
        console.print(Text(for_log(note, limit=_SENTENCE), style="yellow"))
    for limit in run_limits(summary):
        console.print(Text(for_log(limit, limit=_SENTENCE), style="dim"))


_GLYPHS: Final = {
    "pass": "✓",
    "fail": "✕",
    "flaky": "~",
    "unsupported": "∅",
    "cut-in-thought": "…",
    "transport": "⌁",
    "n/a": "·",
}
_CASES: Final = 20
_ANSWERS: Final = 5
_LISTED: Final = 8
"""Cases that are listed for each broken requirement."""
_MOST_KEPT: Final = 200
"""Disagreements that a summary has of one provider at most."""


def print_cases(summary: Summary, console: Console) -> None:
    """Print the cases in which providers differ, most disagreement first; a glyph per mode where modes differ."""
    names = summary.ranked()
    matrix = build(summary, names)
    rows = [row for row in matrix.rows if row.disagreement]
    console.print()
    if not rows:
        console.print("By the checks, providers differ in no case.", highlight=False)
    else:
        _print_differing(names, rows, len(matrix.rows), console)
    if summary.workload is not None:
        _print_not_as_expected(summary, names, console)
    if rows or summary.workload is not None:
        console.print(Text("Look closer: trueweight show DIR CASE --provider PROVIDER", style="dim"))


def print_failing(summary: Summary, names: Sequence[str], console: Console) -> None:
    """Print the broken requirements, each with the providers that break it and up to `_LISTED` of its cases.

    Args:
        names: of the providers whose failures are printed.
    """
    found = causes(summary, names)
    if not found:
        console.print("No MUST or SHOULD requirement is broken.", highlight=False)
    for cause in found:
        head = Text(f"{cause.severity} {cause.check}", style="bold")
        console.print(head.append(f": {cause.requirement}", style="not bold"))
        for line in (*(f"{name}: {times}" for name, times in cause.providers), *cause.blames):
            console.print(Text("  ").append(for_log(line)))
        for key in cause.keys[:_LISTED]:
            console.print(Text("    ").append(for_log(key), style="dim"), soft_wrap=True)
        if len(cause.keys) > _LISTED:
            console.print(Text(f"    … and {len(cause.keys) - _LISTED} more", style="dim"))


def _print_not_as_expected(summary: Summary, names: Sequence[str], console: Console) -> None:
    """Of each provider the answers to the workload that are not as expected, the worst first."""
    for name in names:
        workload = summary.providers[name].workload
        if workload is None:
            continue
        cases = [one.case for one in workload.disagreements]
        most = " or more" if len(cases) >= _MOST_KEPT else ""
        head = f"Answers of {for_log(name, limit=NAME)} that are not as expected: {len(cases)}{most}"
        console.print(Text(head, style="bold"))
        for case in cases[:_ANSWERS]:
            console.print(Text("  ").append(for_log(case, limit=NAME)), soft_wrap=True)
        if len(cases) > _ANSWERS:
            console.print(Text(f"  … and {len(cases) - _ANSWERS} more, in the report", style="dim"))


def _print_differing(names: Sequence[str], rows: Sequence[MatrixRow], of: int, console: Console) -> None:
    letters = {letter: _GLYPHS.get(name, "⧗") for name, letter in OUTCOMES.items()}
    shown = {_worst(cell) for row in rows[:_CASES] for cell in row.cells}
    words = ", ".join(f"{_GLYPHS[one]} {one}" for one, letter in OUTCOMES.items() if one in _GLYPHS and letter in shown)
    console.print(Text(f"They differ in {len(rows)} of {of} cases ({words}):", style="bold"))
    for place, name in enumerate(names):
        console.print(Text(f"  {'│ ' * place}┌ {for_log(name, limit=NAME)}", style="dim"))
    for row in rows[:_CASES]:
        cells = " ".join(letters[_worst(cell)] for cell in row.cells)
        console.print(Text(f"  {cells}  ").append(for_log(row.key, limit=NAME)), soft_wrap=True)
    if len(rows) > _CASES:
        console.print(Text(f"  … and {len(rows) - _CASES} more", style="dim"))


def _worst(cell: str) -> str:
    """Of the letters of a cell's modes, the one that matters most."""
    return min(cell.lower(), key="ftykucpn".index)
