"""Where each provider stands: use, avoid or undecided, and the ground for saying so.

A verdict against a bar decides where there is one. Where there is none, a candidate is held against the reference,
paired by case: an exact sign test over cases, corrected for the number of candidates, and the paired differences of the
metrics with Holm's correction. Passing that means that no fault was found, which is not the same as being the same
model: that only drift can say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from trueweight.metrics import describe
from trueweight.report.ground import ALPHA, failing, how_much_slower, what_is_wrong, what_the_bar_says
from trueweight.report.numbers import percent

RELIABLE: Final = 0.95
"""A provider whose success rate is surely below this is not one to build on, whatever it says when it answers."""
FIRST_TRY: Final = 0.9
"""The same for first attempts: who surely fails more than one in ten makes every client write retries."""
FEW: Final = 0.1
"""If more than this share could fail unseen (exact 95% limit of none in n), cases are said to be too few."""


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


def unseen(cases: int) -> float:
    """The share of cases that a provider may fail while none of so many shows it, with 95% confidence."""
    return 1 - 0.05 ** (1 / cases) if cases else 1.0


_WORDS: Final = {
    Group.REFERENCE: ("reference", "—"),
    Group.USE: ("no fault", "✓"),
    Group.AVOID: ("worse", "✕"),
    Group.UNDECIDED: ("undecided", "?"),
}
_RULINGS: Final = {
    "pass": (Group.USE, "PASS"),
    "fail": (Group.AVOID, "FAIL"),
    "inconclusive": (Group.UNDECIDED, "undecided"),
}
_PREFERENCE: Final = ("no drift", "PASS", "no fault", "slower")


def _made(name: str, group: Group, ground: str, word: str = "") -> Standing:
    usual, mark = _WORDS[group]
    return Standing(name, group, word or usual, mark, ground)


def _by_bar(name: str, verdict: Mapping[str, Any], provider: Mapping[str, Any]) -> Standing:
    """The rules that decided and what was measured of them."""
    outcome = str(verdict.get("outcome"))
    group, word = _RULINGS.get(outcome, _RULINGS["inconclusive"])
    reasons = [reason for reason in verdict.get("reasons", ()) if reason.get("outcome") == outcome != "pass"]
    ground = what_the_bar_says(reasons) or ("" if group is Group.USE else what_is_wrong(provider))
    return _made(name, group, ground, word)


def _availability(name: str, provider: Mapping[str, Any]) -> Standing | None:
    metrics = provider.get("metrics", {})
    rate, first = metrics.get("success_rate") or {}, metrics.get("first_attempt_success_rate") or {}
    value = rate.get("value")
    if value is not None and value < RELIABLE:
        if value == 0:
            refused = provider.get("counts", {}).get("arrived")
            return _made(name, Group.UNDECIDED, "refused every request" if refused else "never answered")
        ground = f"{failing(rate)} of requests fail"
        if (rate.get("high") or 1) < RELIABLE:
            return _made(name, Group.AVOID, ground, "unreliable")
        return _made(name, Group.UNDECIDED, ground)
    if (first.get("high") or 1) < FIRST_TRY:
        ground = f"{failing(first)} of first attempts fail, {percent(value or 0)} arrive in the end"
        return _made(name, Group.AVOID, ground, "unreliable")
    if (first.get("value") or 1) < FIRST_TRY:
        return _made(name, Group.UNDECIDED, f"{failing(first)} of first attempts fail, too few to call")
    return None


def _below(provider: Mapping[str, Any], *, surely: bool) -> list[str]:
    """Metrics whose paired difference lies below zero: ``surely`` beyond chance among all candidates and metrics."""
    found = {
        metric: one
        for metric, one in sorted(provider.get("versus_reference", {}).items())
        if one.get("unit") == "difference" and one.get("value") is not None
    }
    low = [metric for metric, one in found.items() if (one.get("high") or 0) < 0]
    return [m for m in low if found[m].get("p_holm", 1) * len(found) <= ALPHA / 2] if surely else low


def _by_reference(
    name: str, provider: Mapping[str, Any], counts: Discordant, candidates: int, floor: Mapping[str, Any]
) -> Standing:
    """Where metrics are tested too, the sign test over cases has one half of the error allowed, and they the other."""
    worse = _below(provider, surely=True)
    tested = any("p_holm" in found for found in provider.get("versus_reference", {}).values())
    if (counts.worse and counts.p_worse() * candidates <= (ALPHA / 2 if tested else ALPHA)) or worse:
        fallback = f"below the reference in {_named(worse[0])}" if worse else f"worse in {counts.worse} cases"
        return _made(name, Group.AVOID, what_is_wrong(provider) or fallback)
    if counts.worse > counts.better:
        ground = f"fails {counts.worse} {_cases(counts.worse)} that the reference passes, too few to call"
        return _made(name, Group.UNDECIDED, ground)
    below = _below(provider, surely=False)
    if below:
        return _made(name, Group.UNDECIDED, f"below the reference in {_named(below[0])}, too little to call")
    slower = how_much_slower(provider, floor)
    return _made(name, Group.USE, slower, "slower" if slower else "")


def _cases(count: int) -> str:
    return "case" if count == 1 else "cases"


def _named(metric: str) -> str:
    return describe(metric).title.replace("_", " ")


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
        return standing if standing.word == "slower" else standing._replace(word="no drift")
    why = "it was not asked the same thing, or samples otherwise" if verdict == "misconfigured" else "too few answers"
    return _made(standing.provider, Group.UNDECIDED, f"drift is undecided: {why}")


def _alone(name: str, provider: Mapping[str, Any]) -> Standing:
    """No reference and no bar: MUST laws are all there is to go by."""
    failing = [finding for finding in provider.get("findings") or [] if finding.get("severity") == "MUST"]
    if not failing:
        return _made(name, Group.USE, "")
    solid = any(len(finding.get("cases", ())) > 1 for finding in failing)
    ground = what_is_wrong({**provider, "findings": failing})
    return _made(name, Group.AVOID, ground, "breaks laws") if solid else _made(name, Group.UNDECIDED, ground)


def drift_measured(summary: Mapping[str, Any]) -> bool:
    """Whether any candidate's weights were compared with the reference's."""
    return any(provider.get("drift") for provider in summary["providers"].values())


def has_answered(summary: Mapping[str, Any], name: str | None) -> bool:
    """Whether anything arrived from a provider. A reference that never answered is none."""
    if name is None or not summary["run"].get("cases"):
        return name is not None
    return bool(summary["providers"][name].get("counts", {}).get("arrived", 1))


def _too_little(standing: Standing, provider: Mapping[str, Any], cases: int) -> Standing:
    """Who was asked little, or answered little, is not cleared by the little that there is."""
    counts = provider.get("counts", {})
    answered = counts.get("cases_answered", cases)
    if standing.group is not Group.USE or answered >= cases:
        return standing
    if not counts.get("recorded", 1):
        return _made(standing.provider, Group.UNDECIDED, "not asked yet")
    if unseen(answered) <= FEW:
        return standing
    return _made(standing.provider, Group.UNDECIDED, f"answered {answered} of {cases} {_cases(cases)}, too few to call")


def standings(summary: Mapping[str, Any]) -> tuple[Standing, ...]:
    """Every provider of a summary, best first: the reference, then use, undecided, avoid."""
    named = summary["run"].get("reference")
    reference = named if has_answered(summary, named) else None
    providers: Mapping[str, Any] = summary["providers"]
    cases = summary.get("cases", [])
    candidates = max(1, sum(name != named for name in providers))
    floor = summary.get("noise_floor") or {}

    def stand(name: str) -> Standing:
        provider = providers[name]
        verdict = provider.get("verdict")
        if name == named and (not verdict or verdict.get("outcome") == "pass"):
            return _made(name, Group.REFERENCE, "", "" if reference else "no answer")
        if verdict:
            return _by_bar(name, verdict, provider)
        found = _availability(name, provider)
        if not found and reference is None:
            found = _alone(name, provider)
        found = found or _by_reference(name, provider, discordant(cases, name, reference or ""), candidates, floor)
        found = _with_drift(found, provider["drift"]) if provider.get("drift") else found
        return _too_little(found, provider, summary["run"].get("cases") or 0)

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
