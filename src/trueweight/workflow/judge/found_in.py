"""In which mode and through which APIs of a provider the failures of a check were, and what they are compared with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from trueweight.core import Mode, ThinkingMode
from trueweight.core.finding_summary import CaseCount, FoundIn


class SentWay(NamedTuple):
    """A case as it was sent. ``compared_as`` is the API of the reference."""

    case: str
    compared_as: str
    api: str
    mode: Mode
    thinking: ThinkingMode


@dataclass(slots=True)
class Repeats:
    """The repeats of a case that was sent in one way: those that fail a check, of those that it judged."""

    fails: int = 0
    of: int = 0

    @property
    def flaky(self) -> bool:
        """Whether some fail and some pass."""
        return 0 < self.fails < self.of


Ways = Mapping[SentWay, Repeats]


def count_by_mode(ways: Ways) -> dict[Mode, CaseCount]:
    """The cases that fail a check in each mode, of those that it judged in that mode."""
    return {mode: _count(ways, {mode}, {sent.api for sent in ways}) for mode in sorted({sent.mode for sent in ways})}


def count_by_api(ways: Ways, apis: Collection[str]) -> dict[str, CaseCount]:
    """The cases that fail a check through each API, of those that it judged through it."""
    return {api: _count(ways, set(Mode), {api}) for api in sorted(apis)}


def _count(ways: Ways, modes: Set[Mode], apis: Set[str]) -> CaseCount:
    here = {sent: repeats for sent, repeats in ways.items() if sent.mode in modes and sent.api in apis}
    failed = {sent.case for sent, repeats in here.items() if repeats.fails}
    return CaseCount(fails=len(failed), of=len({sent.case for sent in here}))


def found_in(ways: Ways, apis: Set[str]) -> FoundIn | None:
    """The mode and the APIs of all failures; None if each mode that was judged and each API fails.

    Args:
        ways: what was judged.
        apis: those with completions through which the provider was asked, whether or not the check judges them.
    """
    failed = [sent for sent, repeats in ways.items() if repeats.fails]
    modes, through = {sent.mode for sent in failed}, {sent.api for sent in failed}
    mode = next(iter(modes)) if len(modes) == 1 < len({sent.mode for sent in ways}) else None
    some_apis = through < apis
    if mode is None and not some_apis:
        return None
    # Nothing fails in the other mode or through the other APIs, so what was judged there passed.
    passed: dict[str, set[str]] = defaultdict(set)
    for sent in ways:
        if sent.mode not in modes:
            passed[sent.case].add(sent.api)
    elsewhere = {sent.case for sent in ways if sent.api not in through}
    return FoundIn(
        mode=mode,
        apis=tuple(sorted(through)) if some_apis else (),
        cases_judged=_count(ways, modes if mode is not None else set(Mode), through if some_apis else apis).of,
        only_mode=mode is not None and all(sent.api in passed[sent.case] for sent in failed),
        only_apis=some_apis and all(sent.case in elsewhere for sent in failed),
    )
