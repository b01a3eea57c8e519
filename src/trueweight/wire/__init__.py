"""The only network I/O: sends trials and returns exchanges. No trial is lost or sent twice, and times are measured.

A byte arrives at `trueweight.wire.http1.connection.Connection.data_received`, is stamped and kept by
`trueweight.wire.capture.Capture.body`, and is redacted and written from `trueweight.wire.trial_sender.TrialSender`.
"""

from trueweight.wire.carrier import carriers_of
from trueweight.wire.client_stack import CarrierUse, ClientStack
from trueweight.wire.environment import Environment, run_loop
from trueweight.wire.failures import NotHttp
from trueweight.wire.health import Health
from trueweight.wire.ledger import Charge, Ledger, Refusal, RefusalOf, Reservation, SharedLimits
from trueweight.wire.pacing import ArrivalKind, Pacer
from trueweight.wire.retry import asked_wait
from trueweight.wire.send import concurrency_of, send
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
    "Charge",
    "ClientStack",
    "Environment",
    "EventKind",
    "Health",
    "Ledger",
    "NotHttp",
    "Pacer",
    "Refusal",
    "RefusalOf",
    "Reservation",
    "SendResult",
    "SharedLimits",
    "TransportName",
    "Unsent",
    "WireEvent",
    "WireSettings",
    "asked_wait",
    "carriers_of",
    "concurrency_of",
    "remaining_limits",
    "run_loop",
    "send",
]
