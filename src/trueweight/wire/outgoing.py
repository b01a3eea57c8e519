"""What goes out: the request of a trial, made once and ready before its clock starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx

from trueweight import __version__
from trueweight.core import Mode, Provider, RequestRecord, Trial
from trueweight.plan import request_body, request_line
from trueweight.wire.redact import Redactor

_HIDDEN = "Bearer [REDACTED]"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A serialised request; ``headers`` hold the key, ``record`` does not."""

    url: httpx.URL
    headers: tuple[tuple[str, str], ...]
    body: bytes
    record: RequestRecord

    def build(self, extensions: dict[str, Any]) -> httpx.Request:
        """A fresh httpx request, for one attempt."""
        headers = list(self.headers)
        return httpx.Request(self.record.method, self.url, headers=headers, content=self.body, extensions=extensions)

    def __repr__(self) -> str:
        # The default would print the key into any traceback that shows locals.
        return f"Outgoing({self.record!r})"


def outgoing(trial: Trial, key: str | None, redactor: Redactor) -> Outgoing:
    """Serialise a trial's request. Compression is refused so that bytes are stamped as the server wrote them."""
    body = request_body(trial)
    line = request_line(trial.case)
    plain = _headers(trial.provider, trial.mode, body=bool(body))
    url = f"{trial.provider.base_url}{line.path}"
    credential = () if key is None else (("Authorization", f"Bearer {key}"),)
    shown = () if key is None else (("Authorization", _HIDDEN),)
    record = RequestRecord(line.method, redactor.text(url), (*redactor.pairs(plain), *shown), redactor.text(body))
    return Outgoing(_parsed(url), (*plain, *credential), body.encode(), record)


# A handful of URLs, and parsing one costs more than any other step of making a request.
_parsed = lru_cache(256)(httpx.URL)


def _headers(provider: Provider, mode: Mode, *, body: bool) -> tuple[tuple[str, str], ...]:
    own = {
        **({"Content-Type": "application/json"} if body else {}),
        "Accept": "text/event-stream" if mode is Mode.STREAM else "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"trueweight/{__version__}",
    }
    taken = {name.lower() for name in provider.headers}
    return (*((name, value) for name, value in own.items() if name.lower() not in taken), *provider.headers.items())
