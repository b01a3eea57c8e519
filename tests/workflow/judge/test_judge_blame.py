"""Whom to blame: the model for what the reference fails too, the server for what no model can break."""

from __future__ import annotations

import pytest

from trueweight.checks import all_checks
from trueweight.core import CheckInfo, Severity
from trueweight.workflow.judge.blame import Judged, Who, blame

CHOICE = CheckInfo("choice", "A law.", Severity.SHOULD)
ENGINE = CheckInfo("engine", "A law.", Severity.MUST, engine=True)
TEN = frozenset(f"s/{n}" for n in range(10))


def some(count: int) -> frozenset[str]:
    """The first so many cases."""
    return frozenset(sorted(TEN)[:count])


@pytest.mark.parametrize(
    ("info", "ours", "theirs", "who"),
    [
        (CHOICE, Judged(TEN, some(6)), Judged(TEN, frozenset()), Who.SERVING),
        (CHOICE, Judged(TEN, some(5)), Judged(TEN, frozenset()), Who.UNCLEAR),
        (CHOICE, Judged(TEN, some(6)), Judged(TEN, some(6)), Who.MODEL),
        (CHOICE, Judged(TEN, some(6)), Judged(TEN, some(3)), Who.MODEL),
        (CHOICE, Judged(TEN, TEN), Judged(TEN, some(2)), Who.SERVING),
        (CHOICE, Judged(TEN, some(2)), Judged(TEN, TEN), Who.MODEL),
        (CHOICE, Judged(TEN, some(6)), None, Who.UNCLEAR),
        (CHOICE, Judged(TEN, some(6)), Judged(frozenset(), frozenset()), Who.UNCLEAR),
        (ENGINE, Judged(TEN, some(1)), None, Who.SERVING),
        (ENGINE, Judged(TEN, some(1)), Judged(TEN, TEN), Who.SERVING),
        (None, Judged(TEN, some(1)), None, Who.UNCLEAR),
    ],
)
def test_blame_follows_the_reference(info: CheckInfo | None, ours: Judged, theirs: Judged | None, who: Who) -> None:
    """Serving only beyond chance, or where no model could; the model where the reference fails as well."""
    found = blame(info, ours, theirs)
    assert found.who is who
    assert found.why


def test_a_reference_that_fails_elsewhere_takes_the_evidence_away() -> None:
    """Six cases that only we fail against six that only the reference fails are chance."""
    ours = Judged(frozenset(map(str, range(12))), frozenset(map(str, range(6))))
    theirs = Judged(frozenset(map(str, range(12))), frozenset(map(str, range(6, 12))))
    assert blame(CHOICE, ours, theirs).who is Who.UNCLEAR


def test_no_check_of_a_choice_is_called_the_engines() -> None:
    """What a model decides, a check must not lay at the server's door without the reference."""
    engine = {info.id for info in all_checks() if info.engine}
    choices = {"tool-call-expected", "tool-call-matches", "content-matches", "json-equals", "tool-name-declared"}
    assert not choices & engine
    assert {"sse-shape", "usage-present", "tool-index-present", "stream-same-calls"} <= engine
