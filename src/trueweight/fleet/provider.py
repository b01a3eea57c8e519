"""One provider of the fleet: HTTP request in, response script out. No sockets here."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.fleet import render
from trueweight.fleet.chat import HealthyModel
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript, Step, Write
from trueweight.fleet.errors import RefusedError, json_response
from trueweight.fleet.faults import FAULTS, Fault
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import MODEL, network
from trueweight.fleet.roster import FleetMember
from trueweight.fleet.thinking import placed
from trueweight.fleet.validate import check_request

LARGEST = 16 * 2**20
"""Bytes of the largest request body that is read."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP request, read to its end. ``body`` None means that it was too large to read."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


class FleetProvider:
    """A healthy provider with its faults layered on it.

    Args:
        member: its entry in the roster.
        known: answers of the suites' cases.
        rng: randomness of requests without a seed.
        clock: Unix time in seconds.
        api_key: the required key; None accepts any key, and none.
    """

    def __init__(
        self,
        member: FleetMember,
        known: KnownAnswers,
        *,
        rng: random.Random,
        clock: Callable[[], float],
        api_key: str | None = None,
    ) -> None:
        self.member = member
        self._healthy = HealthyModel(network(member.precision), known, member.thinker)
        self._faults: tuple[Fault, ...] = tuple(FAULTS.get(name) for name in member.faults)
        self._rng = rng
        self._clock = clock
        self._key = api_key
        self._count = itertools.count()

    def respond(self, request: HttpRequest) -> ResponseScript:
        """Respond to any HTTP request; an invalid one gets an error object."""
        try:
            return self._route(request)
        except RefusedError as refused:
            response = refused.response()
            for fault in self._faults:
                response = fault.refusal(response)
            return response

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """The raw bytes of a response, changed by the faults that act below HTTP."""
        for fault in self._faults:
            steps = fault.wire(steps)
        return steps

    def _route(self, request: HttpRequest) -> ResponseScript:
        routes: dict[str, tuple[str, Callable[[HttpRequest], ResponseScript]]] = {
            "/v1/chat/completions": ("POST", self._complete),
            "/v1/models": ("GET", self._models),
            f"/v1/models/{MODEL}": ("GET", lambda _: json_response(self._model())),
        }
        if request.path not in routes:
            raise RefusedError(f"Unknown request URL: {request.method} {request.path}.", status=404, code="unknown_url")
        method, handler = routes[request.path]
        if request.method != method:
            wrong = RefusedError(f"Method {request.method} is not allowed here, only {method}.", status=405)
            return wrong.response().header("allow", method)
        if self._key is not None and request.headers.get("authorization") != f"Bearer {self._key}":
            raise RefusedError("Incorrect API key provided.", status=401, code="invalid_api_key")
        return handler(request)

    def _model(self) -> JsonObject:
        return {"id": MODEL, "object": "model", "created": 1700000000, "owned_by": "trueweight"}

    def _models(self, _: HttpRequest) -> ResponseScript:
        listed: Any = {"object": "list", "data": [self._model()]}
        for fault in self._faults:
            listed = fault.models(listed)
        return json_response(listed)

    def _complete(self, request: HttpRequest) -> ResponseScript:
        if request.body is None:
            raise RefusedError(f"The request body is larger than {LARGEST} bytes.", status=413)
        body = self._accepted(_parsed(request.body))
        chat = ChatRequest(body, next(self._count), random.Random(self._rng.getrandbits(64)))
        for fault in self._faults:
            refused = fault.refuse(chat)
            if refused is not None:
                return refused
        return self._complete_with_faults(chat)

    def _accepted(self, body: Any) -> Mapping[str, Any]:
        """The body if it is a valid request, or the body that a fault puts in its place."""
        try:
            checked = check_request(body)
            if checked["model"] != MODEL:
                message = f"The model {checked['model']!r} does not exist; there is {MODEL!r}."
                raise RefusedError(message, status=404, param="model", code="model_not_found")
        except RefusedError as refused:
            objection = refused.response()
            instead = (fault.accept(body, objection) for fault in self._faults)
            taken = next((other for other in instead if other is not None), None)
            if taken is None:
                raise
            return check_request(taken)
        return checked

    def _complete_with_faults(self, chat: ChatRequest) -> ResponseScript:
        """Complete the request and write the response; faults change the completion and then what is written."""
        style = self.member.style
        for fault in self._faults:
            chat = fault.request(chat)
        completion = self._healthy.completion(chat)
        for fault in self._faults:
            completion = fault.completion(chat, completion)
        completion = placed(render.with_ids(completion, style, chat.rng), style.thought)
        head = render.Head(style.reply_id(chat.rng), int(self._clock()), MODEL)
        if chat.streamed:
            response = self._streamed(chat, completion, head)
        else:
            body = render.plain_body(completion, style, head)
            for fault in self._faults:
                body = fault.body(chat, body)
            response = json_response(body)
        for fault in self._faults:
            response = fault.response(chat, completion, response)
        return response

    def _streamed(self, chat: ChatRequest, completion: Completion, head: render.Head) -> ResponseScript:
        options = chat.body.get("stream_options") or {}
        chunks = render.chunks(completion, self.member.style, head, include_usage=bool(options.get("include_usage")))
        for fault in self._faults:
            chunks = fault.chunks(chat, chunks)
        frames = render.frames(chunks, self.member.style)
        for fault in self._faults:
            frames = fault.frames(chat, frames)
        headers = (("content-type", self.member.style.content_type), ("cache-control", "no-cache"))
        return ResponseScript(200, headers, tuple(map(Write, render.writes(frames, self.member.style))))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"The request body is not valid JSON: {error}") from error
