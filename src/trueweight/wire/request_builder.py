"""Makes the requests of trials, before their clocks start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx

from trueweight import __version__
from trueweight.core import Mode, Protocol, Provider, RequestRecord, Trial
from trueweight.core.exchange import REDACTED
from trueweight.wire.http1 import RequestHead
from trueweight.wire.redact import Redactor


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A serialised request. ``head`` holds the key; ``record`` is for the disk and does not."""

    head: RequestHead
    body: bytes
    record: RequestRecord
    protocol: Protocol

    def build(self, extensions: dict[str, Any]) -> httpx.Request:
        """An httpx request for one attempt."""
        head, stream = self.head, httpx.ByteStream(self.body)
        return httpx.Request(head.method, head.url, headers=head.headers, stream=stream, extensions=extensions)

    def __repr__(self) -> str:
        # The default would show the key in tracebacks that print local variables.
        return f"Outgoing({self.record!r})"


class _Heads(NamedTuple):
    """The heads of requests that differ in the size of their bodies, as they are sent and as they are recorded."""

    bare: RequestHead
    recorded_url: str
    recorded_headers: tuple[tuple[str, str], ...]
    sized: dict[int, RequestHead]

    def of_size(self, size: int) -> RequestHead:
        """The head of a body of so many bytes."""
        found = self.sized.get(size)
        if found is None:
            if len(self.sized) >= _MOST_SIZES:
                self.sized.clear()
            headers = self.bare.headers.copy()
            if size:
                headers["Content-Length"] = str(size)
            found = self.sized[size] = RequestHead(self.bare.method, self.bare.url, headers)
        return found


_MOST_SIZES = 1000


class RequestBuilder:
    """Makes a provider's requests. URL and headers take most of the time, so each is made once per mode."""

    def __init__(self, provider: Provider, key: str | None, redactor: Redactor) -> None:
        self._provider = provider
        self._key = key
        self._redactor = redactor
        self._heads: dict[tuple[str, Mode, bool], _Heads] = {}

    def outgoing(self, trial: Trial, previous: str = "") -> Outgoing:
        """The serialised request of a trial. ``previous`` is the id of the response that it continues."""
        text = trial.body(previous)
        body = text.encode()
        protocol = trial.protocol
        heads = self._heads_of(protocol, trial.mode, has_body=bool(body))
        recorded = self._redactor.request_body(text)
        record = RequestRecord(protocol.method, heads.recorded_url, heads.recorded_headers, recorded)
        return Outgoing(heads.of_size(len(body)), body, record, protocol)

    def _heads_of(self, protocol: Protocol, mode: Mode, *, has_body: bool) -> _Heads:
        found = self._heads.get((protocol.name, mode, has_body))
        if found is None:
            found = self._heads[protocol.name, mode, has_body] = self._make_heads(protocol, mode, has_body=has_body)
        return found

    def _make_heads(self, protocol: Protocol, mode: Mode, *, has_body: bool) -> _Heads:
        address = _address(self._provider, protocol)
        url = httpx.URL(address)
        plain = _headers(self._provider, mode, has_body=has_body)
        host = (("Host", url.netloc.decode("ascii")),)
        of_protocol = _key_headers(self._provider, protocol, self._key)
        recorded = _key_headers(self._provider, protocol, None if self._key is None else REDACTED)
        return _Heads(
            RequestHead(protocol.method, url, httpx.Headers([*host, *plain, *of_protocol])),
            self._redactor.text(address),
            (*self._redactor.pairs(plain), *recorded),
            {},
        )


def _address(provider: Provider, protocol: Protocol) -> str:
    query = f"?{urlencode(provider.query)}" if provider.query else ""
    return f"{protocol.base_url(provider)}{protocol.path}{query}"


def _key_headers(provider: Provider, protocol: Protocol, key: str | None) -> tuple[tuple[str, str], ...]:
    """The API's headers that the provider's entry does not replace, with the key in the header that the entry names; as
    Bearer in Authorization."""
    replaced = {name.lower() for name in provider.headers}
    headers = tuple(pair for pair in protocol.headers(key) if pair[0].lower() not in replaced)
    named = provider.key_header
    if key is None or named is None:
        return headers
    value = f"Bearer {key}" if named.lower() == "authorization" else key
    return (*(pair for pair in headers if key not in pair[1]), (named, value))


def _headers(provider: Provider, mode: Mode, *, has_body: bool) -> tuple[tuple[str, str], ...]:
    """Our headers, then the provider's. Compression is refused, so that bytes are stamped as the server wrote them."""
    own = {
        **({"Content-Type": "application/json"} if has_body else {}),
        "Accept": "text/event-stream" if mode is Mode.STREAM else "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"trueweight/{__version__}",
    }
    taken = {name.lower() for name in provider.headers}
    return (*((name, value) for name, value in own.items() if name.lower() not in taken), *provider.headers.items())
