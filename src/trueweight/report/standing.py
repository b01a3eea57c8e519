"""Where each provider stands: use, avoid or undecided, and the ground for saying so.

A verdict against a bar decides where there is one. Where there is none, a candidate is held against the reference,
paired by case: an exact sign test over cases, corrected for the number of candidates, and the paired differences of the
metrics with Holm's correction. Passing that means that no fault was found, which is not the same as being the same
model: that only drift can say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from trueweight.report.metrics import of_id

ALPHA: Final = 0.05
RELIABLE: Final = 0.95
"""A provider whose success rate is surely below this is not one to build on, whatever it says when it answers."""
FIRST_TRY: Final = 0.9
"""The same for first attempts: who surely fails more than one in ten makes every client write retries."""
MATTERS: Final = 0.1
_LONGEST_GROUND: Final = 110


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
    Group.USE: ("no fault", "✓"),
    Group.AVOID: ("worse", "✕"),
    Group.UNDECIDED: ("open", "?"),
}
_RULINGS: Final = {
    "pass": (Group.USE, "PASS"),
    "fail": (Group.AVOID, "FAIL"),
    "inconclusive": (Group.UNDECIDED, "open"),
}
_TIMES: Final = {"ttft": "first token", "e2e": "whole reply"}
_PREFERENCE: Final = ("as good", "PASS", "no fault", "slower")
_SENTENCE: Final = re.compile(r"\.(?:\s|$)")


def _made(name: str, group: Group, ground: str, word: str = "") -> Standing:
    usual, mark = _WORDS[group]
    return Standing(name, group, word or usual, mark, ground)


def _ground(provider: Mapping[str, Any]) -> str:
    """What is wrong in a few words: the first clause of its sentence, which says it without the names of checks."""
    findings = provider.get("findings") or []
    if not findings:
        return ""
    said = _SENTENCE.split(str(provider.get("sentence", "")), maxsplit=1)[0]
    if 0 < len(said) <= _LONGEST_GROUND:
        return said[:1].lower() + said[1:]
    return f"{findings[0]['check']} fails in {findings[0]['fails']} of {findings[0]['of']}"


def _by_bar(name: str, verdict: Mapping[str, Any], provider: Mapping[str, Any]) -> Standing:
    """The first rule that decided, and what was measured of it."""
    outcome = str(verdict.get("outcome"))
    group, word = _RULINGS.get(outcome, _RULINGS["inconclusive"])
    reasons = [reason for reason in verdict.get("reasons", ()) if reason.get("outcome") == outcome != "pass"]
    ground = f"{reasons[0]['rule']}: {reasons[0]['message']}" if reasons else ""
    if len(reasons) > 1:
        ground += f"; {len(reasons) - 1} more"
    return _made(name, group, ground or ("" if group is Group.USE else _ground(provider)), word)


def _availability(name: str, provider: Mapping[str, Any]) -> Standing | None:
    metrics = provider.get("metrics", {})
    rate, first = metrics.get("success_rate") or {}, metrics.get("first_attempt_success_rate") or {}
    value = rate.get("value")
    if value is not None and value < RELIABLE:
        if value == 0:
            return _made(name, Group.UNDECIDED, "never answered")
        ground = f"{1 - value:.0%} of requests fail"
        if (rate.get("high") or 1) < RELIABLE:
            return _made(name, Group.AVOID, ground, "unreliable")
        return _made(name, Group.UNDECIDED, ground)
    if (first.get("high") or 1) < FIRST_TRY:
        ground = f"{1 - first['value']:.0%} of first attempts fail, {value or 0:.1%} arrive in the end"
        return _made(name, Group.AVOID, ground, "unreliable")
    if (first.get("value") or 1) < FIRST_TRY:
        return _made(name, Group.UNDECIDED, f"{1 - first['value']:.0%} of first attempts fail, too few to call")
    return None


def _below(provider: Mapping[str, Any], *, surely: bool) -> list[str]:
    """Metrics whose paired difference lies below zero: ``surely`` beyond chance among all candidates (Holm)."""
    return [
        metric
        for metric, found in sorted(provider.get("versus_reference", {}).items())
        if found.get("unit") == "difference"
        and (found.get("high") or 0) < 0
        and (not surely or found.get("p_holm", 1) <= ALPHA)
    ]


def _by_reference(name: str, provider: Mapping[str, Any], counts: Discordant, candidates: int) -> Standing:
    worse = _below(provider, surely=True)
    if (counts.worse and counts.p_worse() * candidates <= ALPHA) or worse:
        fallback = f"below the reference in {_named(worse[0])}" if worse else f"worse in {counts.worse} cases"
        return _made(name, Group.AVOID, _ground(provider) or fallback)
    if counts.worse > counts.better:
        ground = f"fails {counts.worse} cases that the reference passes, too few to call"
        return _made(name, Group.UNDECIDED, ground)
    below = _below(provider, surely=False)
    if below:
        return _made(name, Group.UNDECIDED, f"below the reference in {_named(below[0])}")
    slower = _slower(provider)
    return _made(name, Group.USE, slower, "slower" if slower else "")


def _named(metric: str) -> str:
    return of_id(metric).label.replace("_", " ")


def _slower(provider: Mapping[str, Any]) -> str:
    """By how much, if it is slower beyond chance and by more than a tenth of its own time; else nothing."""
    for metric, words in _TIMES.items():
        found = provider.get("versus_reference", {}).get(metric) or {}
        own = (provider.get("metrics", {}).get(metric) or {}).get("value")
        if own and found.get("p_holm", 1) <= ALPHA and (found.get("low") or 0) > MATTERS * own:
            return f"{words} +{found['value']:,.0f} ms"
    return ""


def _with_drift(standing: Standing, drift: Mapping[str, Any]) -> Standing:
    """What is known of the weights can spoil a standing, and nothing that was found repairs one."""
    verdict = drift.get("verdict")
    if standing.group is Group.AVOID:
        return standing
    if verdict == "drift":
        rung = f", nearest {drift['rung']}" if drift.get("rung") else ""
        return _made(standing.provider, Group.AVOID, f"its answers drift from the reference's{rung}", "drifted")
    if standing.group is not Group.USE:
        return standing
    if verdict == "equivalent":
        return standing if standing.word == "slower" else standing._replace(word="as good")
    why = "it was not asked the same thing, or samples otherwise" if verdict == "misconfigured" else "too few answers"
    return _made(standing.provider, Group.UNDECIDED, f"drift is open: {why}")


def _alone(name: str, provider: Mapping[str, Any]) -> Standing:
    """No reference and no bar: MUST laws are all there is to go by."""
    failing = [finding for finding in provider.get("findings") or [] if finding.get("severity") == "MUST"]
    if not failing:
        return _made(name, Group.USE, "")
    solid = any(len(finding.get("cases", ())) > 1 for finding in failing)
    ground = _ground({**provider, "findings": failing})
    return _made(name, Group.AVOID, ground, "breaks laws") if solid else _made(name, Group.UNDECIDED, ground)


def drift_measured(summary: Mapping[str, Any]) -> bool:
    """Whether any candidate's weights were compared with the reference's."""
    return any(provider.get("drift") for provider in summary["providers"].values())


def standings(summary: Mapping[str, Any]) -> tuple[Standing, ...]:
    """Every provider of a summary, best first: the reference, then use, undecided, avoid."""
    reference = summary["run"].get("reference")
    providers: Mapping[str, Any] = summary["providers"]
    cases = summary.get("cases", [])
    candidates = max(1, sum(name != reference for name in providers))

    def stand(name: str) -> Standing:
        provider = providers[name]
        verdict = provider.get("verdict")
        if name == reference and (not verdict or verdict.get("outcome") == "pass"):
            return _made(name, Group.REFERENCE, "")
        if verdict:
            return _by_bar(name, verdict, provider)
        found = _availability(name, provider)
        if not found and reference is None:
            found = _alone(name, provider)
        found = found or _by_reference(name, provider, discordant(cases, name, reference or ""), candidates)
        return _with_drift(found, provider["drift"]) if provider.get("drift") else found

    return tuple(sorted(map(stand, providers), key=lambda s: _rank(s, providers[s.provider])))


def _rank(standing: Standing, provider: Mapping[str, Any]) -> tuple[int, int, tuple[int, float], str]:
    word = _PREFERENCE.index(standing.word) if standing.word in _PREFERENCE else len(_PREFERENCE)
    return list(Group).index(standing.group), word, _burden(provider), standing.provider


def _burden(provider: Mapping[str, Any]) -> tuple[int, float]:
    """How much is wrong: failing MUST and SHOULD laws by cases touched, then requests that never arrived."""
    touched = sum(
        len(finding.get("cases", ())) for finding in provider.get("findings") or [] if finding.get("severity") != "INFO"
    )
    success = (provider.get("metrics", {}).get("success_rate") or {}).get("value")
    return touched, 1.0 - (success if success is not None else 0.0)
