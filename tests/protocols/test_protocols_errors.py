"""Errors inside the body of a success status: what is one, and what only looks like one."""

from __future__ import annotations

import pytest

from trueweight.protocols.errors import error_in

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


def test_a_long_stream_that_talks_about_errors_is_searched_to_its_end() -> None:
    """Thousands of events that only look like an error do not hide the one at the end."""
    event = b'data: {"choices":[{"delta":{"content":"x"}}],"error": null}\n\n'
    lookalike = b'data: {"choices":[{"delta":{"content":"event: error"}}]}\n\n'
    assert error_in((event + lookalike) * 2_000 + b'data: {"error":"last"}\n\n') == "last"
