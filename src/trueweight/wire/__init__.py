"""The only network I/O: trials in, exchanges out. Nothing lost, nothing sent twice, times that are true.

A byte comes in at ``connection.data_received``, is stamped and kept by ``capture.body``, and leaves for the disk from
``conversation``, keys redacted.
"""

from trueweight.wire.arrivals import ArrivalKind
from trueweight.wire.environment import Environment
from trueweight.wire.health import Health
from trueweight.wire.loop import run_loop
from trueweight.wire.send import send
from trueweight.wire.settings import EventKind, SendResult, Unsent, WireEvent, WireSettings

__all__ = [
    "ArrivalKind",
    "Environment",
    "EventKind",
    "Health",
    "SendResult",
    "Unsent",
    "WireEvent",
    "WireSettings",
    "run_loop",
    "send",
]
