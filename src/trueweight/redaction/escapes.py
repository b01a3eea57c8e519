"""Undoes one layer of escapes: JSON, percent, HTML, quoted-printable; and finds where a character was before."""

from __future__ import annotations

import re
from bisect import bisect_right
from html.entities import html5
from itertools import accumulate

ROUNDS = 6
"""Layers that are undone at most: JSON in a percent-encoded URL in an HTML page has three."""

_NAMED = {
    name.rstrip(";").encode(): text.encode()
    for name, text in html5.items()
    if len(text) == 1 and "!" <= text <= "~" and name.endswith(";")
}
# JSON text in a JSON string doubles its backslashes, so a run of any length stands for one, and the nesting of strings
# does not matter. No repetition is nested or unbounded, apart from that run and zeros, which are scanned once.
# It begins with a set of characters, which `re` finds some fifty times as fast as alternatives.
_ESCAPE = re.compile(
    rb"""(?ix)
    [\\%&=] (?:
      (?<=\\) (?<!\\\\) (?: \\*+
          (?: (?P<quote>["'/])
            | u (?: \{ 0*+ | 0{2,6} ) (?P<u>[2-7][0-9a-f]) \}?
            | x (?P<x>[2-7][0-9a-f])
            | 0? (?P<octal>[01][0-7]{2}) )
          | (?P<backslash>\\) \\*+ )
    | (?<=%) (?: u00 )? (?P<percent>[2-7][0-9a-f])
    | (?<=&) (?: \#x 0*+ (?P<hex>[2-7][0-9a-f]) ;?
               | \# 0*+ (?P<decimal>1[0-2][0-9]|[3-9][0-9]) (?![0-9]) ;?
               | (?P<name>[a-z]{2,8}) ; )
    | (?<==) (?P<printable>[2-7][0-9a-f])
    )
    """
)
_KEPT_AS_IS = ("quote", "backslash")
# Any escape of `_ESCAPE` that is not of a quote, slash or backslash, with no attempt to be exact: RE2 finds one fast.
OF_OTHERS = rb"\\(?:u[{0]|x[2-7]|0?[01][0-7]{2})|%(?:u00)?[2-7][0-9a-f]|&(?:#|[a-z]{2,8};)|=[2-7][0-9a-f]"
OF_QUOTES = rb"""\\["'/\\]"""


def may_have_escapes(data: bytes) -> bool:
    """Whether a text has any of the characters that begin an escape."""
    return b"\\" in data or b"%" in data or b"&" in data or b"=" in data


def unescape(data: bytes) -> bytes:
    """The text with its outermost escapes undone, in linear time. What is not printable ASCII stays escaped."""
    return _ESCAPE.sub(_replacement, data)


class SourceMap:
    """Where the characters of an unescaped text are in the escaped one."""

    def __init__(self, data: bytes) -> None:
        undone = [hit.span() for hit in _ESCAPE.finditer(data) if len(_replacement(hit)) < len(hit[0])]
        saved = accumulate((end - start - 1 for start, end in undone), initial=0)
        self._source = undone
        self._at = [start - less for (start, _), less in zip(undone, saved, strict=False)]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the escaped text of a span of the unescaped one that is not empty."""
        return self._of(start)[0], self._of(end - 1)[1]

    def _of(self, position: int) -> tuple[int, int]:
        index = bisect_right(self._at, position) - 1
        if index < 0:
            return position, position + 1
        if self._at[index] == position:
            return self._source[index]
        begin = self._source[index][1] + position - self._at[index] - 1
        return begin, begin + 1


class _Characters(dict[bytes, bytes]):
    """Escape → its character; an escape of something else → itself."""

    def __missing__(self, escape: bytes) -> bytes:
        found = escape
        if (hit := _ESCAPE.fullmatch(escape)) is not None and (kind := hit.lastgroup) is not None:
            if kind in _KEPT_AS_IS:
                found = hit[kind]
            elif kind == "name":
                found = _NAMED.get(hit["name"], escape)
            else:
                code = int(hit[kind], {"decimal": 10, "octal": 8}.get(kind, 16))
                found = bytes((code,)) if 0x20 < code < 0x7F else escape
        if len(escape) < 24 and len(self) < 5000:  # a run of backslashes may be long
            self[escape] = found
        return found


_CHARACTERS = _Characters()


def _replacement(hit: re.Match[bytes]) -> bytes:
    return _CHARACTERS[hit[0]]
