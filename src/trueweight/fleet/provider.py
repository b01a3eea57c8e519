"""One provider of the fleet: HTTP request in, response script out. No sockets here."""

from __future__ import annotations

import itertools
import json
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from trueweight.core import DEFAULT_API
from trueweight.core.json_value import JsonObject
from trueweight.fleet import render
from trueweight.fleet.apis import SERVED, ServedApi
from trueweight.fleet.apis.chat import ChatApi
from trueweight.fleet.chat import HealthyModel
from trueweight.fleet.completion import ChatRequest, Completion, Earlier, ResponseScript, Step, Write
from trueweight.fleet.errors import RefusedError, bytes_response, json_response
from trueweight.fleet.faults import FAULTS, Fault
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import MODEL, network
from trueweight.fleet.roster import FleetMember
from trueweight.fleet.thinking import placed
from trueweight.fleet.validate import check_request

LARGEST = 16 * 2**20
"""Bytes of the largest request body that is read."""
_REMEMBERED = 64
"""Requests that a provider remembers, for faults of a cache."""


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
        self._earlier: deque[Earlier] = deque(maxlen=_REMEMBERED)

    def respond(self, request: HttpRequest) -> ResponseScript:
        """Respond to any HTTP request; an invalid one gets an error object."""
        api = SERVED.get(request.path)
        try:
            return self._route(request, api)
        except RefusedError as refused:
            response = refused.response() if api is None else api.refusal(refused)
            for fault in self._faults if api is None else self._faults_of(api):
                response = fault.refusal(response)
            return response

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """The raw bytes of a response, changed by the faults that act below HTTP."""
        for fault in self._faults:
            steps = fault.wire(steps)
        return steps

    def _faults_of(self, api: ServedApi) -> tuple[Fault, ...]:
        """The faults that act through an API: those of any API, and its own."""
        return tuple(fault for fault in self._faults if fault.api in (DEFAULT_API, api.name))

    def _shaping(self, api: ServedApi) -> tuple[Fault, ...]:
        """The faults that change what is written in the shape of an API."""
        return tuple(fault for fault in self._faults if fault.api == api.name)

    def _route(self, request: HttpRequest, api: ServedApi | None) -> ResponseScript:
        routes: dict[str, tuple[str, Callable[[HttpRequest], ResponseScript]]] = {
            "/v1/models": ("GET", self._models),
            f"/v1/models/{MODEL}": ("GET", lambda _: json_response(self._model())),
        }
        if api is not None:
            routes[request.path] = ("POST", partial(self._complete, api=api))
        if request.path not in routes:
            raise RefusedError(f"Unknown request URL: {request.method} {request.path}.", status=404, code="unknown_url")
        method, handler = routes[request.path]
        if request.method != method:
            wrong = RefusedError(f"Method {request.method} is not allowed here, only {method}.", status=405)
            return wrong.response().header("allow", method)
        if self._key is not None and not (api or SERVED[ChatApi.path]).has_key(request.headers, self._key):
            raise RefusedError("Incorrect API key provided.", status=401, code="invalid_api_key")
        return handler(request)

    def _model(self) -> JsonObject:
        return {"id": MODEL, "object": "model", "created": 1700000000, "owned_by": "trueweight"}

    def _models(self, _: HttpRequest) -> ResponseScript:
        listed: Any = {"object": "list", "data": [self._model()]}
        for fault in self._faults:
            listed = fault.models(listed)
        return json_response(listed)

    def _complete(self, request: HttpRequest, api: ServedApi) -> ResponseScript:
        if request.body is None:
            raise RefusedError(f"The request body is larger than {LARGEST} bytes.", status=413)
        sent = _parsed(request.body)
        body = self._accepted(sent, api)
        rng = random.Random(self._rng.getrandbits(64))
        sent = sent if isinstance(sent, Mapping) else {}
        chat = ChatRequest(body, next(self._count), rng, api.name, sent, tuple(self._earlier))
        for fault in self._faults_of(api):
            refused = fault.refuse(chat)
            if refused is not None:
                return refused
        return self._complete_with_faults(chat, api)

    def _accepted(self, sent: Any, api: ServedApi) -> Mapping[str, Any]:
        """The chat-completions body of a valid request, or the body that a fault puts in its place."""
        body = sent
        try:
            body = api.chat_body(sent)
            checked = check_request(body)
            if checked["model"] != MODEL:
                message = f"The model {checked['model']!r} does not exist; there is {MODEL!r}."
                raise RefusedError(message, status=404, param="model", code="model_not_found")
        except RefusedError as refused:
            objection = api.refusal(refused)
            instead = (fault.accept(body, objection) for fault in self._faults_of(api))
            taken = next((other for other in instead if other is not None), None)
            if taken is None:
                raise
            return check_request(taken)
        return checked

    def _complete_with_faults(self, chat: ChatRequest, api: ServedApi) -> ResponseScript:
        """Complete the request and write the response; faults change the completion and then what is written."""
        style = self.member.style
        for fault in self._faults_of(api):
            chat = fault.request(chat)
        completion = self._healthy.completion(chat)
        self._earlier.append(Earlier(chat.body, completion))
        for fault in self._faults_of(api):
            completion = fault.completion(chat, completion)
        completion = placed(render.with_ids(completion, style, chat), style.thought)
        head = render.Head(style.reply_id(chat.rng), int(self._clock()), MODEL)
        if chat.streamed:
            response = self._streamed(chat, completion, head, api)
        else:
            body = api.plain(chat, completion, style, head)
            for fault in self._shaping(api):
                body = fault.body(chat, body)
            response = bytes_response(render.body_bytes(body, style))
        for fault in self._faults_of(api):
            response = fault.response(chat, completion, response)
        return response

    def _streamed(self, chat: ChatRequest, completion: Completion, head: render.Head, api: ServedApi) -> ResponseScript:
        style = self.member.style
        chunks = api.chunks(chat, completion, style, head)
        for fault in self._shaping(api):
            chunks = fault.chunks(chat, chunks)
        frames = api.frames(chunks, style)
        for fault in self._shaping(api):
            frames = fault.frames(chat, frames)
        headers = (("content-type", style.content_type), ("cache-control", "no-cache"))
        return ResponseScript(200, headers, tuple(map(Write, render.writes(frames, style))))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"The request body is not valid JSON: {error}") from error
