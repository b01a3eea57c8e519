"""Shares the turns of the event loop among connections that bring much at once."""

from __future__ import annotations

import asyncio
from collections import deque


class ReadTurns:
    """Connections that brought much are read again one by one, each in a turn of its own, so that no bytes of others
    wait for more than one large read.

    Without it uvloop reads a fast socket up to 32 times, 8 MB, before it looks at others; and eight such sockets, each
    read once in the same turn, hold up the loop for twelve milliseconds where memory is slow.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Transport] = deque()

    def wait(self, transport: asyncio.Transport) -> None:
        """Stop reading from a transport until it is its turn."""
        transport.pause_reading()
        self._waiting.append(transport)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._read_next)

    def _read_next(self) -> None:
        while self._waiting:
            transport = self._waiting.popleft()
            if not transport.is_closing():
                transport.resume_reading()
                break
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._read_next)
