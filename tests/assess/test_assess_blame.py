"""Where a decisive fault comes from: lost requests are the connection's or this client's, by what they failed of."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from report_sample import make_summary, typed

from trueweight.assess import assess
from trueweight.core.assessment import Assessment, Blame, Reason, ReasonCode
from trueweight.core.summary import Summary
from trueweight.report.words.reasons import reason_sentence


@pytest.fixture(scope="module")
def summary() -> Summary:
    """A made-up run in which ``twin`` is without a fault."""
    return typed(make_summary())


def assessed(
    summary: Summary, failures: dict[str, int], *, share: float, busy: int = 0, first: float = 1
) -> Assessment:
    """The twin's assessment if it lost these requests and succeeded in this share, of all and of first attempts."""
    twin = summary.providers["twin"]
    rate = msgspec.structs.replace(twin.metrics["success_rate"], value=share, low=share, high=share)
    tried = msgspec.structs.replace(rate, value=first, low=first, high=first)
    twin = msgspec.structs.replace(
        twin,
        failures=failures,
        metrics={**twin.metrics, "success_rate": rate, "first_attempt_success_rate": tried},
        counts=msgspec.structs.replace(twin.counts, recorded=100, arrived=round(100 * share), client_limited=busy),
    )
    changed = msgspec.structs.replace(summary, providers={**summary.providers, "twin": twin})
    return assess(changed).providers["twin"].assessment


@pytest.mark.parametrize(
    ("failures", "busy", "blame"),
    [
        ({"auth": 50}, 0, Blame.CLIENT),
        ({"proxy": 26, "reset": 24}, 0, Blame.CLIENT),
        ({"proxy": 25, "reset": 25}, 0, Blame.TRANSPORT),
        ({"timeout-total": 50}, 51, Blame.CLIENT),
        ({"timeout-total": 50}, 50, Blame.TRANSPORT),
        ({"server-error": 50}, 100, Blame.TRANSPORT),
        ({}, 100, Blame.TRANSPORT),
    ],
)
def test_lost_requests_are_the_clients_if_most_are(
    summary: Summary, failures: dict[str, int], busy: int, blame: Blame
) -> None:
    """A refused key or proxy, or timeouts while this client was too busy in most trials; half of them is not most."""
    for share, code in ((0.5, ReasonCode.SUCCESS_LOW), (0.0, ReasonCode.NEVER_ANSWERED)):
        found = assessed(summary, failures, share=share, busy=busy)
        assert (found.reasons[0].code, found.blame) == (code, blame)


def test_first_attempts_are_not_blamed_by_the_failures_of_last_ones(summary: Summary) -> None:
    """Of first attempts the kinds are not known."""
    found = assessed(summary, {"auth": 2}, share=0.98, first=0.5)
    assert (found.reasons[0].code, found.blame) == (ReasonCode.FIRST_ATTEMPTS_LOW, Blame.TRANSPORT)


def test_a_provider_without_a_fault_is_not_blamed(summary: Summary) -> None:
    """However busy the client was."""
    assert assessed(summary, {"auth": 1}, share=0.99, busy=100).blame is None


def test_what_this_client_did_not_finish_is_no_lost_request(summary: Summary) -> None:
    """A stop of the run, or a limit of this client, is neither counted nor named; nor is a provider that was stopped
    before its first reply said never to answer."""
    found = assessed(summary, {"interrupted": 10, "client-limit": 5, "reset": 3}, share=0.96)
    lost = next(one for one in found.observations if one.code is ReasonCode.REQUESTS_LOST)
    assert (lost.count, lost.of, dict(lost.failures)) == (3, 85, {"reset": 3})
    assert not [
        one
        for one in assessed(summary, {"interrupted": 10}, share=0.98).observations
        if one.code is ReasonCode.REQUESTS_LOST
    ]
    stopped = Reason(code=ReasonCode.NEVER_ANSWERED, of=4, failures={"interrupted": 4})
    words = reason_sentence(stopped, summary.providers["twin"])
    assert words == "No request to it was finished, which says nothing of it (interrupted 4)."
