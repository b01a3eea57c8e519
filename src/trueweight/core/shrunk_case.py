"""A recorded failure of a case, and the smallest request that still fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trueweight.core.case import Case, Mode
from trueweight.core.exchange import Exchange
from trueweight.core.observation import Finding
from trueweight.core.provider import Provider
from trueweight.core.thinking import ThinkingMode


@dataclass(frozen=True, slots=True)
class FailingCase:
    """A case of a run with a failing reply.

    Attributes:
        thinking: whether its requests switch the model's thinking.
        allowance: tokens for a thought that the run added to the limit of the case.
        called: names of the tools that the reply called.
        failed, sent: in how many replies through this API in this mode the check failed, and how many the run has.
    """

    case: Case
    provider: Provider
    mode: Mode
    finding: Finding
    called: tuple[str, ...]
    failed: int
    sent: int
    thinking: ThinkingMode = ThinkingMode.AS_SERVED
    allowance: int = 0


class NotRedrawn(StrEnum):
    """Why a generated case was not drawn again, so that only its recorded request was cut."""

    SUITE_UNKNOWN = "suite-unknown"
    """The file of its suite is not known."""
    SUITE_FAILED = "suite-failed"
    """The file cannot be read, or it does not draw the case again: ``problem`` has the error's message."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest failing request, with its evidence.

    Attributes:
        case: None if the failure did not occur again.
        finding, exchange: of the last failing attempt.
        failed, sent: how often the smallest case failed, and how often it was sent.
        before, after: bytes of the request as recorded, and of the smallest.
        reference: whether the reference passes it; None if it was not sent to the reference, or got no reply.
        requests, usd: requests sent and money spent, all attempts together.
        stopped: the budget or the user ended the search.
        not_redrawn: None if the case was drawn again, or was not generated.
    """

    failure: FailingCase
    case: Case | None
    finding: Finding | None
    exchange: Exchange | None
    failed: int
    sent: int
    before: int
    after: int
    requests: int
    usd: float
    reference: bool | None = None
    stopped: bool = False
    not_redrawn: NotRedrawn | None = None
    problem: str = ""
