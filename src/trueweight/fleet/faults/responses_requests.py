"""Requests of Responses that a server takes for others, or does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trueweight.fleet.apis.responses import after
from trueweight.fleet.apis.responses_request import messages_of
from trueweight.fleet.apis.responses_state import PREVIOUS, stored_id
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.faults.documents import Json
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.faults.prompt import counted, is_result_in_parts, reread
from trueweight.fleet.faults.responses_objects import Objects
from trueweight.fleet.network import MODEL

_API = "responses"


def _items(chat: ChatRequest) -> Iterator[Mapping[str, Any]]:
    given = chat.sent.get("input")
    yield from (item for item in given if isinstance(item, Mapping)) if isinstance(given, list) else ()


def _greeting(body: Mapping[str, Any]) -> Json:
    """A request that is always taken, in place of another one."""
    return {"model": MODEL, "messages": [{"role": "user", "content": "Hello."}], "stream": bool(body.get("stream"))}


@fault("responses-tools-ignored", api=_API, checks=("tool-call-matches", "tool-choice-required", "responses-settings"))
class ToolsIgnored(Fault):
    """Tools work in chat completions, and do not reach the model through Responses."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Leave the tools out."""
        body = {key: value for key, value in chat.body.items() if key not in ("tools", "tool_choice")}
        sent = {key: value for key, value in chat.sent.items() if key not in ("tools", "tool_choice")}
        return replace(chat, body=body, sent=sent) if chat.body.get("tools") else chat


@fault("responses-previous-ignored", api=_API, checks=("request-refused",))
class PreviousIgnored(Fault):
    """A previous_response_id that the server does not have is ignored."""

    def accept(self, body: Any, objection: ResponseScript) -> Any:
        """Answer without the conversation."""
        if objection.status != 404:
            return None
        return _greeting(body)


@fault("responses-previous-forgotten", api=_API, checks=("prompt-tokens-more",))
class PreviousForgotten(Fault):
    """A stored response is continued without its conversation, and without a word."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Keep the messages of the request itself."""
        if chat.sent.get(PREVIOUS) is None:
            return chat
        return replace(chat, body={**chat.body, "messages": messages_of(chat.sent)})


@fault("responses-store-false-stored", api=_API, checks=("responses-store-forgotten", "request-refused"))
class StoreFalseStored(Objects):
    """A response with store false says that it is not stored, and can be continued later."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Store it all the same."""
        response["id"] = stored_id(after(chat, response["output"]))

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Give it this id from its first event on."""
        out = super().chunks(chat, chunks)
        name = out[-1]["response"]["id"]
        return [{**one, "response": {**one["response"], "id": name}} if "response" in one else one for one in out]


@fault("responses-previous-unclear", api=_API, checks=("responses-continued",))
class PreviousUnclear(Objects):
    """Nothing is stored, and a request that continues a response is refused without a reason."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Give an id that is not known later."""
        response["id"] = "resp_0"

    def refusal(self, response: ResponseScript) -> ResponseScript:
        """Do not say what is missing."""
        return RefusedError("Bad request.").response() if response.status == 404 else response


@fault("responses-foreign-tools-dropped", api=_API, checks=("responses-tools-kept",))
class ForeignToolsDropped(Fault):
    """Tools of other types than function are left out without a word."""

    def accept(self, body: Any, objection: ResponseScript) -> Any:
        """Answer without them."""
        tools = body.get("tools") if isinstance(body, Mapping) else None
        if not isinstance(tools, list) or all(tool.get("type") == "function" for tool in tools):
            return None
        return _greeting(body)

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """List the tools that are left."""
        return {**body, "tools": [tool for tool in body["tools"] if tool.get("type") == "function"]}

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """List the tools that are left."""
        return [{**one, "response": self.body(chat, one["response"])} if "response" in one else one for one in chunks]


@fault("responses-output-parts-refused", api=_API, checks=("request-accepted",))
class OutputPartsRefused(Fault):
    """The output of a tool is refused if it is a list of parts."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Expect text only."""
        if any(isinstance(item.get("output"), list) for item in _items(chat)):
            message = "cannot unmarshal array into Go struct field ResponsesFunctionCallOutput.output of type string"
            return RefusedError(message, param="input").response()
        return None


@fault("responses-output-first-part", api=_API, rows=(37,), checks=("prompt-tokens-same",))
class OutputFirstPart(Fault):
    """Of a tool's output that is a list of parts, only the first is read."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the prompt without the others."""
        return reread(chat, completion, lambda m: {**m, "content": m["content"][:1]} if is_result_in_parts(m) else m)


@fault("responses-reasoning-refused", api=_API, checks=("request-accepted",))
class ReasoningRefused(Fault):
    """Reasoning items in the input are refused, although the server sends such items."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Know messages and calls only."""
        if any(item.get("type") == "reasoning" for item in _items(chat)):
            return RefusedError("Could not parse an item of the input.", param="input").response()
        return None


@fault("responses-text-input-refused", api=_API, checks=("request-accepted",))
class TextInputRefused(Fault):
    """An input that is a text is refused."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Expect a list."""
        if isinstance(chat.sent.get("input"), str):
            return RefusedError("'input' must be a list of items.", param="input").response()
        return None


@fault("responses-text-input-ignored", api=_API, checks=("prompt-tokens-same",))
class TextInputIgnored(Fault):
    """An input that is a text is accepted and does not reach the model."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read an empty message."""
        if not isinstance(chat.sent.get("input"), str):
            return completion
        return counted(chat, completion, [{"role": "user", "content": ""}])


@fault("responses-input-parts-refused", api=_API, checks=("request-accepted",))
class InputPartsRefused(Fault):
    """A message of the input is refused if its content is a list of parts."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Expect text only."""
        if any(isinstance(item.get("content"), list) and item.get("role") == "user" for item in _items(chat)):
            return RefusedError("Input should be a valid string.", param="input").response()
        return None


@fault("responses-output-items-refused", api=_API, checks=("request-accepted",))
class OutputItemsRefused(Fault):
    """Messages of earlier responses are refused in the input, although they are as the server sent them."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Know no item with an id and a status."""
        if any(item.get("role") == "assistant" and "status" in item for item in _items(chat)):
            return RefusedError("Extra inputs are not permitted.", param="input").response()
        return None


@fault("responses-store-refused", api=_API, checks=("request-accepted",))
class StoreRefused(Fault):
    """Store true is refused without a reason."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 400."""
        return RefusedError("Bad request.").response() if chat.sent.get("store") is True else None
