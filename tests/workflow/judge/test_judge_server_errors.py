"""A 5xx that a class of requests gets each time is the answer to it; a 5xx now and then is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from summaries import make_finding, make_provider_summary
from trueweight.assess.observations import broken
from trueweight.checks.refusals import blames_length
from trueweight.core import Case, Finding, Mode, Observation, Outcome, Provider, Severity
from trueweight.core.case import ANSWERED_CHECK
from trueweight.core.exchange import FailureKind
from trueweight.core.finding_summary import BlameCode, BlameReason
from trueweight.plan.order import make_plan
from trueweight.report.words import broken_words
from trueweight.suites import find_suite
from trueweight.workflow.judge.server_errors import settle_server_errors

Lost = Callable[[Case, Mode], bool]
START = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = [{"type": "image_url", "image_url": {"url": "data:,x"}}]


def cases_of(**kinds: int) -> dict[str, Case]:
    """So many cases of each kind: plain ones, ones with tools, with images, with long prompts."""
    made: dict[str, Any] = {
        "plain": {"messages": [{"role": "user", "content": "Hi."}]},
        "tools": {"messages": [{"role": "user", "content": "Hi."}], "tools": []},
        "image": {"messages": [{"role": "user", "content": IMAGE}]},
        "long": {"messages": [{"role": "user", "content": "word " * 9000}]},
    }
    return {f"s/{kind}-{at}": Case("s", f"{kind}-{at}", made[kind]) for kind, n in kinds.items() for at in range(n)}


def observed(cases: Mapping[str, Case], lost: Lost) -> list[Observation]:
    """A trial of each case in each mode; those that are lost have the finding that waits to be settled."""
    pending = Finding(ANSWERED_CHECK, Outcome.FAIL, Severity.MUST, "status 500")
    out = []
    for key, case in cases.items():
        for mode in Mode:
            gone = lost(case, mode)
            out.append(
                Observation(
                    f"{key} {mode}", "p", "s", key, 0, mode, 3, not gone, not gone, not gone,
                    failure=FailureKind.SERVER_ERROR if gone else None, findings=(pending,) if gone else (),
                )
            )  # fmt: skip
    return out


def told(cases: Mapping[str, Case], lost: Lost) -> set[str]:
    """The messages of what is left after settling."""
    settled = settle_server_errors(observed(cases, lost), cases, {})
    return {one.message for seen in settled for one in seen.findings}


def told_in_order(
    cases: Mapping[str, Case], lost: Collection[int] = (), outage: range = range(0), *, by_length: bool = False
) -> set[str]:
    """The same in the order in which a run sends them, two in each second; a trial is tried for three seconds.

    Args:
        lost: numbers of lost trials.
        outage: seconds in which the server answers nothing.
        by_length: whether its errors are about the length of the prompt.
    """
    plan = make_plan(cases.values(), [Provider("p", "http://127.0.0.1/v1", "m")])
    seen = {one.trial: one for one in observed(cases, lambda *_: False)}
    pending = observed(cases, lambda *_: True)[0].findings
    ended, rows = {}, []
    for at, trial in enumerate(plan.trials):
        one, second = seen[f"{trial.case.key} {trial.mode}"], at // 2
        gone = at in lost or (second in outage and second + 3 < outage.stop)
        last = second + 3 if gone else outage.stop if second in outage else second
        start, end = ((START + timedelta(seconds=when)).isoformat() for when in (second, last + 0.5))
        ended[one.trial] = end
        why = FailureKind.SERVER_ERROR if gone else None
        one = structs.replace(one, arrived=not gone, failure=why, findings=pending if gone else (), started_at=start)
        rows.append(structs.replace(one, blames_length=gone and by_length))
    return {one.message for seen in settle_server_errors(rows, cases, ended) for one in seen.findings}


@pytest.mark.parametrize(
    ("kinds", "kind", "words"),
    [
        ({"plain": 12, "tools": 3}, "tools", "status 500 for all 6 requests with tools"),
        ({"plain": 12, "image": 2}, "image", "status 500 for all 4 requests with a part of the type image_url"),
        ({"plain": 12, "long": 2}, "long", "status 500 for all 4 requests with messages of more than 36 characters"),
        ({"plain": 60, "image": 1}, "image", "status 500 at every attempt"),
    ],
)
def test_a_class_of_requests_is_named(kinds: dict[str, int], kind: str, words: str) -> None:
    """By what all of its requests have and no answered one has, with its number."""
    (message,) = told(cases_of(**kinds), lambda case, _: case.id.startswith(kind))
    assert message.startswith(words)


def test_streams_alone_are_a_class() -> None:
    """Their cases are answered in the other mode."""
    (message,) = told(cases_of(plain=8), lambda _, mode: mode is Mode.STREAM)
    assert message == "status 500 for all 8 requests for a stream"


@pytest.mark.parametrize("seed", range(20))
def test_weather_is_no_answer(seed: int) -> None:
    """One trial in ten lost at random, in 200 cases: some lose both of their trials."""
    rng = random.Random(seed)
    assert told(cases_of(plain=100, tools=100), lambda *_: rng.random() < 0.1) == set()


@pytest.mark.parametrize("share", [0.005, 0.03, 0.1, 0.3])
def test_weather_over_shipped_cases_is_no_answer(share: float) -> None:
    """Malformed ones among them, and many classes of requests; at random, and as one outage."""
    cases = {case.key: case for case in find_suite("parameters").cases}
    for seed in range(6):
        rng = random.Random(seed)
        assert told(cases, lambda *_, rng=rng: rng.random() < share) == set()  # type: ignore[misc]
        hours = iter(rng.sample(range(2 * len(cases)), 2 * len(cases)))
        assert told(cases, lambda *_, hours=hours: next(hours) < share * 2 * len(cases)) == set()  # type: ignore[misc]


@pytest.mark.parametrize("seconds", [4, 5, 6, 12])
def test_one_outage_is_no_answer(seconds: int) -> None:
    """Seconds in which every request is lost: often all trials of one case, which are sent together."""
    cases = {case.key: case for case in find_suite("parameters").cases}
    for first in range(len(cases) - seconds):
        assert told_in_order(cases, outage=range(first, first + seconds)) == set()


def test_a_case_is_named_whose_trials_are_lost_while_others_are_answered() -> None:
    """A request that is answered from start to end between its attempts shows that the server was up."""
    assert told_in_order(cases_of(plain=60), lost=(40, 41)) == {"status 500 at every attempt"}


def test_an_error_about_the_length_is_of_no_outage() -> None:
    """Its words are about the request, so it need not be seen that others are answered meanwhile."""
    assert told_in_order(cases_of(plain=60), outage=range(20, 24)) == set()
    found = told_in_order(cases_of(plain=60), outage=range(20, 24), by_length=True)
    assert found == {"status 500 at every attempt"}
    assert blames_length("decode: the context window is full")
    assert not blames_length("The server is overloaded: input too long in the queue, try again")


def test_a_server_that_answers_nothing_is_not_accused_of_a_class() -> None:
    """It is down, or it is set up wrongly; so is one that was asked a single request of a kind."""
    assert told(cases_of(tools=20), lambda *_: True) == set()
    assert told(cases_of(plain=3, image=1), lambda case, _: case.id.startswith("image")) == set()


def test_the_sentence_says_which_requests_and_how_many() -> None:
    """It is that of a bug's title."""
    found = make_finding(
        ANSWERED_CHECK,
        cases=("s/a", "s/b"),
        cases_judged=40,
        message="status 500 for all 4 requests with tools",
        failure="{cases} got a server error each time the request was sent: {message}",
        blame_reason=BlameReason(code=BlameCode.ENGINE_ONLY),
    )
    provider = make_provider_summary(findings=(found,))
    assert broken_words(broken(found, provider), provider) == (
        "2 of 40 cases got a server error each time the request was sent: status 500 for all 4 requests with tools."
    )


def test_what_was_found_in_a_body_that_reports_an_error_stays() -> None:
    """It is of the reply, and waits for no other trial."""
    cases = cases_of(plain=8)
    found = Finding("error-in-stream", Outcome.FAIL, Severity.MUST, "the stream has an error")
    first, *others = observed(cases, lambda *_: False)
    lost = structs.replace(first, arrived=False, failure=FailureKind.ERROR_IN_BODY, findings=(found,))
    assert settle_server_errors([lost, *others], cases, {})[0].findings == (found,)
