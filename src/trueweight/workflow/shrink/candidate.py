"""A case on its way to become smaller."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeAlias

from trueweight.core import Case, canonical_json
from trueweight.suites.properties.choices import Span


class Candidate(NamedTuple):
    """A case to try.

    Attributes:
        how: what was done to the one before it, in a few words.
        choices: what it was drawn from; None for one that was made by cutting a request.
    """

    case: Case
    how: str = "as recorded"
    choices: Span | None = None

    @property
    def size(self) -> int:
        """Bytes of the request, as canonical JSON."""
        return request_size(self.case)


Search: TypeAlias = Generator[Candidate, bool, Candidate]
"""Yields a candidate, is sent whether it still fails, returns the smallest that did."""


def request_size(case: Case) -> int:
    """Bytes of a case's request, as canonical JSON."""
    return len(canonical_json(case.request).encode("utf-8", "surrogatepass"))
