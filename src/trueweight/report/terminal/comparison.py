"""What changed between two runs, for a terminal of 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trueweight.core.run_comparison import Change, RunComparison
from trueweight.report.comparison import (
    ARROWS,
    LISTED,
    TIMES_NOTE,
    cell_text,
    changed_metrics,
    flips,
    has_times,
    headline,
    scope,
)
from trueweight.report.terminal.whole import NAME, print_whole
from trueweight.report.text import for_log


def print_comparison(found: RunComparison, console: Console) -> None:
    """Print the comparison: a sentence, the changed metrics, and up to `LISTED` flipped cells of each provider."""
    console.print(Text(headline(found), style="bold"))
    for sentence in scope(found):
        console.print(Text(for_log(sentence), style="dim"))
    lines = changed_metrics(found)
    if lines:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("provider", no_wrap=True)
        table.add_column("metric")
        for head in ("before", "after", "change"):
            table.add_column(head, justify="right", no_wrap=True)
        table.add_column("")
        for line in lines:
            arrow = Text(ARROWS[line.change], style="red" if line.change is Change.WORSE else "green")
            provider = Text(for_log(line.provider, limit=NAME))
            change = Text(line.difference).append(f"\n{line.interval}" if line.interval else "", style="dim")
            table.add_row(provider, line.metric, line.before, line.after, change, arrow)
        console.print()
        place = "Below" if print_whole(table, console) else "Beside"
        note = f" {TIMES_NOTE}" if has_times(lines) else ""
        console.print(Text(f"{place} each change its 95% interval.{note}", style="dim"))
    for name, tallies, cells in flips(found):
        console.print()
        console.print(Text(for_log(name, limit=NAME), style="bold").append(f": {tallies}", style="not bold"))
        for glyph, cell in cells[:LISTED]:
            console.print(Text(f"  {glyph} {for_log(cell_text(cell))}"))
        if len(cells) > LISTED:
            console.print(Text(f"  … and {len(cells) - LISTED} more; --json has all of them", style="dim"))
