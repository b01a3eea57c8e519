"""Whether a request is accepted or refused, and the message of a refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trueweight.checks.markers import strings_of
from trueweight.core import PROTOCOLS, Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, Unsupported, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import SAMPLE_TEXT, Example, SampleReply, refuses, sample_case
from trueweight.core.request import listed_messages
from trueweight.core.thinking import LIMITS

_NOT_IMPLEMENTED = 501
_FEATURES = (
    "response_format", "tools", "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs", "logit_bias", "seed",
    "stop", "n", "stream_options", "reasoning_effort", "frequency_penalty", "presence_penalty", "max_completion_tokens",
    "min_tokens", "top_k", "min_p", "repetition_penalty",
)  # fmt: skip
_SAMPLING = ("temperature", "top_p")
"""Nearly every request has them, so a refusal is about them only if it names them."""
_REFUSING = (
    "support",
    "not implemented",
    "not available",
    "not allowed",
    "unknown",
    "unrecognized",
    "disabled",
    "does not",
    "not permitted",
    "cannot be enforced",
)
_ABOUT_N = re.compile(r"['\"`]n['\"`]|\bn\s*(?:=|>|must|is|should)|choices|(?:one|single|multiple) completions?")
_ABOUT_STREAM = re.compile(r"\bstream(?:s|ed|ing)?\b")
LIMIT = "the limit of tokens"
"""What a refusal is about that says that the request allows too many tokens."""
_ABOUT_LIMIT = re.compile(r"max[_ ](?:completion[_ ]|output[_ ]|new[_ ])?tokens|\b(?:completion|output) tokens\b")
_ABOUT_CONTEXT = re.compile(
    r"context[ _-]*(?:length|window|size)|n_ctx|(?:prompt|input|messages?)[^.]{0,40}too (?:long|large|many)"
    r"|too (?:long|many)[^.]{0,20}(?:prompt|input)|(?:maximum|max)[ _](?:input|prompt|model)[ _](?:length|len|tokens)"
    r"|(?:reduce|shorten)[^.]{0,20}(?:length|size|prompt|messages)"
)
_TOO_HIGH = re.compile(r"too (?:large|high|big|many|long)|exceed|at most|maximum|up to|less than|<=|≤|between|range")
_OF_API = r"\btool|\bfunction|response.format|json.(?:schema|mode|object)|structured|guided|\bstream(?:s|ed|ing)?\b"
_DENIAL = (
    r"unsupported|\b(?:not|no|never)\b(?: \w+){0,2}? (?:support|implement|available|enabled|allow|permit|offer)|"
    r"n't (?:support|implement|offer|allow)|\bdisabled|\bcannot be used"
)
_DENIES = re.compile(f"(?:{_OF_API}).{{0,60}}?(?:{_DENIAL})|(?:{_DENIAL}).{{0,60}}?(?:{_OF_API})", re.DOTALL)
_PASSES = re.compile(r"temporar|\bagain\b|\bretry|\blater\b|overload|\bbusy\b|capacity|time[d ]*out|right now")
"""Words of an error that passes."""
_QUOTED = re.compile(r"['\"`]([a-z][a-z0-9_.]*)['\"`]")
_MOST_WORDS = 20_000
"""Characters of a refusal in which names are looked for, each in all of the request."""
_OF_ALL = frozenset({"messages", "model", "input", "user", "stream"})
"""Fields that nearly every request has, and words of many an error that is not about them."""
_OF_NO_FIELD = re.compile(r"unknown (?:error|model)|\baccount\b|\baccess\b|permission|quota|billing")
_SEPARATORS = re.compile(r"[\s_\-]+")
_IMAGE_WORDS = ("image", "vision", "multimodal", "multi-modal", "modalit", "text only", "content part", "content type")
_OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    "parallel_tool_calls": ("parallel tool", "parallel function"),
    "tool_choice": ("tool choice",),
    "tools": ("tool choice", "tool call", "function calling", "tool parser"),
    "response_format": ("response format", "json schema", "json mode", "structured output", "guided", "grammar"),
    "logprobs": ("logprob", "log prob"),
    "reasoning_effort": ("reasoning", "thinking"),
    "max_completion_tokens": ("max tokens", "max completion tokens"),
}
"""By parameter: other words by which servers name it."""
_TEXT_WORDS = ("string", "text", "null", "none", "required", "missing", "list", "array", "part")
_ROLE_WORDS = ("role", "alternate", "system message", "system prompt", "system instruction")
_SCHEMA_WORDS = ("schema", "keyword", "grammar")


@check(
    "error-object",
    "An error response is JSON with an error object that has a message.",
    failure="{cases} had an error response without an error object that has a message",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    any_status=True,
    source="https://platform.openai.com/docs/guides/error-codes",
    why="Without it a client cannot tell its user what was wrong with the request.",
    fix='Answer {"error": {"message": …, "type": …, "param": …, "code": …}}.',
    example=Example(SampleReply(body=b"bad", status=400), "bad", refuses("no")),
)
def error_object(_: Case, reply: Reply) -> CheckResult | None:
    """Judges responses with a status other than 2xx."""
    if reply.ok:
        return None
    if error_words(reply) is None:
        return Fail(
            f"status {reply.status} came without an error message", "an error object", quote(reply.text), whole(reply)
        )
    return Pass()


@check(
    "request-accepted",
    "A well-formed request is answered, or refused with a message that names the unsupported parameter.",
    failure="{cases} had a well-formed request refused: {message}",
    scope=Scope.RESPONSE,
    engine=True,
    any_status=True,
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="A request that other servers answer fails here.",
    fix="Accept the parameter, or say in the error which one is not supported.",
    example=Example(refuses("bad luck"), "bad luck"),
)
def request_accepted(case: Case, reply: Reply) -> CheckResult | None:
    """A refusal that names a parameter is UNSUPPORTED. So are a missing endpoint of an API without completions, and the
    refusal to continue an earlier response, which a server need not store.

    Cases whose request must be refused are not judged.
    """
    if case.must_be_refused:
        return None
    if reply.ok:
        return Pass()
    words = error_words(reply) or _other_words(reply)
    if not PROTOCOLS.get(reply.api).completions and words is not None and reply.status in (404, 405):
        return Unsupported(f"status {reply.status}: the server has no {reply.api} endpoint", whole(reply))
    if case.follows is not None and 400 <= reply.status < 500 and words is not None:
        return Unsupported(f"status {reply.status}: the server continues no response: {quote(words)}", whole(reply))
    param = reply.error.get("param") if isinstance(reply.error, dict) else None
    unsent = PROTOCOLS.get(reply.api).left_out(case)
    sent = {name: value for name, value in case.request.items() if name not in unsent}
    feature = _named_feature(sent, f"{words} {param or ''}") if _may_name_feature(reply.status, words) else None
    if words is not None and feature is not None:
        return Unsupported(f"status {reply.status}, about {feature}: {quote(words)}", whole(reply), feature)
    return Fail(f"status {reply.status}: {quote(words or reply.text)}", "an answer", str(reply.status), whole(reply))


def denies_feature(request: Mapping[str, Any], words: str) -> bool:
    """Whether the words of a server error say for good that a part of the request, or its stream, is not supported."""
    lowered = _SEPARATORS.sub(" ", words.lower())
    if not _DENIES.search(lowered) or _PASSES.search(lowered):
        return False
    return _named_feature(request, words) is not None


def blames_length(words: str) -> bool:
    """Whether the words of a server error say that the prompt is too long, and not that the server is busy."""
    lowered = words.lower()
    return bool(_ABOUT_CONTEXT.search(lowered)) and not _PASSES.search(lowered)


def _may_name_feature(status: int, words: str | None) -> bool:
    """Whether a refusal can be about a field of the request. A missing path, or an unknown model, is not, although its
    words may have "not found" or "not supported" in them."""
    if status not in (404, 405, 410):
        return True
    lowered = (words or "").lower()
    return any(
        word in lowered for word in ("tool", "function", "response_format", "json_schema", "structured", "stream")
    )


@check(
    "request-answered",
    "A request is answered or refused, and does not get a server error (5xx) each time.",
    failure="{cases} got a server error each time the request was sent: {message}",
    scope=Scope.RESPONSE,
    engine=True,
    any_status=True,
    source="https://github.com/ardanlabs/kronk/issues/861",
    why="Clients take a 5xx for a passing failure: they send the request again, and never learn what is wrong.",
    fix="Answer what is supported, and refuse the rest with a 400 that says why.",
    example=Example(refuses("the context window is full", 500), "context window"),
)
def request_answered(case: Case, reply: Reply) -> CheckResult | None:
    """A 5xx that passes when the request is sent again is a lost attempt. The check fails where each attempt of each
    trial of a case, or of all cases of a class, gets a 5xx, and the provider answers others. A 5xx that says in clear
    words what is not supported is a refusal, which ``request-accepted`` judges."""
    server_error = 500 <= reply.status != _NOT_IMPLEMENTED
    if server_error and denies_feature(case.request, error_words(reply) or _other_words(reply) or ""):
        return None
    if server_error:
        return Fail(f"status {reply.status}", "an answer, or 4xx", str(reply.status), whole(reply))
    return Pass() if reply.ok else None


@check(
    "request-refused",
    "A malformed request is refused with a 4xx status for invalid requests.",
    failure="A malformed request is accepted in {cases}",
    scope=Scope.COMPLETION,
    engine=True,
    row=40,
    any_status=True,
    on_request=True,
    params={
        "type": "object",
        "properties": {
            "status": {"type": "array", "items": {"type": "integer", "minimum": 400, "maximum": 499}},
            "control": {"type": "string", "minLength": 1},
        },
        "additionalProperties": False,
    },
    source="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.1",
    why="A parameter that is ignored without an error makes every result that depends on it wrong.",
    fix="Validate the request before running it, and answer 400 with the parameter's name.",
    example=Example(SAMPLE_TEXT, "hello", refuses("no"), sample_case({"request-refused": {}})),
)
def request_refused(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult:
    """Accepts 400 and 422, or the statuses that the case lists. ``control`` names the well-formed twin of the case."""
    allowed = params.get("status", (400, 422))
    wanted = " or ".join(map(str, allowed))
    if reply.status in allowed:
        return Pass()
    if reply.ok:
        return Fail("the malformed request was answered", wanted, str(reply.status), whole(reply))
    return Fail(f"the request was refused with status {reply.status}", wanted, str(reply.status), whole(reply))


@check(
    "model-known",
    "A request for a model that does not exist is refused.",
    failure="A request for a model that does not exist is answered in {cases}",
    severity=Severity.SHOULD,
    scope=Scope.COMPLETION,
    engine=True,
    any_status=True,
    source="https://github.com/ddalcu/mlx-serve/issues/257",
    why="A misspelt or retired model is replaced by another one without an error: results belong to another model.",
    fix="Answer 404 with the name of the model.",
    example=Example(
        SAMPLE_TEXT, "hello", refuses("no such model", 404), sample_case({"request-refused": {}}, model="no-such-model")
    ),
)
def model_known(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name a model and whose request must be refused. ``request-refused`` judges the status."""
    if "model" not in case.request or not case.must_be_refused:
        return None
    if reply.ok and reply.error is None:
        words = f"the model {quote(case.request['model'])} does not exist, and {quote(reply.model)} answered"
        return Fail(words, "404", str(reply.status), whole(reply))
    return Pass()


def error_words(reply: Reply) -> str | None:
    """The message of a refusal's error object; None if there is none."""
    error = reply.error
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) and error.strip() else None


def _other_words(reply: Reply) -> str | None:
    """The message of a refusal in another form, e.g. a list of validation errors; ``error-object`` judges the form."""
    body = reply.json if isinstance(reply.json, dict) else {}
    texts = strings_of([body.get(name) for name in ("error", "errors", "detail", "message")])
    return " ".join(reversed(texts)) or None


def _named_feature(request: Mapping[str, Any], words: str) -> str | None:
    """The request's parameter, or the part of its messages, that a refusal is about."""
    lowered = words.lower()
    messages = listed_messages(request)
    about_cache = ("cache_control" in lowered or "caching" in lowered) and "'cache_control'" in str(messages)
    in_messages = "cache_control" if about_cache else _named_part(messages, lowered)
    if in_messages is not None:
        return in_messages
    named = [name for name in (*_FEATURES, *_SAMPLING) if name in request and len(name) > 1 and name in lowered]
    named += [] if named else _other_fields(request, lowered)
    if named:
        return named[0]
    if any(name in request for name in LIMITS) and _ABOUT_LIMIT.search(lowered):
        return LIMIT if _TOO_HIGH.search(lowered) else "max_tokens"
    if _ABOUT_CONTEXT.search(lowered):
        return "the length of the prompt"
    if "n" in request and _ABOUT_N.search(lowered):
        return "n"
    return _meant_feature(request, lowered)


def _other_fields(request: Mapping[str, Any], lowered: str) -> list[str]:
    """Fields of the request that are no common parameters, and that a refusal names as a word."""
    if not any(word in lowered for word in _REFUSING):
        return []
    known = {*_FEATURES, *_SAMPLING, *LIMITS, *_OF_ALL}
    return [name for name in request if name not in known and re.search(rf"\b{re.escape(name)}\b", lowered)]


def _names_another_field(request: Mapping[str, Any], lowered: str) -> bool:
    """Whether a refusal quotes names of which the request's parameters have none: it is about something else."""
    quoted = _QUOTED.findall(lowered[:_MOST_WORDS])
    parameters = str({name: value for name, value in request.items() if name not in _OF_ALL}).lower()
    return bool(quoted) and not any(one in parameters for one in quoted)


def _meant_feature(request: Mapping[str, Any], lowered: str) -> str | None:
    """The parameter of the request that a refusal is about without its name."""
    plain = _SEPARATORS.sub(" ", lowered)
    meant = [name for name, others in _OTHER_WORDS.items() if name in request and any(one in plain for one in others)]
    if meant:
        return meant[0]
    requested = [name for name in _FEATURES if name in request]
    refusing = any(word in lowered for word in _REFUSING)
    if refusing and _ABOUT_STREAM.search(lowered):  # the mode is no field of the case's request
        return "stream"
    by_schema = any(name in request for name in ("response_format", "tools"))
    if by_schema and any(word in lowered for word in _SCHEMA_WORDS):
        return "the schema"
    if not refusing or not requested or _OF_NO_FIELD.search(lowered) or _names_another_field(request, lowered):
        return None
    return requested[0]


def _has_late_system(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether instructions come later than in the first message, or from a developer: not every template has these."""
    roles = [one.get("role") for one in messages]
    return "developer" in roles or "system" in roles[1:]


def _named_part(messages: Sequence[Mapping[str, Any]], lowered: str) -> str | None:
    """The part of the messages that a refusal is about: images, other parts or no text at all in place of a text, the
    roles, calls with their arguments, or tools."""
    kinds = {
        str(part.get("type")) for one in messages if isinstance(one.get("content"), list | tuple)
        for part in one["content"] if isinstance(part, Mapping)
    }  # fmt: skip
    if "image_url" in kinds and any(word in lowered for word in _IMAGE_WORDS):
        return "images"
    crashed = "nonetype" in lowered or "has no attribute" in lowered
    if "content" in lowered and not crashed and any(word in lowered for word in _TEXT_WORDS):
        if kinds:
            return "content in parts"
        if any(one.get("content") is None for one in messages):
            return "a message without content"
    if any(word in lowered for word in _ROLE_WORDS) and _has_late_system(messages):
        return "the roles of the messages"
    if any(one.get("tool_calls") for one in messages) and any(word in lowered for word in ("tool_calls", "arguments")):
        return "calls in messages"
    return "tools in messages" if "tools" in lowered and any("tools" in one for one in messages) else None
