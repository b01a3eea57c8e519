"""The kinds of anomalies: deviations of a reply from its API."""

from __future__ import annotations

from enum import StrEnum

from trueweight.core import Anomaly, Span

_KEPT_PER_KIND = 100


class Kind(StrEnum):
    """Kind of an anomaly: the name that findings and reports show, and what it means."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Kind:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # The body as a whole.
    BODY_EMPTY = "body-empty", "the body has no bytes"
    BODY_HTML = "body-html", "the body is an HTML page"
    BAD_UTF8 = "bad-utf8", "bytes that are not UTF-8"
    COMPRESSED = "compressed", "the server compressed the body"
    COMPRESSED_BAD = "compressed-bad", "the compressed body is damaged or cut"
    COMPRESSED_TOO_LARGE = "compressed-too-large", "the body unpacks to more than the limit, and was read up to it"
    ENCODING_UNKNOWN = "encoding-unknown", "a Content-Encoding that was not asked for and cannot be read"
    CONTENT_TYPE_MISSING = "content-type-missing", "no Content-Type header"
    CONTENT_TYPE_MISMATCH = "content-type-mismatch", "the Content-Type names another format than the body has"
    STREAM_IGNORED = "stream-ignored", "a stream was asked for, and one body came"
    STREAM_UNASKED = "stream-unasked", "one body was asked for, and a stream came"

    # Server-sent events.
    SSE_BOM = "sse-bom", "the stream starts with a byte order mark"
    SSE_CRLF = "sse-crlf", "lines end in CR LF"
    SSE_CR = "sse-cr", "lines end in a lone CR"
    SSE_MULTI_LINE = "sse-multi-line", "one event spread over several data lines"
    SSE_NOT_A_FIELD = "sse-not-a-field", "a line that is no field of server-sent events"
    SSE_EMPTY_DATA = "sse-empty-data", "an event with empty data"
    SSE_NAMED = "sse-named", "an event with a name that its data does not have"
    SSE_UNTERMINATED = "sse-unterminated", "the last event lacks the blank line that ends it"
    SSE_BAD_JSON = "sse-bad-json", "an event's data is not JSON"
    SSE_MANY = "sse-many", "a stream of more tiny events or lines than any answer has; the rest was not read"
    SSE_UNREAD = "sse-unread", "a stream of more events than are read; the rest was not read, and it is not judged"
    DONE_MISSING = "done-missing", "the stream ends without the event that its API ends with"
    DATA_AFTER_DONE = "data-after-done", "events after the one that ends the stream"

    # JSON.
    JSON_BAD = "json-bad", "a plain body that is not one JSON document"
    JSON_DEEP = "json-deep", "JSON nested deeper than the limit; it was not parsed"
    JSON_LARGE = "json-large", "JSON with more values or text than is read of one reply; it is not judged"
    JSON_DUPLICATE_KEY = "json-duplicate-key", "an object with the same key twice; the last one was taken"
    JSON_NAN = "json-nan", "NaN or Infinity, which JSON does not have"
    JSON_HUGE_NUMBER = "json-huge-number", "a number beyond what any client can hold"
    JSON_LONE_SURROGATE = "json-lone-surrogate", "half of a UTF-16 pair, as when a code point is split between chunks"

    # Shape of responses and chunks.
    NOT_AN_OBJECT = "not-an-object", "JSON, but not an object"
    WRONG_TYPE = "wrong-type", "a field with a value of another type than the API's"
    CHOICES_MISSING = "choices-missing", "no choices array"
    CHOICES_EMPTY = "choices-empty", "choices is empty though there is neither usage nor an error"
    CHOICES_MANY = "choices-many", "more choices than an API gives; the others were not read"
    CHOICE_INDEX_MISSING = "choice-index-missing", "a choice without an index; read as choice 0"
    MESSAGE_IN_CHUNK = "message-in-chunk", "a chunk with a message where a delta belongs"
    ID_CHANGES = "id-changes", "chunks of one response with different ids"
    MODEL_CHANGES = "model-changes", "chunks of one response with different models"
    FINISH_BLANK = "finish-blank", "a finish reason that is an empty text where null belongs"
    FINISH_TWICE = "finish-twice", "a second finish reason for the same choice"
    TEXT_AFTER_FINISH = "text-after-finish", "tokens after the finish reason"
    USAGE_EVERYWHERE = "usage-everywhere", "usage on chunks before the end, not only on the last"
    REASONING_TWO_FIELDS = "reasoning-two-fields", "reasoning sent under both names at once; reasoning_content was read"

    # Tool calls.
    INDEX_MISSING = "index-missing", "a streamed tool-call fragment without an index"
    INDEX_SHARED = "index-shared", "a second tool call under an index that is taken"
    CALL_ID_CHANGES = "call-id-changes", "a fragment that continues a call under another id"
    FRAGMENT_ORPHAN = "fragment-orphan", "a continuation of a tool call that never began"
    NULL_IN_CONTINUATION = "null-in-continuation", "explicit null for id, type or name in a continuing fragment"
    NAME_REPEATED = "name-repeated", "the function name sent again in a continuing fragment"
    NAME_LATE = "name-late", "the function name after the arguments have begun"
    ARGUMENTS_ABSENT = "arguments-absent", "a call whose arguments never came"
    ARGUMENTS_NULL = "arguments-null", "a call whose arguments are null"
    ARGUMENTS_NOT_TEXT = "arguments-not-text", "arguments as a JSON value where the API has JSON text"
    CALLS_MANY = "calls-many", "more tool calls than are read of one choice; the others were not read"
    LEGACY_FUNCTION_CALL = "legacy-function-call", "function_call, which tool_calls replaced"


class Anomalies:
    """Collects anomalies, at most 100 of each kind, so that a hostile body cannot fill the memory."""

    def __init__(self) -> None:
        self._kept: list[Anomaly] = []
        self._count: dict[Kind, int] = {}
        self._choice: int | None = None

    def of_choice(self, index: int) -> Anomalies:
        """A collector that adds to the same list, and marks its anomalies as those of one choice."""
        own = Anomalies()
        own._kept, own._count, own._choice = self._kept, self._count, index
        return own

    def add(self, kind: Kind, detail: str = "", span: Span | None = None) -> None:
        """Keep one anomaly, unless 100 of its kind are kept."""
        number = self._count[kind] = self._count.get(kind, 0) + 1
        if number <= _KEPT_PER_KIND:
            self._kept.append(Anomaly(kind.value, detail or kind.meaning, span, self._choice))

    def in_order(self) -> tuple[Anomaly, ...]:
        """The anomalies in order of their place in the body; those of the whole body last."""
        return tuple(sorted(self._kept, key=lambda a: (a.span is None, a.span or (0, 0))))
