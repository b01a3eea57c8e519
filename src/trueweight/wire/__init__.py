"""The only network I/O: trials in, exchanges out. Nothing lost, nothing sent twice, times that are true."""

from trueweight.wire.arrivals import ArrivalKind
from trueweight.wire.fire import fire
from trueweight.wire.health import Health
from trueweight.wire.loop import run_loop
from trueweight.wire.settings import EventKind, FireResult, Unsent, WireEvent, WireSettings
from trueweight.wire.world import World

__all__ = [
    "ArrivalKind",
    "EventKind",
    "FireResult",
    "Health",
    "Unsent",
    "WireEvent",
    "WireSettings",
    "World",
    "fire",
    "run_loop",
]
