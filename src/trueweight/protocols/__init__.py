"""Reading: an exchange's bytes become a reply and its times. Pure, lenient, and nothing is repaired."""

from trueweight.protocols.anomalies import Kind
from trueweight.protocols.json_text import MAX_DEPTH, ParsedJson, parse_json
from trueweight.protocols.locate import locate, locate_field, narrow, span_of_content
from trueweight.protocols.reply import read_reply
from trueweight.protocols.sse import SseEvent, read_sse
from trueweight.protocols.timing import timing_of

__all__ = [
    "MAX_DEPTH",
    "Kind",
    "ParsedJson",
    "SseEvent",
    "locate",
    "locate_field",
    "narrow",
    "parse_json",
    "read_reply",
    "read_sse",
    "span_of_content",
    "timing_of",
]
