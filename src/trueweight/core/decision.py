"""Whether to move a workload from its baseline to another host: decided once, as codes and numbers."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.estimate import Estimate


class Move(StrEnum):
    """What to do with the workload, the boldest first."""

    MOVE = "move"
    MOVE_WITH_FALLBACK = "move-with-fallback"
    """Move, and let the baseline answer what the host does not."""
    NOT_ENOUGH = "not-enough-evidence"
    STAY = "stay"

    @property
    def rank(self) -> int:
        """0 for the boldest."""
        return list(Move).index(self)

    @property
    def moves(self) -> bool:
        """Whether the workload, or a part of it, moves."""
        return self in (Move.MOVE, Move.MOVE_WITH_FALLBACK)


class MoveReason(StrEnum):
    """Why a host gets the decision that it gets. Beside each code: the fields of `HostReason` that it fills."""

    ALL_MET = "all-met"
    """Every rule of the bar about the workload is met."""
    RULE_MISSED = "rule-missed"
    """A rule is surely missed. ``rule``, ``task``, ``label``, ``estimate``, ``bound``, of a field ``baseline``."""
    RULE_OPEN = "rule-open"
    """A rule is not decided. ``rule``, ``task``, ``label``, ``estimate``, ``bound``, ``more_cases``."""
    NO_BAR = "no-bar"
    """No bar about the workload was set before the run, so the default one holds."""
    BAR_CHANGED = "bar-changed"
    """The bar was set, or changed, after the run had begun."""
    SAVES_NOTHING = "saves-nothing"
    """It surely costs as much as the baseline, or more. ``estimate``: saving per 1,000 requests."""
    SAVING_OPEN = "saving-open"
    """Whether it saves anything is not decided. ``estimate`` as above."""
    SAVING_UNKNOWN = "saving-unknown"
    """The costs of one of the two are not known."""
    FAULTS = "faults"
    """Other reasons speak against it: those of its assessment."""
    NOTHING_DECIDES = "nothing-decides"
    """No answer can be compared: there are neither golden answers nor recorded ones whose grader decides."""
    NOT_ANSWERED = "not-answered"
    """It gave no answer that could be graded."""
    NO_TASK = "no-task"
    """No task is decided: ``staying`` of the host says why of each."""


class HostReason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason with its numbers; `MoveReason` says which fields a code fills."""

    code: MoveReason
    rule: WorkloadRule | None = None
    task: str = ""
    estimate: Estimate | None = None
    bound: float | None = None
    more_cases: int | None = None
    label: str = ""
    baseline: float | None = None


class Worse(StrEnum):
    """What is worse at a host than at the baseline, whatever the bar says of it."""

    TASK = "task"
    """The task with the lowest agreement, or with golden answers the largest fall. ``task``, ``estimate``."""
    SLOWER = "slower"
    """p95 of the whole reply in ms, and ``baseline``."""
    LONGER = "longer"
    """Output tokens per request, and ``baseline``: another tokenizer, or longer answers. ``cost``."""
    PROMPT_LONGER = "prompt-longer"
    """Input tokens per request, and ``baseline``: another tokenizer, or another chat template. ``cost``."""
    LOST = "lost"
    """The share of requests without a reply."""


class WorseThing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is worse, with the number of the baseline where there is one.

    Attributes:
        cost: of the tokens beyond the baseline's, USD per 1,000 requests; None without a price.
    """

    code: Worse
    estimate: Estimate
    task: str = ""
    baseline: float | None = None
    cost: float | None = None


class Stays(StrEnum):
    """Why one task does not move."""

    MISSED = "missed"
    """Its answers surely miss a rule. ``reason``."""
    RULE_OPEN = "rule-open"
    """A rule about it is not decided. ``reason``."""
    NOTHING_COMPARES = "nothing-compares"
    """No golden answer, no recorded one whose grader decides, and no LLM judge that labels confirm."""
    TOO_FEW = "too-few"
    """Its answers may be much worse than the bar asks of all tasks together. ``estimate``."""
    UNCONFIRMED = "unconfirmed"
    """No person has confirmed its grader."""


class StayingTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task that stays where it is.

    Attributes:
        share: of the log's requests.
        where: the label or field that is lost, of a task that misses another rule; None if none is.
    """

    task: str
    code: Stays
    cases: int
    share: float
    estimate: Estimate | None = None
    reason: HostReason | None = None
    where: HostReason | None = None


class HostDecision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The decision about one host.

    Attributes:
        reasons: why, the decisive one first.
        per_month: USD that are saved in a month at the stated volume by moving ``tasks``; with a fallback, what the
            host does not answer costs as before. None without a volume or without both costs.
        tasks: names of the tasks that are decided; a move is a move of these.
        staying: the other tasks.
        alone: decided by the answers to ``tasks`` alone, because a rule is not met by all tasks together.
    """

    provider: str
    move: Move
    reasons: tuple[HostReason, ...]
    per_month: Estimate | None = None
    worse: tuple[WorseThing, ...] = ()
    tasks: tuple[str, ...] = ()
    staying: tuple[StayingTask, ...] = ()
    alone: bool = False

    @property
    def missed(self) -> tuple[StayingTask, ...]:
        """The tasks that stay because they surely miss a rule."""
        return tuple(one for one in self.staying if one.code is Stays.MISSED)

    @property
    def undecided(self) -> tuple[StayingTask, ...]:
        """The tasks that stay because nothing is decided about them."""
        return tuple(one for one in self.staying if one.code is not Stays.MISSED)


class WorkloadDecision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The decision about the workload.

    Attributes:
        provider: the host to move to, or, if the evidence is not enough, the most promising one; "" for none.
        hosts: every candidate, the best first.
    """

    move: Move
    provider: str
    hosts: tuple[HostDecision, ...]
    requests_per_month: float | None = None

    @property
    def host(self) -> HostDecision | None:
        """The decision about ``provider``; None if there is none."""
        return next((one for one in self.hosts if one.provider == self.provider), None)
