"""The two halves of a run, joined only by its directory: `record` what happens, `conclude` what it means."""

from trueweight.run.bar import bar_of
from trueweight.run.conclude import conclude, evidence, judge, publish
from trueweight.run.look import find_case, find_provider, find_trial, trials_of
from trueweight.run.options import RunOptions
from trueweight.run.record import Recording, open_for_recording, prepare, record, unanswered

__all__ = [
    "Recording",
    "RunOptions",
    "bar_of",
    "conclude",
    "evidence",
    "find_case",
    "find_provider",
    "find_trial",
    "judge",
    "open_for_recording",
    "prepare",
    "publish",
    "record",
    "trials_of",
    "unanswered",
]
