"""Standard output and error that always can be written to: any encoding, a reader that has gone, a closed stream."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TextIO, cast

from trueweight.core import InfrastructureError

_PLAIN: Final = str.maketrans(
    {
        "✓": "+", "✕": "x", "—": "-", "–": "-", "−": "-", "…": "...", "≤": "<=", "≥": ">=", "→": "->", "·": ".",
        "“": '"', "”": '"', "«": '"', "»": '"', "≠": "!=", "±": "+-", "×": "x", "∅": "0", "⌁": "!", "⟦": "[", "⟧": "]",
        "│": "|", "┌": "+", "─": "-", "⧗": "~", "⟨": "<", "⟩": ">", "▲": "^", "▼": "v", "≈": "~", "‹": "<", "›": ">",
        "␡": "?", "\u2009": " ", "\u202f": " ",
    }
)  # fmt: skip
"""What stands for our own characters in an encoding that lacks them."""
_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN, errno.EINVAL, errno.EBADF})
"""The reader has closed the stream. Windows says EINVAL of a closed pipe."""


def encodable(text: str, encoding: str) -> str:
    """The text in characters that the encoding has: a plain one for each of ours, an escape for any other."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        kept = "".join(one if _has(encoding, one) else one.translate(_PLAIN) for one in text)
        return kept.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


class _Tolerant:
    """A text or byte stream. After its reader has gone, what is written is dropped, and the command goes on."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name
        self._is_gone = False

    def write(self, data: Any) -> int:
        """Write it; its length.

        Raises:
            InfrastructureError: ``output-disk`` if the stream is a file on a full disk, for example.
        """
        if isinstance(data, str):
            data = encodable(data, getattr(self._stream, "encoding", None) or "utf-8")
        self._carry_out(lambda: self._stream.write(data))
        return len(data)

    def flush(self) -> None:
        """Flush it; errors as in `write`."""
        self._carry_out(self._stream.flush)

    def _carry_out(self, call: Any) -> None:
        if self._is_gone:
            return
        try:
            call()
        except OSError as error:
            if error.errno in _GONE:
                self.discard()
            else:
                raise InfrastructureError(
                    f"cannot write to {self._name}: {error.strerror or error}",
                    code="output-disk",
                    hint="The run directory is complete; its summary.json and report.html say the same.",
                ) from None

    def discard(self) -> None:
        """Let the rest go nowhere, so that the flush at the end of the process cannot fail."""
        self._is_gone = True
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    @property
    def buffer(self) -> _Tolerant:
        """The bytes beneath."""
        return _Tolerant(self._stream.buffer, self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def tolerant_streams() -> Iterator[None]:
    """Make standard output and error tolerant in the block. A stream that is closed goes nowhere."""
    _occupy_closed_descriptors()
    before = sys.stdout, sys.stderr
    nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    names = ("standard output", "standard error")
    tolerant = [
        _Tolerant(nowhere if stream is None else stream, name) for stream, name in zip(before, names, strict=True)
    ]
    sys.stdout, sys.stderr = (cast("TextIO", stream) for stream in tolerant)
    try:
        yield
    finally:
        for stream in tolerant:
            try:
                stream.flush()
            except InfrastructureError:
                stream.discard()
        sys.stdout, sys.stderr = before
        nowhere.close()


def _occupy_closed_descriptors() -> None:
    """Open the null device at each of 0, 1 and 2 that is closed: a file of the run could get it, and then output."""
    with suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(descriptor)
