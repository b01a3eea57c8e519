"""Replies that are alike, byte for byte but for their ids, their time of creation and the times of their chunks.

A host that answers the same request a hundred times often sends the same reply: what one of them is worth, all are
worth. So a reply is judged once, and of the others the times alone are measured. Only replies are compared in which
nothing else can matter: see `AlikeReplies.key_of`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec.structs import replace

from trueweight.core import PROTOCOLS, Case, Exchange, FailureKind, Observation, Reply, ReplyDigest
from trueweight.core.check import CHECKS
from trueweight.core.grader import GRADERS
from trueweight.core.reply_digest import came_at_once, shows_arrival
from trueweight.protocols import Body, StreamShape, timing_by_shape
from trueweight.workflow.judge.exchange import Judged, kept_timing
from trueweight.workflow.judge.fingerprint import foreign_modules

_MOST: Final = 12_000
"""Judgements that are kept, of one kilobyte or two each."""
_LARGEST: Final = 256 * 1024
"""Bytes of the largest body that is compared."""
_PLAIN_ENCODINGS: Final = ("", "identity")


class _Kept(NamedTuple):
    """What is known of a reply, and of all that are alike. ``shows_arrival`` is of the first choice."""

    observation: Observation
    digests: tuple[ReplyDigest, ...]
    shape: StreamShape | None
    shows_arrival: bool


AlikeKey = tuple[object, ...]
"""What is the same of all exchanges whose replies are alike."""


class AlikeReplies:
    """The judgements of the last replies of one run."""

    def __init__(self) -> None:
        self._kept: dict[AlikeKey, _Kept] = {}
        self._requests: dict[str, int] = {}
        self._comparable = _only_ours()

    def key_of(self, case: Case, exchange: Exchange) -> AlikeKey | None:
        """The key of an exchange; None if its reply is judged by itself.

        Two exchanges have one key if their case, provider, API, mode and request are the same, their only attempts
        brought the same status, and their bodies are the same but for values that the protocol says are made anew for
        each reply (`Protocol.fresh`). Each of these has the same length and stands in the same places of both bodies,
        in no other place of its body, and not in the request. A check sees the reply alone; checks and graders of
        other packages may see more in an id than its presence, so with such ones nothing is compared.
        """
        if not self._comparable or len(exchange.attempts) != 1:
            return None
        attempt, failure = exchange.final, exchange.failure
        fresh = PROTOCOLS.get(exchange.api).fresh
        if fresh is None or not attempt.body or len(attempt.body) > _LARGEST or b"\0" in attempt.body:
            return None
        if failure is not None and failure.kind is not FailureKind.CLIENT_ERROR:
            return None
        if (attempt.header("content-encoding") or "").strip().lower() not in _PLAIN_ENCODINGS:
            return None
        body = attempt.body
        request = exchange.request.body
        # ``findall`` gives the groups of each match, of which one has the value.
        found = Counter([one[0] or one[1] for one in fresh.findall(body)])
        for number, (value, times) in enumerate(found.items()):
            if attempt.body.count(value) == times and value.decode("ascii") not in request:
                body = body.replace(value, b"\0%d,%d\0" % (number, len(value)))
        return (
            case.key,
            exchange.provider,
            exchange.api,
            exchange.mode,
            exchange.thinking,
            self._requests.setdefault(request, len(self._requests)),
            attempt.status,
            attempt.header("content-type"),
            failure,
            blake2b(body, digest_size=16).digest(),
        )

    def find(self, key: AlikeKey, exchange: Exchange) -> tuple[Observation, tuple[ReplyDigest, ...]] | None:
        """The judgement of an exchange, by that of one whose reply is alike; None if there was none."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        attempt = exchange.final
        timing = timing_by_shape(attempt, kept.shape, Body.as_sent(attempt).ns_at)
        seen = replace(
            kept.observation,
            trial=exchange.trial,
            repeat=exchange.repeat,
            client_limited=exchange.client_limited,
            started_at=exchange.started_at,
            timing=kept_timing(exchange.api, timing),
        )
        digests = [replace(one, trial=exchange.trial, repeat=exchange.repeat, at_once=None) for one in kept.digests]
        if digests and kept.shows_arrival and timing.ttft is not None and timing.response is not None:
            at_once = came_at_once(timing.ttft + attempt.t_send, timing.response)
            at_once = None if exchange.client_limited else at_once
            digests[0] = replace(digests[0], at_once=at_once)
        return seen, tuple(digests)

    def keep(self, key: AlikeKey, judged: Judged, seen: Observation, digests: tuple[ReplyDigest, ...]) -> None:
        """Keep a judgement for replies that are alike. Not one in which such a value is, nor of a reply that has one
        elsewhere than in an id, as in arguments that are no text; nor if a part of it could not be judged.

        Args:
            seen: the observation as the run keeps it.
        """
        reply = judged.reply
        if reply is None or seen.not_judged:
            return
        fresh = PROTOCOLS.get(reply.api).fresh
        assert fresh is not None
        values = {(one[0] or one[1]).decode("ascii") for one in fresh.findall(reply.body)}
        texts = [*(finding.message for finding in seen.findings if finding.message), *_texts(reply)]
        if any(value in text for value in values for text in texts):
            return
        if len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = _Kept(seen, digests, judged.shape, shows_arrival(reply.choice_views()[0]))


def _texts(reply: Reply) -> Iterator[str]:
    """The texts of a reply."""
    for choice in reply.choices:
        yield from filter(None, (choice.content, choice.reasoning, choice.refusal))
        yield from filter(None, (text for call in choice.calls for text in (call.name, call.arguments)))


def _only_ours() -> bool:
    """Whether all checks and graders are trueweight's own."""
    items: list[object] = [*CHECKS.all().values(), *GRADERS.all().values()]
    return not any(module for item in items for module in foreign_modules(item))
