"""What several checks need of one reply is found once for all of its views, and anew for the next reply."""

from __future__ import annotations

from dataclasses import replace

from trueweight.core import Event, Reply, Span
from trueweight.protocols.reading import kept_for_reply


def _streamed(*texts: str) -> Reply:
    events = tuple(Event(0, Span(0, 1), {"text": text}, text) for text in texts)
    return Reply(status=200, content_type=None, streamed=True, body=b"x", events=events)


def test_views_of_a_reply_share_what_was_found_and_another_reply_does_not() -> None:
    """The choice in view makes no difference; an equal body of another reply does."""
    seen: list[Reply] = []

    @kept_for_reply
    def texts(reply: Reply) -> list[str]:
        seen.append(reply)
        return [event.raw for event in reply.events]

    first, second = _streamed("a", "b"), _streamed("c")
    assert texts(first) is texts(replace(first, at=1))
    assert texts(second) == ["c"]
    assert texts(first) == ["a", "b"]
    assert seen == [first, second, first]


def test_plain_replies_differ_by_their_document() -> None:
    """A plain reply has no events, so its document is what differs."""
    plain = Reply(status=200, content_type=None, streamed=False, body=b"[1]", json=[1])
    count = kept_for_reply(lambda reply: len(reply.json))
    assert [count(plain), count(replace(plain, json=[1, 2])), count(plain)] == [1, 2, 1]
