"""What changed between two runs, in words: for a terminal, a pull-request comment, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from trueweight.metrics import describe
from trueweight.report.markdown_text import inline
from trueweight.report.numbers import points, span, write

LISTED: Final = 10
_KINDS: Final = {
    "new_failures": ("✕", "new failure", "new failures"),
    "fixed": ("✓", "fixed", "fixed"),
    "flaky": ("~", "flaky now", "flaky now"),
    "lost": ("⌁", "lost now", "lost now"),
}
ARROWS: Final = {"better": "▲ better", "worse": "▼ worse"}


class Line(NamedTuple):
    """A metric that changed beyond chance."""

    provider: str
    metric: str
    before: str
    after: str
    change: str
    interval: str
    word: str


def significant(found: Mapping[str, Any]) -> list[Line]:
    """Metrics that changed beyond chance, worse ones first."""
    lines = []
    for one in found["significant"]:
        entry = found["providers"][one["provider"]]["metrics"][one["metric"]]
        difference = entry["difference"]
        before, after = (write(entry[side]["value"], entry[side]["unit"]) for side in ("before", "after"))
        share = difference["unit"] == "difference"
        change = points(difference["value"]) if share else write(difference["value"], difference["unit"])
        label = describe(one["metric"]).title
        lines.append(Line(one["provider"], label, before, after, change, span(difference), ARROWS[one["change"]]))
    return sorted(lines, key=lambda line: (line.word != ARROWS["worse"], line.provider, line.metric))


def _tallies(provider: Mapping[str, Any]) -> list[str]:
    counted = [(len(provider[kind]), words) for kind, words in _KINDS.items()]
    return [f"{count} {words[1] if count == 1 else words[2]}" for count, words in counted if count]


def headline(found: Mapping[str, Any]) -> str:
    """The whole comparison in a sentence."""
    worse = sum(one["change"] == "worse" for one in found["significant"])
    better = len(found["significant"]) - worse
    flips = sum(len(provider[kind]) for provider in found["providers"].values() for kind in _KINDS)
    cells = f"{flips} {'cell' if flips == 1 else 'cells'} of the matrix came out otherwise" if flips else ""
    if not found["significant"]:
        return f"Nothing significant changed{f'; {cells}, no more than chance explains' if cells else ''}."
    parts = [f"{count} {'metric' if count == 1 else 'metrics'} {word}" for count, word in
             ((worse, "worse"), (better, "better")) if count]  # fmt: skip
    return f"Changed beyond chance: {', '.join(parts)}{f'; {cells}' if cells else ''}."


def scope(found: Mapping[str, Any]) -> list[str]:
    """What was compared, and what could not be."""
    cases = found["cases"]
    lines = [f"{cases['both']} cases asked alike in both runs, {len(found['providers'])} providers in both."]
    for key, words in (
        ("changed", "have another request now and are left out"),
        ("only_before", "were asked before only"),
        ("only_after", "are asked now only"),
    ):
        if cases[key]:
            lines.append(f"{len(cases[key])} cases {words}.")
    for key, words in (("only_before", "in the first run only"), ("only_after", "in the second run only")):
        if found[key]:
            lines.append(f"Providers {words}: {', '.join(found[key])}.")
    return lines


def flips(found: Mapping[str, Any]) -> Iterator[tuple[str, str, list[tuple[str, Mapping[str, Any]]]]]:
    """Provider, tallies, and its flipped cells with their marks."""
    for name, provider in found["providers"].items():
        cells = [(_KINDS[kind][0], cell) for kind in _KINDS for cell in provider[kind]]
        if cells:
            yield name, ", ".join(_tallies(provider)), cells


def cell_text(cell: Mapping[str, Any]) -> str:
    counts = "".join(
        f" {side['passed']}/{side['of']}{arrow}"
        for side, arrow in ((cell["before"], " →"), (cell["after"], ""))
        if max(cell["before"]["of"], cell["after"]["of"]) > 1
    )
    fails = f": {', '.join(cell['fails'])}" if cell["fails"] else ""
    return f"{cell['case']} [{cell['mode']}] {cell['severity']}{counts}{fails}"


def comparison_markdown(found: Mapping[str, Any]) -> str:
    """For a step summary or a comment: the sentence, the metrics that changed, the cells folded away."""
    out = ["## trueweight: what changed", "", f"**{headline(found)}**", ""]
    lines = significant(found)
    if lines:
        out += ["| provider | metric | before | after | change | |", "|---|---|--:|--:|--:|---|"]
        out += [
            f"| {inline(line.provider, 80)} | {line.metric} | {line.before} | {line.after} "
            f"| {line.change} <sub>{line.interval}</sub> | {line.word} |"
            for line in lines
        ]
        out.append("")
    for name, tallies, cells in flips(found):
        out += [f"<details><summary>{inline(name, 80)}: {tallies}</summary>", ""]
        out += [f"- {mark} {inline(cell_text(cell))}" for mark, cell in cells[: 3 * LISTED]]
        if len(cells) > 3 * LISTED:
            out.append(f"- … and {len(cells) - 3 * LISTED} more")
        out += ["", "</details>", ""]
    notes = " ".join(inline(text) for text in scope(found))
    out.append(
        f"<sub>{notes} Paired by case; 95% intervals; exact tests with Holm's correction over all providers and "
        "metrics. Times count only beyond a tenth, because two runs never share the hour.</sub>"
    )
    return "\n".join(out) + "\n"


def comparison_json(found: Mapping[str, Any]) -> str:
    """All of it; ASCII and sorted keys, as ``summary.json``."""
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
