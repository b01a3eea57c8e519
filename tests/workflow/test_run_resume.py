"""The same command on the same directory goes on; what changed since is said, and only what it touches is sent."""

from __future__ import annotations

import asyncio

from endpoint import Asked, Shop, endpoint, fine, reply


def test_a_changed_case_is_asked_again_and_the_others_are_not(shop: Shop) -> None:
    """Only the changed case goes out; the summary holds one answer for each case, and the old one stays on record."""
    with endpoint() as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b")
        assert shop.send().returncode == 0
        shop.suite("a", "b", said={"b": "b2"})
        done = shop.send()
    assert done.returncode == 0, done.stderr
    assert [asked.case for asked in place.asked[2:]] == ["b2"]
    assert "Suite 's' changed" in done.stderr
    assert "--fresh" in done.stderr
    assert len(shop.records()) == 3
    assert shop.summary()["run"]["trials"] == {"planned": 2, "recorded": 2}


def test_a_case_and_a_provider_that_are_gone_are_not_judged(shop: Shop) -> None:
    """Their records stay in the file; the report is of what is asked now."""
    with endpoint() as one, endpoint() as two:
        shop.providers({"one": one.url, "two": two.url})
        shop.suite("a", "b")
        assert shop.send().returncode == 0
        shop.providers({"two": two.url})
        shop.suite("b", "c")
        done = shop.send()
    assert done.returncode == 0, done.stderr
    assert "Provider 'one' was removed" in done.stderr
    assert [asked.case for asked in two.asked[2:]] == ["c"]
    assert len(one.asked) == 2
    assert list(shop.summary()["providers"]) == ["two"]
    assert shop.summary()["run"]["trials"] == {"planned": 2, "recorded": 2}


def test_what_a_provider_is_sent_makes_a_trial_and_its_price_does_not(shop: Shop) -> None:
    """Another price sends nothing, and costs are counted by it; another body is another thing to measure, so that
    everything goes out again and no old answer is filed under it."""
    with endpoint() as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b")
        assert shop.send().returncode == 0
        shop.providers({"p": place.url}, "price = { input = 1e6, output = 0 }")
        assert shop.send().returncode == 0
        assert len(place.asked) == 2
        assert shop.summary()["providers"]["p"]["metrics"]["cost_per_1000"]["value"] == 5000.0
        shop.providers({"p": place.url}, "extra_body = { top_k = 1 }")
        done = shop.send()
    assert done.returncode == 0, done.stderr
    assert "extra_body changed, so all of its trials are sent again" in done.stderr
    assert len(place.asked) == 4
    assert shop.summary()["run"]["trials"]["recorded"] == 2


def test_another_seed_is_another_order_and_fresh_starts_over(shop: Shop) -> None:
    """A new seed is said and recorded, and sends nothing twice; ``--fresh`` sends everything and keeps nothing old."""
    with endpoint() as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b")
        assert shop.send("--seed", 1).returncode == 0
        done = shop.send("--seed", 2)
        assert "seed was 1 and is 2" in done.stderr
        assert len(place.asked) == 2
        assert shop.summary()["run"]["seed"] == 2
        assert shop.send("--fresh").returncode == 0
    assert len(place.asked) == 4
    assert len(shop.records()) == 2


def test_only_retry_errors_sends_failures_again(shop: Shop) -> None:
    """A failure of transport is on record like any answer; ``--retry-errors`` re-sends it, and no answer with it."""

    async def fails_once(asked: Asked, writer: asyncio.StreamWriter) -> None:
        first = asked.case not in seen
        seen.add(asked.case)
        if asked.case == "a" and first:
            await reply(writer, {}, 500)
        elif asked.case == "b":
            await reply(writer, {"error": {"message": "no"}}, 400)
        else:
            await fine(asked, writer)

    seen: set[str] = set()
    with endpoint(fails_once) as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b", "c")
        assert shop.send("--retries", 0).returncode == 0
        assert shop.send("--retries", 0).returncode == 0
        assert (place.times("a"), place.times("b"), place.times("c")) == (1, 1, 1)
        assert shop.send("--retries", 0, "--retry-errors").returncode == 0
    assert (place.times("a"), place.times("b"), place.times("c")) == (2, 1, 1)
    outcomes = {record["case"]: record["outcome"] for record in shop.records()}
    assert outcomes == {"a": "ok", "b": "client-error", "c": "ok"}
