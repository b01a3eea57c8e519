"""The only network I/O: sends trials and returns exchanges. No trial is lost or sent twice, and times are measured.

A byte arrives at `trueweight.wire.http1.connection.Connection.data_received`, is stamped and kept by
`trueweight.wire.capture.Capture.body`, and is redacted and written from `trueweight.wire.trial_sender.TrialSender`.
"""

from trueweight.wire.carrier import carriers_of
from trueweight.wire.client_stack import CarrierUse, ClientStack
from trueweight.wire.environment import Environment, run_loop
from trueweight.wire.health import Health
from trueweight.wire.pacing import ArrivalKind
from trueweight.wire.retry import asked_wait
from trueweight.wire.send import send
from trueweight.wire.settings import (
    EventKind,
    SendResult,
    TransportName,
    Unsent,
    WireEvent,
    WireSettings,
    remaining_limits,
)

__all__ = [
    "ArrivalKind",
    "CarrierUse",
    "ClientStack",
    "Environment",
    "EventKind",
    "Health",
    "SendResult",
    "TransportName",
    "Unsent",
    "WireEvent",
    "WireSettings",
    "asked_wait",
    "carriers_of",
    "remaining_limits",
    "run_loop",
    "send",
]
