"""Drift in sentences. A place on the ladder is "consistent with" a rung; it is never certain."""

from __future__ import annotations

from typing import Final

import msgspec

from trueweight.core import Drift, DriftMode, DriftVerdict
from trueweight.drift.candidate import CandidateTest
from trueweight.drift.investigate import Investigation

_VERDICTS: Final = {
    DriftVerdict.DRIFT: "Its output distribution differs from the reference's by more than another stack would.",
    DriftVerdict.EQUIVALENT: "Its output distribution differs from the reference's by less than another stack would.",
    DriftVerdict.INCONCLUSIVE: "There is too little evidence to decide.",
}


RARE_SHARE: Final = 0.1
"""If a smaller share of the reference's draws occurs more than once, strangeness shows nothing."""

LEAST_PROMPTS_FOR_DRAWS: Final = 12


def with_words(drift: Drift, c: CandidateTest) -> Drift:
    """A copy with its words: the verdict, the effect next to the self-agreement, and the place on the ladder."""
    head = c.misconfiguration.verdict if drift.verdict is DriftVerdict.MISCONFIGURED else _VERDICTS[drift.verdict]
    if drift.verdict is DriftVerdict.MISCONFIGURED:
        head = f"It receives another prompt or samples differently, so its weights cannot be judged: {head}."
    parts = [head, _effect(drift), _place(drift)]
    return msgspec.structs.replace(drift, words=" ".join(part for part in parts if part))


def _effect(drift: Drift) -> str:
    found, n = drift.details, drift.prompts
    if not found:
        return "No prompt could be compared."
    if drift.mode is DriftMode.LOGPROBS:
        return (
            f"The top token differs on {found['top_differs']:.1%} of {n} first tokens "
            f"(the reference against itself: {found['top_differs_floor']:.1%}); log-probabilities differ by a median "
            f"of {found['distance']:.2g} nats (itself: {found['distance_floor']:.2g})."
        )
    kind = "sampled answers under the same seed" if drift.mode is DriftMode.SAMPLED else "answers at temperature 0"
    differ = (
        f"{found['text_differs']:.1%} of {n} {kind} differ within their first tokens "
        f"(the reference against itself: {found['text_differs_floor']:.1%})"
    )
    if drift.mode is DriftMode.SAMPLED:
        return (
            f"{differ}; {found['typical']:.1%} of its answers also occur among the reference's draws under other seeds "
            f"(of the reference's draws: {found['typical_floor']:.1%})."
        )
    return f"{differ}; {found['gross']:.1%} more differ at a token where the reference had a large margin."


def _place(drift: Drift) -> str:
    if drift.rung is None:
        return ""
    first, last = drift.rungs[0], drift.rungs[-1]
    span = f"{first} to {last}" if first != last else first
    return f"On the recorded ladder it is consistent with {span}; nearest is {drift.rung}."


def remarks_of(found: Investigation, c: CandidateTest) -> tuple[str, ...]:
    """Further observations, in sentences."""
    tally, n = c.tally, len(c.scored)
    notes = list(found.support[c.provider.name].findings) if c.provider.name in found.support else []
    if c.misconfiguration.remark:
        notes.append(c.misconfiguration.remark)
    if c.misconfiguration.verdict and c.verdict is not DriftVerdict.MISCONFIGURED:
        notes.append(c.misconfiguration.verdict)
    if tally.raw_differs:
        notes.append(
            f"{tally.raw_differs} of {n} answers differ from the reference's only in white space at their ends"
        )
    if tally.empty:
        notes.append(f"{tally.empty} of {n} answers are empty where the reference's are not")
    if tally.refused or tally.refused_reference:
        notes.append(f"refused {tally.refused} of {n} prompts; the reference refused {tally.refused_reference}")
    if c.dead:
        notes.append(f"stopped answering ({c.dead}); what was measured before is kept")
    if found.reference_dead:
        notes.append(f"the reference stopped answering ({found.reference_dead}); what was measured before is kept")
    own = found.spent[c.provider.name]
    if own.unreported and c.provider.price is not None:
        notes.append(f"{own.unreported} requests reported no usage; the cost does not include them")
    if c.mode is DriftMode.SAMPLED and n >= LEAST_PROMPTS_FOR_DRAWS and tally.typical_floor / n < RARE_SHARE:
        notes.append("the reference's draws rarely repeat, so how typical an answer is shows little")
    if c.mode is DriftMode.SAMPLED and n and c.seeds_differ:
        notes.append(
            "its seeds do not reproduce the reference's draws: only how typical its answers are can be judged, which "
            "cannot show equivalence"
        )
    return tuple(notes)
