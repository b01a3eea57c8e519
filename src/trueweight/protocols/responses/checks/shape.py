"""The response object and its items: the fields that clients rely on, and statuses that agree with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import fail_on, quote, whole
from trueweight.core.example import SAMPLE_TEXT, Example, says
from trueweight.core.json_value import JsonObject
from trueweight.protocols import Kind, locate_field
from trueweight.protocols.responses.items import CUSTOM, FUNCTION, MESSAGE, REASONING
from trueweight.protocols.responses.sample import answered, function_call, incomplete, message, reasoning, response
from trueweight.protocols.responses.transcript import final_response, output_of, typed_events

_OBJECT = "https://platform.openai.com/docs/api-reference/responses/object"
_STATUSES: Final = ("completed", "failed", "in_progress", "cancelled", "queued", "incomplete")
_WRITTEN: Final = (MESSAGE, REASONING, FUNCTION, CUSTOM)
"""Types of the items that the model writes."""
_OTHER_REASONS: Final = ("length", "max_tokens", "max_completion_tokens", "stop", "end_turn", "tool_calls")
"""What other APIs call the end of a reply: clients of this one do not know the words."""
_CUT: Final = "https://github.com/vllm-project/vllm/issues/57998"


def _place(reply: Reply) -> tuple[Span, ...]:
    """Where the response is: the body, or the last event."""
    found = typed_events(reply)
    return (found[-1].span,) if reply.streamed and found else whole(reply)


@check(
    "responses-shape",
    "A response has id, object, created_at, status, model and output, and every field has the API's type.",
    failure="{cases} had a response without one of its fields, or a field of another type than the API gives it",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_OBJECT,
    why="Typed clients raise; untyped ones fail later and elsewhere.",
    fix="Validate responses against the API's schema before they are sent.",
    example=Example(answered(response(message(), object="chat.completion")), "chat.completion", SAMPLE_TEXT),
)
def response_shape(_: Case, reply: Reply) -> CheckResult | None:
    """Judges a plain body, and the response of a stream's last event. Unknown fields are allowed."""
    found = final_response(reply)
    if found is None or reply.error is not None:
        return None
    created = found.get("created_at")
    right = {
        "id": isinstance(found.get("id"), str) and found["id"] != "",
        "object": found.get("object") == "response",
        "created_at": isinstance(created, int | float) and not isinstance(created, bool),
        "status": found.get("status") in _STATUSES,
        "model": isinstance(found.get("model"), str),
        "output": isinstance(found.get("output"), list),
    }
    wrong = [name for name, good in right.items() if not good]
    if wrong:
        expected = "id, object=response, created_at, status, model, output"
        return Fail(f"{', '.join(wrong)} missing or wrong", expected, quote(sorted(found)), _place(reply))
    return fail_on(reply, Kind.WRONG_TYPE, Kind.CALLS_MANY, expected="the API's types") or Pass()


@check(
    "responses-items",
    "Every item has the fields of its type: type and an id that no other has, content with typed parts, or call_id, "
    "name and arguments.",
    failure="{cases} had an output item without a field that its type has, or with the id of another one",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_OBJECT,
    why="Clients send items back as they are, and servers refuse those without these fields.",
    fix="Fill in the fields of each item, in the last event too.",
    explains=("reply-not-empty",),
    example=Example(answered(response(message(role=None))), "role", SAMPLE_TEXT),
)
def items_shape(_: Case, reply: Reply) -> CheckResult | None:
    """``call-id-present`` and ``tool-name-present`` judge those fields of calls. Other types of items are allowed."""
    found = final_response(reply)
    items = output_of(found) if found is not None else []
    for item in items:
        if wrong := _wrong_in(item):
            spans = locate_field(reply, wrong[0]) or _place(reply)
            kind = quote(item.get("type"))
            return Fail(f"an item of type {kind} has no valid {', '.join(wrong)}", ", ".join(wrong), quote(item), spans)
    ids = Counter(item["id"] for item in items)
    if twice := next((one for one, times in ids.items() if times > 1), None):
        return Fail("two items have the same id", "an id for each item", quote(twice), _place(reply))
    return Pass() if items else None


def _wrong_in(item: JsonObject) -> list[str]:
    """The names of the fields that an item lacks, or that have another type."""
    right = {"type": isinstance(item.get("type"), str), "id": isinstance(item.get("id"), str) and item["id"] != ""}
    kind = item.get("type")
    if kind == MESSAGE:
        right |= {"role": item.get("role") == "assistant", "content": _are_parts(item.get("content"))}
        right |= {"status": isinstance(item.get("status"), str)}
    elif kind == FUNCTION:
        right |= {"arguments": "arguments" in item}
    elif kind == REASONING:
        right |= {"summary": isinstance(item.get("summary"), list)}
    return [name for name, good in right.items() if not good]


def _are_parts(content: Any) -> bool:
    """Whether content is a list of typed parts, text with its annotations. Other types of parts are allowed, but for
    those that text has in requests."""
    return isinstance(content, list) and all(isinstance(part, dict) and _is_part(part) for part in content)


def _is_part(part: JsonObject) -> bool:
    match part.get("type"):
        case "output_text":
            return isinstance(part.get("text"), str) and isinstance(part.get("annotations"), list)
        case "refusal":
            return isinstance(part.get("refusal"), str)
        case kind:
            return isinstance(kind, str) and kind not in ("text", "input_text")


@check(
    "responses-item-status",
    "The statuses of the items agree with that of the response: all completed, or the last one incomplete.",
    failure="{cases} had items whose status contradicts that of the response",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    explains=("responses-item-constant",),
    source=_CUT,
    why="A client that looks at the item runs half a call, or shows half a text as the whole.",
    fix="Give the item that a limit cut the status incomplete.",
    example=Example(
        answered(response(message(), status="incomplete", incomplete_details={"reason": "max_output_tokens"})),
        "completed",
        says("half", "length"),
    ),
)
def item_status(_: Case, reply: Reply) -> CheckResult | None:
    """Items without a status are not judged, nor are those of tools that the server runs: they may fail alone."""
    found = final_response(reply)
    output = output_of(found) if found is not None else []
    known = [item for item in output if item.get("type") in _WRITTEN and isinstance(item.get("status"), str)]
    if found is None or not known or found.get("status") not in ("completed", "incomplete"):
        return None
    wanted = found["status"]
    if wanted == "completed":
        wrong = next((item for item in known if item["status"] != "completed"), None)
    else:
        wrong = known[-1] if known[-1] is output[-1] and known[-1]["status"] == "completed" else None
    if wrong is None:
        return Pass()
    message_ = f"the response is {wanted}, and its item of type {quote(wrong.get('type'))} is not"
    return Fail(message_, wanted, quote(wrong["status"]), locate_field(reply, "status") or _place(reply))


@check(
    "responses-incomplete",
    "An incomplete response says why, and a completed one has no such reason.",
    failure="{cases} had an incomplete response without a reason, or a completed one with one",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/vllm-project/vllm/pull/24561",
    why="Agents go on after a limit and stop after a filter: without the reason they cannot tell.",
    fix="Set incomplete_details.reason to max_output_tokens or content_filter, and the status to incomplete.",
    example=Example(
        answered(incomplete(message()) | {"incomplete_details": None}), "incomplete", says("half", "length")
    ),
)
def incomplete_reason(_: Case, reply: Reply) -> CheckResult | None:
    """Judges completed and incomplete responses."""
    found = final_response(reply)
    if found is None or found.get("status") not in ("completed", "incomplete"):
        return None
    details = found.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    spans = locate_field(reply, "incomplete_details") or _place(reply)
    if found["status"] == "completed":
        if reason is not None or not isinstance(details, Mapping | None):
            return Fail("a completed response has incomplete_details", "null", quote(details), spans)
        return Pass()
    if reason in _OTHER_REASONS:
        words = "the reason of an incomplete response is one of another API"
        return Fail(words, "max_output_tokens | content_filter", quote(reason), spans)
    if not isinstance(reason, str) or not reason:
        return Fail("an incomplete response does not say why", "incomplete_details.reason", quote(details), spans)
    return Pass()


@check(
    "responses-reasoning-first",
    "Reasoning comes before the calls and the text that it led to.",
    failure="{cases} had reasoning only after the calls or the text that it led to",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    explains=("responses-final-output", "responses-item-constant"),
    source="https://platform.openai.com/docs/guides/reasoning",
    why="The items are the next request's history, and a server refuses or misreads a thought after its call.",
    fix="Put the items in the order in which the model wrote them.",
    example=Example(answered(response(function_call(), reasoning())), "function_call", SAMPLE_TEXT),
)
def reasoning_first(_: Case, reply: Reply) -> CheckResult | None:
    """A second thought between two calls is allowed, and so is a first one between a text and what follows it: a model
    may say what it will do before it thinks. The thought at which a limit cut the response led to nothing yet."""
    found = final_response(reply)
    kinds = [str(item.get("type")) for item in output_of(found)] if found is not None else []
    if found is None or REASONING not in kinds or (found.get("status") == "incomplete" and kinds[-1] == REASONING):
        return None
    first = kinds.index(REASONING)
    before, after = kinds[:first], kinds[first:]
    is_late = MESSAGE in before and not {FUNCTION, CUSTOM, MESSAGE}.intersection(after)
    if FUNCTION in before or CUSTOM in before or is_late:
        got = quote(kinds)
        return Fail("reasoning comes after what it led to", "reasoning first", got, _place(reply))
    return Pass()
