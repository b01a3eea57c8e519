"""Notes on how the requests of a run were written: its profile, its sampling, and whose requests differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from trueweight.checks.markers import PROFILE_MARKERS, knows_marker
from trueweight.core import Case, Profile, Provider, Suite
from trueweight.core.note import Note, NoteCode
from trueweight.profiles.requests import PROFILE_OPTION, SAMPLING_OPTION, RunSampling, recorded_profile
from trueweight.store import Manifest
from trueweight.workflow.repeats import RepeatChoice, recorded_choice

ADAPTED: Final = "adapted"
"""The manifest's option with the providers whose requests the probe changed; also the reason of the note on one."""


def request_notes(manifest: Manifest, cases: Sequence[Case]) -> Iterator[Note]:
    """Notes for a reader of the run: the profile, the sampling, and each provider's own fields."""
    recorded = manifest.options.get(PROFILE_OPTION)
    if isinstance(recorded, Mapping):
        by = str(recorded.get("by", ""))
        yield Note(code=NoteCode.PROFILE, text=str(recorded["name"]), providers=(by,) if by else ())
        for name, label in recorded.get("others", ()):
            yield Note(code=NoteCode.PROFILE_OTHER, providers=(str(name),), text=str(label))
    sampling = manifest.options.get(SAMPLING_OPTION)
    if isinstance(sampling, Mapping):
        yield _sampling_note(msgspec.convert(sampling, RunSampling), recorded_profile(manifest.options))
    if (choice := recorded_choice(manifest.options)) is not None:
        yield repeats_note(choice)
    for provider in manifest.providers:
        by_probe = provider.name in manifest.options.get(ADAPTED, ())
        if (note := _changes_note(provider, cases, by_probe=by_probe)) is not None:
            yield note


def with_profile_markers(suite: Suite, profile: Profile | None) -> Suite:
    """The suite with a check for those markers of the profile that the check of all families does not know."""
    unknown = [marker for marker in (() if profile is None else profile.markers) if not knows_marker(marker)]
    if not unknown:
        return suite
    added = {PROFILE_MARKERS: {"markers": unknown}}
    cases = (case if case.api else replace(case, checks={**case.checks, **added}) for case in suite.cases)
    return replace(suite, cases=tuple(cases))


def repeats_note(choice: RepeatChoice) -> Note:
    """The note on repeats that were chosen after a first pass."""
    reason = str(choice.wanted) if choice.wanted > choice.repeats else ""
    count, of = choice.disagreements, choice.pairs
    return Note(code=NoteCode.REPEATS, text=str(choice.repeats), count=count, of=of, reason=reason)


def _sampling_note(sampling: RunSampling, profile: Profile | None) -> Note:
    thinks = profile is not None and profile.thinking.thinks in ("always", "by-default")
    fields = json.dumps(dict(sampling.fields(thinks=thinks)), sort_keys=True)
    return Note(
        code=NoteCode.SAMPLING,
        text=fields,
        reason=sampling.zero.value,
        recorded=sampling.source,
        providers=sampling.refused_by,
    )


def _changes_note(provider: Provider, cases: Sequence[Case], *, by_probe: bool) -> Note | None:
    changes = provider.changes
    if not changes:
        return None
    changed = sum(bool(changes.fields_in(case.request)) for case in cases)
    what = [f"{name} is left out" for name in changes.drop]
    what += [f"{name} is sent as {other}" for name, other in changes.rename.items()]
    what += [f"{name} is set to {json.dumps(value)}" for name, value in changes.set.items()]
    text = "; ".join(what)
    names = (provider.name,)
    reason = ADAPTED if by_probe else ""
    return Note(
        code=NoteCode.ASKED_DIFFERENTLY, providers=names, count=changed, of=len(cases), text=text, reason=reason
    )
