"""Send a case to a provider to see whether it still fails: within a budget, with each attempt on record."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeAlias

import anyio
import msgspec

from trueweight.core import (
    Case,
    Exchange,
    Finding,
    InfrastructureError,
    Mode,
    Outcome,
    Provider,
    ThinkingMode,
    Trial,
    canonical_json,
)
from trueweight.core.shrunk_case import FailingCase
from trueweight.plan import Plan, forecast
from trueweight.store import RunDir, SuiteRecord
from trueweight.suites.properties.choices import ChoiceTree
from trueweight.wire import Environment, SendResult, WireSettings, send
from trueweight.workflow.judge import judge_exchange

MOST_REPEATS = 5
_MOST = 1_000
"""Attempts in a forecast in which only the cost is limited."""
_MISSED = 0.05
"""The probability that a flaky failure does not show in the repeats of one reduction."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one shrinking may send and spend; None is no limit."""

    requests: int | None = 50
    usd: float | None = None


def full_attempts(failure: FailingCase, budget: Budget) -> tuple[tuple[Trial, ...], bool]:
    """As many trials of the failing case as the budget allows, for a forecast; and whether it limits their number.

    Where only the cost is limited: as many as cost that much at the ceiling, at most 1,000.
    """
    switched = failure.provider.thinking.fields(failure.thinking) is not None
    thinking = failure.thinking if switched else ThinkingMode.AS_SERVED
    one = Trial.of(failure.case, failure.provider, 0, failure.mode, thinking=thinking)
    number = budget.requests
    if number is None:
        (row,) = forecast(Plan((one,), 0, 1, 1))
        number = _MOST if not row.cost or budget.usd is None else max(1, min(_MOST, int(budget.usd / row.cost)))
    trials = (Trial.of(failure.case, failure.provider, at, failure.mode, thinking=thinking) for at in range(number))
    return tuple(trials), budget.requests is not None


class BudgetSpentError(Exception):
    """The next request could exceed the budget."""


class AttemptResult(NamedTuple):
    """The outcome of one request.

    Attributes:
        finding: the failed check; None if it did not fail.
        answered: False if there is no reply to judge.
    """

    exchange: Exchange
    finding: Finding | None
    answered: bool


class Attempts:
    """Sends cases one after the other, and counts requests and cost.

    Args:
        run: open for writing; every attempt is recorded in it.
        mode: the mode in which the case failed.
        thinking: its mode of thinking; a provider without the switch gets the request as it is served.
        allowance: tokens for a thought in the limits of the cases.
        check: the check that must fail.
    """

    def __init__(
        self,
        run: RunDir,
        *,
        mode: Mode,
        thinking: ThinkingMode = ThinkingMode.AS_SERVED,
        allowance: int = 0,
        check: str,
        keys: Mapping[str, str],
        budget: Budget,
        settings: WireSettings,
        environment: Environment | None = None,
    ) -> None:
        self._run = run
        self._mode = mode
        self._thinking = thinking
        self._allowance = allowance
        self._check = check
        self._keys = keys
        self._budget = budget
        self._settings = settings
        self._environment = environment
        self._cases: list[Case] = []
        self.requests = 0
        self.usd = 0.0

    def left(self, keep: int = 0) -> bool:
        """Whether more than ``keep`` requests may still be sent."""
        return self._budget.requests is None or self._budget.requests - self.requests > keep

    def send(self, case: Case, provider: Provider) -> AttemptResult:
        """Send a case once. It is recorded under a new id.

        Raises:
            BudgetSpentError: if the budget does not allow another request; nothing is sent.
            InfrastructureError: if the provider cannot be reached, or refuses the key.
        """
        if not self.left():
            raise BudgetSpentError
        numbered = replace(case, id=f"attempt-{len(self._cases) + 1:03d}", modes=(self._mode,))
        self._cases.append(numbered)
        record = SuiteRecord(case.suite, "0" * 64, len(self._cases))
        self._run.amend(msgspec.structs.replace(self._run.manifest, suites=(record,)), self._cases)
        exchanges: list[Exchange] = []
        switched = provider.thinking.fields(self._thinking) is not None
        thinking = self._thinking if switched else ThinkingMode.AS_SERVED
        result = self._send(Trial.of(numbered, provider, 0, self._mode, thinking=thinking), exchanges)
        self.requests += sum(result.requests.values())
        self.usd += sum(cost or 0.0 for cost in result.cost.values())
        if not exchanges:
            self._cases.pop()
            raise _not_sent(provider, result)
        (exchange,) = exchanges
        if not exchange.judgeable:
            return AttemptResult(exchange, None, False)
        judged = judge_exchange(numbered, provider, exchange, thinking_allowance=self._allowance)
        failed = [one for one in judged.observation.findings if one.check == self._check]
        return AttemptResult(exchange, next((one for one in failed if one.outcome is Outcome.FAIL), None), True)

    def _send(self, trial: Trial, exchanges: list[Exchange]) -> SendResult:
        requests, usd = self._budget.requests, self._budget.usd
        settings = replace(
            self._settings,
            concurrency=1,
            max_requests=None if requests is None else requests - self.requests,
            budget_usd=None if usd is None else usd - self.usd,
        )

        def keep(exchange: Exchange) -> None:
            self._run.append(exchange)
            exchanges.append(exchange)

        return anyio.run(
            partial(send, [trial], keys=self._keys, sink=keep, settings=settings, environment=self._environment)
        )


def repeats_for(failed: int, sent: int) -> int:
    """How often a reduction is sent, so that a failure of this rate shows with probability 0.95."""
    rate = failed / sent
    if rate >= 1:
        return 1
    return min(MOST_REPEATS, math.ceil(math.log(_MISSED) / math.log(1 - rate)))


def _not_sent(provider: Provider, result: SendResult) -> Exception:
    if result.limit_reached:
        return BudgetSpentError()
    reason = next((unsent.reason for unsent in result.unsent), "")
    words = f"no request reached {provider.name}: {reason or result.stopped.get(provider.name, 'interrupted')}"
    return InfrastructureError(words, code="shrink-unreachable", hint="Check that it is up and accepts the key.")


class Reduction(NamedTuple):
    """A case to try.

    Attributes:
        how: what was left out or made simpler, in a few words.
        choices: the choices it was drawn from; None if it was made by cutting a request.
    """

    case: Case
    how: str = "as recorded"
    choices: ChoiceTree | None = None

    @property
    def size(self) -> int:
        """Bytes of the request, as canonical JSON."""
        return request_size(self.case)


Search: TypeAlias = Generator[Reduction, bool, Reduction]
"""Yields a reduction, is sent whether it still fails, returns the smallest one that did."""

Progress: TypeAlias = Callable[[int, Reduction, bool], None]
"""Receives each tried reduction: requests sent so far, the reduction, whether it still fails."""


def request_size(case: Case) -> int:
    """Bytes of a case's request, as canonical JSON."""
    return len(canonical_json(case.request).encode("utf-8", "surrogatepass"))
