"""The outcome of a gate, as JSON and as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trueweight.core import ExitCode, Ruling
from trueweight.core.bar_outcome import BarOutcome, RuleOutcome
from trueweight.core.summary import Note
from trueweight.report.text import for_log
from trueweight.report.words import note_words, rule_words

FORMAT: Final = "trueweight.gate/1"
MARKS: Final = {Ruling.PASS: "✓", Ruling.FAIL: "✕", Ruling.INCONCLUSIVE: "?"}


def gate_json(
    outcomes: Mapping[str, BarOutcome],
    *,
    notes: Sequence[Note],
    silent: Sequence[str],
    bar: str | None,
    exit_code: ExitCode,
) -> dict[str, Any]:
    """What ``gate --json`` prints, described by ``schemas/gate.schema.json``."""
    return {
        "format": FORMAT,
        "exit_code": int(exit_code),
        "bar": bar,
        "notes": [note_words(note) for note in notes],
        "silent": list(silent),
        "counts": {ruling.value: count for ruling, count in _counts(outcomes).items()},
        "providers": {name: _outcome(found) for name, found in outcomes.items()},
    }


def _counts(outcomes: Mapping[str, BarOutcome]) -> dict[Ruling, int]:
    found = [outcome.outcome for outcome in outcomes.values()]
    return {ruling: found.count(ruling) for ruling in Ruling}


def _outcome(found: BarOutcome) -> dict[str, Any]:
    return {"outcome": found.outcome.value, "bar": found.bar, "reasons": [_rule(rule) for rule in found.rules]}


def _rule(rule: RuleOutcome) -> dict[str, Any]:
    out: dict[str, Any] = {"rule": rule.rule, "outcome": rule.outcome.value, "message": rule_words(rule)}
    optional = {"metric": rule.metric, "decides_at": rule.decides_at, "more_trials": rule.more_trials}
    return out | {name: value for name, value in optional.items() if value}


def gate_lines(
    outcomes: Mapping[str, BarOutcome], *, notes: Sequence[Note], silent: Sequence[str], bar: str | None
) -> Iterator[str]:
    """What ``gate`` prints, line by line; control characters in names and sentences are made visible."""
    for name, found in outcomes.items():
        never = ", never answered" if name in silent else ""
        yield f"{MARKS[found.outcome]} {for_log(name, limit=80)}: {found.outcome.value}{never}"
        for rule in found.rules:
            yield for_log(f"    {MARKS[rule.outcome]} {rule.rule}: {rule_words(rule)}", limit=500)
    for note in notes:
        yield for_log(f"note: {note_words(note)}")
    counts = {ruling: count for ruling, count in _counts(outcomes).items() if count}
    total = ", ".join(f"{count} {ruling.value}" for ruling, count in counts.items()) or "no provider was judged"
    yield f"{total}; bar {bar[:12]}" if bar else total
