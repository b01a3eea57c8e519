"""Errors in answers with a success status, and requests that always fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript, Write
from trueweight.fleet.errors import RefusedError, json_response
from trueweight.fleet.faults.documents import Choices, Json
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of

_WINDOW = 2_800
"""Characters of a prompt that is too long."""
_ERROR: Json = {"message": "The upstream provider failed.", "code": 502}
_BASE_RESP: Json = {
    "choices": None,
    "usage": None,
    "base_resp": {"status_code": 2013, "status_msg": "invalid params"},
}


@fault("error-in-choice", rows=(22,), checks=("error-in-stream",), reports=("pydantic-ai#2844",))
class ErrorInChoice(Choices):
    """The choice carries an error object, with status 200."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Put it beside the finish reason."""
        if choice["finish_reason"]:
            choice |= {"finish_reason": "error", "error": dict(_ERROR)}


@fault("error-beside-choice", rows=(22,), checks=("error-in-stream",))
class ErrorBesideChoice(Fault):
    """The last document carries an error beside its choice, with status 200."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Put it at the top."""
        return {**body, "error": dict(_ERROR)}

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Put it into the last chunk with a choice."""
        out = copy.deepcopy(chunks)
        last = [chunk for chunk in out if chunk["choices"]][-1]
        last["error"] = dict(_ERROR)
        return out


@fault("error-as-finish-reason", rows=(22,), checks=("error-in-stream",), reports=("verifiers#1103",))
class ErrorAsFinishReason(Fault):
    """Where the request has tools, the engine fails, and only the finish reason says so."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """End in the middle, and name the error."""
        return completion.edited(finish_reason="error") if tools_of(chat.body) else completion


@fault("error-in-base-resp", rows=(22,), checks=("error-in-stream",), reports=("obsidian-aloud-tts#114",))
class ErrorInBaseResp(Fault):
    """Where the request has tools, the status is 200, the choices are null, and the error is in base_resp."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Answer as MiniMax does if a request is invalid."""
        return {**body, **_BASE_RESP} if tools_of(chat.body) else body

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Send it as the only chunk."""
        return [{**chunks[0], **_BASE_RESP}] if tools_of(chat.body) else chunks


@fault("error-in-detail", rows=(22,), checks=("error-in-stream",))
class ErrorInDetail(Fault):
    """Where the request has tools, a plain reply is {"detail": …}, as of a framework, with status 200."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Answer with the words of an exception."""
        return {"detail": "list index out of range"} if tools_of(chat.body) else body


@fault("error-in-list", rows=(22,), checks=("error-in-stream",))
class ErrorInList(Fault):
    """An error comes inside a list, with status 200, where the request has tools."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Wrap it."""
        if not tools_of(chat.body):
            return response
        if not chat.streamed:
            return json_response([{"error": dict(_ERROR)}])
        return replace(response, steps=(Write(f"data: {json.dumps([{'error': _ERROR}])}\n\n".encode()),))


@fault("long-prompts-fail", checks=("request-answered",), reports=("kronk#861",))
class LongPromptsFail(Fault):
    """A prompt that is longer than the context window gets status 500 each time."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Fill the window, and raise."""
        if sum(len(str(message.get("content") or "")) for message in chat.body["messages"]) < _WINDOW:
            return None
        return RefusedError("decode: the context window is full", status=500).response()


@fault("forced-calls-fail", checks=("request-answered",))
class ForcedCallsFail(Fault):
    """A request whose tool_choice forces a call gets status 500 each time."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Raise where the grammar is built."""
        choice = chat.body.get("tool_choice")
        forced = choice == "required" or isinstance(choice, Mapping)
        return RefusedError("NoneType has no attribute compile", status=500).response() if forced else None


@fault("forced-streams-fail", checks=("request-answered",), reports=("openrouter-proxy#11",))
class ForcedStreamsFail(ForcedCallsFail):
    """A stream whose tool_choice forces a call gets status 500 each time. Plain replies are correct."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Raise in streams alone."""
        return super().refuse(chat) if chat.streamed else None


def _is_blank(chat: ChatRequest) -> bool:
    return chat.body.get("tools") == []


@fault("empty-tools-fail", checks=("request-accepted",), reports=("codex-router#258",))
class EmptyToolsFail(Fault):
    """A request with an empty list of tools is refused without a reason."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Index the first tool."""
        return RefusedError("list index out of range").response() if _is_blank(chat) else None


@fault("null-arguments-fail", checks=("request-accepted",), reports=("vllm#43851",))
class NullArgumentsFail(Fault):
    """A call with null arguments in the history is refused without a reason."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Parse null as JSON."""
        calls = [call for message in chat.body["messages"] for call in message.get("tool_calls") or ()]
        null = any(call["function"].get("arguments") is None for call in calls)
        return RefusedError("the JSON object must be str, not NoneType").response() if null else None
