"""The outcome of a gate, as JSON and as lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from trueweight.core import ExitCode, Ruling
from trueweight.core.bar_outcome import BarOutcome, RuleOutcome
from trueweight.core.note import Note
from trueweight.report.text import for_log
from trueweight.report.words import notes_words, rule_name, rule_words

GATE_FORMAT: Final = "trueweight.gate/1"
MARKS: Final = {Ruling.PASS: "✓", Ruling.FAIL: "✕", Ruling.INCONCLUSIVE: "?"}


class GateRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule decides of a provider; ``decides_at``, ``more_cases`` and ``more_trials`` as in `RuleOutcome`."""

    rule: str
    outcome: Ruling
    message: str
    metric: str = ""
    decides_at: int | None = None
    more_cases: int | None = None
    more_trials: int | None = None


class GateProvider(msgspec.Struct, frozen=True, kw_only=True):
    """What the bar decides of a provider; ``bar`` is its digest."""

    outcome: Ruling
    bar: str
    reasons: tuple[GateRule, ...]


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """What ``gate --json`` prints, described by ``schemas/gate.schema.json``.

    Attributes:
        bar: its digest; None if only a baseline was given.
        notes: sentences on the bar and on the run.
        silent: providers that never answered.
        counts: outcome → providers.
        providers: by name, those that a rule applies to.
    """

    format: Literal["trueweight.gate/1"] = GATE_FORMAT
    exit_code: int
    bar: str | None
    notes: tuple[str, ...]
    silent: tuple[str, ...]
    counts: Mapping[Ruling, int]
    providers: Mapping[str, GateProvider]


def gate_result(
    outcomes: Mapping[str, BarOutcome],
    *,
    notes: Sequence[Note],
    silent: Sequence[str],
    bar: str | None,
    exit_code: ExitCode,
) -> GateResult:
    """The outcome of a gate with its sentences."""
    return GateResult(
        exit_code=int(exit_code),
        bar=bar,
        notes=tuple(notes_words(notes, tuple(outcomes))),
        silent=tuple(silent),
        counts=_counts(outcomes),
        providers={name: _provider(found) for name, found in outcomes.items()},
    )


def gate_text(result: GateResult) -> str:
    """What ``gate --json`` prints: ASCII, sorted keys."""
    return json.dumps(msgspec.to_builtins(result), indent=2, sort_keys=True)


def _counts(outcomes: Mapping[str, BarOutcome]) -> dict[Ruling, int]:
    found = [outcome.outcome for outcome in outcomes.values()]
    return {ruling: found.count(ruling) for ruling in Ruling}


def _provider(found: BarOutcome) -> GateProvider:
    return GateProvider(outcome=found.outcome, bar=found.bar, reasons=tuple(map(_rule, found.rules)))


def _rule(rule: RuleOutcome) -> GateRule:
    return GateRule(
        rule=rule_name(rule),
        outcome=rule.outcome,
        message=rule_words(rule),
        metric=rule.metric or "",
        decides_at=rule.decides_at or None,
        more_cases=rule.more_cases or None,
        more_trials=rule.more_trials or None,
    )


def gate_lines(
    outcomes: Mapping[str, BarOutcome], *, notes: Sequence[Note], silent: Sequence[str], bar: str | None
) -> Iterator[str]:
    """What ``gate`` prints, line by line; control characters in names and sentences are made visible."""
    for name, found in outcomes.items():
        never = ", never answered" if name in silent else ""
        yield f"{MARKS[found.outcome]} {for_log(name, limit=80)}: {found.outcome.value}{never}"
        for rule in found.rules:
            yield for_log(f"    {MARKS[rule.outcome]} {rule_name(rule)}: {rule_words(rule)}", limit=500)
    for sentence in notes_words(notes, tuple(outcomes)):
        yield for_log(f"note: {sentence}")
    counts = {ruling: count for ruling, count in _counts(outcomes).items() if count}
    total = ", ".join(f"{count} {ruling.value}" for ruling, count in counts.items()) or "no provider was judged"
    yield f"{total}; bar {bar[:12]}" if bar else total
