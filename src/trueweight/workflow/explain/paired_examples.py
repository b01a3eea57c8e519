"""For every check of several replies: replies that break its law together, and replies that keep it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from trueweight.checks import ReplyDigest, digest_reply
from trueweight.core import Case, Exchange
from trueweight.protocols import read_reply
from trueweight.workflow.explain.examples import calls, fragment, parts, says
from trueweight.workflow.explain.handmade import chunk, message, plain, stream, usage_chunk


class Said(NamedTuple):
    """One reply of an example: to which case, the exchange, and whether the check must speak of it."""

    case: Case
    exchange: Exchange
    broken: bool = False


class PairedExample(NamedTuple):
    """Replies of one provider that break the law where marked, replies that keep it, and the reference's."""

    check: str
    bad: tuple[Said, ...]
    good: tuple[Said, ...]
    reference: tuple[Said, ...] = ()


def heard_of(said: Iterable[Said]) -> list[ReplyDigest]:
    """What the checks are given. Trials are named by their order."""
    made = []
    for at, one in enumerate(said):
        heard = digest_reply(f"{at:020}", one.case, one.exchange.mode, at, read_reply(one.exchange))
        if heard is not None:
            made.append(heard)
    return made


def _ask(name: str, words: str = "hi", checks: dict[str, Any] | None = None, **request: Any) -> Case:
    body = {"messages": [{"role": "user", "content": words}]} | request
    return Case("s", name, body, checks=checks or {})


def _streams(text: str, prompt: int = 10, completion: int = 5) -> Exchange:
    return stream([chunk(content=text), chunk("stop"), usage_chunk(prompt, completion)])


def _costs(prompt: int) -> Exchange:
    return plain(message(content="ok", usage=(prompt, 1)))


def _thinks(prompt: int) -> Exchange:
    return plain(message(content="ok", reasoning_content="hm", usage=(prompt, 3)))


_CALL = calls('{"city":"Oslo"}')
_STREAMED_CALL = parts(fragment(0, "weather", '{"city":"Oslo"}', id="a", type="function"))
_COLD = _ask("cold", temperature=0)
_BASE = _ask("base")
_MORE = _ask("more", "hi there, and more", {"prompt-tokens-more": {"than": "base", "at_least": 3}})
_PARTS = _ask("parts", checks={"prompt-tokens-same": {"as": "base"}})
_KEPT = _ask("kept", checks={"history-reasoning-kept": {"than": "base"}})
_EFFORT = _ask("effort", checks={"reasoning-longer": {"than": "base"}}, reasoning_effort="high")
_SEED = _ask("seed", checks={"seed-repeats": {}}, seed=7, temperature=1)
_ZERO = _ask("zero", checks={"temperature-zero-repeats": {}}, temperature=0)
_HOT = _ask("hot", checks={"temperature-varies": {}}, temperature=1.2)
_LENGTHS = tuple(_ask(f"length-{n}", "word " * n) for n in range(6))


def _lengths(surplus: int, *, broken: bool = False) -> tuple[Said, ...]:
    return tuple(Said(case, _costs(10 + 7 * n + surplus), broken) for n, case in enumerate(_LENGTHS))


PAIRED_EXAMPLES: tuple[PairedExample, ...] = (
    PairedExample(
        "stream-same-calls",
        (Said(_COLD, _CALL), Said(_COLD, _streams("It is cold."), broken=True)),
        (Said(_COLD, _CALL), Said(_COLD, _STREAMED_CALL)),
    ),
    PairedExample(
        "stream-same-text",
        (Said(_COLD, says("It is cold.")), Said(_COLD, _streams("<think>hm</think>It is cold."), broken=True)),
        (Said(_COLD, says("It is cold.")), Said(_COLD, _streams("It is cold."))),
    ),
    PairedExample(
        "usage-same-streamed",
        (Said(_COLD, says("It is cold.")), Said(_COLD, _streams("It is cold.", 10, 12), broken=True)),
        (Said(_COLD, says("It is cold.")), Said(_COLD, _streams("It is cold.", 10, 6))),
    ),
    PairedExample(
        "prompt-tokens-more",
        (Said(_BASE, _costs(10)), Said(_MORE, _costs(11), broken=True)),
        (Said(_BASE, _costs(10)), Said(_MORE, _costs(14))),
    ),
    PairedExample(
        "prompt-tokens-same",
        (Said(_BASE, _costs(10)), Said(_PARTS, _costs(21), broken=True)),
        (Said(_BASE, _costs(10)), Said(_PARTS, _costs(10))),
    ),
    PairedExample(
        "history-reasoning-kept",
        (Said(_BASE, _thinks(10)), Said(_KEPT, _thinks(10), broken=True)),
        (Said(_BASE, _thinks(10)), Said(_KEPT, _thinks(31))),
    ),
    PairedExample(
        "seed-repeats",
        (Said(_SEED, says("a fox")), Said(_SEED, _streams("an owl"), broken=True)),
        (Said(_SEED, says("a fox")), Said(_SEED, _streams("a fox"))),
    ),
    PairedExample(
        "temperature-zero-repeats",
        (Said(_ZERO, says("a fox")), Said(_ZERO, _streams("an owl"), broken=True)),
        (Said(_ZERO, says("a fox")), Said(_ZERO, _streams("a fox"))),
    ),
    PairedExample(
        "temperature-varies",
        (Said(_HOT, says("a fox"), broken=True), Said(_HOT, _streams("a fox"), broken=True)),
        (Said(_HOT, says("a fox")), Said(_HOT, _streams("an owl"))),
    ),
    PairedExample(
        "reasoning-longer",
        (Said(_BASE, says("4", reasoning_content="2+2 is 4")), Said(_EFFORT, says("4"), broken=True)),
        (Said(_BASE, says("4", reasoning_content="2+2")), Said(_EFFORT, says("4", reasoning_content="2+2 is 4"))),
    ),
    PairedExample(
        "prompt-tokens-like-reference",
        (Said(_LENGTHS[5], _costs(30), broken=True), Said(_LENGTHS[0], _costs(10))),
        _lengths(1),
        _lengths(0),
    ),
    PairedExample("system-prompt-injected", _lengths(25, broken=True), _lengths(2), _lengths(0)),
)
