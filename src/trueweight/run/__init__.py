"""The two halves of a run, joined only by its directory: `record` what happens, `conclude` what it means."""

from trueweight.run.conclude import conclude, evidence, publish
from trueweight.run.options import RunOptions
from trueweight.run.record import Recording, open_for_recording, prepare, record, unanswered

__all__ = [
    "Recording",
    "RunOptions",
    "conclude",
    "evidence",
    "open_for_recording",
    "prepare",
    "publish",
    "record",
    "unanswered",
]
