"""A webhook gets no key and cannot hold up or fill this machine: of its reply only the status is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest

from trueweight.core import InfrastructureError
from trueweight.redaction import know_variables
from trueweight.wire import webhook
from trueweight.wire.webhook import post_webhook

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def _endless(writer: asyncio.StreamWriter) -> None:
    """A body without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def _trickles(writer: asyncio.StreamWriter) -> None:
    """A head without an end: each byte comes before a timeout between two bytes."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _redirects(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")


async def _bomb(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


def posted(answer: Answer, body: dict[str, object]) -> bytes:
    """What a server that answers so was sent, when the call has returned or raised."""
    seen = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.readuntil(b"}"))
        try:
            await answer(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await post_webhook(f"http://127.0.0.1:{port}/secret-path", body, where="HOOK")
        finally:
            server.close()

    try:
        anyio.run(main)
    finally:
        post = bytes(seen)
    return post


@pytest.mark.parametrize("answer", [_endless, _bomb])
def test_the_body_of_the_reply_is_not_read(answer: Answer) -> None:
    """An endless one, and one that does not decompress: the status is a success."""
    assert b'{"text":"t"}' in posted(answer, {"text": "t"})


@pytest.mark.parametrize(("answer", "says"), [(_trickles, "TimeoutError"), (_redirects, "status 307")])
def test_a_reply_without_an_end_and_a_redirect_are_one_error(
    answer: Answer, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is that of all of it; nothing is sent elsewhere; the error has no part of the URL."""
    monkeypatch.setattr(webhook, "_TIMEOUT", 0.3)
    with pytest.raises(InfrastructureError, match=says) as caught:
        posted(answer, {"text": "t"})
    assert "secret-path" not in str(caught.value)


def test_a_key_and_half_a_surrogate_pair_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of a host may have either."""
    monkeypatch.setenv("WEBHOOK_TEST_KEY", "sk-a-key-that-must-not-leave")
    know_variables(["WEBHOOK_TEST_KEY"])
    sent = posted(_accepts, {"text": "sk-a-key-that-must-not-leave \ud800"})
    assert b"that-must-not" not in sent
    assert b"***" in sent


async def _accepts(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
