"""A note on how a run was recorded, as ``summary.json`` has it: a code with its values, and no sentence."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from trueweight.core.judging import JudgingProblem


class NoteCode(StrEnum):
    """What a reader must know about the recording of the run. Beside each code: the fields of `Note` that it fills."""

    BAR_MISSING = "bar-missing"
    """The run was made against the bar ``recorded``, which is no longer in its directory."""
    BAR_ADDED = "bar-added"
    """The bar ``bar`` was put into the run after it was recorded."""
    BAR_CHANGED = "bar-changed"
    """The bar was changed after the run was recorded, from ``recorded`` to ``bar``."""
    BAR_EARLIER = "bar-earlier"
    """Part of the data was recorded under the bar ``recorded``, or without one if that is empty."""
    PART_OF_RUN = "part-of-run"
    """Only some shards are there: ``share`` of the run, as a fraction in lowest terms."""
    DRIFT_LEFT_OUT = "drift-left-out"
    """Drift of ``providers`` was measured with another address, model or reference, and is left out."""
    BAR_OTHER = "bar-other"
    """The bar ``bar`` is not the one that the run was made against, ``recorded``; empty if it was made without one."""
    NOT_FINISHED = "not-finished"
    """``count`` ``of`` planned trials are on record."""
    IMPORTED = "imported"
    """The replies were recorded by the verifier ``text``: ``count`` of the ``of`` requests times providers have one."""
    NOT_IN_BASELINE = "not-in-baseline"
    """``providers`` are not in the baseline, and so are not compared with it."""
    API_NOT_APPLICABLE = "api-not-applicable"
    """``count`` cases cannot be asked of ``providers`` through ``api``; ``reason`` says why."""
    API_LEAVES_OUT = "api-leaves-out"
    """``count`` cases are asked of ``providers`` through ``api`` without the field ``text``, which it does not have."""
    PROFILE = "profile"
    """Requests are written by the profile ``text``, which the model id of ``providers`` chose, or which was named."""
    PROFILE_OTHER = "profile-other"
    """The model ids of ``providers`` fit another profile, ``text``."""
    SAMPLING = "sampling"
    """``text``, fields of sampling in JSON, take the place of temperature 0; ``reason`` is what happens at 0."""
    ASKED_DIFFERENTLY = "asked-differently"
    """``providers`` get ``count`` cases with other fields of the body: ``text``, by their entry in providers.toml;
    ``reason`` is ``adapted`` if they refused a field before the run."""
    KNOWN_HABIT = "known-habit"
    """``providers`` show a known habit of the model family, ``text``, in ``count`` ``of`` the cases. It is no finding.
    ``reason`` is its source."""
    OPEN_CALLS = "open-calls"
    """``providers`` called a tool where the reference did not, or the other way round, in ``count`` ``of`` trials, all
    of cases that leave the call open and are sampled. The reference differs from itself in ``text`` of ``recorded``."""
    REPEATS = "repeats"
    """The repeats, ``text``, were chosen after a first pass: the reference disagreed with itself in ``count`` ``of``
    cases. ``reason`` is the number that would have been enough, if a limit of the run allows fewer."""
    NOT_JUDGED = "not-judged"
    """``part`` of judging was not done for ``count`` ``of`` replies of ``providers``. ``problem`` says why, and
    ``reason`` is that of the trial ``trial``."""
    KEY_REFUSED = "key-refused"
    """``providers`` refused the key with ``reason`` during the run, through ``api``; "" if each of its APIs did. Trials
    after that were not sent there."""
    DAMAGED = "damaged"
    """``count`` lines of the record are damaged and left out; ``text`` names the first, and ``reason`` its error."""
    TEXT = "text"
    """A sentence of a summary of format 1: ``text``."""


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A note on the run as a whole. Digests are whole; a reader shows their first 12 digits."""

    code: NoteCode
    bar: str = ""
    recorded: str = ""
    share: str = ""
    providers: tuple[str, ...] = ()
    count: int | None = None
    of: int | None = None
    api: str = ""
    reason: str = ""
    text: str = ""
    part: str = ""
    problem: JudgingProblem | None = None
    trial: str = ""
