"""Makes the requests of trials, before their clocks start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx

from trueweight import __version__
from trueweight.core import Mode, Protocol, Provider, RequestRecord, Trial
from trueweight.core.exchange import REDACTED
from trueweight.wire.redact import Redactor


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A serialised request. ``headers`` hold the key; ``record`` is for the disk and does not."""

    url: httpx.URL
    headers: httpx.Headers
    body: bytes
    record: RequestRecord
    protocol: Protocol

    def build(self, extensions: dict[str, Any]) -> httpx.Request:
        """An httpx request for one attempt."""
        stream = httpx.ByteStream(self.body)
        return httpx.Request(self.record.method, self.url, headers=self.headers, stream=stream, extensions=extensions)

    def __repr__(self) -> str:
        # The default would show the key in tracebacks that print local variables.
        return f"Outgoing({self.record!r})"


class _RequestHead(NamedTuple):
    """URL and headers, as they are sent and as they are recorded."""

    url: httpx.URL
    headers: httpx.Headers
    recorded_url: str
    recorded_headers: tuple[tuple[str, str], ...]
    sized: dict[int, httpx.Headers]

    def headers_for(self, size: int) -> httpx.Headers:
        """The headers of a body of so many bytes. They are not to be changed: bodies of one size share them."""
        found = self.sized.get(size)
        if found is None:
            if len(self.sized) >= _MOST_SIZES:
                self.sized.clear()
            found = self.sized[size] = self.headers.copy()
            if size:
                found["Content-Length"] = str(size)
        return found


_MOST_SIZES = 1000


class RequestBuilder:
    """Makes a provider's requests. URL and headers take most of the time, so each is made once per mode."""

    def __init__(self, provider: Provider, key: str | None, redactor: Redactor) -> None:
        self._provider = provider
        self._key = key
        self._redactor = redactor
        self._heads: dict[tuple[str, Mode, bool], _RequestHead] = {}

    def outgoing(self, trial: Trial, previous: str = "") -> Outgoing:
        """The serialised request of a trial. ``previous`` is the id of the response that it continues."""
        text = trial.body(previous)
        body = text.encode()
        protocol = trial.protocol
        head = self._head_of(protocol, trial.mode, has_body=bool(body))
        headers = head.headers_for(len(body))
        recorded = self._redactor.request_body(text)
        record = RequestRecord(protocol.method, head.recorded_url, head.recorded_headers, recorded)
        return Outgoing(head.url, headers, body, record, protocol)

    def _head_of(self, protocol: Protocol, mode: Mode, *, has_body: bool) -> _RequestHead:
        found = self._heads.get((protocol.name, mode, has_body))
        if found is None:
            found = self._make_head(protocol, mode, has_body=has_body)
            self._heads[protocol.name, mode, has_body] = found
        return found

    def _make_head(self, protocol: Protocol, mode: Mode, *, has_body: bool) -> _RequestHead:
        address = _address(self._provider, protocol)
        url = httpx.URL(address)
        plain = _headers(self._provider, mode, has_body=has_body)
        host = (("Host", url.netloc.decode("ascii")),)
        of_protocol = _key_headers(self._provider, protocol, self._key)
        recorded = _key_headers(self._provider, protocol, None if self._key is None else REDACTED)
        return _RequestHead(
            url,
            httpx.Headers([*host, *plain, *of_protocol]),
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
