"""``read_reply``: bodies by what they are, deltas added up, nothing repaired."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from handmade import SSE_TYPE, call, chunk, exchange, kinds, message, plain, sse, stream, usage_chunk

from trueweight.core import Failure, FailureKind, Finish, Mode
from trueweight.protocols import read_reply
from trueweight.protocols.body import MAX_UNPACKED


def part(index: int | None = 0, name: str | None = None, arguments: str | None = None, **fields: object) -> dict:
    """A tool-call fragment with just the given fields."""
    function = {k: v for k, v in {"name": name, "arguments": arguments}.items() if v is not None}
    return ({} if index is None else {"index": index}) | fields | {"function": function}


def test_a_healthy_plain_reply_reads_without_anomaly() -> None:
    """All fields of a plain body are taken as they are."""
    reply = read_reply(plain(message(content="hi", reasoning_content="hm")))
    assert (reply.content, reply.reasoning, reply.reasoning_field) == ("hi", "hm", "reasoning_content")
    assert (reply.finish, reply.finish_text, reply.usage.output) == (Finish.STOP, "stop", 5)
    assert (len(reply.choices), reply.streamed) == (1, False)
    assert reply.anomalies == ()


def test_a_thought_in_parts_of_the_content_is_read() -> None:
    """As Mistral's API sends it, plain and in a stream: thought and answer apart, and the type is odd all the same."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    parts = [thought, {"type": "text", "text": "hi"}]
    for made in (plain(message(content=parts)), stream([chunk(content=[part]) for part in parts] + [chunk("stop")])):
        reply = read_reply(made)
        assert (reply.content, reply.reasoning, reply.reasoning_field) == ("hi", "hm", "content[].thinking")
        assert any("content" in str(one) for one in reply.anomalies)
    assert read_reply(plain(message(content="hi", thinking="hm"))).reasoning == "hm"


def test_a_healthy_stream_reads_without_anomaly() -> None:
    """Role-only first delta, comments, extra fields, a usage-only last chunk: none of it is odd."""
    documents = [
        chunk(role="assistant"),
        chunk(content="he") | {"x": 1},
        chunk(content="y"),
        chunk("stop"),
        usage_chunk(),
    ]
    body = b": keep-alive\n\n" + sse(documents)
    reply = read_reply(exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE))
    assert (reply.content, reply.finish, reply.done, reply.usage.input) == ("hey", "stop", True, 10)
    assert reply.anomalies == ()


def test_a_name_of_an_event_is_odd_where_its_data_does_not_have_it() -> None:
    """Chunks of chat completions have no names; other APIs write each event's name into its data too."""
    body = sse([chunk(content="hi"), chunk("stop")])
    assert kinds(exchange(b"event: delta\n" + body, mode=Mode.STREAM, content_type=SSE_TYPE)) == ["sse-named"]
    named = b'event: note\ndata: {"type":"note"}\n\n'
    assert "sse-named" not in kinds(exchange(named + body, mode=Mode.STREAM, content_type=SSE_TYPE))


def test_fragments_of_calls_add_up() -> None:
    """A call streamed in pieces, and one that came in a single delta, read like any client would read them."""
    documents = [
        chunk(tool_calls=[part(0, "f", "", id="a", type="function")]),
        chunk(tool_calls=[part(0, None, '{"x"')]),
        chunk(tool_calls=[part(0, None, ":1}")]),
        chunk(tool_calls=[part(1, "g", "{}", id="b", type="function")]),
        chunk("tool_calls"),
    ]
    made = stream(documents)
    calls = read_reply(made).calls
    assert [(c.id, c.name, c.arguments, c.index, c.fragments) for c in calls] == [
        ("a", "f", '{"x":1}', 0, 3),
        ("b", "g", "{}", 1, 1),
    ]
    assert kinds(made) == []


def test_parallel_calls_that_share_index_0_stay_two() -> None:
    """A new id under a used index is another call, and its anomaly stands beside it."""
    made = stream(
        [chunk(tool_calls=[part(0, "f", '{"a":1}', id="a")]), chunk(tool_calls=[part(0, "f", '{"a":2}', id="b")])]
    )
    assert [c.arguments for c in read_reply(made).calls] == ['{"a":1}', '{"a":2}']
    assert "index-shared" in kinds(made)


def test_a_missing_index_stays_missing() -> None:
    """Without an index, an id or a name begins a call and anything else continues the last one."""
    made = stream(
        [
            chunk(tool_calls=[part(None, "f", "", id="a")]),
            chunk(tool_calls=[part(None, None, "{}")]),
            chunk(tool_calls=[part(None, "g", "{}", id="b")]),
        ]
    )
    assert [(c.name, c.index, c.arguments) for c in read_reply(made).calls] == [
        ("f", None, "{}"),
        ("g", None, "{}"),
    ]
    assert kinds(made).count("index-missing") == 3


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [(None, "arguments-null"), ({"a": 1}, "arguments-not-text"), (..., "arguments-absent")],
)
def test_arguments_that_are_not_text_stay_none(arguments: object, kind: str) -> None:
    """Absent, null and non-text arguments are told apart, and none of them becomes ``{}``."""
    made_call = call(arguments=arguments if arguments is not ... else "")
    if arguments is ...:
        del made_call["function"]["arguments"]
    made = plain(message("tool_calls", tool_calls=[made_call]))
    assert read_reply(made).calls[0].arguments is None
    assert kinds(made) == [kind]


@pytest.mark.parametrize(
    ("documents", "kind"),
    [
        ([chunk(tool_calls=[part(0, "f", "{", id="a")]), chunk(tool_calls=[{"index": 0, "id": None, "function": {}}])],
         "null-in-continuation"),
        ([chunk(tool_calls=[part(0, "f", "{", id="a")]), chunk(tool_calls=[part(0, "f", "}")])], "name-repeated"),
        ([chunk(tool_calls=[part(None, None, "{}")])], "fragment-orphan"),
        ([chunk(content="a") | {"usage": {"prompt_tokens": 1}}, usage_chunk()], "usage-everywhere"),
        ([chunk() | {"choices": []}], "choices-empty"),
        ([chunk("stop"), chunk("stop")], "finish-twice"),
        ([chunk("stop"), chunk(content="x")], "text-after-finish"),
        ([chunk(content="a"), chunk(content="b") | {"id": "other"}], "id-changes"),
        ([chunk(reasoning="a", reasoning_content="a")], "reasoning-two-fields"),
        ([chunk(content=["a"])], "wrong-type"),
        ([chunk(function_call={"name": "f"})], "legacy-function-call"),
        ([{"choices": [{"index": 0, "message": {"content": "x"}}]}], "message-in-chunk"),
        ([[1]], "not-an-object"),
    ],
)  # fmt: skip
def test_each_oddity_of_a_stream_has_its_name(documents: list, kind: str) -> None:
    """One oddity in the chunks, one anomaly of that kind."""
    assert kinds(stream(documents)).count(kind) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"a":' * 500 + "1" + "}" * 500, "json-deep"),
        ('{"a":NaN}', "json-nan"),
        ('{"a":1,"a":2}', "json-duplicate-key"),
        ('{"a":' + "9" * 5000 + "}", "json-huge-number"),
        ('{"a":1e999}', "json-huge-number"),
        ('{"a":"\\ud83d"}', "json-lone-surrogate"),
        ("{", "sse-bad-json"),
    ],
)
def test_hostile_json_is_named_in_stream_and_plain(text: str, kind: str) -> None:
    """Depth, numbers, keys and halves of code points cannot raise, whichever way they come."""
    assert kind in kinds(exchange(f"data: {text}\n\n".encode(), mode=Mode.STREAM, content_type=SSE_TYPE))
    assert kind.replace("sse-bad-json", "json-bad") in kinds(exchange(text.encode()))


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (plain(message(content="x"), mode=Mode.STREAM), "stream-ignored"),
        (exchange(sse([chunk(content="x")])), "stream-unasked"),
        (exchange(sse([chunk(content="x")]), mode=Mode.STREAM), "content-type-mismatch"),
        (exchange(b"<!DOCTYPE html><p>", content_type="text/html"), "body-html"),
        (exchange(b""), "body-empty"),
        (plain(message(content="x"), content_type=None), "content-type-missing"),
        (exchange(b'{"a":"\xff"}'), "bad-utf8"),
        (plain(message(content="x"), headers={"Content-Encoding": "br"}), "encoding-unknown"),
        (stream([chunk(content="x")], done=False), "done-missing"),
        (exchange(sse([]) + sse([chunk()]), mode=Mode.STREAM, content_type=SSE_TYPE), "data-after-done"),
    ],
)
def test_a_body_is_read_by_what_it_is(made: object, kind: str) -> None:
    """Headers and mode that do not fit the body are anomalies, never a crash."""
    assert kind in kinds(made)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:])),
    ],
)
def test_a_compressed_body_is_unpacked_and_its_times_kept(encoding: str, pack: object) -> None:
    """A body that the server compressed reads as if it had not, byte times included, and says so."""
    packed = pack(sse([chunk(content="héllo")]))
    made = exchange(
        packed,
        mode=Mode.STREAM,
        content_type=SSE_TYPE,
        headers={"Content-Encoding": encoding},
        cuts=range(1, len(packed)),
        times=range(5000, 5000 + len(packed)),
    )
    reply = read_reply(made)
    assert reply.content == "héllo"
    assert [a.kind for a in reply.anomalies] == ["compressed"]
    assert all(5000 <= event.ns < 5000 + len(packed) for event in reply.events)


def test_a_gzip_bomb_is_read_up_to_the_limit() -> None:
    """What a body unpacks to is bounded; what was cut is said."""
    bomb = gzip.compress(b" " * (MAX_UNPACKED + 10))
    reply = read_reply(exchange(bomb, headers={"Content-Encoding": "gzip"}))
    assert len(reply.body) == MAX_UNPACKED
    assert "compressed-too-large" in [a.kind for a in reply.anomalies]


def test_a_cut_gzip_body_is_named() -> None:
    """A compressed body that ends early is damaged, not silently short."""
    assert "compressed-bad" in kinds(exchange(gzip.compress(b"x" * 999)[:-9], headers={"Content-Encoding": "gzip"}))


def test_anomalies_of_one_kind_are_bounded() -> None:
    """A body of nothing but oddities cannot fill the memory with them."""
    assert (
        kinds(exchange(b"junk\n" * 5000 + b"data: {}\n\n", mode=Mode.STREAM, content_type=SSE_TYPE)).count(
            "sse-not-a-field"
        )
        == 100
    )


@pytest.mark.parametrize(
    "document",
    [{"error": {"message": "no"}}, {"object": "error", "message": "no"}],
)
def test_an_error_is_found_in_body_and_stream(document: dict) -> None:
    """The error object of a body, or of an event in a stream, is the reply's error."""
    assert "no" in json.dumps(read_reply(plain(document, status=400)).error)
    assert "no" in json.dumps(read_reply(stream([chunk(content="x"), document])).error)


def test_an_exchange_without_an_answer_cannot_be_read() -> None:
    """Only what the server answered is read; a transport failure is refused."""
    made = plain(message())
    attempt = type(made.final)(0, 0, None, None, 1, failure=Failure(FailureKind.RESET))
    failed = type(made)(*(getattr(made, name) for name in made.__slots__[:8]), attempts=(attempt,))
    with pytest.raises(ValueError, match="brought no answer"):
        read_reply(failed)
