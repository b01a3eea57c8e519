"""Faults below HTTP, served by a bare socket: broken framing, silence, endless bytes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from trueweight.core import FailureKind
from trueweight.fleet.completion import Abort, Pause, Step, Write
from trueweight.fleet.faults.fault import Fault, fault

_FOR_EVER = 3600.0


class _Raw(Fault):
    raw = True


@fault("aborted", rows=(46,), failures=(FailureKind.RESET,))
class Aborted(_Raw):
    """The connection is reset in the middle of the head."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Reset after half a line."""
        return (Write(b"HTTP/1.1 200 O"), Abort())


@fault("no-http", rows=(46,), failures=(FailureKind.PROTOCOL,))
class NoHttp(_Raw):
    """The server does not speak HTTP."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Send a greeting of another protocol."""
        return (Write(b"220 mail.example ESMTP ready\r\n"),)


@fault("broken-chunks", rows=(46,), failures=(FailureKind.PROTOCOL,))
class BrokenChunks(_Raw):
    """A chunk length of the chunked encoding is not a number."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Break the second chunk."""
        head, *rest = steps
        return (head, *rest[:1], Write(b"zz\r\n{}\r\n"), *rest[1:])


@fault("slow-loris", rows=(46,), failures=(FailureKind.TIMEOUT_TOTAL,))
class SlowLoris(_Raw):
    """The response arrives one byte at a time and never ends."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Wait after each byte of it."""
        data = b"".join(step.data for step in steps if isinstance(step, Write))
        for at in range(len(data) - 1):
            yield Write(data[at : at + 1])
            yield Pause(0.2)
        yield Pause(_FOR_EVER)


@fault("silent", rows=(46,), failures=(FailureKind.TIMEOUT_FIRST_BYTE,))
class Silent(_Raw):
    """The request is read, and no response arrives."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Wait."""
        return (Pause(_FOR_EVER),)


@fault("stalled", rows=(46,), failures=(FailureKind.TIMEOUT_STALL,))
class Stalled(_Raw):
    """A body begins and then stalls."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Stop after the first piece."""
        return (*itertools.islice(steps, 2), Pause(_FOR_EVER))


@fault("endless", rows=(46,), failures=(FailureKind.TOO_LARGE,))
class Endless(_Raw):
    """A body never ends."""

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Send the same comment without end."""
        comment = b": keep-alive\n\n" * 4096
        piece = Write(b"%x\r\n%s\r\n" % (len(comment), comment))
        return itertools.chain(itertools.islice(steps, 2), itertools.repeat(piece))
