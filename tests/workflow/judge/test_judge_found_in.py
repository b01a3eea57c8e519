"""Where failures were: "only" in a mode, or through an API, is said where the same cases were judged elsewhere too."""

from __future__ import annotations

import pytest

from trueweight.core import Mode, ThinkingMode
from trueweight.core.finding_summary import CaseCount, FoundIn
from trueweight.workflow.judge.found_in import Repeats, SentWay, count_by_api, count_by_mode, found_in

STREAM, PLAIN = Mode.STREAM, Mode.PLAIN
CHAT, MESSAGES = "chat", "messages"
BOTH = {CHAT, MESSAGES}
Sent = tuple[str, str, Mode]


def ways(failed: list[Sent], passed: list[Sent]) -> dict[SentWay, Repeats]:
    """One trial of each."""
    return {
        SentWay(case, api, api, mode, ThinkingMode.AS_SERVED): Repeats(fails=fails, of=1)
        for fails, found in ((1, failed), (0, passed))
        for case, api, mode in found
    }


@pytest.mark.parametrize(
    ("failed", "passed", "found"),
    [
        (
            [("a", CHAT, STREAM)],
            [("a", CHAT, PLAIN), ("b", CHAT, STREAM)],
            FoundIn(mode=STREAM, cases_judged=2, only_mode=True),
        ),
        ([("a", CHAT, STREAM)], [("b", CHAT, PLAIN)], FoundIn(mode=STREAM, cases_judged=1)),
        ([("a", CHAT, STREAM), ("b", CHAT, STREAM)], [("a", CHAT, PLAIN)], FoundIn(mode=STREAM, cases_judged=2)),
        ([("a", CHAT, STREAM)], [("b", CHAT, STREAM)], None),
        ([("a", CHAT, STREAM), ("b", CHAT, PLAIN)], [("a", CHAT, PLAIN)], None),
    ],
    ids=["passes when plain", "other cases are plain", "one case is not plain", "no plain case", "both modes fail"],
)
def test_one_mode_is_compared_case_by_case(failed: list[Sent], passed: list[Sent], found: FoundIn | None) -> None:
    """A case that exists in one mode says nothing of the other mode."""
    assert found_in(ways(failed, passed), {CHAT}) == found


@pytest.mark.parametrize(
    ("failed", "passed", "found"),
    [
        (
            [("a", MESSAGES, STREAM), ("a", MESSAGES, PLAIN)],
            [("a", CHAT, STREAM), ("b", MESSAGES, STREAM), ("c", CHAT, PLAIN)],
            FoundIn(apis=(MESSAGES,), cases_judged=2, only_apis=True),
        ),
        (
            [("a", MESSAGES, STREAM), ("a", MESSAGES, PLAIN)],
            [("b", CHAT, STREAM)],
            FoundIn(apis=(MESSAGES,), cases_judged=1),
        ),
        ([("a", MESSAGES, STREAM), ("a", CHAT, PLAIN)], [], None),
        (
            [("a", MESSAGES, STREAM)],
            [("a", MESSAGES, PLAIN), ("a", CHAT, STREAM)],
            FoundIn(mode=STREAM, apis=(MESSAGES,), cases_judged=1, only_mode=True, only_apis=True),
        ),
        (
            [("a", MESSAGES, STREAM)],
            [("a", CHAT, STREAM), ("a", CHAT, PLAIN)],
            FoundIn(mode=STREAM, apis=(MESSAGES,), cases_judged=1, only_apis=True),
        ),
        ([("a", MESSAGES, STREAM)], [], FoundIn(apis=(MESSAGES,), cases_judged=1)),
        ([("a", "models", PLAIN)], [], None),
    ],
    ids=[
        "passes in chat",
        "other cases in chat",
        "both fail",
        "streams of Messages",
        "plain in chat alone",
        "not chat",
        "models",
    ],
)
def test_an_api_is_compared_case_by_case(failed: list[Sent], passed: list[Sent], found: FoundIn | None) -> None:
    """A case that one API alone can express says nothing of the other API; plain replies of another API say nothing of
    this one's. A list of models belongs to no API."""
    assert found_in(ways(failed, passed), BOTH) == found


def test_cases_are_counted_by_mode_and_by_api() -> None:
    """A case counts once for each; an API through which nothing was judged has no cases."""
    found = ways([("a", CHAT, STREAM), ("a", CHAT, PLAIN), ("b", CHAT, STREAM)], [("c", CHAT, PLAIN)])
    assert count_by_mode(found) == {STREAM: CaseCount(fails=2, of=2), PLAIN: CaseCount(fails=1, of=2)}
    assert count_by_api(found, BOTH) == {CHAT: CaseCount(fails=2, of=3), MESSAGES: CaseCount(fails=0, of=0)}
