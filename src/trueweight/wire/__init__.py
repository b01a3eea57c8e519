"""The only network I/O: trials in, exchanges out. Nothing lost, nothing sent twice, times that are true."""

from trueweight.wire.fire import fire
from trueweight.wire.loop import run_loop
from trueweight.wire.settings import EventKind, FireResult, Unsent, WireEvent, WireSettings
from trueweight.wire.world import World

__all__ = ["EventKind", "FireResult", "Unsent", "WireEvent", "WireSettings", "World", "fire", "run_loop"]
