"""A small byte-fallback tokenizer: any text becomes tokens and comes back unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from trueweight.fleet import vocabulary

_CHUNK = re.compile(r" ?\w+|\s+(?= \w)|\s+| ?[^\w\s]+")
_FIRST_BYTE = len(vocabulary.SPECIAL)
_FIRST_PIECE = _FIRST_BYTE + 256

END, START, SEPARATOR, CALL, TEXT, TOOLS = range(len(vocabulary.SPECIAL))

_BYTES: tuple[bytes, ...] = (
    *(b"" for _ in vocabulary.SPECIAL),
    *(bytes([value]) for value in range(256)),
    *(piece.encode() for piece in vocabulary.pieces()),
)
_IDS = {piece: _FIRST_PIECE + at for at, piece in enumerate(vocabulary.pieces())}
_LONGEST = max(map(len, _IDS))

SIZE = len(_BYTES)


def token_bytes(token: int) -> bytes:
    """The bytes a token stands for; nothing for a control token."""
    return _BYTES[token]


def word_tokens() -> tuple[int, ...]:
    """Tokens that are a space and a whole word."""
    return tuple(_IDS[" " + word] for word in vocabulary.words())


def encode(text: str) -> list[int]:
    """Tokens of a text; never a control token."""
    tokens: list[int] = []
    for chunk in _CHUNK.findall(text):
        tokens.extend(_encode_chunk(chunk))
    return tokens


def decode(tokens: Iterable[int]) -> str:
    """Text of tokens. Bytes that are not UTF-8 become U+FFFD; ``decode(encode(s)) == s`` for every string."""
    raw = b"".join(_BYTES[token] for token in tokens)
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


@lru_cache(maxsize=65536)
def _encode_chunk(chunk: str) -> tuple[int, ...]:
    """Greedy longest match, byte by byte where nothing matches."""
    tokens: list[int] = []
    at = 0
    while at < len(chunk):
        for size in range(min(_LONGEST, len(chunk) - at), 0, -1):
            known = _IDS.get(chunk[at : at + size])
            if known is not None:
                tokens.append(known)
                at += size
                break
        else:
            tokens.extend(_FIRST_BYTE + value for value in chunk[at].encode("utf-8", "surrogatepass"))
            at += 1
    return tuple(tokens)
