"""What changed between two runs, in words: for a terminal, a pull-request comment, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from trueweight.core.run_comparison import Change, ComparedRunFacts, Flip, FlipKind, ProviderComparison, RunComparison
from trueweight.core.thinking import main_mode
from trueweight.metrics import describe
from trueweight.report.numbers import NONE, counted, signed, span, write
from trueweight.report.text import inline
from trueweight.report.words import thinking_name

LISTED: Final = 10
_KINDS: Final = {
    FlipKind.NEW_FAILURES: ("✕", "new failure", "new failures"),
    FlipKind.FIXED: ("✓", "fixed", "fixed"),
    FlipKind.FLAKY: ("~", "flaky now", "flaky now"),
    FlipKind.LOST: ("⌁", "lost now", "lost now"),
}
ARROWS: Final = {Change.BETTER: "▲ better", Change.WORSE: "▼ worse"}


class ChangedMetric(NamedTuple):
    """A metric that changed beyond chance: its title, its values and their difference as text, and the direction."""

    provider: str
    metric: str
    before: str
    after: str
    difference: str
    interval: str
    change: Change
    is_median: bool


TIMES_NOTE: Final = "The change of a time is the median over cases of after − before."


def has_times(lines: Sequence[ChangedMetric]) -> bool:
    """Whether one of the changed metrics is a median, whose change is not the difference of two medians."""
    return any(line.is_median for line in lines)


class FlippedCells(NamedTuple):
    """A provider's flipped cells: their number by kind, in words, and each cell behind its mark."""

    provider: str
    tallies: str
    cells: tuple[tuple[str, Flip], ...]


def changed_metrics(found: RunComparison) -> list[ChangedMetric]:
    """Metrics that changed beyond chance, worse ones first."""
    lines = []
    for one in found.significant:
        metric = found.providers[one.provider].metrics[one.metric]
        difference = metric.difference
        before, after = (write(side.value, side.unit) for side in (metric.before, metric.after))
        words = NONE if difference.value is None else signed(difference.value, difference.unit)
        title, median = describe(one.metric).title, difference.unit != "difference"
        interval = span(difference, signs=True)
        lines.append(ChangedMetric(one.provider, title, before, after, words, interval, one.change, median))
    return sorted(lines, key=lambda line: (line.change is not Change.WORSE, line.provider, line.metric))


def _tallies(provider: ProviderComparison) -> str:
    return ", ".join(
        f"{len(cells)} {_KINDS[kind][1] if len(cells) == 1 else _KINDS[kind][2]}"
        for kind, cells in provider.flips()
        if cells
    )


def headline(found: RunComparison) -> str:
    """The whole comparison in a sentence."""
    worse = len(found.worse())
    better = len(found.significant) - worse
    flipped = sum(len(cells) for provider in found.providers.values() for _, cells in provider.flips())
    cells = f"{counted(flipped, 'cell')} of the matrix changed outcome" if flipped else ""
    if not found.significant:
        return f"Nothing significant changed{f'; {cells}, no more than chance explains' if cells else ''}."
    parts = [f"{counted(count, 'metric')} {word}" for count, word in ((worse, "worse"), (better, "better")) if count]
    return f"Changed beyond chance: {', '.join(parts)}{f'; {cells}' if cells else ''}."


def scope(found: RunComparison) -> list[str]:
    """What was compared, and what could not be, in sentences."""
    cases, providers = found.cases, counted(len(found.providers), "provider")
    lines = [f"{counted(cases.both, 'case')} with the same request in both runs, {providers} in both."]
    for keys, words in (
        (cases.changed, "have another request in the second run and are left out"),
        (cases.only_before, "are only in the first run"),
        (cases.only_after, "are only in the second run"),
    ):
        if keys:
            lines.append(f"{len(keys)} cases {words}.")
    for names, words in ((found.only_before, "first"), (found.only_after, "second")):
        if names:
            lines.append(f"Providers in the {words} run only: {', '.join(names)}.")
    return lines + list(_requests(found.before, found.after))


def _requests(before: ComparedRunFacts, after: ComparedRunFacts) -> Iterator[str]:
    """A sentence for each difference in how the requests of the two runs were written."""
    if before.thinking_allowance != after.thinking_allowance:
        yield (
            f"Room for a thought: {before.thinking_allowance:,} tokens in the first run, "
            f"{after.thinking_allowance:,} in the second. Cases pair all the same."
        )
    if before.sampling != after.sampling:
        yield (
            f"Sampling: {_sampling(before)} in the first run, {_sampling(after)} in the second. Cases whose sampling "
            "differs are among those with another request."
        )
    if before.profile != after.profile:
        yield f"Profile: {before.profile or 'none'} in the first run, {after.profile or 'none'} in the second."
    if len({*before.thinking, *after.thinking}) > 1:
        shared = [mode for mode in after.thinking if mode in before.thinking]
        yield f"Metrics are compared {thinking_name(main_mode(shared))}."


def _sampling(run: ComparedRunFacts) -> str:
    if not run.sampling:
        return "as cases are written"
    fields = run.sampling.get("thinking") or run.sampling.get("direct")
    return f"{json.dumps(fields, sort_keys=True)} by {run.sampling.get('source')}"


def flips(found: RunComparison) -> Iterator[FlippedCells]:
    """The flipped cells of each provider that has any."""
    for name, provider in found.providers.items():
        cells = tuple((_KINDS[kind][0], cell) for kind, cells in provider.flips() for cell in cells)
        if cells:
            yield FlippedCells(name, _tallies(provider), cells)


def cell_text(cell: Flip) -> str:
    """A flipped cell on one line: ``suite/case [mode] MUST 3/3 → 1/3: check``. Counts only if repeated."""
    counts = ""
    if max(cell.before.of, cell.after.of) > 1:
        counts = f" {cell.before.passed}/{cell.before.of} → {cell.after.passed}/{cell.after.of}"
    fails = f": {', '.join(cell.fails)}" if cell.fails else ""
    return f"{cell.name} [{cell.mode}] {cell.severity.value}{counts}{fails}"


def comparison_markdown(found: RunComparison) -> str:
    """For a step summary or a comment: the sentence, the metrics that changed, the cells folded away."""
    out = ["## trueweight: what changed", "", f"**{headline(found)}**", ""]
    lines = changed_metrics(found)
    if lines:
        out += ["| provider | metric | before | after | change | |", "|---|---|--:|--:|--:|---|"]
        out += [
            f"| {inline(line.provider, 80)} | {line.metric} | {line.before} | {line.after} "
            f"| {line.difference}{f' <sub>{line.interval}</sub>' if line.interval else ''} | {ARROWS[line.change]} |"
            for line in lines
        ]
        out.append("")
        if has_times(lines):
            out += [TIMES_NOTE, ""]
    for name, tallies, cells in flips(found):
        out += [f"<details><summary>{inline(name, 80)}: {tallies}</summary>", ""]
        out += [f"- {mark} {inline(cell_text(cell))}" for mark, cell in cells[: 3 * LISTED]]
        if len(cells) > 3 * LISTED:
            out.append(f"- … and {len(cells) - 3 * LISTED} more")
        out += ["", "</details>", ""]
    notes = " ".join(inline(text) for text in scope(found))
    out.append(
        f"<sub>{notes} Paired by case; 95% intervals; exact tests with Holm's correction over all providers and "
        "metrics. A change of a time counts only beyond a tenth, because two runs meet different load.</sub>"
    )
    return "\n".join(out) + "\n"


def comparison_json(found: RunComparison) -> str:
    """The whole comparison as JSON: ASCII, sorted keys, as ``summary.json``."""
    return json.dumps(msgspec.to_builtins(found), indent=2, sort_keys=True, ensure_ascii=True) + "\n"
