"""Undoes gzip and deflate, piece by piece, up to a size limit."""

from __future__ import annotations

import zlib
from typing import Final

MAX_INFLATED: Final = 8 * 1024 * 1024
"""Most bytes that a compressed body is inflated to."""
MOST_MEMBERS: Final = 10_000
"""Most gzip members of a body. The header and the end of a member cost more than its bytes."""

GZIP: Final = 16 + zlib.MAX_WBITS
ZLIB: Final = zlib.MAX_WBITS
BARE_DEFLATE: Final = -zlib.MAX_WBITS
GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_WITH_MEMBERS: Final = (GZIP, GZIP_OR_ZLIB)
_PIECE: Final = 16 * 1024
"""Bytes that are inflated at once: at the end of each gzip member, zlib copies what is left of them."""


class Inflater:
    """A compressed stream, in time and memory linear in its size.

    Attributes:
        out: what it was inflated to: at most one byte more than `MAX_INFLATED`.
        followed: whether more follows the end of a stream that has no members; it is left out.
    """

    def __init__(self, window: int) -> None:
        self.out = bytearray()
        self.followed = False
        self._window = window
        self._members = 1
        self._stream = zlib.decompressobj(window)

    @property
    def ended(self) -> bool:
        """Whether the stream, or its last member, is whole."""
        return self._stream.eof

    @property
    def too_long(self) -> bool:
        """Whether it has more bytes than `MAX_INFLATED`."""
        return len(self.out) > MAX_INFLATED

    def feed(self, data: bytes) -> None:
        """Inflate more of it; nothing once it is too long.

        Raises:
            zlib.error: it is damaged, is followed by something else than a gzip member, or has too many of them.
        """
        for at in range(0, len(data), _PIECE):
            rest = data[at : at + _PIECE]
            while rest and not self.too_long:
                if self._stream.eof and not self._next_member():
                    return
                self.out += self._stream.decompress(rest, MAX_INFLATED + 1 - len(self.out))
                rest = self._stream.unconsumed_tail or self._stream.unused_data

    def _next_member(self) -> bool:
        if self._window not in _WITH_MEMBERS:
            self.followed = True
            return False
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise zlib.error(f"more than {MOST_MEMBERS} gzip members")
        self._stream = zlib.decompressobj(self._window)
        return True
