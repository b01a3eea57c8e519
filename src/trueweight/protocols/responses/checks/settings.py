"""What a response says of the request: its usage, its store, its tools; and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import SAMPLE_TEXT, Example, refuses, sample_case, says
from trueweight.core.json_value import JsonObject
from trueweight.protocols import locate_field
from trueweight.protocols.responses.sample import answered, events, message, numbered, response, streamed, usage_of
from trueweight.protocols.responses.transcript import final_response, output_of, typed_events

_CREATE = "https://platform.openai.com/docs/api-reference/responses/create"
_OBJECT = "https://platform.openai.com/docs/api-reference/responses/object"


@check(
    "responses-usage",
    "A response has usage with input, output and total tokens, and the details of cached and reasoning tokens.",
    failure="{cases} had a response without usage or its details",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source="https://github.com/BerriAI/litellm/pull/28899",
    why="Without usage a client cannot bill, budget or measure speed; typed clients demand the details.",
    fix="Report usage in every response, in the last event of a stream too, with zero where nothing was cached.",
    example=Example(says("hello", usage=None), "usage", SAMPLE_TEXT),
)
def usage(_: Case, reply: Reply) -> CheckResult | None:
    """Judges completed and incomplete responses."""
    found = final_response(reply)
    if found is None or reply.error is not None or found.get("status") not in ("completed", "incomplete"):
        return None
    given = found.get("usage")
    if not isinstance(given, dict):
        return Fail("the response has no usage", "usage", quote(given), locate_field(reply, "usage") or whole(reply))
    missing = [name for name in ("input_tokens", "output_tokens", "total_tokens") if not _is_count(given.get(name))]
    for name, detail in (("input_tokens_details", "cached_tokens"), ("output_tokens_details", "reasoning_tokens")):
        inner = given.get(name)
        if not isinstance(inner, dict) or not _is_count(inner.get(detail)):
            missing.append(f"{name}.{detail}")
    if missing:
        spans = locate_field(reply, "usage") or whole(reply)
        return Fail(f"usage lacks {', '.join(missing)}", ", ".join(missing), quote(given), spans)
    return Pass()


@check(
    "responses-usage-reasoning",
    "Output tokens include the reasoning tokens, so the total is input plus output tokens.",
    failure="{cases} had reasoning tokens that are counted beside the output tokens",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=24,
    source=_OBJECT,
    why="Clients bill output_tokens, and subtract the reasoning tokens for those of the answer.",
    fix="Count the tokens of the thought in output_tokens.",
    example=Example(
        says("hello", reasoning="hm", usage=(10, 5), thought_tokens=4, total=19),
        "19",
        says("hello", reasoning="hm", usage=(10, 9), thought_tokens=4),
    ),
)
def usage_reasoning(_: Case, reply: Reply) -> CheckResult | None:
    """Judges responses that report reasoning tokens; ``usage-adds-up`` judges another total."""
    counts = reply.usage
    if counts is None or not counts.reasoning or counts.input is None or counts.output is None or counts.total is None:
        return None
    parts = counts.input + counts.output
    if counts.total == parts + counts.reasoning:
        words = f"{counts.reasoning} reasoning tokens are counted beside {counts.output} output tokens"
        return Fail(words, f"total_tokens {parts}", str(counts.total), locate_field(reply, "total_tokens"))
    return Pass()


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@check(
    "responses-store",
    "A response to a request with store false says store false.",
    failure="{cases} had a response that says it is stored, although the request has store false",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_CREATE,
    why="The caller may not let the host keep its data, and the response says that it does.",
    fix="Honour store, and return it as it was requested.",
    example=Example(answered(response(message(), store=True)), '"store": true', SAMPLE_TEXT),
)
def store(case: Case, reply: Reply) -> CheckResult | None:
    """Requests have store false unless the case says otherwise. A response without the field is not judged."""
    found = final_response(reply)
    if found is None or "store" not in found or case.request.get("store", False) is not False:
        return None
    if found["store"] is True:
        return Fail("the response is stored", "false", "true", locate_field(reply, "store"))
    return Pass()


@check(
    "responses-continued",
    "A request with the previous_response_id of an earlier response is answered, or refused in clear words.",
    failure="{cases} had a request with previous_response_id refused without a reason",
    protocol="responses",
    scope=Scope.RESPONSE,
    engine=True,
    on_request=True,
    any_status=True,
    params={"type": "object", "additionalProperties": False},
    source="https://platform.openai.com/docs/guides/conversation-state?api-mode=responses",
    why="An agent that knows the reason sends the conversation itself; another one gives up.",
    fix="Store responses, or refuse previous_response_id by name with status 400 or 404.",
    example=Example(
        refuses("Bad request."),
        "Bad request.",
        refuses("Previous response with id 'resp_1' not found."),
        sample_case({"responses-continued": {}}),
    ),
)
def continued(_: Case, reply: Reply, __: Mapping[str, Any]) -> CheckResult | None:
    """``prompt-tokens-more`` judges whether an answer knows the earlier turn."""
    if reply.ok:
        return Pass()
    said = reply.text.lower()
    if any(word in said for word in ("previous", "response_id", "not found", "store", "stateful", "conversation")):
        return Pass()
    return Fail("the refusal does not say that it is about the earlier response", "a reason", quote(said), whole(reply))


@check(
    "responses-store-forgotten",
    "A request that continues a response with store false is refused.",
    failure="A request that continues a response with store false is answered in {cases}",
    protocol="responses",
    scope=Scope.RESPONSE,
    engine=True,
    any_status=True,
    source=_CREATE,
    why="The host kept data that it may not keep, or it answers without the conversation and does not say so.",
    fix="Keep no response with store false, and refuse a previous_response_id that is not known.",
    explains=("request-refused",),
    example=Example(
        SAMPLE_TEXT,
        "hello",
        refuses("Previous response with id 'resp_1' not found.", 404),
        replace(sample_case({"request-refused": {}}), follows="first"),
    ),
)
def store_forgotten(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that continue a response and must be refused. ``request-refused`` judges the status."""
    if case.follows is None or not case.must_be_refused:
        return None
    if reply.ok and reply.error is None:
        return Fail("the response was continued", "400 | 404", str(reply.status), whole(reply))
    return Pass()


@check(
    "responses-tools-kept",
    "A tool of a type that the server does not have is refused in clear words, not left out.",
    failure="{cases} had a tool that was left out without a word",
    protocol="responses",
    scope=Scope.RESPONSE,
    engine=True,
    on_request=True,
    any_status=True,
    params={
        "type": "object",
        "properties": {"type": {"type": "string"}},
        "required": ["type"],
        "additionalProperties": False,
    },
    source="https://github.com/ggml-org/llama.cpp/pull/21174",
    why="The agent believes that it can search or patch, and the model never sees the tool.",
    fix="Refuse the type by name with status 400, or run the tool.",
    example=Example(
        answered(response(message())),
        "tools",
        refuses("tools of type 'web_search' are not supported"),
        sample_case({"responses-tools-kept": {"type": "web_search"}}, tools=[{"type": "web_search"}]),
    ),
)
def tools_kept(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """A refusal must name the type or the tool. An answer must have the tool among its tools, or use it."""
    kind = str(params["type"])
    if 400 <= reply.status < 500 or reply.status == HTTPStatus.NOT_IMPLEMENTED:
        if kind in reply.text or "tool" in reply.text.lower():
            return Pass()
        return Fail("the refusal does not say that it is about the tool", kind, quote(reply.text), whole(reply))
    if not reply.ok:
        return Fail(
            f"the tool makes the server fail with status {reply.status}", "4xx", str(reply.status), whole(reply)
        )
    found = final_response(reply)
    if found is None:
        return None
    tools = found.get("tools")
    given = [str(one.get("type")) for one in tools if isinstance(one, dict)] if isinstance(tools, list) else []
    kept = any(one.startswith(kind) for one in given)  # web_search_2025_08_26 is a version of web_search
    used = any(str(item.get("type")).startswith(kind) for item in output_of(found))
    if kept or used:
        return Pass()
    spans = locate_field(reply, "tools") or whole(reply)
    return Fail(f"the response has no tool of type {kind}, and the request had one", kind, quote(tools), spans)


@check(
    "responses-error-event",
    "An error in a stream is an event of type error with a message, or response.failed with an error in it.",
    failure="{cases} had an error in a stream in another form than the API's",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://platform.openai.com/docs/api-reference/responses-streaming/error",
    why="Clients skip events that they do not know, and wait for an end that does not come.",
    fix="Send an event of type error, or response.failed with code and message.",
    example=Example(
        streamed([*events(response(message()))[:4], {"error": {"message": "died"}}]),
        "died",
        streamed(numbered([*events(response(message()))[:4], {"type": "error", "code": None, "message": "died"}])),
    ),
)
def error_event(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams that report an error; that they do is for ``error-in-stream``."""
    if not reply.streamed or reply.error is None:
        return None
    for one in typed_events(reply):
        inner = one.data.get("response")
        failed = one.type == "response.failed" and isinstance(inner, dict) and _has_message(inner.get("error"))
        if failed or (one.type == "error" and (_has_message(one.data) or _has_message(one.data.get("error")))):
            return Pass()
    spans = tuple(one.span for one in typed_events(reply) if "error" in one.data or one.type == "error")[:1]
    return Fail("the error has another form", "error | response.failed", quote(reply.error), spans or whole(reply))


def _has_message(error: Any) -> bool:
    return isinstance(error, dict) and isinstance(error.get("message"), str) and error["message"] != ""


@check(
    "responses-logprobs",
    "Log probabilities come if include requests them, for the text and with each of its deltas.",
    failure="{cases} had not the log probabilities that were requested",
    protocol="responses",
    obeys=True,
    engine=True,
    severity=Severity.SHOULD,
    row=40,
    source=_CREATE,
    why="Scoring and drift measurements have no data.",
    fix="Pass log probabilities through, or refuse the parameter.",
    example=Example(says("hello"), "hello", SAMPLE_TEXT, sample_case(logprobs=True), sample_case()),
)
def logprobs(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with content; counts the alternatives of the first token."""
    if case.request.get("logprobs") is not True or not reply.content or reply.error is not None:
        return None
    if not reply.logprobs:
        return Fail("log probabilities are requested, and the reply has none", "logprobs", "none", whole(reply))
    wanted, given = case.request.get("top_logprobs"), reply.logprobs[0].get("top_logprobs")
    if isinstance(wanted, int) and wanted > 0 and (not isinstance(given, list) or len(given) < wanted):
        count = len(given) if isinstance(given, list) else 0
        spans = locate_field(reply, "top_logprobs") or whole(reply)
        return Fail("the first token has fewer alternatives than top_logprobs", str(wanted), str(count), spans)
    return Pass()


_TOOL: JsonObject = {"type": "function", "name": "weather", "parameters": {}}


@check(
    "responses-settings",
    "A response has the tools, the choice of tools and parallel_tool_calls of its request.",
    failure="{cases} had a response without the tools that its request has",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_OBJECT,
    why="Typed clients demand the fields; a response that lists no tools shows that the model did not get them.",
    fix="Return tools, tool_choice and parallel_tool_calls as they were used.",
    example=Example(
        answered(response(message(), tools=[])),
        "tools",
        answered(response(message(), tools=[_TOOL, {**_TOOL, "name": "now"}], usage=usage_of(1, 1))),
    ),
)
def settings(case: Case, reply: Reply) -> CheckResult | None:
    """Compares the number of tools, and looks for the three fields."""
    found = final_response(reply)
    if found is None or reply.error is not None or case.must_be_refused:
        return None
    missing = [name for name in ("tools", "tool_choice", "parallel_tool_calls") if name not in found]
    if missing:
        spans = locate_field(reply, "status") or whole(reply)
        return Fail(f"the response has no {', '.join(missing)}", ", ".join(missing), quote(sorted(found)), spans)
    sent, kept = case.request.get("tools"), found["tools"]
    if isinstance(sent, list) and isinstance(kept, list) and len(kept) < len(sent):
        spans = locate_field(reply, "tools")
        return Fail(f"the response has {len(kept)} of {len(sent)} tools", str(len(sent)), str(len(kept)), spans)
    return Pass()
