"""Errors inside the body of a success status: what is one, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from trueweight.core import Mode, Span
from trueweight.protocols import Assembler, read_reply, read_with
from trueweight.protocols.errors import error_in, error_of
from trueweight.protocols.sample import exchange
from trueweight.protocols.sse import SseEvent

DIED = b'data: {"error":{"message":"Worker died.","code":500},"choices":[]}\n\n'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (DIED, "Worker died."),
        (b'data: {"error": "overloaded"}\r\n\r\n', "overloaded"),
        (b'data: {"object":"error","message":"no","code":1}', "no"),
        (b'event: error\ndata: {"code": 500}\n\n', "{'code': 500}"),
        (b'event: error\ndata: "died"\n\n', "died"),
        (b'data: {"error":\ndata: {"message": "in two lines"}}\n\n', "in two lines"),
        (b'data: {"choices":[]}\n\n' * 3 + b'event: error\r\ndata: {"code": 1}\r\n\r\ndata: [DONE]\n\n', "{'code': 1}"),
        (b'data: {"error":null}\n\ndata: {"error": {"message": "second"}}\n\n', "second"),
        (b'\xef\xbb\xbf{\n  "error": {\n\n    "message": "pretty"}}', "pretty"),
    ],
)
def test_an_error_is_known_in_every_dress(body: bytes, words: str) -> None:
    """As an object, as text, by the event's name, over several lines, with or without a stream around it."""
    assert error_in(body) == words


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"choices":[{"message":{"content":"an error: {\\"error\\": 1}"}}],"error":null}',
        b'data: {"choices":[{"delta":{"content":"\\"error\\": {"}}]}\n\n',
        b'data: {"choices":[],"error":null}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\\"error\\":true}"}}]}}]}\n\n',
        b": error\n\ndata: [DONE]\n\n",
        b"data: error, but not JSON\n\n",
        b'data: ["error"]\n\n',
        b'{"error":' + b"[" * 100_000,
        b"<html>502 error</html>",
    ],
)
def test_talk_about_errors_is_none(body: bytes) -> None:
    """Neither an answer that speaks of errors, nor a null, nor what cannot be read (that is for the checks)."""
    assert error_in(body) is None


def test_a_base_resp_is_an_error_by_its_status() -> None:
    """A number or a text: 0 is success in both, as for the other reader of errors."""
    for good in (None, 0, "0", ""):
        assert error_of({"base_resp": {"status_code": good, "status_msg": "success"}}) is None
    for bad in (1004, "1004"):
        assert error_of({"base_resp": {"status_code": bad, "status_msg": "no key"}}) == "no key"


def test_a_long_stream_that_talks_about_errors_is_searched_to_its_end() -> None:
    """Thousands of events that only look like an error do not hide the one at the end."""
    event = b'data: {"choices":[{"delta":{"content":"x"}}],"error": null}\n\n'
    lookalike = b'data: {"choices":[{"delta":{"content":"event: error"}}]}\n\n'
    assert error_in((event + lookalike) * 2_000 + b'data: {"error":"last"}\n\n') == "last"


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        (b'{"choices":[],"error":{"message":"no"}}', True),
        (b'{"choices":[],"error":"no"}', True),
        (b'{"object":"error","message":"no"}', True),
        (b'{"choices":[],"error":{}}', False),
        (b'{"choices":[],"error":""}', False),
        (b'{"choices":[],"error":false}', False),
        (b'{"choices":[],"error":null}', False),
        (b'event: error\ndata: {"code": 1}\n\n', True),
        (b'event: error\ndata: {"error": {"message": "no"}}\n\n', True),
        (b'data: {"choices":[],"error":{}}\n\n', False),
    ],
)
def test_the_client_and_the_reader_agree_on_what_is_an_error(body: bytes, reported: bool) -> None:
    """What makes an attempt fail while it is received is what the reply has as its error, and nothing else."""
    assert (error_in(body) is not None) == reported
    assert (read_reply(exchange(body)).error is not None) == reported


class Named(Assembler):
    """An API whose streams end with a named event that has a document."""

    end = "finished"

    def is_end(self, event: SseEvent) -> bool:
        return event.name == self.end

    def add(self, document: dict[str, Any], span: Span, body: bytes | None) -> None:
        self.model = self.model or document.get("model")


class Endless(Named):
    """An API that declares no last event."""

    end = ""


@pytest.mark.parametrize(
    ("make", "body", "kinds"),
    [
        (Named, b'event: finished\ndata: {"model":"m"}\n\n', set()),
        (Named, b'data: {"model":"m"}\n\n', {"done-missing"}),
        (Named, b'event: finished\ndata: {"model":"m"}\n\ndata: {}\n\n', {"data-after-done"}),
        (Endless, b'data: {"model":"m"}\n\n', set()),
    ],
)
def test_what_ends_a_stream_is_the_protocols_declaration(make: type[Named], body: bytes, kinds: set[str]) -> None:
    """A missing end is an anomaly only of an API that declares one, and the document of a last event is read."""
    reply = read_with(exchange(body, content_type="text/event-stream", mode=Mode.STREAM), make)
    assert {one.kind for one in reply.anomalies} & {"done-missing", "data-after-done"} == kinds
    assert reply.model == "m"
