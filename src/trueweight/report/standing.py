"""Where each provider stands: use, avoid or undecided, and the ground for saying so.

A verdict against a bar decides where there is one. Where there is none, a candidate is judged against the reference,
paired by case, by an exact sign test that is corrected for the number of candidates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

ALPHA: Final = 0.05
RELIABLE: Final = 0.95
"""A provider whose success rate is surely below this is not one to build on, whatever it says when it answers."""


class Group(StrEnum):
    """What the reader should do."""

    REFERENCE = "reference"
    USE = "use"
    UNDECIDED = "undecided"
    AVOID = "avoid"


class Standing(NamedTuple):
    """A provider's group, its mark and word, and the ground in a few words."""

    provider: str
    group: Group
    word: str
    mark: str
    ground: str


class Discordant(NamedTuple):
    """Cases in which a candidate and the reference differ: who failed where the other passed."""

    worse: int
    better: int

    def p_worse(self) -> float:
        """Exact one-sided sign test: chance of at least this many ``worse`` if both directions were alike."""
        total = self.worse + self.better
        return math.fsum(math.comb(total, k) / 2**total for k in range(self.worse, total + 1))


def case_outcome(modes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """A case as a whole: ``fail`` if any mode fails, ``pass`` if every judged mode passes, else None."""
    outcomes = {str(cell.get("outcome")) for cell in modes.values()} - {"n/a"}
    if "fail" in outcomes:
        return "fail"
    return "pass" if outcomes == {"pass"} else None


def discordant(cases: Sequence[Mapping[str, Any]], provider: str, reference: str) -> Discordant:
    """Count the discordant cases; INFO cases carry no weight in a verdict."""
    worse = better = 0
    for case in cases:
        if case.get("severity") == "INFO":
            continue
        theirs = case_outcome(case["cells"].get(provider, {}))
        ours = case_outcome(case["cells"].get(reference, {}))
        worse += theirs == "fail" and ours == "pass"
        better += theirs == "pass" and ours == "fail"
    return Discordant(worse, better)


_WORDS: Final = {
    Group.REFERENCE: ("reference", "—"),
    Group.USE: ("PASS", "✓"),
    Group.AVOID: ("FAIL", "✕"),
    Group.UNDECIDED: ("open", "?"),
}
_VERDICTS: Final = {"pass": Group.USE, "fail": Group.AVOID, "inconclusive": Group.UNDECIDED}


def _made(name: str, group: Group, ground: str) -> Standing:
    word, mark = _WORDS[group]
    return Standing(name, group, word, mark, ground)


def _ground(provider: Mapping[str, Any]) -> str:
    """The worst finding in a few words: check and how often."""
    findings = provider.get("findings") or []
    if not findings:
        return ""
    worst = findings[0]
    return f"{worst['check']} fails in {worst['fails']} of {worst['of']}"


def _availability(name: str, provider: Mapping[str, Any]) -> Standing | None:
    rate = provider.get("metrics", {}).get("success_rate") or {}
    value, high = rate.get("value"), rate.get("high")
    if value is None or value >= RELIABLE:
        return None
    if value == 0:
        return _made(name, Group.UNDECIDED, "never answered")
    surely = high is not None and high < RELIABLE
    return _made(name, Group.AVOID if surely else Group.UNDECIDED, f"{1 - value:.0%} of requests fail")


def _by_reference(name: str, provider: Mapping[str, Any], counts: Discordant, candidates: int) -> Standing:
    if counts.worse and counts.p_worse() * candidates <= ALPHA:
        return _made(name, Group.AVOID, _ground(provider) or f"worse than the reference in {counts.worse} cases")
    below = [
        metric
        for metric, difference in sorted(provider.get("versus_reference", {}).items())
        if difference.get("unit") == "difference" and (difference.get("high") or 0) < 0
    ]
    if counts.worse > counts.better:
        ground = f"fails {counts.worse} cases that the reference passes, too few to call"
        return _made(name, Group.UNDECIDED, ground)
    if below:
        return _made(name, Group.UNDECIDED, f"below the reference in {below[0].replace('_', ' ')}")
    return _made(name, Group.USE, "")


def _alone(name: str, provider: Mapping[str, Any]) -> Standing:
    """No reference and no bar: MUST laws are all there is to go by."""
    failing = [finding for finding in provider.get("findings") or [] if finding.get("severity") == "MUST"]
    if not failing:
        return _made(name, Group.USE, "")
    solid = any(len(finding.get("cases", ())) > 1 for finding in failing)
    return _made(name, Group.AVOID if solid else Group.UNDECIDED, _ground({"findings": failing}))


def standings(summary: Mapping[str, Any]) -> tuple[Standing, ...]:
    """Every provider of a summary, best first: the reference, then use, undecided, avoid."""
    reference = summary["run"].get("reference")
    providers: Mapping[str, Any] = summary["providers"]
    cases = summary.get("cases", [])
    candidates = max(1, sum(name != reference for name in providers))

    def stand(name: str) -> Standing:
        provider = providers[name]
        if name == reference:
            return _made(name, Group.REFERENCE, "")
        verdict = provider.get("verdict")
        if verdict:
            return _made(name, _VERDICTS.get(str(verdict.get("outcome")), Group.UNDECIDED), _ground(provider))
        unavailable = _availability(name, provider)
        if unavailable:
            return unavailable
        if reference is None:
            return _alone(name, provider)
        return _by_reference(name, provider, discordant(cases, name, reference), candidates)

    order = list(Group)
    return tuple(
        sorted(map(stand, providers), key=lambda s: (order.index(s.group), _burden(providers[s.provider]), s.provider))
    )


def _burden(provider: Mapping[str, Any]) -> tuple[int, float]:
    """How much is wrong: failing MUST and SHOULD laws by cases touched, then requests that never arrived."""
    touched = sum(
        len(finding.get("cases", ())) for finding in provider.get("findings") or [] if finding.get("severity") != "INFO"
    )
    success = (provider.get("metrics", {}).get("success_rate") or {}).get("value")
    return touched, 1.0 - (success if success is not None else 0.0)
