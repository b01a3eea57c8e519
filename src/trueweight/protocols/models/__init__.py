"""The list of models (``GET /models``). Its request has no body, and its reply is not a completion."""

from __future__ import annotations

from typing import Any

from trueweight.core import (
    PROTOCOLS,
    Case,
    Channel,
    Event,
    Exchange,
    Mode,
    Protocol,
    Provider,
    Reply,
    RequestSize,
    Span,
    TokenCount,
)
from trueweight.core.json_value import JsonObject
from trueweight.protocols.errors import error_in
from trueweight.protocols.reading import Assembler, read_with


class _ModelsAssembler(Assembler):
    """Keeps an error if there is one. The list itself stays JSON in ``Reply.json``, for the checks of this API."""

    def add(self, document: JsonObject, span: Span, body: bytes | None) -> None:  # noqa: ARG002 - as declared
        self.take_error(document)


class Models(Protocol):
    """See `trueweight.core.Protocol` for what each method returns."""

    name = "models"
    title = "the list of models"
    method = "GET"
    path = "/models"
    completions = False
    modes = (Mode.PLAIN,)

    def body(self, case: Case, provider: Provider, mode: Mode) -> str:  # noqa: ARG002 - as declared
        return ""

    def size(self, case: Case, provider: Provider) -> RequestSize | None:  # noqa: ARG002 - as declared
        return None

    def read(self, exchange: Exchange) -> Reply:
        return read_with(exchange, _ModelsAssembler)

    def channels(self, event: Event) -> frozenset[Channel]:  # noqa: ARG002 - as declared
        return frozenset()

    def tokens_in(self, body: bytes) -> TokenCount | None:  # noqa: ARG002 - as declared
        return None

    def error_in(self, body: bytes) -> str | None:
        return error_in(body)

    def preview(self, data: Any) -> str:  # noqa: ARG002 - as declared
        return ""


def model_ids(document: Any) -> tuple[str, ...] | None:
    """The ids in a list of models; None if the document is no list of models.

    Besides ``{"data": [{"id": …}]}``, a bare array and ``{"models": [{"name": …}]}`` are read, as some servers send.
    """
    listed = document
    if isinstance(document, dict):
        listed = next((document[key] for key in ("data", "models") if isinstance(document.get(key), list)), None)
    if not isinstance(listed, list):
        return None
    entries = [one for one in listed if isinstance(one, dict)]
    found = (one.get("id") or one.get("name") or one.get("model") for one in entries)
    return tuple(name for name in found if isinstance(name, str))


PROTOCOLS.add(Models.name, Models())
