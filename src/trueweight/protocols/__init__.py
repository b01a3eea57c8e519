"""One folder per API shape, and the code for reading bodies that they share. All of it is pure, and repairs nothing.

Other packages get a protocol from `trueweight.core.PROTOCOLS`, and read replies with the functions here.
"""

from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.body import Body
from trueweight.protocols.error_text import ErrorText, read_error
from trueweight.protocols.errors import error_in
from trueweight.protocols.json_text import MAX_DEPTH, ParsedJson, parse_json, preview_json, write_json
from trueweight.protocols.locate import locate, locate_field, locate_noun, narrow, span_of_content, spans_of_all_content
from trueweight.protocols.reading import Assembler, cost_of, read_reply, read_with
from trueweight.protocols.sse import SseEvent, read_sse
from trueweight.protocols.thought import IN_CONTENT
from trueweight.protocols.timing import StreamShape, shape_of, timing_by_shape, timing_of

__all__ = [
    "IN_CONTENT",
    "MAX_DEPTH",
    "Anomalies",
    "Assembler",
    "Body",
    "ErrorText",
    "Kind",
    "ParsedJson",
    "SseEvent",
    "StreamShape",
    "cost_of",
    "error_in",
    "locate",
    "locate_field",
    "locate_noun",
    "narrow",
    "parse_json",
    "preview_json",
    "read_error",
    "read_reply",
    "read_sse",
    "read_with",
    "shape_of",
    "span_of_content",
    "spans_of_all_content",
    "timing_by_shape",
    "timing_of",
    "write_json",
]
