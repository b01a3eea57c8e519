"""The data of one exchange that drift compares: text, distributions of its tokens, tokens of the prompt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from trueweight.core import Exchange, Reply, Trial

SURE_LOGPROB = math.log(0.999)
"""A token at least this likely is sure: all healthy engines choose it, whatever their rounding."""
MOST_PLACES = 16
"""Places of an answer that are kept: no request asks for more than 12 tokens, but some hosts send thousands."""
_ROUNDING = 0.02
_SPELLINGS = {"\u0120": " ", "\u2581": " ", "\u010a": "\n"}
"""How byte-level and SentencePiece vocabularies spell a space (Ġ, ▁) and a line break (Ċ)."""
IMPOSSIBLE = -100.0
"""The value for a log-probability of minus infinity, which some servers send as -9999 and some as null."""


class Token(NamedTuple):
    """A token's bytes, which are the same where servers spell the token differently, and its log-probability."""

    key: bytes
    logprob: float


class Place(NamedTuple):
    """One place of an answer: the token that the host chose, and its likeliest tokens, best first."""

    chosen: bytes
    top: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """One answer.

    Attributes:
        text: reasoning and content as sent; empty if there was none.
        answer: the text without its reasoning; None if it has none.
        top: the most likely tokens at the first token that is not sure, best first; empty if the reply has no
            log-probabilities.
        sure: the same at each token before it: ``<think>`` and ``<|channel|>`` are as good as certain, and so show
            nothing of the weights.
        later: the same at each token after it.
        chosen: the token that the host chose at each of these places; where it does not say, the likeliest one.
        margins: at each token, how much likelier the best one is than the next, in nats; where shown.
        pieces: the tokens' own texts, one a margin; empty unless there is a margin at every token.
        refused: whether the answer came on the refusal channel.
    """

    text: str
    top: tuple[Token, ...] = ()
    input_tokens: int | None = None
    margins: tuple[float, ...] = ()
    pieces: tuple[str, ...] = ()
    refused: bool = False
    answer: str | None = None
    sure: tuple[tuple[Token, ...], ...] = ()
    later: tuple[tuple[Token, ...], ...] = ()
    chosen: tuple[bytes, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """All places of the answer that the host shows log-probabilities for; none if it shows none."""
        lists = (*self.sure, self.top, *self.later)
        if not any(lists):
            return ()
        chosen = (*self.chosen, *(tokens[0].key if tokens else b"" for tokens in lists[len(self.chosen) :]))
        return tuple(map(Place, chosen, lists))

    @property
    def empty(self) -> bool:
        """Whether the answer has no text."""
        return not self.text.strip()

    @property
    def plain(self) -> str:
        """The text without white space at its ends, which chat templates differ in and models do not."""
        return self.text.strip()


class MissingReply(NamedTuple):
    """No answer to compare.

    Attributes:
        why: the failure's kind, or ``http-400`` and the like.
        refused: whether a response with another status than 2xx came.
    """

    why: str
    detail: str = ""
    refused: bool = False


def not_expressed(trial: Trial) -> MissingReply | None:
    """Why a trial is not sent: its API cannot express the request; None if it can."""
    reason = trial.protocol.cannot_express(trial.case)
    return MissingReply("not applicable", f"through {trial.protocol.title} {reason}", refused=True) if reason else None


def facts_of(exchange: Exchange, reply: Reply | None) -> Facts | MissingReply:
    """The facts of an exchange and its reply. One without status 2xx is missing, and never counts as different."""
    if reply is None:
        failure = exchange.failure
        return MissingReply(failure.kind.value if failure else "unknown", failure.detail if failure else "")
    if not reply.ok:
        return MissingReply(f"http-{reply.status}", _complaint(reply), refused=True)
    if reply.error is not None or not reply.choices:
        return MissingReply("error-in-body", _complaint(reply))
    usage, positions = reply.usage, reply.logprobs or ()
    listed = [_top(position) for position in positions]
    pieces = [str(position.get("token", "")) for position, best in zip(positions, listed, strict=True) if len(best) > 1]
    kept = listed[:MOST_PLACES]
    first = _first_unsure(kept)
    said = (reply.content or "") + (reply.refusal or "")
    return Facts(
        text=(reply.reasoning or "") + said if reply.thought else said,
        answer=said if reply.choice.thinks else None,
        top=kept[first] if kept else (),
        sure=tuple(kept[:first]),
        later=tuple(kept[first + 1 :]),
        chosen=tuple(map(_chosen, positions, kept)),
        margins=tuple(best[0].logprob - best[1].logprob for best in listed if len(best) > 1),
        pieces=tuple(pieces) if len(pieces) == len(positions) else (),
        input_tokens=usage.input if usage else None,
        refused=bool(reply.refusal),
    )


def _chosen(position: Any, listed: Sequence[Token]) -> bytes:
    """The bytes of the token that was chosen at a position, spelled as those of its list are."""
    if isinstance(position, Mapping) and (key := _key(position)) is not None:
        return key
    return listed[0].key if listed else b""


def _first_unsure(listed: Sequence[tuple[Token, ...]]) -> int:
    """The place of the first token that is not sure; that of the last token if all are sure."""
    unsure = (at for at, tokens in enumerate(listed) if not tokens or tokens[0].logprob < SURE_LOGPROB)
    return next(unsure, max(0, len(listed) - 1))


def alike(*answers: Facts) -> tuple[Facts, ...]:
    """The answers, each reduced to what all of them show, so that like is compared with like.

    Their distributions are those at the same place after the same tokens: the first at which one of them is not sure,
    or their best tokens differ. Their texts are the answers alone unless all of them, or none, show a thought.
    """
    place = _shared_place([(*one.sure, one.top) for one in answers])
    thoughts = sum(one.answer is not None for one in answers)
    mixed = 0 < thoughts < len(answers)
    return tuple(
        replace(
            one,
            top=(*one.sure, one.top)[place],
            sure=one.sure[:place],
            text=one.answer if mixed and one.answer is not None else one.text,
        )
        for one in answers
    )


def _shared_place(rows: Sequence[Sequence[tuple[Token, ...]]]) -> int:
    shortest = min(map(len, rows)) - 1
    for place in range(shortest):
        if len({row[place][0].key for row in rows}) > 1:
            return place
    return shortest


def _complaint(reply: Reply) -> str:
    error = reply.error
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message if message is not None else reply.text)[:200]


def _top(position: Any) -> tuple[Token, ...]:
    """The tokens of one position, likeliest first, each key once.

    Hosts list the sampled token first, order ties differently, send probabilities in place of logarithms, and spell
    several tokens alike (``\ufffd``). Of tokens with the same key none is kept, since it is unknown which is which,
    unless they have the same value: then one was listed twice.
    """
    listed = position.get("top_logprobs") if isinstance(position, Mapping) else None
    tokens = [token for entry in listed if (token := _token(entry))] if isinstance(listed, list) else []
    values: dict[bytes, set[float]] = {}
    for key, value in tokens:
        values.setdefault(key, set()).add(value)
    found = [Token(key, next(iter(several))) for key, several in values.items() if len(several) == 1]
    if _are_probabilities(found):
        found = [Token(key, math.log(value) if value > 0 else IMPOSSIBLE) for key, value in found]
    return tuple(sorted(found, key=lambda token: -token.logprob))


def _are_probabilities(tokens: Sequence[Token]) -> bool:
    """Whether these are probabilities in place of logarithms: none is negative, and two are above 0.

    Their sum may exceed 1 by rounding.
    """
    return (
        sum(value > 0 for _, value in tokens) >= 2
        and all(0 <= value <= 1 + _ROUNDING for _, value in tokens)
        and math.fsum(value for _, value in tokens) <= 1 + _ROUNDING
    )


def _token(entry: Any) -> Token | None:
    if not isinstance(entry, Mapping):
        return None
    value = entry.get("logprob")
    if value is None:
        value = IMPOSSIBLE
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    key = _key(entry)
    return None if key is None else Token(key, max(float(value), IMPOSSIBLE))


def _key(entry: Mapping[Any, Any]) -> bytes | None:
    """The bytes of a token; None if neither they nor its text are there."""
    key, name = _bytes(entry.get("bytes")), entry.get("token")
    if key is not None or not isinstance(name, str):
        return key
    return _spelled(name).encode("utf-8", "surrogatepass")


def _spelled(name: str) -> str:
    """A token's text where a server sends the vocabulary's own spelling of white space."""
    for written, meant in _SPELLINGS.items():
        name = name.replace(written, meant)
    return name


def _bytes(raw: Any) -> bytes | None:
    if isinstance(raw, list) and raw and all(isinstance(one, int) and 0 <= one < 256 for one in raw):
        return bytes(raw)
    return None
