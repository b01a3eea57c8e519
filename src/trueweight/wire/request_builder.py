"""What goes out: the request of a trial, made once and ready before its clock starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from trueweight import __version__
from trueweight.core import Mode, Protocol, Provider, RequestRecord, Trial
from trueweight.wire.redact import Redactor

_HIDDEN = "[REDACTED]"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A serialised request; ``headers`` hold the key, ``record`` does not."""

    url: httpx.URL
    headers: httpx.Headers
    body: bytes
    record: RequestRecord
    protocol: Protocol

    def build(self, extensions: dict[str, Any]) -> httpx.Request:
        """A fresh httpx request, for one attempt."""
        stream = httpx.ByteStream(self.body)
        return httpx.Request(self.record.method, self.url, headers=self.headers, stream=stream, extensions=extensions)

    def __repr__(self) -> str:
        # The default would print the key into any traceback that shows locals.
        return f"Outgoing({self.record!r})"


class _Letterhead(NamedTuple):
    """URL and headers, as they are sent and as they are shown."""

    url: httpx.URL
    headers: httpx.Headers
    shown_url: str
    shown_headers: tuple[tuple[str, str], ...]


class RequestBuilder:
    """Makes a provider's requests. What they have in common is made once: it costs more than the rest of them."""

    def __init__(self, provider: Provider, key: str | None, redactor: Redactor) -> None:
        self._provider = provider
        self._key = key
        self._redactor = redactor
        self._letterheads: dict[tuple[str, Mode, bool], _Letterhead] = {}

    def outgoing(self, trial: Trial) -> Outgoing:
        """Serialise a trial's request."""
        text = trial.body()
        body = text.encode()
        protocol = trial.protocol
        letterhead = self._letterhead(protocol, trial.mode, has_body=bool(body))
        headers = letterhead.headers.copy()
        if body:
            headers["Content-Length"] = str(len(body))
        record = RequestRecord(
            protocol.method, letterhead.shown_url, letterhead.shown_headers, self._redactor.text(text)
        )
        return Outgoing(letterhead.url, headers, body, record, protocol)

    def _letterhead(self, protocol: Protocol, mode: Mode, *, has_body: bool) -> _Letterhead:
        found = self._letterheads.get((protocol.name, mode, has_body))
        if found is None:
            found = self._make_letterhead(protocol, mode, has_body=has_body)
            self._letterheads[protocol.name, mode, has_body] = found
        return found

    def _make_letterhead(self, protocol: Protocol, mode: Mode, *, has_body: bool) -> _Letterhead:
        url = httpx.URL(f"{self._provider.base_url}{protocol.path}")
        plain = _headers(self._provider, mode, has_body=has_body)
        host = (("Host", url.netloc.decode("ascii")),)
        of_protocol = protocol.headers(self._key)
        shown = protocol.headers(None if self._key is None else _HIDDEN)
        return _Letterhead(
            url,
            httpx.Headers([*host, *plain, *of_protocol]),
            self._redactor.text(f"{self._provider.base_url}{protocol.path}"),
            (*self._redactor.pairs(plain), *shown),
        )


def _headers(provider: Provider, mode: Mode, *, has_body: bool) -> tuple[tuple[str, str], ...]:
    """Compression is refused, so that bytes are stamped as the server wrote them."""
    own = {
        **({"Content-Type": "application/json"} if has_body else {}),
        "Accept": "text/event-stream" if mode is Mode.STREAM else "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"trueweight/{__version__}",
    }
    taken = {name.lower() for name in provider.headers}
    return (*((name, value) for name, value in own.items() if name.lower() not in taken), *provider.headers.items())
