"""The shape of responses and chunks: the fields that clients rely on."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import anomalies, fail_on, quote, whole
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.core.json_value import JsonObject
from trueweight.protocols import Kind
from trueweight.protocols.chat.checks.parts import documents_of
from trueweight.protocols.chat.sample import chunk, message
from trueweight.protocols.sample import plain, stream

_TYPED = (Kind.WRONG_TYPE, Kind.CHOICES_MISSING, Kind.CHOICES_MANY, Kind.CALLS_MANY, Kind.MESSAGE_IN_CHUNK)
_CREATE = "https://platform.openai.com/docs/api-reference/chat/object"
_CHUNK = "https://platform.openai.com/docs/api-reference/chat-streaming"


@check(
    "response-shape",
    "A response has choices, and every field has the API's type.",
    failure="{cases} had a response without choices, or a field of another type than the API gives it",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    source=_CREATE,
    why="Typed clients raise; untyped ones fail later and elsewhere.",
    fix="Validate responses against the API's schema before they are sent.",
    example=Example(plain(message() | {"choices": "none"}), '"none"'),
)
def response_shape(_: Case, reply: Reply) -> CheckResult | None:
    """Judges plain replies. Unknown fields are allowed."""
    if reply.streamed or not isinstance(reply.json, dict) or reply.error is not None:
        return None
    broken = fail_on(reply, *_TYPED, Kind.CHOICES_EMPTY, expected="the API's types")
    if broken is not None:
        return broken
    choice = next((c for c in reply.json["choices"] if isinstance(c, dict)), {})
    if not isinstance(choice.get("message"), dict):
        return Fail("the choice has no message", "message", quote(sorted(choice)), whole(reply))
    return Pass()


@check(
    "chunk-shape",
    "Every chunk has choices, and every field has the API's type.",
    failure="{cases} had a chunk without choices, or a field of another type than the API gives it",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    source=_CHUNK,
    why="Typed clients raise in the middle of a stream.",
    fix="Validate chunks against the API's schema before they are sent.",
    example=Example(stream([chunk(content=7)]), "7", SAMPLE_STREAM),
)
def chunk_shape(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams. Role-only deltas, usage-only chunks and unknown fields are allowed."""
    if not reply.streamed:
        return None
    return fail_on(reply, *_TYPED, expected="the API's types") or Pass()


@check(
    "choices-not-empty",
    "A chunk without choices carries usage or an error.",
    failure="{cases} had chunks with no choice, no usage and no error",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.INFO,
    source=_CHUNK,
    why="Clients that read choices[0] of every chunk raise an index error.",
    fix="Do not send chunks without content.",
    example=Example(stream([chunk() | {"choices": []}]), '"choices": []', SAMPLE_STREAM),
)
def choices_not_empty(_: Case, reply: Reply) -> CheckResult | None:
    """INFO only: some gateways put their own metadata there."""
    return (fail_on(reply, Kind.CHOICES_EMPTY) or Pass()) if reply.streamed else None


@check(
    "choice-index",
    "Every choice has its index.",
    failure="{cases} had a choice without its index, or with one that is no whole number",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    explains=("n-honoured", "finish-once", "choice-index-unique"),
    source=_CREATE,
    why="With several choices a client cannot tell to which one a delta belongs.",
    fix="Send index with each choice.",
    example=Example(plain({"choices": [{"message": {}}]}), "message"),
)
def choice_index(_: Case, reply: Reply) -> CheckResult:
    """Judges responses and chunks."""
    return fail_on(reply, Kind.CHOICE_INDEX_MISSING, expected="an integer index") or Pass()


@check(
    "response-fields",
    "Each response or chunk has id, object, created and model.",
    failure="{message} in {cases}",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_CREATE,
    why="Typed clients demand them, and logs are joined by them.",
    fix="Fill in the four fields.",
    example=Example(plain(message() | {"object": "thing"}), "thing"),
)
def response_fields(_: Case, reply: Reply) -> CheckResult | None:
    """Reports the first failure. Every format of id is accepted.

    A gateway's own chunk, which carries neither choices nor usage, is for ``choices-not-empty``; one whose choices have
    no delta carries what its content filter found of the text so far.
    """
    if reply.error is not None:
        return None
    kind = "chat.completion.chunk" if reply.streamed else "chat.completion"
    documents = documents_of(reply)
    for document, span in documents:
        missing = () if _has_all(document, kind) else _missing(document, kind)
        if missing and not _is_beside_deltas(document):
            return Fail(" and ".join(missing), f"id, object={kind}, created, model", "", (span,))
    return Pass() if documents else None


def _is_beside_deltas(document: JsonObject) -> bool:
    """Whether a chunk has no usage, and no choice or none with a delta or a finish reason."""
    choices = document.get("choices")
    return (
        document.get("usage") is None
        and isinstance(choices, list)
        and all(
            isinstance(one, dict) and "delta" not in one and "message" not in one and not one.get("finish_reason")
            for one in choices
        )
    )


def _has_all(document: JsonObject, kind: str) -> bool:
    """Whether `_missing` finds nothing, in a usual document: a stream has tens of thousands."""
    name, created, model = document.get("id"), document.get("created"), document.get("model")
    named = isinstance(name, str) and name and isinstance(model, str) and model
    return bool(named) and document.get("object") == kind and type(created) in (int, float)


def _missing(document: JsonObject, kind: str) -> list[str]:
    """What is wrong with each of the four fields: ``the field object is "thing"``."""
    right = {
        "id": isinstance(document.get("id"), str) and document["id"] != "",
        "object": document.get("object") == kind,
        "created": isinstance(document.get("created"), int | float) and not isinstance(document["created"], bool),
        "model": isinstance(document.get("model"), str) and document["model"] != "",
    }
    return [
        f"the field {name} is {quote(document[name]) if document.get(name) is not None else 'missing'}"
        for name, good in right.items()
        if not good
    ]


@check(
    "stream-one-response",
    "All chunks of a stream have one id, one model and one fingerprint.",
    failure="{cases} had a stream whose chunks have several ids, models or fingerprints",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    source=_CHUNK,
    why="Clients and logs take a new id for a new response.",
    fix="Make the id once for each request.",
    example=Example(stream([chunk(), chunk() | {"id": "zzz"}]), "zzz", SAMPLE_STREAM),
)
def stream_one_response(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams; a fingerprint that changes counts as another id."""
    if not reply.streamed:
        return None
    changed = fail_on(reply, Kind.ID_CHANGES, Kind.MODEL_CHANGES, expected="one id")
    return changed or _one_fingerprint(reply)


def _one_fingerprint(reply: Reply) -> Fail | Pass:
    seen: dict[str, Span] = {}
    for document, span in documents_of(reply):
        fingerprint = document.get("system_fingerprint")
        if isinstance(fingerprint, str) and fingerprint:
            seen.setdefault(fingerprint, span)
    if len(seen) > 1:
        words = "chunks of one response have different fingerprints"
        return Fail(words, "one fingerprint", quote(list(seen)[:2]), tuple(seen.values())[:2])
    return Pass()


@check(
    "no-legacy-function-call",
    "Calls come as tool_calls, not as the function_call they replaced.",
    failure="{cases} had a call in the legacy field function_call",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    explains=(
        "finish-reason",
        "finish-reason-known",
        "finish-without-calls",
        "reply-not-empty",
        "stream-same-calls",
        "structured-output",
        "tool-call-expected",
        "tool-call-matches",
        "tool-choice-required",
    ),
    source=_CREATE,
    why="Current clients read tool_calls only.",
    fix="Answer requests with tools by tool_calls.",
    example=Example(plain(message(function_call={"name": "now"})), "function_call"),
)
def no_legacy_function_call(case: Case, reply: Reply) -> CheckResult | None:
    """Accepts function_call where the request uses the old functions."""
    if "functions" in case.request or not anomalies(reply, Kind.LEGACY_FUNCTION_CALL):
        return None
    return fail_on(reply, Kind.LEGACY_FUNCTION_CALL, expected="tool_calls")
