"""What needs several replies: findings of paired checks, refusals, which count only if a control was accepted, and
times of streams that a provider holds back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, MutableSequence, Sequence
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as replace_struct

from trueweight.checks import ReplyDigest, run_paired_checks
from trueweight.core import Case, Finding, Mode, Observation, Outcome
from trueweight.core.case import REFUSAL_CHECK
from trueweight.core.split_findings import split
from trueweight.workflow.judge.exchange import not_judged_of
from trueweight.workflow.judge.lean import shared
from trueweight.workflow.judge.observation_table import change_each, change_kinds, kinds, places_of

_ACCEPTED = "request-accepted"
_IN_PIECES: Final = "stream-in-pieces"
_Control = tuple[str, str, str]
"""Provider, API, and key of the control."""


def judge_across_replies(
    observations: MutableSequence[Observation],
    digests: Mapping[str, Sequence[ReplyDigest]],
    cases: Mapping[str, Case],
    reference: str | None,
    *,
    without: Collection[str] = (),
) -> MutableSequence[Observation]:
    """The observations, with the findings of paired checks and with refusals settled.

    Args:
        observations: changed by this call.
        digests: provider → its replies.
        reference: name of the reference; None if there is none.
        without: ids of checks to leave out.
    """
    theirs = digests.get(reference, ()) if reference is not None else ()
    places = places_of(observations, digests)
    for name in digests:
        own = theirs if name == reference else digests[name]
        found = run_paired_checks(own, () if name == reference else theirs, without=without)
        for at in places[name] if found else ():
            seen = observations[at]
            if seen.trial in found:
                observations[at] = _joined(seen, found.pop(seen.trial))
    return _settle_refusals(observations, cases)


def _joined(seen: Observation, more: Sequence[Finding]) -> Observation:
    kept = tuple(one for one in more if one.problem is None)
    return replace_struct(
        seen, findings=shared((*seen.findings, *kept)), not_judged=(*seen.not_judged, *not_judged_of(more))
    )


def _settle_refusals(
    observations: MutableSequence[Observation], cases: Mapping[str, Case]
) -> MutableSequence[Observation]:
    """A refusal passes only if the provider accepts the control, a well-formed request: refusing all shows nothing.

    The control is the case that ``request-refused`` names, else any of the same suite; sent through the same API. If
    the control is unsupported, the refusal is unsupported too.
    """
    accepted: defaultdict[_Control, set[str]] = defaultdict(set)
    for one, _ in kinds(observations):
        state = _state(one)
        if state:
            accepted[one.provider, one.api, one.case].add(state)
            accepted[one.provider, one.api, f"{one.suite}/*"].add(state)
    return change_kinds(observations, lambda one: _settled(one, cases.get(one.case), accepted))


def _state(seen: Observation) -> str:
    found = split(seen.findings)
    if found.unsupported and any(one.check == _ACCEPTED for one in found.all if one.outcome is Outcome.UNSUPPORTED):
        return "unsupported"
    accepted = seen.arrived and seen.status is not None and 200 <= seen.status < 300
    others = found.all if len(found.all) > len(found.judged) else ()
    about_refusal = REFUSAL_CHECK in found.judged or any(one.check == REFUSAL_CHECK for one in others)
    return "accepted" if accepted and not about_refusal else ""


def _settled(seen: Observation, case: Case | None, states_of: Mapping[_Control, set[str]]) -> Observation:
    if REFUSAL_CHECK not in split(seen.findings).judged:
        return seen
    passed = [f for f in seen.findings if f.check == REFUSAL_CHECK and f.outcome is Outcome.PASS]
    if not passed:
        return seen
    named = case.checks.get(REFUSAL_CHECK, {}).get("control") if case is not None else None
    control = f"{seen.suite}/*" if named is None else named if "/" in named else f"{seen.suite}/{named}"
    states = states_of.get((seen.provider, seen.api, control), set())
    if "accepted" in states:
        return seen
    rest = tuple(f for f in seen.findings if f is not passed[0])
    if "unsupported" in states:
        message = f"refused, but so is the well-formed {control}: what it is about is not supported"
        return replace_struct(seen, findings=(*rest, replace(passed[0], outcome=Outcome.UNSUPPORTED, message=message)))
    # The control was refused as well, or never arrived: the refusal neither passes nor fails.
    return replace_struct(seen, findings=rest)


def without_burst_times(observations: MutableSequence[Observation]) -> MutableSequence[Observation]:
    """The observations, changed in place. Where streams of a provider through an API come in one piece, those that did
    keep the time of the whole reply alone: a time to the first token would be that of the last one."""
    buffered = {
        (seen.provider, seen.api)
        for seen, _ in kinds(observations)
        if any(one.check == _IN_PIECES for one in split(seen.findings).failed)
    }

    def change(seen: Observation) -> Observation:
        held = (seen.provider, seen.api) in buffered and seen.mode is Mode.STREAM
        if held and seen.timing is not None and seen.timing.at_once:
            return replace_struct(seen, timing=seen.timing.without_token_times())
        return seen

    return change_each(observations, change) if buffered else observations
