"""Base classes of faults that change the written JSON: every document, choice, message or call."""

from __future__ import annotations

import copy

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.fault import Fault

Json = JsonObject


def without(holder: Json, *names: str) -> Json:
    """The object without these fields."""
    return {key: value for key, value in holder.items() if key not in names}


class Documents(Fault):
    """Changes every document, the body of a plain reply or each chunk of a stream. Override ``document``."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Change one document in place."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Change the one document of a plain reply."""
        body = copy.deepcopy(body)
        self.document(chat, body)
        return body

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Change every chunk."""
        chunks = copy.deepcopy(chunks)
        for chunk in chunks:
            self.document(chat, chunk)
        return chunks


class Choices(Documents):
    """Changes every choice of every document. Override ``choice``."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Change one choice in place; its ``message`` or ``delta`` holds the content."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Change every choice."""
        for choice in document["choices"]:
            self.choice(chat, choice)


class Messages(Choices):
    """Changes every message and every delta. Override ``message``."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Change one message or delta in place."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Change the choice's message or delta."""
        self.message(chat, choice["message"] if "message" in choice else choice["delta"])


class Calls(Messages):
    """Changes every call of a plain reply and every fragment of one in a stream. Override ``call``."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Change one entry of ``tool_calls`` in place."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Change every entry."""
        for call in message.get("tool_calls") or ():
            self.call(chat, call)


class StreamedCalls(Calls):
    """Changes every fragment of a call in streams only. Override ``call``."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Leave plain replies as they are."""
        return body
