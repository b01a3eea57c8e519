"""Chat completions: the shape in which the model itself takes requests."""

from __future__ import annotations

from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.fleet import render
from trueweight.fleet.apis.served import ServedApi
from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.styles import Style


class ChatApi(ServedApi):
    """See `ServedApi`."""

    name = "chat"
    path = "/v1/chat/completions"

    def chat_body(self, body: Any) -> Any:
        return body

    def plain(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> JsonObject:  # noqa: ARG002 - as declared
        return render.plain_body(completion, style, head)

    def chunks(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> list[JsonObject]:
        options = chat.body.get("stream_options") or {}
        return render.chunks(completion, style, head, include_usage=bool(options.get("include_usage")))

    def frames(self, chunks: list[JsonObject], style: Style) -> list[bytes]:
        return render.frames(chunks, style)
