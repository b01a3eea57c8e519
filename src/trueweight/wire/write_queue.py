"""Where finished exchanges are written down: one in each turn of the event loop, so that bytes that arrive meanwhile
never wait for more than one to be written before they are stamped."""

from __future__ import annotations

import anyio
from anyio.lowlevel import cancel_shielded_checkpoint


class WriteQueue:
    """Seats one at a time."""

    def __init__(self) -> None:
        self._seat = anyio.Lock(fast_acquire=True)

    async def turn(self) -> None:
        """Return when it is one's turn: after those who came before, and after what arrived until now."""
        async with self._seat:
            await cancel_shielded_checkpoint()
