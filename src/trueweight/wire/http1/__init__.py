"""HTTP/1.1 on asyncio, behind httpx's transport interface: chunks are stamped in the call that reads the socket.

README.md beside this file says why it exists, what it gains, what it leaves out and how to switch it off.
"""

from trueweight.wire.http1.connection import ReadTurns
from trueweight.wire.http1.request import RequestHead
from trueweight.wire.http1.response import DisconnectedError, Listener, NotHttpError, SendListener, StoppedError
from trueweight.wire.http1.transport import KEEPALIVE, Http1Transport

__all__ = [
    "KEEPALIVE",
    "DisconnectedError",
    "Http1Transport",
    "Listener",
    "NotHttpError",
    "ReadTurns",
    "RequestHead",
    "SendListener",
    "StoppedError",
]
