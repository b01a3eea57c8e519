"""What an LLM judge says of pairs of answers, and whether its verdicts count. The noun of ``workload judge``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from trueweight.core.estimate import Estimate

LEAST_LABELS: Final = 30
"""Labels by hand without which an LLM judge is not trusted."""
LEAST_KAPPA: Final = 0.4
"""The lower limit of kappa that a trusted LLM judge has at least: beyond "fair" (Landis and Koch 1977)."""
MOST_UNREADABLE: Final = 0.1
"""The share of pairs without two verdicts above which an LLM judge is not trusted."""


class Better(StrEnum):
    """Which of two answers is better: the one given by a provider, or the recorded one."""

    GIVEN = "given"
    RECORDED = "recorded"
    EQUAL = "equal"

    @property
    def value_of_given(self) -> float:
        """1, 0 or ½ for the given answer."""
        return {Better.GIVEN: 1.0, Better.RECORDED: 0.0, Better.EQUAL: 0.5}[self]


class LlmJudgeDoubt(StrEnum):
    """Why an LLM judge's verdicts do not count."""

    FEW_LABELS = "few-labels"
    """Fewer than `LEAST_LABELS` of its pairs have a label by hand."""
    ONE_LABEL = "one-label"
    """All labels are the same, so agreement shows nothing."""
    DISAGREES = "disagrees"
    """Kappa with the labels may be below `LEAST_KAPPA`."""
    STALE = "stale"
    """The run has answers that the LLM judge was not asked about, because they arrived later."""
    UNREADABLE = "unreadable"
    """More than `MOST_UNREADABLE` of its pairs have no two verdicts in the requested form."""


class LlmJudgeSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An LLM judge and what is known of it. In ``summary.json``.

    Attributes:
        name, model: of its provider.
        cases: of the workload whose answers it compared.
        pairs: different pairs of answers, each asked in both orders.
        unreadable: pairs without two verdicts in the requested form.
        consistent: share of pairs with the same verdict in both orders; the others count as equal.
        first: share of its decided verdicts that are for the answer that stands first; ½ if the place does not matter.
        accuracy, kappa: agreement with the labels by hand.
        doubt: why its verdicts do not count; None if they do.
        cost: USD of all its requests; None if not known.
    """

    name: str
    model: str
    cases: int
    pairs: int
    unreadable: int
    consistent: Estimate
    first: Estimate
    accuracy: Estimate
    kappa: Estimate
    doubt: LlmJudgeDoubt | None = None
    cost: float | None = None

    @property
    def trusted(self) -> bool:
        """Whether its verdicts decide anything."""
        return self.doubt is None


class LlmJudgeScope(msgspec.Struct, frozen=True):
    """What an LLM judge is asked about, as it is kept beside its replies.

    Attributes:
        cases: keys of the cases of the run whose answers it compares.
        labels: pair → label by hand.
    """

    cases: tuple[str, ...] = ()
    labels: Mapping[str, Better] = MappingProxyType({})


class LlmJudgeFound(NamedTuple):
    """The verdicts of an LLM judge.

    Attributes:
        cases: keys of the cases that it was asked about.
        asked: names of all pairs that it was asked about.
        verdicts: pair → which answer is better; see `trueweight.workload.preference.pair_of` for the name of a pair.
    """

    cases: Collection[str] = frozenset()
    asked: Collection[str] = frozenset()
    verdicts: Mapping[str, Better] = MappingProxyType({})
    summary: LlmJudgeSummary | None = None
