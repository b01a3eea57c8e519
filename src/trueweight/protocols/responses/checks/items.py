"""The items of a stream: where each event belongs, in which order, and whether its pieces join to the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.protocols.responses.items import OUTPUT
from trueweight.protocols.responses.sample import events, message, numbered, response, streamed
from trueweight.protocols.responses.transcript import (
    ABOUT_CONTENT,
    ABOUT_ITEM,
    ABOUT_SUMMARY,
    ABOUT_THOUGHT,
    ADDED,
    DONE,
    PART_ADDED,
    PART_DONE,
    StreamedItem,
    TypedEvent,
    final_response,
    item_of,
    streamed_items,
    texts_of,
    typed_events,
)

_EVENTS = "https://platform.openai.com/docs/api-reference/responses-streaming"
_HELLO = events(response(message()), [["hel", "lo"]])


@check(
    "responses-event-place",
    "Every event about an item has its output_index and item_id, and content_index for its content.",
    failure="{cases} had events about an item that do not say which, or name another one",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    explains=("responses-call-constant", "responses-final-output", "responses-item-constant"),
    source="https://github.com/lemonade-sdk/lemonade/issues/3607",
    why="Clients put deltas where these say. Without them, parallel items run into each other or are dropped.",
    fix="Count output_index and content_index from 0, and send them and item_id with each event: one id for each item.",
    example=Example(
        streamed([{key: value for key, value in one.items() if key != "output_index"} for one in _HELLO]),
        "output_item.added",
        SAMPLE_STREAM,
    ),
)
def event_place(_: Case, reply: Reply) -> CheckResult | None:
    """An index belongs to one item, whose id does not change between its first and its last event; it is the place of
    the item in the output of the last event, and that of a part in the content of its item."""
    found = [one for one in typed_events(reply) if one.type in (ADDED, DONE) or one.type.startswith(ABOUT_ITEM)]
    if not found:
        return None
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for one in found:
        if problem := _misplaced(one, ids, taken):
            return problem
    return _out_of_range(reply) or Pass()


def _misplaced(one: TypedEvent, ids: dict[int, str], taken: set[str]) -> Fail | None:
    for needed in _needed(one.type):
        value = one.data.get(needed)
        if not isinstance(value, int) or isinstance(value, bool):
            return Fail(f"{one.type} has no {needed}", needed, quote(value), (one.span,))
    index = one.data["output_index"]
    if one.type in (ADDED, DONE):
        return _take_item(one, index, ids, taken)
    name = one.data.get("item_id")
    if index in ids and name != ids[index]:
        return Fail(f"{one.type} names another item than its index", quote(ids[index]), quote(name), (one.span,))
    return None


def _take_item(one: TypedEvent, index: int, ids: dict[int, str], taken: set[str]) -> Fail | None:
    """Keep the id of the item that an event has whole, by its index and among those that are taken; a failure if
    another item has its index or its id."""
    name = item_of(one).get("id")
    if not isinstance(name, str) or not name:
        return Fail(f"the item of {one.type} has no id", "item.id", quote(name), (one.span,))
    known = ids.get(index)
    if (one.type == DONE and known not in (None, name)) or (one.type == ADDED and known is not None):
        got = f"{quote(known)}, then {quote(name)}"
        return Fail(f"output_index {index} has two items", "one item for an output_index", got, (one.span,))
    if one.type == ADDED and name in taken:
        return Fail("two items have the same id", "an id for each item", quote(name), (one.span,))
    ids[index] = name
    taken.add(name)
    return None


def _out_of_range(reply: Reply) -> Fail | None:
    """An index that is no position in the output of the last event, or in the content of its item."""
    final = final_response(reply)
    output = final.get("output") if final is not None and final.get("status") != "failed" else None
    items, size = streamed_items(reply), len(output) if isinstance(output, list) else 0
    for item in items:
        # An output that lacks items is for responses-final-output.
        if item.done is not None and size >= len(items) and isinstance(item.key, int) and not 0 <= item.key < size:
            words = f"output_index {item.key} is no position in the output of the response, of length {size}"
            return Fail(words, f"0 to {size - 1}", str(item.key), (item.done.span,))
        content = item_of(item.done).get("content") if item.done is not None else None
        parts = len(content) if isinstance(content, list) else 0
        for one in item.events if parts else ():
            at = one.data.get("content_index")
            if isinstance(at, int) and not 0 <= at < parts:
                words = f"content_index {at} of {one.type} is no position in the item's content, of length {parts}"
                return Fail(words, f"0 to {parts - 1}", str(at), (one.span,))
    return None


def _needed(kind: str) -> Iterator[str]:
    yield "output_index"
    if kind.startswith(ABOUT_CONTENT):
        yield "content_index"
    elif kind.startswith(ABOUT_SUMMARY):
        yield "summary_index"


@check(
    "responses-event-order",
    "An item is added, then its events come, then it is done.",
    failure="{cases} had an item without its beginning or its end, or events outside them",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/ogx-ai/ogx/issues/5309",
    why="Clients register an item before its deltas, and take it from its done event.",
    fix="Send output_item.added, the events of the item, output_item.done.",
    example=Example(
        streamed(numbered(one for one in _HELLO if one["type"] != DONE)), "content_part.done", SAMPLE_STREAM
    ),
)
def event_order(_: Case, reply: Reply) -> CheckResult | None:
    """A stream that reports an error, or ends early, is for other checks."""
    return _judge_items(reply, _disordered)


def _judge_items(reply: Reply, flaw: Callable[[StreamedItem], Fail | None]) -> CheckResult | None:
    if reply.error is not None or not reply.done:
        return None
    for item in streamed_items(reply):
        if problem := flaw(item):
            return problem
    return Pass() if typed_events(reply) else None


def _disordered(item: StreamedItem) -> Fail | None:
    first, last = item.events[0], item.events[-1]
    if first.type != ADDED:
        return Fail(f"{first.type} comes before its item was added", ADDED, first.type, (first.span,))
    if last.type != DONE:
        return Fail("an item has no end", DONE, last.type, (last.span,))
    return None


@check(
    "responses-text-done",
    "A text whose deltas were sent has a done event with the whole text.",
    failure="{cases} had deltas without a done event that has the whole text",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_EVENTS,
    why="Clients take the text, or the arguments of a call, from the done event, and wait for it.",
    fix="Send output_text.done, function_call_arguments.done, … with the whole text after its last delta.",
    example=Example(
        streamed(numbered(one for one in _HELLO if one["type"] != "response.output_text.done")),
        "output_item.done",
        SAMPLE_STREAM,
    ),
)
def text_done(_: Case, reply: Reply) -> CheckResult | None:
    """Judges content, thoughts, summaries and arguments of streams that end."""
    return _judge_items(reply, _undone)


def _undone(item: StreamedItem) -> Fail | None:
    for (kind, place), deltas in item.deltas.items():
        if any(deltas) and (kind, place) not in item.wholes:
            spans = (item.events[0].span, item.events[-1].span)
            return Fail(f"the deltas of {kind} have no done event with the text", f"{kind}.done", "none", spans)
    return None


@check(
    "responses-parts",
    "The events of a text are between the content_part.added and the content_part.done of its part.",
    failure="{cases} had a text outside the beginning and the end of its content part",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_EVENTS,
    why="Clients make the part there: typed ones raise at a delta of a part that was not added.",
    fix="Send content_part.added before the first delta of each part, and content_part.done after its done event.",
    example=Example(
        streamed(numbered(one for one in _HELLO if one["type"] != PART_ADDED)), "output_text.delta", SAMPLE_STREAM
    ),
)
def parts(_: Case, reply: Reply) -> CheckResult | None:
    """Judges text and refusals. Thoughts may come without parts: the API describes none for them."""
    return _judge_items(reply, _outside_part)


def _outside_part(item: StreamedItem) -> Fail | None:
    by_part: dict[str, list[TypedEvent]] = {}
    for one in item.events:
        if one.type.startswith(ABOUT_CONTENT):
            by_part.setdefault(repr(one.data.get("content_index")), []).append(one)
    for found in by_part.values():
        if all(one.type.startswith(ABOUT_THOUGHT) for one in found):
            continue
        first, last = found[0], found[-1]
        if first.type != PART_ADDED:
            return Fail(f"{first.type} comes before its part was added", PART_ADDED, first.type, (first.span,))
        if last.type != PART_DONE:
            return Fail(f"{last.type} comes last of its part", PART_DONE, last.type, (last.span,))
    return None


@check(
    "responses-deltas-join",
    "The deltas of a text join to the text of its done event and of the item.",
    failure="{cases} had deltas that do not join to the final text",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_EVENTS,
    why="What a user saw while it was written, and what the agent runs, are different.",
    fix="Make the final texts from the same pieces that were sent.",
    example=Example(
        streamed(numbered(one for one in _HELLO if one.get("delta") != "lo")), "output_item.done", SAMPLE_STREAM
    ),
)
def deltas_join(_: Case, reply: Reply) -> CheckResult | None:
    """Judges texts that came in deltas, of all kinds: content, thoughts, summaries and arguments."""
    judged = False
    for item in streamed_items(reply):
        held = {} if item.done is None else dict(texts_of(item_of(item.done)))
        for place, deltas in item.deltas.items():
            joined = "".join(deltas)
            for whole in (item.wholes.get(place), held.get(place)):
                judged |= whole is not None
                if whole is not None and whole != joined:
                    span = item.done.span if item.done is not None else item.events[-1].span
                    message_ = f"the deltas of {place[0]} do not join to its final text"
                    return Fail(message_, quote(whole), quote(joined), (span,))
    return Pass() if judged else None


@check(
    "responses-deltas",
    "The text of a streamed message comes in deltas.",
    failure="{cases} had a stream with the whole text at its end, without a delta",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_EVENTS,
    why="The user sees nothing until the answer is whole, and no time to its first token can be measured.",
    fix="Send output_text.delta while the model writes.",
    example=Example(streamed(numbered(one for one in _HELLO if "delta" not in one)), "output_item.done", SAMPLE_STREAM),
)
def deltas(_: Case, reply: Reply) -> CheckResult | None:
    """Judges messages with a text. The arguments of a call may come whole."""
    if reply.error is not None:
        return None
    texts = [
        item for item in streamed_items(reply) if any(kind == OUTPUT and whole for (kind, _), whole in _texts(item))
    ]
    for item in texts:
        if not any(kind == OUTPUT and any(pieces) for (kind, _), pieces in item.deltas.items()):
            return Fail("a text came whole, without a delta", "output_text.delta", "none", (item.events[-1].span,))
    return Pass() if texts else None


def _texts(item: StreamedItem) -> Iterator[tuple[tuple[str, int], str]]:
    """The whole texts of an item, as its events have them at its end."""
    yield from item.wholes.items()
    if item.done is not None:
        yield from texts_of(item_of(item.done))
