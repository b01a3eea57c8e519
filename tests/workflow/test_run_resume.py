"""The same command resumes a run; changes since it began are printed, and only what they touch is sent."""

from __future__ import annotations

import asyncio

from endpoint import ReceivedRequest, Workspace, answer_ok, endpoint, reply

from records import unpacked


def test_a_changed_case_is_asked_again_and_the_others_are_not(workspace: Workspace) -> None:
    """Only the changed case is sent; the summary has one reply for each case, and the old exchange is kept."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        assert workspace.send().returncode == 0
        workspace.suite("a", "b", contents={"b": "b2"})
        done = workspace.send()
    assert done.returncode == 0, done.stderr
    assert [request.case for request in place.requests[2:]] == ["b2"]
    assert "Suite 's' changed" in done.stderr
    assert "--fresh" in done.stderr
    assert len(workspace.records()) == 3
    assert workspace.summary()["run"]["trials"] == {"planned": 2, "recorded": 2}


def test_a_case_and_a_provider_that_are_gone_are_not_judged(workspace: Workspace) -> None:
    """Their exchanges stay in the file; the report is of the current plan."""
    with endpoint() as one, endpoint() as two:
        workspace.providers({"one": one.url, "two": two.url})
        workspace.suite("a", "b")
        assert workspace.send().returncode == 0
        workspace.providers({"two": two.url})
        workspace.suite("b", "c")
        done = workspace.send()
    assert done.returncode == 0, done.stderr
    assert "Provider 'one' was removed" in done.stderr
    assert [request.case for request in two.requests[2:]] == ["c"]
    assert len(one.requests) == 2
    assert list(workspace.summary()["providers"]) == ["two"]
    assert workspace.summary()["run"]["trials"] == {"planned": 2, "recorded": 2}


def test_what_a_provider_is_sent_makes_a_trial_and_its_price_does_not(workspace: Workspace) -> None:
    """Another price sends nothing, and costs are counted by it; another body is another thing to measure, so that
    everything goes out again and no old answer is filed under it."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        assert workspace.send().returncode == 0
        workspace.providers({"p": place.url}, "price = { input = 1e6, output = 0 }")
        assert workspace.send().returncode == 0
        assert len(place.requests) == 2
        assert workspace.summary()["providers"]["p"]["metrics"]["cost_per_1000"]["value"] == 5000.0
        workspace.providers({"p": place.url}, "extra_body = { top_k = 1 }")
        done = workspace.send()
    assert done.returncode == 0, done.stderr
    assert "extra_body changed, so all of its trials are sent again" in done.stderr
    assert len(place.requests) == 4
    assert workspace.summary()["run"]["trials"]["recorded"] == 2


def test_another_seed_is_another_order_and_fresh_starts_over(workspace: Workspace) -> None:
    """A new seed is printed and recorded, and sends nothing twice; ``--fresh`` sends everything and keeps nothing."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        assert workspace.send("--seed", 1).returncode == 0
        done = workspace.send("--seed", 2)
        assert "seed was 1 and is 2" in done.stderr
        assert len(place.requests) == 2
        assert workspace.summary()["run"]["seed"] == 2
        assert workspace.send("--fresh").returncode == 0
    assert len(place.requests) == 4
    assert len(workspace.records()) == 2


def test_only_retry_errors_sends_failures_again(workspace: Workspace) -> None:
    """A failure of transport is recorded like a response; ``--retry-errors`` sends it again, and no other trial."""

    async def fails_once(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        first = request.case not in seen
        seen.add(request.case)
        if request.case == "a" and first:
            await reply(writer, {}, 500)
        elif request.case == "b":
            await reply(writer, {"error": {"message": "no"}}, 400)
        else:
            await answer_ok(request, writer)

    seen: set[str] = set()
    with endpoint(fails_once) as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b", "c")
        assert workspace.send("--retries", 0).returncode == 0
        assert workspace.send("--retries", 0).returncode == 0
        assert (place.times("a"), place.times("b"), place.times("c")) == (1, 1, 1)
        assert workspace.send("--retries", 0, "--retry-errors").returncode == 0
    assert (place.times("a"), place.times("b"), place.times("c")) == (2, 1, 1)
    outcomes = {record["case"]: record["outcome"] for record in workspace.records()}
    assert outcomes == {"a": "ok", "b": "client-error", "c": "ok"}


def test_a_trial_whose_line_is_damaged_is_sent_again(workspace: Workspace) -> None:
    """Then nothing is missing: exit 0. A line of which no trial is known is damage that stays: exit 3."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        assert workspace.send().returncode == 0
        record = unpacked(workspace.run)
        lines = record.read_bytes().splitlines(keepends=True)
        record.write_bytes(lines[0].replace(b'"status":200', b'"status":"x"') + lines[1])
        done = workspace.send()
        assert (done.returncode, len(place.requests)) == (0, 3), done.stderr
        with record.open("ab") as file:
            file.write(b'{"v":1}\n')
        done = workspace.send()
    assert (done.returncode, len(place.requests)) == (3, 3), done.stderr
    assert "error[run-corrupt]" in done.stderr
    assert workspace.summary()["run"]["trials"] == {"planned": 2, "recorded": 2}
