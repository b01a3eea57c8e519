"""From a recorded failure to the smallest request that still fails, on a live provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trueweight.core import Case, ConfigError, Exchange, Finding, Provider, digest
from trueweight.suites.properties.choices import Span
from trueweight.suites.properties.suite_file import GENERATED, load_properties, redraw, replay
from trueweight.workflow.shrink.attempts import MOST_REPEATS, Attempts, BudgetSpentError, repeats_for
from trueweight.workflow.shrink.by_choices import Redraw, shrink_choices
from trueweight.workflow.shrink.by_structure import shrink_structure
from trueweight.workflow.shrink.candidate import Candidate, Search, request_size
from trueweight.workflow.shrink.recorded import Failure

_RESERVE = 3
"""Requests kept back for the end: one to the reference, two more to the provider."""

Progress = Callable[[int, Candidate, bool], None]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest request found, and what is known of it.

    Attributes:
        case: None if the failure did not come again.
        finding, exchange: of its last failing attempt.
        failed, asked: how often the smallest case failed, of how often it was sent.
        reference: whether the reference passes it; None if it was not asked, or gave no answer.
        requests, usd: sent and spent in all.
        note: what a reader must know beside; "" if nothing.
    """

    failure: Failure
    case: Case | None
    finding: Finding | None
    exchange: Exchange | None
    failed: int
    asked: int
    before: int
    after: int
    requests: int
    usd: float
    reference: bool | None = None
    stopped: bool = False
    note: str = ""


def shrink(
    failure: Failure,
    attempts: Attempts,
    *,
    reference: Provider | None = None,
    suite: Path | None = None,
    on_progress: Progress | None = None,
) -> Shrunk:
    """Shrink a failure: by its choices if it was generated, then by the parts of its request.

    Args:
        suite: the property suite that the case was drawn from.
        on_progress: told of every candidate: requests so far, the candidate, whether it still fails.

    Raises:
        InfrastructureError: if the provider cannot be reached.
    """
    start, again, note = _start(failure.case, suite)
    hunt = _Hunt(failure, attempts, start, on_progress)
    if not hunt.confirm():
        return hunt.result(note=note)
    if again is not None:
        hunt.search(lambda current: shrink_choices(current, again))
    hunt.search(lambda current: shrink_structure(current, failure.called))
    hunt.confirm_smallest()
    return hunt.result(reference=hunt.ask_reference(reference), note=note)


def _start(case: Case, suite: Path | None) -> tuple[Candidate, Redraw | None, str]:
    """Where shrinking begins, and how a generated case is drawn again; why not, if it cannot be."""
    if GENERATED not in case.tags:
        return Candidate(case), None, ""
    if suite is None:
        return Candidate(case), None, "Its suite's file is not known, so only the recorded request was cut."
    try:
        one, drawn = redraw(load_properties(suite), case)
    except (ConfigError, OSError) as problem:
        return Candidate(case), None, f"{problem} So only the recorded request was cut."

    def again(choices: Span) -> Candidate | None:
        made = replay(one, case, choices)
        return None if made is None else Candidate(made.case, choices=made.choices)

    return Candidate(drawn.case, choices=drawn.choices), again, ""


class _Hunt:
    def __init__(self, failure: Failure, attempts: Attempts, start: Candidate, on_progress: Progress | None) -> None:
        self._failure = failure
        self._attempts = attempts
        self._current = start
        self._before = start.size
        self._known: dict[str, bool] = {}
        self._times = 1
        self._tell = on_progress
        self._failed = self._asked = 0
        self._finding: Finding | None = None
        self._exchange: Exchange | None = None
        self._stopped = self._interrupted = False

    def confirm(self) -> bool:
        """Whether the failure comes again; how often says how often each candidate must be asked."""
        try:
            while self._asked < MOST_REPEATS and (self._asked == 0 or self._failed < self._asked):
                self._asked += 1
                self._failed += self._fails_once(self._current.case)
        except BudgetSpentError:
            self._stopped = True
        if self._failed:
            failure = self._failure
            self._times = repeats_for(self._failed + failure.failed, self._asked + failure.asked)
        return self._failed > 0

    def search(self, begin: Callable[[Candidate], Search]) -> None:
        """Run one way of shrinking to its end, or to the end of the budget."""
        if self._stopped:
            return
        steps = begin(self._current)
        try:
            candidate = next(steps)
            while True:
                candidate = steps.send(self._holds(candidate))
        except StopIteration:
            pass
        except BudgetSpentError:
            self._stopped = True
        except KeyboardInterrupt:
            # What was found so far is worth as much as what a spent budget leaves.
            self._stopped = self._interrupted = True

    def confirm_smallest(self) -> None:
        """Ask the smallest twice more, so that its rate is more than one draw."""
        try:
            for _ in range(0 if self._interrupted else 2):
                if self._attempts.left(1):
                    self._asked += 1
                    self._failed += self._fails_once(self._current.case)
        except BudgetSpentError:
            self._stopped = True

    def ask_reference(self, reference: Provider | None) -> bool | None:
        """Whether the reference passes the smallest case."""
        if reference is None or self._interrupted:
            return None
        try:
            asked = self._attempts.ask(self._current.case, reference)
        except BudgetSpentError:
            return None
        return asked.finding is None if asked.answered else None

    def result(self, *, reference: bool | None = None, note: str = "") -> Shrunk:
        """What it came to."""
        return Shrunk(
            failure=self._failure,
            case=self._current.case if self._failed else None,
            finding=self._finding,
            exchange=self._exchange,
            failed=self._failed,
            asked=self._asked,
            before=self._before,
            after=request_size(self._current.case),
            requests=self._attempts.requests,
            usd=self._attempts.usd,
            reference=reference,
            stopped=self._stopped,
            note=note,
        )

    def _holds(self, candidate: Candidate) -> bool:
        said = digest(candidate.case.request)
        if said not in self._known:
            if not self._attempts.left(_RESERVE):
                raise BudgetSpentError
            self._known[said] = self._fails(candidate)
            if self._tell is not None:
                self._tell(self._attempts.requests, candidate, self._known[said])
        return self._known[said]

    def _fails(self, candidate: Candidate) -> bool:
        """Whether a candidate fails at least once in as many asks as the failure's rate calls for."""
        for asked in range(1, self._times + 1):
            if self._fails_once(candidate.case):
                self._current = candidate
                self._failed, self._asked = 1, asked
                return True
        return False

    def _fails_once(self, case: Case) -> bool:
        asked = self._attempts.ask(case, self._failure.provider)
        if asked.finding is not None:
            self._finding, self._exchange = asked.finding, asked.exchange
        return asked.finding is not None
