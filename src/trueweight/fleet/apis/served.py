"""What the fleet must know of an API to serve it: how its requests are read, and completions and errors written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.render import Head
from trueweight.fleet.styles import Style


class ServedApi(ABC):
    """One API. It shares no code with the protocol that reads it, so that a misunderstanding of one is found.

    Attributes:
        name: of the API, as in a case.
        path: of its requests.
    """

    name: ClassVar[str]
    path: ClassVar[str]

    def has_key(self, headers: Mapping[str, str], key: str) -> bool:
        """Whether a request brings the required key. Names of headers are in lower case."""
        return headers.get("authorization") == f"Bearer {key}"

    @abstractmethod
    def chat_body(self, body: Any) -> Any:
        """The chat-completions body that asks the same, ``model`` and ``stream`` included. It is validated afterwards.

        Raises:
            RefusedError: for what this API does not take, or what the server does not support.
        """

    def messages_of(self, request: Mapping[str, Any]) -> list[Any]:
        """The messages of the request of a case about this API, which may give them in the API's own fields.

        Raises:
            RefusedError: if they are malformed.
        """
        return list(request["messages"])

    @abstractmethod
    def plain(self, chat: ChatRequest, completion: Completion, style: Style, head: Head) -> JsonObject:
        """The body of a plain reply."""

    @abstractmethod
    def chunks(self, chat: ChatRequest, completion: Completion, style: Style, head: Head) -> list[JsonObject]:
        """The JSON documents of a streamed reply, in order."""

    @abstractmethod
    def frames(self, chunks: list[JsonObject], style: Style) -> list[bytes]:
        """The bytes of a streamed reply; one item is one write."""

    def refusal(self, refused: RefusedError) -> ResponseScript:
        """The error response of a refused request."""
        return refused.response()
