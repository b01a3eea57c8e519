"""Request and response of three APIs in the shape of chat completions: chat itself, Responses, Messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.core.json_value import JsonObject
from trueweight.core.task import Answer

_OTHER_APIS: Final = {"prompt": "legacy completions", "contents": "Gemini", "inputs": "an inference endpoint"}
_KEPT: Final = ("temperature", "top_p", "parallel_tool_calls", "seed", "top_logprobs", "verbosity")
"""Fields that have one name and one meaning in all three APIs."""
_ANTHROPIC_PARTS: Final = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking"})


class ChatShape(NamedTuple):
    """A request as chat completions; ``dropped`` are fields that have no counterpart there."""

    body: JsonObject
    dropped: tuple[str, ...] = ()


def as_chat(body: Any, url: str = "") -> ChatShape | str:
    """A request body in the shape of chat completions; or why it cannot have it."""
    if not isinstance(body, Mapping):
        return "no request is stored"
    if "embeddings" in url or "/audio" in url or "/images" in url or "/moderations" in url:
        return f"a request to {url}, which answers no text"
    if _is_responses(body, url):
        embeds = "embed" in str(body.get("model", "")).lower() or "encoding_format" in body
        return "a request for embeddings, which answers no text" if embeds else _from_responses(body)
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        other = next((f"a request of {kind}" for name, kind in _OTHER_APIS.items() if name in body), "")
        return other or "no messages are stored"
    if _is_messages_api(body, url):
        return _from_messages(body)
    # A stored completion lists every field, and null is what an absent one is.
    return ChatShape({name: value for name, value in body.items() if value is not None})


def _is_responses(body: Mapping[str, Any], url: str = "") -> bool:
    """Whether it is a request of the Responses API."""
    return url.rstrip("/").endswith("/responses") or ("input" in body and not body.get("messages"))


def _is_messages_api(body: Mapping[str, Any], url: str = "") -> bool:
    """Whether it is a request of the Messages API."""
    if url.rstrip("/").endswith("/messages") or {"system", "anthropic_version", "stop_sequences"} & body.keys():
        return True
    tools = body.get("tools")
    if isinstance(tools, list) and any(isinstance(tool, Mapping) and "input_schema" in tool for tool in tools):
        return True
    messages = [one for one in body["messages"] if isinstance(one, Mapping)]
    return any(part.get("type") in _ANTHROPIC_PARTS for one in messages for part in _parts(one.get("content")))


def response_in(value: Any) -> Mapping[str, Any]:
    """A response, which the output of a batch has under ``body``; empty if the value is no object."""
    response = value if isinstance(value, Mapping) else {}
    body = response.get("body")
    return body if isinstance(body, Mapping) else response


def answer_in(response: Any) -> Answer | None:
    """The answer in a response of any of the three APIs, or in a message of chat completions; None if there is none."""
    response = response_in(response)
    if isinstance(response.get("choices"), list):
        choice = response["choices"][0] if response["choices"] else None
        return _of_message(choice.get("message")) if isinstance(choice, Mapping) else None
    if isinstance(response.get("output"), list):
        return _of_items(response["output"])
    blocks = _parts(response.get("content"))
    if response.get("type") == "message" or any(one.get("type") in _ANTHROPIC_PARTS for one in blocks):
        return _of_blocks(blocks)
    return _of_message(response) if "role" in response or "tool_calls" in response else None


def model_in(response: Any) -> str:
    """The model that a response names; "" if it names none."""
    found = response_in(response).get("model")
    return found if isinstance(found, str) else ""


def usage_in(response: Any) -> tuple[int | None, int | None, int | None]:
    """Tokens of the prompt, of those from a cache, and of the output, as a response reports them."""
    usage = response_in(response).get("usage")
    if not isinstance(usage, Mapping):
        return None, None, None
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    prompt = usage.get("prompt_tokens", usage.get("input_tokens"))
    if "cache_read_input_tokens" in usage:  # Messages: outside of input_tokens
        cached = usage["cache_read_input_tokens"] or 0
        prompt = (prompt or 0) + cached + (usage.get("cache_creation_input_tokens") or 0)
    found = (prompt, cached, usage.get("completion_tokens", usage.get("output_tokens")))
    counts = (value if isinstance(value, int) and value >= 0 else None for value in found)
    return next(counts), next(counts), next(counts)


def _parts(content: Any) -> list[Mapping[str, Any]]:
    return [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []


def _text_of(content: Any) -> str:
    """The text of a content: itself, or its text parts joined."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in _parts(content) if isinstance(part.get("text"), str))


def _of_message(message: Any) -> Answer | None:
    """The answer of a message of chat completions; None if it is empty or has a malformed call."""
    if not isinstance(message, Mapping):
        return None
    calls = [
        (call.get("function") or {}).get("name") and _call(call["function"]["name"], call["function"].get("arguments"))
        for call in message.get("tool_calls") or ()
        if isinstance(call, Mapping)
    ]
    return _answer(calls, _text_of(message.get("content")))


def _of_items(items: Iterable[Any]) -> Answer | None:
    """The answer of the output items of the Responses API."""
    found = [item for item in items if isinstance(item, Mapping)]
    calls = [_call(one.get("name"), one.get("arguments")) for one in found if one.get("type") == "function_call"]
    return _answer(calls, "".join(_text_of(one.get("content")) for one in found if one.get("type") == "message"))


def _of_blocks(blocks: Iterable[Any]) -> Answer | None:
    """The answer of the content blocks of the Messages API."""
    found = _parts(list(blocks))
    calls = [_call(one.get("name"), one.get("input")) for one in found if one.get("type") == "tool_use"]
    return _answer(calls, _text_of([one for one in found if one.get("type") == "text"]))


def _call(name: Any, arguments: Any) -> JsonObject | None:
    try:
        read = json.loads(arguments or "{}") if isinstance(arguments, str) else (arguments or {})
    except (ValueError, RecursionError):
        return None
    return {"name": name, "arguments": read} if isinstance(name, str) and isinstance(read, dict) else None


def _answer(calls: Sequence[JsonObject | None], text: str) -> Answer | None:
    if not all(calls):
        return None
    found: JsonObject = {"calls": list(calls)} if calls else {}
    return found | ({"content": text} if text.strip() else {}) or None


def _from_responses(body: Mapping[str, Any]) -> ChatShape | str:
    if body.get("previous_response_id") or body.get("conversation"):
        return "a request that continues a conversation which the server keeps"
    items = body.get("input")
    turns = [{"role": "user", "content": items}] if isinstance(items, str) else _joined(_turns(items))
    if not turns or None in turns:
        return "its input has items that chat completions does not have"
    lead = body.get("instructions")
    messages = [{"role": "system", "content": lead}] if isinstance(lead, str) and lead else []
    out: JsonObject = {"messages": [*messages, *turns]}
    tools = body.get("tools") or []
    if any(not isinstance(tool, Mapping) or tool.get("type") != "function" for tool in tools):
        return "it offers tools that run at the server"
    if tools:
        out["tools"] = [{"type": "function", "function": _without(tool, "type")} for tool in tools]
    choice = body.get("tool_choice")
    if choice is not None:
        named = isinstance(choice, Mapping) and choice.get("type") == "function"
        out["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}} if named else choice
    form = (body.get("text") or {}).get("format") if isinstance(body.get("text"), Mapping) else None
    if isinstance(form, Mapping):
        json_schema = {"type": "json_schema", "json_schema": _without(form, "type")}
        out["response_format"] = json_schema if form.get("type") == "json_schema" else dict(form)
    reasoning = body.get("reasoning")
    if isinstance(reasoning, Mapping) and reasoning.get("effort"):
        out["reasoning_effort"] = reasoning["effort"]
    if isinstance(body.get("max_output_tokens"), int):
        out["max_tokens"] = body["max_output_tokens"]
    taken = {"input", "instructions", "tools", "tool_choice", "text", "reasoning", "max_output_tokens", "model"}
    return _with_common(out, body, taken | {"stream"})


def _turns(items: Any) -> Iterator[JsonObject | None]:
    """Messages of the input items; None for an item that chat completions cannot express."""
    for item in items if isinstance(items, list) else ():
        kind = item.get("type", "message") if isinstance(item, Mapping) else None
        match kind:
            case "message":
                yield {"role": item.get("role", "user"), "content": _content(item.get("content"))}
            case "function_call":
                call = {"name": item.get("name"), "arguments": item.get("arguments") or "{}"}
                asked = {"id": item.get("call_id"), "type": "function", "function": call}
                yield {"role": "assistant", "content": None, "tool_calls": [asked]}
            case "function_call_output":
                output = item.get("output")
                text = output if isinstance(output, str) else _text_of(output) or json.dumps(output)
                yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": text}
            case "reasoning":
                continue
            case _:
                yield None


def _joined(turns: Iterable[JsonObject | None]) -> list[JsonObject | None]:
    """The messages, with calls that follow each other, or a text, in one: chat completions has one turn of them."""
    out: list[JsonObject | None] = []
    for turn in turns:
        before = out[-1] if out else None
        if turn is not None and before is not None and "tool_calls" in turn and before.get("role") == "assistant":
            before["tool_calls"] = [*before.get("tool_calls", ()), *turn["tool_calls"]]
        else:
            out.append(turn)
    return out


def _content(content: Any) -> Any:
    """A content of Responses: text as it is, text parts joined, images as chat's parts."""
    parts = _parts(content)
    if not parts or all("text" in part for part in parts):
        return _text_of(content)
    return [
        {"type": "text", "text": part["text"]}
        if "text" in part
        else {"type": "image_url", "image_url": {"url": part.get("image_url", "")}}
        for part in parts
    ]


def _from_messages(body: Mapping[str, Any]) -> ChatShape | str:
    messages: list[JsonObject] = []
    if lead := _text_of(body.get("system")):
        messages.append({"role": "system", "content": lead})
    for one in body["messages"]:
        if not isinstance(one, Mapping):
            return "'messages' is not a list of objects"
        messages += _messages_of(one)
    out: JsonObject = {"messages": messages}
    tools = body.get("tools") or []
    if any(not isinstance(tool, Mapping) or "input_schema" not in tool for tool in tools):
        return "it offers tools that run at the server"
    if tools:
        out["tools"] = [{"type": "function", "function": _flat_tool(tool)} for tool in tools]
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        named = {"type": "function", "function": {"name": choice.get("name")}}
        out["tool_choice"] = {"any": "required", "auto": "auto", "none": "none"}.get(str(choice.get("type")), named)
        out |= {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else {}
    if isinstance(body.get("max_tokens"), int):
        out["max_tokens"] = body["max_tokens"]
    if body.get("stop_sequences"):
        out["stop"] = body["stop_sequences"]
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, Mapping) else None
    if isinstance(form, Mapping) and isinstance(form.get("schema"), Mapping):
        spec = {"name": "output", "schema": form["schema"], "strict": True}
        out["response_format"] = {"type": "json_schema", "json_schema": spec}
    taken = {"system", "messages", "tools", "tool_choice", "max_tokens", "stop_sequences", "model", "stream"}
    return _with_common(out, body, taken | ({"output_config"} if "response_format" in out else set()))


def _flat_tool(tool: Mapping[str, Any]) -> JsonObject:
    kept = {name: tool[name] for name in ("name", "description", "strict") if name in tool}
    return {**kept, "parameters": tool["input_schema"]}


def _messages_of(message: Mapping[str, Any]) -> Iterator[JsonObject]:
    """A message of the Messages API as messages of chat completions: results of tools come first, one by one."""
    role, content = message.get("role"), message.get("content")
    blocks = _parts(content)
    for block in blocks:
        if block.get("type") == "tool_result":
            text = _text_of(block.get("content"))
            yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": text}
    calls = [
        {
            "id": block.get("id"),
            "type": "function",
            "function": {"name": block.get("name"), "arguments": json.dumps(block.get("input") or {})},
        }
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    images = [_image(block) for block in blocks if block.get("type") == "image"]
    text = _text_of([one for one in blocks if one.get("type") == "text"]) if blocks else _text_of(content)
    thought = "".join(str(one.get("thinking", "")) for one in blocks if one.get("type") == "thinking")
    thoughts = {"reasoning_content": thought} if thought else {}
    if calls:
        yield {"role": role, "content": text or None, **thoughts, "tool_calls": calls}
    elif thoughts:
        yield {"role": role, "content": text, **thoughts}
    elif images:
        yield {"role": role, "content": [*([{"type": "text", "text": text}] if text else []), *images]}
    elif text:
        yield {"role": role, "content": text}


def _image(block: Mapping[str, Any]) -> JsonObject:
    source = block.get("source") or {}
    inline = f"data:{source.get('media_type')};base64,{source.get('data')}"
    return {"type": "image_url", "image_url": {"url": source.get("url") or inline}}


def _with_common(out: JsonObject, body: Mapping[str, Any], taken: set[str]) -> ChatShape:
    kept = {name: body[name] for name in _KEPT if body.get(name) is not None}
    extra = {name: body[name] for name in ("model", "stream") if name in body}
    dropped = tuple(name for name in body if name not in taken and name not in _KEPT)
    return ChatShape({**extra, **out, **kept}, dropped)


def _without(value: Mapping[str, Any], *names: str) -> JsonObject:
    return {name: part for name, part in value.items() if name not in names and part is not None}
