"""A check that a provider fails, as ``summary.json`` has it: how often, in which cases, and which part is to blame."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from trueweight.core.assessment import Blame
from trueweight.core.case import Mode, Severity
from trueweight.core.estimate import Comparison, Estimate


class BlameCode(StrEnum):
    """Why a failure is blamed on model or serving. Beside each code: the fields of `BlameReason` that it fills."""

    ENGINE_ONLY = "engine-only"
    """No model can break this requirement, only what serves it. ``shared``: cases that the reference fails too."""
    NO_REFERENCE = "no-reference"
    """A model or a server can break it, and there is no reference to tell which."""
    REFERENCE_UNJUDGED = "reference-unjudged"
    """The reference's replies to these cases gave the check nothing to judge."""
    REFERENCE_FAILS = "reference-fails"
    """The reference fails it too, in ``shared`` of the same ``common`` cases."""
    REFERENCE_PASSES = "reference-passes"
    """One pass of the reference passes ``alone`` cases that fail here and fails ``reverse`` that pass, beyond chance
    (``p``)."""
    TOO_FEW = "too-few"
    """As ``reference-passes``, but within chance. ``unjudged``: failing cases that the check cannot judge at the
    reference."""


class BlameReason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reason for the blame of a failure. ``p`` is that of the exact two-sided sign test over cases, corrected over
    all findings of the run (Tarone)."""

    code: BlameCode
    shared: int | None = None
    common: int | None = None
    alone: int | None = None
    reverse: int | None = None
    unjudged: int | None = None
    p: float | None = None


class CaseCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases fail a check in one mode, or through one API, of how many that it judged so."""

    fails: int
    of: int


class FoundIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where all failures of a check were, if not everywhere that the provider was asked.

    Attributes:
        mode: the mode of all failures; None if both modes fail, or if the check judged one only.
        apis: the APIs of all failures; empty if each API that the provider was asked through fails, and for an API
            without completions, such as the list of models.
        cases_judged: number of cases that the check judged in this mode and through these APIs.
        only_mode: whether the check judged each failing case in the other mode of the same API too, where it passed.
        only_apis: whether the check judged each failing case through another API too, where it passed.
    """

    mode: Mode | None = None
    apis: tuple[str, ...] = ()
    cases_judged: int = 0
    only_mode: bool = False
    only_apis: bool = False


class FindingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A check that a provider fails.

    Attributes:
        outcome: ``flaky`` if each case and mode that fails it also passes it in another repeat.
        fails, of: number of trials that fail it, and number of trials that it judged.
        cases: keys of the cases that fail it in any repeat.
        cases_judged: number of cases that it judged.
        failure: what was found, as the check's declaration has it, with ``{cases}`` for the count; "" without one.
        by_mode: the cases counted by mode. A mode in which it judged nothing is left out.
        by_api: the cases counted by API, with ``of`` 0 where it judged nothing; empty if the provider was asked through
            one API.
        found_in: None if it fails in every mode that it judged and through every API of the provider.
        message: the most frequent message. ``example`` is the id of a trial that fails with it.
        reference_fails: number of these cases that the reference fails too; None without a reference.
        rate: failure rate in the cases and modes with a failure; None without repeats.
        beyond: failure rate less that of the reference's one pass, paired by case; without a reference less the mean of
            the other candidates. ``p_holm`` is one-sided and corrected over candidates and checks. None for the
            reference, and where there is nothing to compare with.
        blame: None in a summary of format 1 that does not have it.
    """

    check: str
    severity: Severity
    outcome: Literal["fail", "flaky"]
    fails: int
    of: int
    cases: tuple[str, ...]
    cases_judged: int
    requirement: str
    source: str
    example: str
    message: str
    reference_fails: int | None = None
    rate: Estimate | None = None
    beyond: Comparison | None = None
    blame: Blame | None = None
    blame_reason: BlameReason | None = None
    failure: str = ""
    by_mode: Mapping[Mode, CaseCount] = msgspec.field(default_factory=dict)
    by_api: Mapping[str, CaseCount] = msgspec.field(default_factory=dict)
    found_in: FoundIn | None = None

    @property
    def engine_only(self) -> bool:
        """Whether no model can cause the failure, only what serves it."""
        return self.blame_reason is not None and self.blame_reason.code is BlameCode.ENGINE_ONLY

    @property
    def certain(self) -> bool:
        """Whether one failure convicts the server: no model can cause it, and the reference does not fail it."""
        return self.engine_only and not self.reference_fails

    def is_beyond(self, alpha: float) -> bool:
        """Whether it fails more often than the reference, or than the other candidates, beyond chance."""
        found = self.beyond
        return found is not None and found.p_holm is not None and found.p_holm <= alpha

    @property
    def shared(self) -> bool:
        """Whether the reference fails the check in all of these cases."""
        return self.reference_fails == len(self.cases)
