"""Replaces keys that a provider echoes by stars before anything is recorded (law 7).

`trueweight.redaction` finds them; here is what of an attempt is searched, and what becomes of a compressed body. Keys
under eight characters are only left out of the recorded request headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from trueweight.core import Attempt, Failure, FailureKind
from trueweight.redaction import BodySearch, KeySearch, clean_body

LONGEST_DETAIL = 500
"""Characters of a failure's detail that are kept. It is cut only after the search: half a key would not be found."""
_SHORT = 200
_SHORT_BODY = 32 * 1024

Pairs = tuple[tuple[str, str], ...]


class Redactor:
    """Replaces a set of keys by stars. Pure: it may run in any thread."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._search = KeySearch(keys)
        # Most headers of a server are the same in each of its responses.
        self._short = lru_cache(4096)(self._search.text)
        # All providers get the same bodies, at about the same time.
        self._request_body = lru_cache(128)(self._search.text)

    def text(self, text: str) -> str:
        """The text with every key replaced by stars; its length stays."""
        return self._short(text) if len(text) <= _SHORT else self._search.text(text)

    def request_body(self, text: str) -> str:
        """As `text`, for the body of a request."""
        return self._request_body(text) if len(text) <= _SHORT_BODY else self._search.text(text)

    def data(self, data: bytes) -> bytes:
        """The bytes with every key replaced by stars; their number stays."""
        return self._search.data(data)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Headers with every key in a name or a value replaced by stars.

        A reader joins the values of one name, so they are replaced together if, joined, they have a key.
        """
        found = tuple((self.text(name), self.text(value)) for name, value in pairs)
        if len({name.lower() for name, _ in found}) == len(found):
            return found
        by_name: dict[str, list[str]] = {}
        for name, value in found:
            by_name.setdefault(name.lower(), []).append(value)
        split = {name for name, values in by_name.items() if len(values) > 1 and self._is_split(values)}
        return tuple((name, "*" * len(value) if name.lower() in split else value) for name, value in found)

    def _is_split(self, values: Sequence[str]) -> bool:
        return any(self._search.found_in(text.encode()) for text in ("".join(values), "".join(reversed(values))))

    def attempt(self, attempt: Attempt, apart: BodySearch | None = None) -> Attempt:
        """The attempt as it may be recorded.

        Compression is refused in the request. If a server compresses anyway, its body is decompressed for the search,
        and replaced by stars as a whole if it has a key or cannot be searched.

        Args:
            apart: searches the body, instead of this thread.
        """
        if not self._search:
            return self._cut(attempt)
        failure = attempt.failure
        if failure is not None:
            failure = replace(failure, detail=self.text(failure.detail)[:LONGEST_DETAIL])
        codings = _codings(attempt.headers)
        body, hidden = apart.clean(attempt.body, codings) if apart else clean_body(self._search, attempt.body, codings)
        if hidden:
            why = "the compressed body echoes the key, or cannot be searched for it, and was replaced by stars"
            failure = failure or Failure(FailureKind.PROTOCOL, why)
        headers = self.pairs(attempt.headers)
        version = attempt.http_version and self.text(attempt.http_version)
        if (headers, body, failure, version) == (attempt.headers, attempt.body, attempt.failure, attempt.http_version):
            return attempt
        return replace(attempt, headers=headers, body=body, failure=failure, http_version=version)

    def _cut(self, attempt: Attempt) -> Attempt:
        failure = attempt.failure
        if failure is None or len(failure.detail) <= LONGEST_DETAIL:
            return attempt
        return replace(attempt, failure=replace(failure, detail=failure.detail[:LONGEST_DETAIL]))


def _codings(headers: Pairs) -> list[str]:
    found = [value for name, value in headers if name.lower() == "content-encoding"]
    return ",".join(found).split(",") if found else []
