"""Finds API keys in bytes, in any disguise that a reader undoes, and replaces them by stars.

`trueweight.wire` searches before anything is recorded, and all output is searched again: `for_people`.
"""

from trueweight.redaction.compressed import BodySearch, CleanBody, clean_body
from trueweight.redaction.inflate import MAX_INFLATED
from trueweight.redaction.output import for_people, know_variables, streams_for_people
from trueweight.redaction.patterns import SHORTEST, WINDOW
from trueweight.redaction.process import SearchProcess
from trueweight.redaction.search import KeySearch

__all__ = [
    "MAX_INFLATED",
    "SHORTEST",
    "WINDOW",
    "BodySearch",
    "CleanBody",
    "KeySearch",
    "SearchProcess",
    "clean_body",
    "for_people",
    "know_variables",
    "streams_for_people",
]
