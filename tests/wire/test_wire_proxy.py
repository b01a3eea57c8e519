"""Requests go through HTTP and HTTPS proxies on the same carrier, on both event loops, and what a proxy does wrong is
a typed failure that shows no credentials."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme
from fault_servers import Stage, Talk, serving
from proxy_server import Answer, header, never_answers, proxying, says

from trueweight.core import ConfigError
from trueweight.wire import TransportName, run_loop
from trueweight.wire.http1 import Http1Transport
from trueweight.wire.proxies import find_proxy

USER, PASSWORD = "the-user", "pass-word-that-stays"
BASE64 = "dGhlLXVzZXI6cGFzcy13b3JkLXRoYXQtc3RheXM="
Runner = Callable[[Callable[[], Awaitable[Any]]], Any]


@pytest.fixture(params=[run_loop, anyio.run], ids=["the run's loop", "asyncio's own"])
def runner(request: pytest.FixtureRequest) -> Runner:
    found: Runner = request.param
    return found


def with_credentials(url: str) -> str:
    return url.replace("://", f"://{USER}:{PASSWORD}@")


def tls_pair() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and one that trusts its authority."""
    authority = trustme.CA()
    theirs, ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    return theirs, ours


async def says_its_number(talk: Talk) -> None:
    await talk.answer(body=b"%d" % talk.number)


async def bodies(carrier: Http1Transport, url: str, count: int) -> list[bytes]:
    """The bodies of so many responses, one after the other."""
    found = []
    for _ in range(count):
        response = await carrier.handle_async_request(httpx.Request("POST", url, content=b"{}"))
        found.append(await response.aread())
        await response.aclose()
    return found


@pytest.mark.parametrize("secure_proxy", [False, True], ids=["http proxy", "https proxy"])
def test_http_goes_out_in_absolute_form(runner: Runner, secure_proxy: bool) -> None:
    """The proxy sees the whole URL and its credentials, the server sees neither; the connection is used again."""
    theirs, ours = tls_pair()

    async def run() -> None:
        async with (
            serving(says_its_number) as server,
            proxying(user=f"{USER}:{PASSWORD}", tls=theirs if secure_proxy else None) as proxy,
        ):
            carrier = Http1Transport(ours, httpx.Proxy(with_credentials(proxy.url)))
            assert await bodies(carrier, server.url + "/p?q=1", 3) == [b"0", b"1", b"2"]
            await carrier.aclose()
            assert carrier._open == set()
            assert proxy.connections == 1
            assert [head.split("\r\n")[0] for head in proxy.heads] == [f"POST {server.url}/p?q=1 HTTP/1.1"] * 3
            assert [header(head, "proxy-authorization") for head in proxy.heads] == [f"Basic {BASE64}"] * 3
            assert server.received[0].head.startswith("POST /v1/p?q=1 HTTP/1.1\r\n")
            assert header(proxy.heads[0], "host") == server.received[0].header("host") == server.url.split("/")[2]

    runner(run)


@pytest.mark.parametrize("secure_proxy", [False, True], ids=["http proxy", "https proxy"])
def test_https_goes_through_a_tunnel(runner: Runner, secure_proxy: bool) -> None:
    """The proxy sees CONNECT and its credentials and nothing of the requests; the tunnel is used again."""
    theirs, ours = tls_pair()

    async def run() -> None:
        async with (
            serving(says_its_number, tls=theirs) as server,
            proxying(user=f"{USER}:{PASSWORD}", tls=theirs if secure_proxy else None) as proxy,
        ):
            carrier = Http1Transport(ours, httpx.Proxy(with_credentials(proxy.url)))
            assert await bodies(carrier, server.url, 3) == [b"0", b"1", b"2"]
            await carrier.aclose()
            assert carrier._open == set()
            (head,) = proxy.heads
            assert head.startswith(f"CONNECT {server.url.split('/')[2]} HTTP/1.1\r\n")
            assert header(head, "proxy-authorization") == f"Basic {BASE64}"
            assert server.received[0].head.startswith("POST /v1 HTTP/1.1\r\n")
            assert "proxy-authorization" not in server.received[0].head.lower()

    runner(run)


def test_the_servers_certificate_counts_in_a_tunnel_too(runner: Runner) -> None:
    """A proxy that ends TLS itself, with a certificate that is not trusted, gets no request."""
    theirs, _ = tls_pair()

    async def run() -> None:
        async with serving(says_its_number, tls=theirs) as server, proxying() as proxy:
            carrier = Http1Transport(ssl.create_default_context(), httpx.Proxy(proxy.url))
            with pytest.raises(httpx.ConnectError) as caught:
                await bodies(carrier, server.url, 1)
            assert isinstance(caught.value.__cause__, ssl.SSLError)
            await carrier.aclose()
            assert (carrier._open, server.received) == (set(), [])

    runner(run)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), "proxy"),
        (says(b"HTTP/1.1 407 Who are you?\r\n\r\n"), "proxy"),
        (says(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), "connect"),
        (says(b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 9\r\n\r\n"), "connect"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "proxy"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "proxy"),
        (says(b"HTTP/1.1 200 OK\r\n\r\nsurplus"), "proxy"),
        (says(b"HTTP/1.1 200 OK\r\n\r\n"), "connect"),
        (says(b"HTTP/1.1 2"), "connect"),
        (says(b""), "connect"),
        (never_answers, "timeout-connect"),
    ],
    ids=[
        "refuses",
        "wants credentials",
        "cannot connect",
        "times out",
        "is no proxy",
        "answers twice",
        "speaks before TLS",
        "closes the tunnel",
        "closes in its head",
        "closes",
        "is silent",
    ],
)
def test_what_goes_wrong_with_connect_is_typed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: Answer, kind: str
) -> None:
    """A refusal is the proxy's and final; what may pass is 'connect' and is retried. No request is sent."""

    async def run() -> None:
        async with proxying(answer=answer) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", with_credentials(proxy.url))
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            await stage.send(stage.trials("https://127.0.0.1:9/v1"), retries=1, connect_timeout=0.5)

    anyio.run(run)
    assert stage.kinds() == ([kind] if kind == "proxy" else [kind, kind])
    assert PASSWORD not in repr(stage.exchanges)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_repeats_the_credentials_does_not_put_them_on_record(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """In its reason phrase and in the body of a 407. The failure is the proxy's, and it is not retried."""

    async def run() -> None:
        async with serving(says_its_number) as server, proxying(user="another:user") as proxy:
            monkeypatch.setenv("ALL_PROXY", with_credentials(proxy.url))
            url = server.url.replace("http:", f"{scheme}:")
            result = await stage.send(stage.trials(url, 3), retries=2, concurrency=1, give_up_after=2)
            assert BASE64 in proxy.heads[0]
            assert (result.recorded, server.received) == (2, [])
            assert result.stack.carriers[0].name == "http1"
            assert result.stack.carriers[0].proxy == "http"

    anyio.run(run)
    assert {failure.kind.value for one in stage.exchanges if (failure := one.failure)} == {"proxy"}
    assert all(len(one.attempts) == 1 for one in stage.exchanges)
    record = repr(stage.exchanges)
    assert "407" in record
    for secret in (PASSWORD, BASE64, BASE64.rstrip("=")):
        assert secret not in record


@pytest.mark.parametrize("secure_proxy", [False, True], ids=["http proxy", "https proxy"])
@pytest.mark.parametrize("transport", TransportName)
def test_both_carriers_take_the_same_way(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, transport: TransportName, secure_proxy: bool
) -> None:
    """By absolute URL and by tunnel, with the same proxy of the environment, and the same kind for a refusal."""
    authority = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    proxy_tls = theirs if secure_proxy else None
    refusal = says(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    options = {"transport": transport, "retries": 0, "concurrency": 1}

    async def run() -> None:
        async with (
            serving(says_its_number) as plain,
            serving(says_its_number, tls=theirs) as secure,
            proxying(tls=proxy_tls) as proxy,
            proxying(tls=proxy_tls, answer=refusal) as refusing,
        ):
            by = {"proxies": lambda: {"all": proxy.url}}
            for server in (plain, secure):
                await stage.send(stage.trials(server.url), environment=stage.environment(**by), **options)
            assert [head.split(" ")[0] for head in proxy.heads] == ["POST", "CONNECT"]
            by = {"proxies": lambda: {"all": refusing.url}}
            await stage.send(stage.trials(secure.url), environment=stage.environment(**by), **options)

    anyio.run(run)
    assert [one.failure and one.failure.kind.value for one in stage.exchanges] == [None, None, "proxy"]


DIRECT = [
    ("http://api.example/v1", "*"),
    ("http://api.example/v1", "other.example, api.example"),
    ("http://api.example/v1", "example"),
    ("http://API.example./v1", "api.EXAMPLE."),
    ("http://api.example/v1", ".example"),
    ("http://api.example/v1", "*.example"),
    ("http://api.example:8080/v1", "api.example:8080"),
    ("http://api.example/v1", "api.example:80"),
    ("https://api.example/v1", "api.example:443"),
    ("http://api.example/v1", "http://api.example"),
    ("http://api.example/v1", "all://api.example"),
    ("http://10.1.2.3/v1", "10.1.2.3"),
    ("http://10.1.2.3:99/v1", "10.0.0.0/8"),
    ("http://[fd00::1]/v1", "fd00::/8"),
    ("http://[fd00::1]:99/v1", "[fd00::1]:99"),
    ("http://[::1]/v1", "::1"),
    ("http://localhost:99/v1", "localhost,127.0.0.1"),
]
PROXIED = [
    ("http://api.example/v1", ""),
    ("http://api.example/v1", " , "),
    ("http://notexample/v1", "example"),
    ("http://example/v1", ".example"),
    ("http://api.example/v1", "api.example:8080"),
    ("http://api.example:81/v1", "api.example:80"),
    ("http://api.example/v1", "https://api.example"),
    ("http://www.api.example/v1", "http://api.example"),
    ("http://11.1.2.3/v1", "10.0.0.0/8"),
    ("http://api.example/v1", "10.0.0.0/8"),
    ("http://10.1.2.3:98/v1", "10.1.2.3:99"),
]


@pytest.mark.parametrize(("url", "entries"), DIRECT)
def test_no_proxy_covers(url: str, entries: str) -> None:
    """Hosts with their subdomains, subdomains, ports, addresses, networks, schemes, and everything."""
    assert find_proxy(httpx.URL(url), {"all": "http://p:1", "no": entries}) is None


@pytest.mark.parametrize(("url", "entries"), PROXIED)
def test_no_proxy_does_not_cover(url: str, entries: str) -> None:
    """What only looks like it."""
    assert find_proxy(httpx.URL(url), {"all": "http://p:1", "no": entries}) is not None


def test_the_variable_of_the_scheme_comes_first() -> None:
    """Then ALL_PROXY; a proxy without a scheme is an http one; an empty variable is none."""
    https, http = httpx.URL("https://api.example/v1"), httpx.URL("http://api.example/v1")
    both = {"https": "https://secure:1", "all": "all.example:2"}

    def found(url: httpx.URL, proxies: dict[str, str]) -> tuple[str, str] | None:
        route = find_proxy(url, proxies)
        return None if route is None else (str(route.proxy.url), route.variable)

    assert found(https, both) == ("https://secure:1", "HTTPS_PROXY")
    assert found(http, both) == ("http://all.example:2", "ALL_PROXY")
    assert found(http, {"https": "http://p:1"}) is None
    assert found(http, {"http": "", "all": ""}) is None


@pytest.mark.parametrize("text", ["ftp://u:secret-word@h", "http://u:secret-word@", "http://u:secret-word@h:x"])
def test_the_error_for_an_invalid_proxy_shows_no_password(text: str) -> None:
    """It names the variable and what is valid; nor does the route of a valid one print its password."""
    with pytest.raises(ConfigError) as caught:
        find_proxy(httpx.URL("http://h/v1"), {"http": text})
    assert caught.value.where == "HTTP_PROXY"
    assert "secret-word" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "secret-word" not in repr(find_proxy(httpx.URL("http://h/v1"), {"http": "http://u:secret-word@h"}))
