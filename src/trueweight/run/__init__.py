"""The two halves of a run, joined only by its directory: `record` what happens, `conclude` what it means."""

from trueweight.run.bar import bar_of
from trueweight.run.client import sessions
from trueweight.run.conclude import conclude, evidence, judge, publish
from trueweight.run.drift import (
    conclude_drift,
    drift_text,
    has_drift,
    known_ladder,
    less,
    prepare_drift,
    record_drift,
    replay_drift,
)
from trueweight.run.join import join_drift
from trueweight.run.look import find_case, find_provider, find_trial, trials_of
from trueweight.run.options import RunOptions
from trueweight.run.record import Recording, open_for_recording, prepare, record, unanswered
from trueweight.run.shards import divide, is_whole, say_division

__all__ = [
    "Recording",
    "RunOptions",
    "bar_of",
    "conclude",
    "conclude_drift",
    "divide",
    "drift_text",
    "evidence",
    "find_case",
    "find_provider",
    "find_trial",
    "has_drift",
    "is_whole",
    "join_drift",
    "judge",
    "known_ladder",
    "less",
    "open_for_recording",
    "prepare",
    "prepare_drift",
    "publish",
    "record",
    "record_drift",
    "replay_drift",
    "say_division",
    "sessions",
    "trials_of",
    "unanswered",
]
