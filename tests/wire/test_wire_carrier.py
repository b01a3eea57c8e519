"""TLS with a user's own authority, proxies of the environment, HTTP/2; and each carrier leaves the same record."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import trustme
from fault_servers import FaultServer, Stage, Talk, serving

from trueweight.core import Case, ConfigError, Mode, Provider, Trial
from trueweight.wire import TransportName, WireSettings, settings
from trueweight.wire.carrier import HttpxTransport, choose_carrier
from trueweight.wire.http1 import Http1Transport
from trueweight.wire.transports import load_tls


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the machine that runs the tests are not what is tested."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def fine(talk: Talk) -> None:
    await talk.answer()


async def streams(talk: Talk) -> None:
    await talk.start_chunks()
    for piece in (b"data: 1\n\n", b"data: 2\n\n"):
        await talk.chunk(piece)
        await anyio.sleep(0.02)
    await talk.send(b"0\r\n\r\n")


def send_at(stage: Stage, server: Any, **options: Any) -> FaultServer:
    async def run() -> FaultServer:
        async with server as found:
            await stage.send(stage.trials(found.url, mode=Mode.STREAM), retries=0, **options)
            received: FaultServer = found
            return received

    return anyio.run(run)


def test_tls_is_verified_unless_the_user_names_an_authority(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of an unknown authority is a TLS failure; with SSL_CERT_FILE, as httpx users expect, it is fine."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    send_at(stage, serving(fine, tls=context))
    assert stage.kinds() == ["tls"]
    stage.exchanges.clear()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    send_at(stage, serving(fine, tls=context))
    assert stage.kinds() == [None]


def test_a_certificate_for_another_name_is_refused(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right authority and the wrong host is still TLS, and no key was sent."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    server = send_at(stage, serving(fine, tls=context), keys={"p": "key-that-must-stay"})
    assert stage.kinds() == ["tls"]
    assert server.received == []


def test_certificates_are_loaded_again_only_where_something_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same context for the same variables and files; another one for HTTP/2, a changed file, or a log of keys."""
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    first = load_tls()
    assert load_tls() is first
    assert load_tls(http2=True) is not first
    os.utime(file, ns=(1, 1))
    changed = load_tls()
    assert changed is not first
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    logged = load_tls()
    assert logged is not changed and logged.keylog_filename == str(tmp_path / "keys.log")
    assert load_tls() is logged


def test_tls_that_is_refused_after_the_handshake_is_tls(stage: Stage) -> None:
    """TLS 1.3 tells of a certificate it wants of us when the request is on its way. Asking again will not help."""

    class Refused(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                raise ssl.SSLError(1, "tlsv13 alert certificate required")
            except ssl.SSLError as error:
                raise httpx.ReadError("SSLError") from error

    environment = stage.environment(transport=lambda _: Refused())
    anyio.run(lambda: stage.send(stage.trials("https://127.0.0.1:9/v1"), environment=environment))
    assert stage.kinds() == ["tls"]


def test_a_proxy_of_the_environment_is_used(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY receives the request in absolute form; the client does not look the host up."""

    async def run() -> None:
        async with serving(fine) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
            await stage.send(stage.trials("http://nowhere.invalid/v1"), retries=0)
            assert proxy.received[0].head.startswith("POST http://nowhere.invalid/v1/chat/completions HTTP/1.1")

    anyio.run(run)
    assert stage.kinds() == [None]


def test_each_api_is_sent_to_its_own_address(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hosts of one provider: each gets the requests of its API, the count of tokens those of Messages, and a proxy
    that one of the hosts needs is for that host alone."""

    async def run() -> None:
        async with serving(fine) as chat, serving(fine) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            elsewhere = {"messages": "http://nowhere.invalid/anthropic/v1"}
            split = Provider("p", chat.url, "m", api=("chat", "messages"), base_urls=elsewhere)
            asks = Case("s", "c", {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]})
            apis = ("chat", "messages", "count-tokens")
            await stage.send([Trial.of(asks, split, 0, Mode.PLAIN, api) for api in apis], retries=0)
            assert [one.head.split(" ")[1] for one in chat.received] == ["/v1/chat/completions"]
            assert {one.head.split(" ")[1] for one in proxy.received} == {
                "http://nowhere.invalid/anthropic/v1/messages",
                "http://nowhere.invalid/anthropic/v1/messages/count_tokens",
            }

    anyio.run(run)


def test_no_proxy_is_honoured(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that NO_PROXY names is reached directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    send_at(stage, serving(fine))
    assert stage.kinds() == [None]


def test_a_dead_proxy_is_a_connect_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the way to the provider that failed, not the provider's answer."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    send_at(stage, serving(fine))
    assert stage.kinds() == ["connect"]


@pytest.mark.parametrize("url", ["ftp://user:secret-word@127.0.0.1:9", "socks5://user:secret-word@127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """One plain error that names the variable, and not the password in it; nothing is sent around the proxy."""
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(ConfigError) as caught:
        send_at(stage, serving(fine))
    assert caught.value.where == "ALL_PROXY"
    assert "secret-word" not in str(caught.value)
    assert stage.exchanges == []


def test_every_carrier_leaves_the_same_record(stage: Stage) -> None:
    """Status, headers, body, stamps' offsets, cold and warm: what carried the request is not in the record."""
    tls = httpx.create_ssl_context()
    found = []
    for make in (lambda _: Http1Transport(tls), lambda _: HttpxTransport(tls)):
        stage.exchanges.clear()

        async def run(make: Any = make) -> None:
            async with serving(streams) as server:
                trials = stage.trials(server.url, 2, mode=Mode.STREAM)
                await stage.send(trials, concurrency=1, retries=0, environment=stage.environment(transport=make))
                assert {name.lower() for name in server.received[0].head.split("\r\n")[1:] if name} >= {
                    "content-type: application/json",
                    "accept: text/event-stream",
                    "accept-encoding: identity",
                }

        anyio.run(run)
        found.append(
            [
                (
                    final.status,
                    final.http_version,
                    final.headers,
                    final.body,
                    [stamp.offset for stamp in final.stamps],
                    final.t_connected is None,
                    exchange.request.headers,
                    final.failure,
                )
                for exchange in stage.exchanges
                if (final := exchange.final)
            ]
        )
    assert found[0] == found[1]
    assert [row[5] for row in found[0]] == [False, True]


def test_the_carrier_is_chosen_by_what_it_must_do() -> None:
    """http1 by default and through HTTP proxies; httpx's stack for HTTP/2, for SOCKS, and when it is asked for. What is
    not http1 says why; a provider that NO_PROXY names is not slowed by another's proxy."""
    socks, http = {"all": "socks5://127.0.0.1:9"}, {"https": "http://127.0.0.1:9"}

    def chosen(proxies: dict[str, str], **options: Any) -> tuple[str, str]:
        carrier = choose_carrier("https://api.example/v1", WireSettings(**options), proxies)
        return carrier.name.value, carrier.reason

    assert chosen({}) == ("http1", "")
    assert chosen(http) == ("http1", "")
    assert chosen(socks) == ("httpx", "the proxy is a SOCKS proxy")
    assert chosen(socks | {"no": ".example"}) == ("http1", "")
    assert chosen({}, http2=True) == ("httpx", "HTTP/2 is offered")
    assert chosen({}, transport=TransportName.HTTPX) == ("httpx", "--transport httpx")


def test_an_unknown_transport_is_an_error() -> None:
    """The error names the setting and the valid names; a name as plain text works too."""
    assert choose_carrier("http://h/v1", WireSettings(transport="httpx"), {}).name is TransportName.HTTPX  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="curl") as caught:
        WireSettings(transport="curl")  # type: ignore[arg-type]
    assert (caught.value.where, caught.value.hint) == ("transport", "Valid: http1, httpx.")


@contextlib.asynccontextmanager
async def speaking_http2(context: ssl.SSLContext) -> AsyncIterator[FaultServer]:
    """A server that speaks HTTP/2 over TLS and nothing else."""
    fault = FaultServer()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        talk.initiate_connection()
        writer.write(talk.data_to_send())
        with contextlib.suppress(OSError, ssl.SSLError):
            while data := await reader.read(65536):
                for event in talk.receive_data(data):
                    if isinstance(event, h2.events.StreamEnded):
                        talk.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/event-stream")])
                        talk.send_data(event.stream_id, b"data: 1\n\n", end_stream=True)
                writer.write(talk.data_to_send())
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=context)
    fault.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield fault
    finally:
        server.close()


def test_http2_is_spoken_when_asked_for(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``http2`` the record says HTTP/2, and holds the bytes of the stream."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2"])
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    send_at(stage, speaking_http2(context), http2=True)
    final = stage.only.final
    assert (final.http_version, final.status, final.body, final.failure) == ("HTTP/2", 200, b"data: 1\n\n", None)


def test_http2_without_its_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback: what to install."""
    monkeypatch.setattr(settings, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"trueweight\[http2\]"):
        WireSettings(http2=True)
