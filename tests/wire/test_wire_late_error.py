"""A server that fails after its 200 has failed: typed, tried again, and never counted as a success."""

from __future__ import annotations

import pytest
from fault_servers import Stage, Talk

from trueweight.wire.late_error import failure_of_body

DIED = b'data: {"error":{"message":"Worker died.","code":500},"choices":[]}\n\n'
WORD = b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n'


async def dies_once(talk: Talk) -> None:
    await talk.start_chunks()
    await talk.chunk(WORD)
    await talk.chunk(DIED if talk.number == 0 else b"data: [DONE]\n\n")
    await talk.chunk(b"")


def test_an_error_inside_the_stream_is_a_typed_failure_and_is_tried_again(stage: Stage) -> None:
    """HTTP 200 and an error event: both attempts are on record, the first as a failure with the server's words."""
    stage.against(dies_once)
    assert stage.kinds() == ["error-in-body", None]
    first = stage.only.attempts[0]
    assert first.failure is not None
    assert (first.status, first.failure.detail, first.body) == (200, "Worker died.", WORD + DIED)


def test_what_the_server_said_before_it_failed_may_be_read_but_is_no_answer(stage: Stage) -> None:
    """Checks may point at the error; no metric may hold the half answer against the model (law 3)."""

    async def always_dies(talk: Talk) -> None:
        await talk.answer(200, b'{"error":{"message":"CUDA out of memory"}}')

    stage.against(always_dies, retries=0)
    assert stage.kinds() == ["error-in-body"]
    assert stage.only.judgeable
    assert not stage.only.answered


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (DIED, "Worker died."),
        (b'data: {"error": "overloaded"}\r\n\r\n', "overloaded"),
        (b'data: {"object":"error","message":"no","code":1}', "no"),
        (b'event: error\ndata: {"code": 500}\n\n', "{'code': 500}"),
        (b'event: error\ndata: "died"\n\n', "died"),
        (b'data: {"error":\ndata: {"message": "in two lines"}}\n\n', "in two lines"),
        (b'\xef\xbb\xbf{\n  "error": {\n\n    "message": "pretty"}}', "pretty"),
    ],
)
def test_an_error_is_known_in_every_dress(body: bytes, words: str) -> None:
    """As an object, as text, by the event's name, over several lines, with or without a stream around it."""
    found = failure_of_body(body)
    assert found is not None
    assert found.detail == words


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
    assert failure_of_body(body) is None
