"""Shrink a recorded failure to the smallest request that still fails on the live provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trueweight.core import Case, ConfigError, Exchange, Finding, Provider, digest
from trueweight.core.shrunk_case import FailingCase, NotRedrawn, Shrunk
from trueweight.suites.properties.choices import ChoiceTree
from trueweight.suites.properties.suite_file import GENERATED, load_properties, redraw, replay
from trueweight.workflow.shrink.attempts import (
    MOST_REPEATS,
    Attempts,
    BudgetSpentError,
    Progress,
    Reduction,
    Search,
    repeats_for,
    request_size,
)
from trueweight.workflow.shrink.by_choices import Redraw, shrink_choices
from trueweight.workflow.shrink.by_structure import shrink_structure

_RESERVE = 3
"""Requests reserved for the end: one to the reference, two more to the provider."""


def shrink(
    failure: FailingCase,
    attempts: Attempts,
    *,
    reference: Provider | None = None,
    suite: Path | None = None,
    on_progress: Progress | None = None,
) -> Shrunk:
    """Shrink a failure: by its choices if it was generated, then by the parts of its request.

    Args:
        suite: the file of the property suite that the case was drawn from.
        on_progress: is called after each reduction.

    Raises:
        InfrastructureError: if the provider cannot be reached.
    """
    start = _start(failure.case, suite)
    shrinker = _Shrinker(failure, attempts, start, on_progress)
    if not shrinker.confirm():
        return shrinker.result()
    if (redraw_case := start.redraw) is not None:
        shrinker.search(lambda current: shrink_choices(current, redraw_case))
    shrinker.search(lambda current: shrink_structure(current, failure.called))
    shrinker.confirm_smallest()
    return shrinker.result(reference=shrinker.send_to_reference(reference))


@dataclass(frozen=True, slots=True)
class _Start:
    """The first reduction, and how a generated case is drawn again; if it cannot be, why not."""

    first: Reduction
    redraw: Redraw | None = None
    why_not: NotRedrawn | None = None
    problem: str = ""


def _start(case: Case, suite: Path | None) -> _Start:
    if GENERATED not in case.tags:
        return _Start(Reduction(case))
    if suite is None:
        return _Start(Reduction(case), why_not=NotRedrawn.SUITE_UNKNOWN)
    try:
        one, drawn = redraw(load_properties(suite), case)
    except (ConfigError, OSError) as problem:
        return _Start(Reduction(case), why_not=NotRedrawn.SUITE_FAILED, problem=str(problem))

    def redrawn(choices: ChoiceTree) -> Reduction | None:
        made = replay(one, case, choices)
        return None if made is None else Reduction(made.case, choices=made.choices)

    return _Start(Reduction(drawn.case, choices=drawn.choices), redrawn)


class _Shrinker:
    def __init__(self, failure: FailingCase, attempts: Attempts, start: _Start, on_progress: Progress | None) -> None:
        self._failure = failure
        self._attempts = attempts
        self._start = start
        self._current = start.first
        self._before = start.first.size
        self._known: dict[str, bool] = {}
        self._times = 1
        self._on_progress = on_progress
        self._failed = self._sent = 0
        self._finding: Finding | None = None
        self._exchange: Exchange | None = None
        self._stopped = self._interrupted = False

    def confirm(self) -> bool:
        """Whether the failure occurs again. Its rate says how often each reduction must be sent."""
        try:
            while self._sent < MOST_REPEATS and (self._sent == 0 or self._failed < self._sent):
                self._sent += 1
                self._failed += self._fails_once(self._current.case)
        except BudgetSpentError:
            self._stopped = True
        if self._failed:
            failure = self._failure
            self._times = repeats_for(self._failed + failure.failed, self._sent + failure.sent)
        return self._failed > 0

    def search(self, begin: Callable[[Reduction], Search]) -> None:
        """Run one search to its end, or until the budget is spent."""
        if self._stopped:
            return
        steps = begin(self._current)
        try:
            reduction = next(steps)
            while True:
                reduction = steps.send(self._holds(reduction))
        except StopIteration:
            pass
        except BudgetSpentError:
            self._stopped = True
        except KeyboardInterrupt:
            # The smallest case so far is reported, as it is when the budget is spent.
            self._stopped = self._interrupted = True

    def confirm_smallest(self) -> None:
        """Send the smallest case twice more, so that its failure rate rests on more than one reply."""
        try:
            for _ in range(0 if self._interrupted else 2):
                if self._attempts.left(1):
                    self._sent += 1
                    self._failed += self._fails_once(self._current.case)
        except BudgetSpentError:
            self._stopped = True

    def send_to_reference(self, reference: Provider | None) -> bool | None:
        """Whether the reference passes the smallest case."""
        if reference is None or self._interrupted:
            return None
        try:
            result = self._attempts.send(self._current.case, reference)
        except BudgetSpentError:
            return None
        return result.finding is None if result.answered else None

    def result(self, *, reference: bool | None = None) -> Shrunk:
        """The smallest case so far."""
        return Shrunk(
            failure=self._failure,
            case=self._current.case if self._failed else None,
            finding=self._finding,
            exchange=self._exchange,
            failed=self._failed,
            sent=self._sent,
            before=self._before,
            after=request_size(self._current.case),
            requests=self._attempts.requests,
            usd=self._attempts.usd,
            reference=reference,
            stopped=self._stopped,
            not_redrawn=self._start.why_not,
            problem=self._start.problem,
        )

    def _holds(self, reduction: Reduction) -> bool:
        key = digest(reduction.case.request)
        if key not in self._known:
            if not self._attempts.left(_RESERVE):
                raise BudgetSpentError
            self._known[key] = self._fails(reduction)
            if self._on_progress is not None:
                self._on_progress(self._attempts.requests, reduction, self._known[key])
        return self._known[key]

    def _fails(self, reduction: Reduction) -> bool:
        """Whether a reduction fails at least once in as many requests as the failure's rate requires."""
        for sent in range(1, self._times + 1):
            if self._fails_once(reduction.case):
                self._current = reduction
                self._failed, self._sent = 1, sent
                return True
        return False

    def _fails_once(self, case: Case) -> bool:
        result = self._attempts.send(case, self._failure.provider)
        if result.finding is not None:
            self._finding, self._exchange = result.finding, result.exchange
        return result.finding is not None
