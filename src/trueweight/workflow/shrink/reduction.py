"""A case on its way to become smaller, and the protocol between a search and the requests that judge its steps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeAlias

from trueweight.core import Case, canonical_json
from trueweight.suites.properties.choices import ChoiceTree


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
