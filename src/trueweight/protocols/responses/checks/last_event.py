"""The last event of a stream beside the events before it: the same items, with the same ids."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.core.json_value import JsonObject
from trueweight.protocols.responses.reply import TERMINAL
from trueweight.protocols.responses.sample import events, function_call, message, response, streamed
from trueweight.protocols.responses.transcript import (
    ADDED,
    DONE,
    final_response,
    item_of,
    output_of,
    streamed_items,
    texts_of,
    typed_events,
)

_OSLO = '{"city":"Oslo"}'
_HELLO = events(response(message()), [["hel", "lo"]])
_CALLED = events(response(function_call("weather", _OSLO)), [['{"city"', ':"Oslo"}']])


@check(
    "responses-final-output",
    "The response in the last event has the items of the stream, in their order.",
    failure="{cases} had a last event whose output is not what was streamed",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/Oaklight/llm-rosetta/issues/56",
    why="Clients take either the items as they end or the output at the end, and get different answers.",
    fix="Collect the items while they are sent, and put them into the last event.",
    example=Example(
        streamed([*_CALLED[:-1], {**_CALLED[-1], "response": response()}]), "response.completed", SAMPLE_STREAM
    ),
)
def final_output(_: Case, reply: Reply) -> CheckResult | None:
    """Compares type, name, call_id and texts; items in the order of their output_index. A stream without any event of
    the items that its last event has fails too."""
    last = _last(reply)
    ended = [item for item in streamed_items(reply) if item.done is not None]
    if last is not None and last.output and not streamed_items(reply):
        words = "the items are in the last event alone, and were not streamed"
        return Fail(words, "output_item.added … output_item.done", "none", (last.span,))
    if last is None or not ended:
        return None
    if all(isinstance(item.key, int) for item in ended):
        ended.sort(key=lambda item: item.key if isinstance(item.key, int) else 0)
    streamed_ = [_summary(item_of(item.done)) for item in ended if item.done is not None]
    held = [_summary(item) for item in last.output]
    if streamed_ == held:
        return Pass()
    return Fail("the output of the last event is not what was streamed", quote(streamed_), quote(held), (last.span,))


class _Last(NamedTuple):
    """The items of the response in the last event, and the place of the event."""

    output: list[JsonObject]
    span: Span


def _last(reply: Reply) -> _Last | None:
    """None for a plain reply, for a stream without a response at its end, and for one that failed."""
    final = final_response(reply) if reply.streamed else None
    if final is None or final.get("status") == "failed":
        return None
    return _Last(output_of(final), next(one.span for one in reversed(typed_events(reply)) if one.type in TERMINAL))


def _summary(item: Mapping[str, Any]) -> list[Any]:
    return [item.get("type"), item.get("name"), item.get("call_id"), [text for _, text in texts_of(item)]]


@check(
    "responses-call-constant",
    "A call has one call_id and one name: where it is added, where it is done, and in the last event.",
    failure="{cases} had a call whose call_id or name changes between its events",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    explains=("responses-final-output",),
    source="https://github.com/vllm-project/vllm/pull/47916",
    why="Clients match deltas, calls and results by the call_id: another id is another call.",
    fix="Make the call_id once for each call, and keep it to the last event.",
    example=Example(
        streamed([*_CALLED[:-1], {**_CALLED[-1], "response": response(function_call("weather", _OSLO, call_id="b"))}]),
        '"b"',
        SAMPLE_STREAM,
    ),
)
def call_constant(_: Case, reply: Reply) -> CheckResult | None:
    """A field that is only in some of the places fails as well; ``call-id-present`` and ``tool-name-present`` judge a
    call without them."""
    return _judge_versions(reply, ("call_id", "name"), everywhere=True)


@check(
    "responses-item-constant",
    "An item of the last event has the id and the status that it had where it was done.",
    failure="{cases} had items whose id or status in the last event is not the one they were streamed with",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source="https://github.com/EricLBuehler/mistral.rs/issues/1944",
    why="Clients find an item that they have already shown by its id: with another id it is shown, or stored, twice.",
    fix="Make the id of an item once, and put the same items into the last event.",
    example=Example(
        streamed([*_HELLO[:-1], {**_HELLO[-1], "response": response(message(id="msg_2"))}]), "msg_2", SAMPLE_STREAM
    ),
)
def item_constant(_: Case, reply: Reply) -> CheckResult | None:
    """``responses-event-place`` judges the ids of the events before the last one."""
    return _judge_versions(reply, ("id", "status"), since=DONE)


def _judge_versions(
    reply: Reply, names: tuple[str, ...], since: str = ADDED, *, everywhere: bool = False
) -> CheckResult | None:
    """Whether these fields of each item are the same in its events and in the last one.

    Args:
        since: the first event that is compared.
        everywhere: whether a field that one of them has must be in each. Where the output has an item of another type
            in the item's place, that is another fault.
    """
    last, judged = _last(reply), False
    if last is None:
        return None
    for item in streamed_items(reply):
        versions = [(item_of(one), one.span) for one in item.events if one.type in (since, DONE)]
        if isinstance(item.key, int) and 0 <= item.key < len(last.output):
            final = last.output[item.key]
            if not everywhere or all(one.get("type") == final.get("type") for one, _ in versions):
                versions.append((final, last.span))
        for name in names:
            values = [(value if isinstance(value := one.get(name), str) else "", span) for one, span in versions]
            given = [(value, span) for value, span in values if value]
            judged |= len(given) > 1
            if everywhere and given and len(given) < len(values):
                without = next(span for value, span in values if not value)
                return Fail(f"an item has its {name} in some of its events", f"{name} in each", "none", (without,))
            for before, after in pairwise(given):
                if before[0] != after[0]:
                    got = f"{quote(before[0])}, then {quote(after[0])}"
                    return Fail(f"the {name} of an item changes", f"one {name}", got, (before[1], after[1]))
    return Pass() if judged else None
