"""The digests of a run's replies until they are compared: equal texts once, in a file that is never named.

Paired checks need the digests of one provider, and of the reference, at a time; of a million replies all would not fit
into memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from struct import Struct
from tempfile import SpooledTemporaryFile
from typing import Any, Final

import msgspec

from trueweight.core import Case, ReplyDigest
from trueweight.workflow.judge.lean import row_type

_NAME: Final = 20
"""Characters of the id of a trial."""
_ROW: Final = Struct(f"<{_NAME}sqIbQI")
_IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes of texts from which they are in a file."""
_MOST_KNOWN: Final = 200_000
"""Texts that are found again if another reply has them."""
_AT_ONCE: Final = (None, False, True)
_OWN: Final = ("trial", "case", "repeat", "at_once")
_TEXTS: Final = [name for name in ReplyDigest.__struct_fields__ if name not in _OWN]
_text_of = attrgetter(*_TEXTS)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(row_type(ReplyDigest, _TEXTS)).decode


class DigestStore(Mapping[str, Sequence[ReplyDigest]]):
    """Provider → its digests, in order; read again each time."""

    def __init__(self) -> None:
        self._rows: dict[str, bytearray] = {}
        self._odd: dict[str, dict[int, ReplyDigest]] = {}
        """Those that do not fit into a row, by their place."""
        self._cases: list[Case] = []
        self._case_numbers: dict[int, int] = {}
        self._known: dict[bytes, tuple[int, int]] = {}
        self._texts = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when this is
        self._end = 0

    def add(self, provider: str, digests: Sequence[ReplyDigest]) -> None:
        """Add digests of a provider at the end."""
        rows = self._rows.setdefault(provider, bytearray())
        for one in digests:
            try:
                if len(one.trial) != _NAME:
                    raise struct.error
                at, length = self._text(one)
                at_once = _AT_ONCE.index(one.at_once)
                rows += _ROW.pack(one.trial.encode("ascii"), one.repeat, self._number(one.case), at_once, at, length)
            except (struct.error, UnicodeEncodeError):
                self._odd.setdefault(provider, {})[len(rows) // _ROW.size] = one
                rows += bytes(_ROW.size)

    def _text(self, one: ReplyDigest) -> tuple[int, int]:
        """Where the text of a digest is, and its length."""
        data = _encode(_text_of(one))
        key = blake2b(data, digest_size=16).digest()
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[key] = self._end, len(data)
            self._texts.write(data)
            self._end += len(data)
        return found

    def _number(self, case: Case) -> int:
        number = self._case_numbers.setdefault(id(case), len(self._cases))
        if number == len(self._cases):
            self._cases.append(case)
        return number

    def __getitem__(self, provider: str) -> Sequence[ReplyDigest]:
        rows, odd = self._rows[provider], self._odd.get(provider, {})
        texts: dict[int, tuple[Any, ...]] = {}
        found: list[ReplyDigest] = []
        for place, (trial, repeat, case, at_once, at, length) in enumerate(_ROW.iter_unpack(bytes(rows))):
            if place in odd:
                found.append(odd[place])
                continue
            if at not in texts:
                self._texts.seek(at)
                texts[at] = _decode(self._texts.read(length))
            of_text = dict(zip(_TEXTS, texts[at], strict=True))
            made = ReplyDigest(
                trial=trial.decode("ascii"), case=self._cases[case], repeat=repeat, at_once=_AT_ONCE[at_once], **of_text
            )
            found.append(made)
        self._texts.seek(self._end)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        """Delete the texts."""
        self._texts.close()
