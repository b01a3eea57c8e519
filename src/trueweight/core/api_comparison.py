"""Whether a host answers the same through two of its APIs."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec


class AnswerKind(StrEnum):
    """What is compared of a reply. Texts are compared apart from the others."""

    CALLS = "calls"
    NO_CALL = "no-call"
    JSON = "json"
    TEXT = "text"


class ComparedAnswer(NamedTuple):
    """What a reply says, for a comparison between the APIs of a host; ``digest`` is of its calls, value or text."""

    kind: AnswerKind
    digest: str = ""


class ApiComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two APIs of one provider, compared by the cases at temperature 0 that ask for a tool call or for JSON.

    Answers are equal if they make the same calls (names and arguments), or are the same JSON value.

    Attributes:
        first, second: names of the APIs, in the order of the provider's entry.
        cases: cases that were answered through both; the next three are parts of them.
        same: all answers through both are equal.
        varies: the answers through one of them differ among themselves, so that chance can be the cause.
        different: each API always gives its own answer, and the two are not equal.
        with_tools: cases that offer tools.
        called_first, called_second: those of them in which every answer through that API calls a tool.
        only_first, only_second: those in which every answer through that API calls a tool, and none through the other.
        p: of only_first against only_second, two-sided, exact (McNemar), corrected over all pairs of the run (Holm).
    """

    first: str
    second: str
    cases: int
    same: int
    varies: int
    different: int
    with_tools: int
    called_first: int
    called_second: int
    only_first: int
    only_second: int
    p: float = 1.0

    def reversed(self) -> ApiComparison:
        """The same comparison with the second API first."""
        return msgspec.structs.replace(
            self,
            first=self.second,
            second=self.first,
            called_first=self.called_second,
            called_second=self.called_first,
            only_first=self.only_second,
            only_second=self.only_first,
        )
