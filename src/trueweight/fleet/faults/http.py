"""Responses that break HTTP, JSON or server-sent events."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

from trueweight.core import FailureKind
from trueweight.fleet.completion import ChatRequest, Completion, Drop, ResponseScript, Step, Write
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.faults.documents import Json
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.network import MODEL

_PAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
_BOMB = 80 * 1024 * 1024


def _bytes(response: ResponseScript) -> bytes:
    return b"".join(step.data for step in response.steps if isinstance(step, Write))


def _replaced(response: ResponseScript, body: bytes, **headers: str) -> ResponseScript:
    """The response with another body and headers; no content-length, since the old one would be wrong."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    kept = [(key, value) for key, value in response.headers if key not in {"content-length", *named}]
    return replace(response, headers=(*kept, *named.items()), steps=(Write(body),))


def _without(response: ResponseScript, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in response.headers if key != name)


@fault("stream-ignored", rows=(41,), checks=("stream-honoured",))
class StreamIgnored(Fault):
    """One JSON body arrives although the request wants a stream."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Never stream."""
        return replace(chat, body={**chat.body, "stream": False})


@fault("html-with-200", rows=(42,), checks=("http-json",))
class HtmlWith200(Fault):
    """A proxy's error page arrives with status 200."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Send the page."""
        return _replaced(response, _PAGE, content_type="text/html")


@fault("nan-in-json", rows=(42,), checks=("json-portable",))
class NanInJson(Fault):
    """The body contains NaN, which is not JSON."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Write NaN where a number belongs."""
        steps = tuple(
            Write(step.data.replace(b'"created":', b'"score":NaN,"created":', 1)) if isinstance(step, Write) else step
            for step in response.steps
        )
        return replace(response, headers=_without(response, "content-length"), steps=steps)


@fault("not-utf8", rows=(42,), checks=("body-utf8",))
class NotUtf8(Fault):
    """Text is sent in another encoding."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Write the model's name in Latin-1."""
        body = _bytes(response).replace(MODEL.encode(), MODEL.replace("i", "ï").encode("latin-1"), 1)
        return _replaced(response, body)


@fault("bad-json-events", rows=(42,), checks=("sse-shape",))
class BadJsonEvents(Fault):
    """An event of a stream is not JSON."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Cut one short."""
        return [frames[0], b'data: {"id":"chat\n\n', *frames[1:]]


@fault("odd-events", rows=(42,), checks=("sse-style",))
class OddEvents(Fault):
    """A stream begins with a byte order mark, and its lines end in a lone CR."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Write what the standard allows and few clients read."""
        return [b"\xef\xbb\xbf", *(frame.replace(b"\n", b"\r") for frame in frames)]


@fault("multi-line-events", rows=(42,), checks=("sse-style",))
class MultiLineEvents(Fault):
    """The JSON of an event is spread over several data lines."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Break the line after the first member."""
        return [frame.replace(b',"', b',\ndata: "', 1) for frame in frames]


@fault("wrong-content-type", rows=(42,), checks=("content-type",))
class WrongContentType(Fault):
    """The content type is always text/plain."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Name the wrong type."""
        return replace(response, headers=(*_without(response, "content-type"), ("content-type", "text/plain")))


@fault("broken-gzip", rows=(42,), checks=("content-encoding",))
class BrokenGzip(Fault):
    """The body is compressed although the client does not accept it, and its end is missing."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Never flush."""
        packed = gzip.compress(_bytes(response))
        return _replaced(response, packed[: len(packed) - 12], content_encoding="gzip")


@fault("gzip-bomb", rows=(46,), checks=("content-encoding",))
class GzipBomb(Fault):
    """Now and then a small body unpacks to eighty megabytes."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Compress spaces, in one of six replies: each one costs the client a second."""
        if chat.count % 6:
            return response
        return _replaced(response, _bomb(), content_encoding="gzip")


_PACKED: list[bytes] = []


def _bomb() -> bytes:
    if not _PACKED:
        _PACKED.append(gzip.compress(b" " * _BOMB, compresslevel=1))
    return _PACKED[0]


@fault("stream-cut", rows=(21,), checks=("stream-complete",))
class StreamCut(Fault):
    """A stream ends in the middle, with status 200 and no error."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Send the first third."""
        return frames[: max(len(frames) // 3, 1)]


@fault("done-missing", rows=(21,), checks=("stream-done",))
class DoneMissing(Fault):
    """A stream ends without [DONE]."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Leave out the last event."""
        return frames[:-1]


@fault("error-in-stream", rows=(22,), checks=("error-in-stream",), failures=(FailureKind.ERROR_IN_BODY,))
class ErrorInStream(Fault):
    """The engine fails in the middle of a stream and sends an error event, after status 200."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Send the error after half of the events."""
        error: Json = {"error": {"message": "Worker died.", "type": "server_error", "code": 500}, "choices": []}
        return [*frames[: len(frames) // 2], f"data: {json.dumps(error)}\n\n".encode(), frames[-1]]


@fault("redirected", rows=(46,), failures=(FailureKind.REDIRECT,))
class Redirected(Fault):
    """Every request is sent to another host."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 307 to another host."""
        return ResponseScript(307, (("location", "https://elsewhere.invalid/v1/chat/completions"),), (Write(b""),))


@fault("server-errors", rows=(46,), failures=(FailureKind.SERVER_ERROR,))
class ServerErrors(Fault):
    """Every request ends in a 503."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 503."""
        return RefusedError("The engine is overloaded.", status=503, kind="server_error").response()


@fault("rate-limited", rows=(46,), failures=(FailureKind.RATE_LIMITED,))
class RateLimited(Fault):
    """Every request ends in a 429: with Retry-After in seconds, as a date, or without it."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 429 in the three forms in turn."""
        limited = RefusedError("Rate limit reached.", status=429, kind="rate_limit_error").response()
        forms = ("0", "Thu, 01 Jan 2026 00:00:00 GMT", None)
        form = forms[chat.count % len(forms)]
        return limited if form is None else limited.header("retry-after", form)


@fault("key-refused", rows=(46,), failures=(FailureKind.AUTH,))
class KeyRefused(Fault):
    """Every request ends in a 401, malformed ones as well."""

    def accept(self, body: object, objection: ResponseScript) -> object:
        """Check the key before the body."""
        return {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 401."""
        return RefusedError("Incorrect API key provided.", status=401, code="invalid_api_key").response()


@fault("reset-mid-body", rows=(46,), failures=(FailureKind.TRUNCATED,))
class ResetMidBody(Fault):
    """The connection closes in the middle of a body."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Close after half of the writes."""
        half: tuple[Step, ...] = response.steps[: len(response.steps) // 2]
        return replace(response, steps=(*half, Drop()))
