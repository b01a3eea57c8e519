"""The run in a terminal: a number and its interval per provider and metric in 80 columns, then a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from trueweight.core.summary import Summary
from trueweight.report.as_format_1 import as_format_1
from trueweight.report.headline import limits
from trueweight.report.numbers import NONE, points, span, write
from trueweight.report.page.matrix import OUTCOMES, build
from trueweight.report.standing import Group, Standing, standings
from trueweight.report.text import for_log

_SENTENCE: Final = 700
_STYLE: Final = {Group.USE: "green", Group.AVOID: "red", Group.UNDECIDED: "yellow", Group.REFERENCE: "dim"}


def _number(provider: Mapping[str, Any], metric: str) -> Text:
    """A value, and below it its interval."""
    estimate = provider.get("metrics", {}).get(metric)
    if not estimate or estimate.get("value") is None:
        return Text(NONE, style="dim")
    return _two(write(estimate["value"], estimate["unit"]), span(estimate))


def _two(value: str, interval: str) -> Text:
    return Text(value).append(f"\n{interval}", style="dim")


def _floor(summary: Mapping[str, Any], name: str) -> Text:
    """Paired difference of F1 from the noise floor, in points; for the reference the floor itself."""
    if name == summary["run"].get("reference"):
        floor = summary.get("noise_floor", {}).get("tool_call_f1")
        if not floor or floor["value"] is None:
            return Text(NONE, style="dim")
        return _two(f"({write(floor['value'], floor['unit'])})", span(floor))
    difference = summary["providers"][name].get("versus_reference", {}).get("tool_call_f1")
    if not difference or difference.get("value") is None:
        return Text(NONE, style="dim")
    return _two(points(difference["value"]), span(difference).replace(" to ", "…"))


def _who(standing: Standing) -> Text:
    """The name, and below it the verdict."""
    name = Text(for_log(standing.provider, limit=40), style="bold")
    return name.append(f"\n{standing.mark} {standing.word}", style=Style.parse(f"not bold {_STYLE[standing.group]}"))


def print_table(summary: Summary | Mapping[str, Any], console: Console) -> None:
    """Print the comparison and, below it, what is wrong with each provider. All that others wrote is made visible."""
    summary = as_format_1(summary)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("provider", max_width=18, overflow="fold")
    for head in ("schema", "F1−floor", "struct.", "success", "ttft ms"):
        table.add_column(head, justify="right", no_wrap=True)
    ranked = standings(summary)
    for standing in ranked:
        provider = summary["providers"][standing.provider]
        table.add_row(
            _who(standing),
            _number(provider, "schema_accuracy"),
            _floor(summary, standing.provider),
            _number(provider, "structured_output_accuracy"),
            _number(provider, "success_rate"),
            _number(provider, "ttft"),
        )
    console.print(table)
    console.print(Text("Below each number its 95% interval.", style="dim"))
    console.print()
    for standing in ranked:
        sentence = str(summary["providers"][standing.provider].get("sentence", ""))
        line = Text(for_log(standing.provider, limit=40), style="bold")
        if summary["providers"][standing.provider].get("verdict") and standing.ground:
            sentence = f"{standing.ground}. {sentence}"
        console.print(line.append(": ").append(for_log(sentence, limit=_SENTENCE), style="not bold"), soft_wrap=False)
    for limit in limits(summary):
        console.print(Text(for_log(limit), style="dim"))
    for note in summary["run"].get("notes", ()):
        console.print(Text(for_log(str(note)), style="yellow"))


_GLYPHS: Final = {"pass": "✓", "fail": "✕", "flaky": "~", "unsupported": "∅", "transport": "⌁", "n/a": "·"}
_CASES: Final = 20


def print_cases(summary: Summary | Mapping[str, Any], console: Console) -> None:
    """Print the cases in which providers differ, most disagreement first; a glyph per mode where modes differ."""
    summary = as_format_1(summary)
    names = [standing.provider for standing in standings(summary)]
    matrix = build(summary, names)
    rows = [row for row in matrix.rows if row.disagreement]
    letters = {letter: _GLYPHS.get(name, "⧗") for name, letter in OUTCOMES.items()}
    console.print()
    if not rows:
        console.print("Providers differ in no case.", highlight=False)
        return
    console.print(Text(f"They differ in {len(rows)} of {len(matrix.rows)} cases:", style="bold"))
    for place, name in enumerate(names):
        console.print(Text(f"  {'│ ' * place}┌ {for_log(name, limit=40)}", style="dim"))
    for row in rows[:_CASES]:
        cells = " ".join(letters[_worst(cell)] for cell in row.cells)
        console.print(Text(f"  {cells}  ").append(for_log(row.key, limit=76 - 2 * len(names))))
    if len(rows) > _CASES:
        console.print(Text(f"  … and {len(rows) - _CASES} more", style="dim"))
    console.print(Text("Look closer: trueweight show DIR CASE --provider PROVIDER", style="dim"))


def _worst(cell: str) -> str:
    """Of the letters of a cell's modes, the one that matters most."""
    return min(cell.lower(), key="ftyucpn".index)
