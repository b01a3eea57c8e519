"""The exchange line: every byte survives, every line is one line, the published schema is true."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import Attempt, Exchange, Failure, FailureKind, InfrastructureError, Mode, RequestRecord, Stamp
from trueweight.core.schemas import load_schema
from trueweight.store import decode_exchange, encode_exchange
from trueweight.store.encode import line_pieces

# Python strings of lone surrogates never get here: bodies are bytes, headers are decoded from latin-1.
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
_ns = st.integers(0, 10**15)
_pairs = st.lists(st.tuples(_text, _text), max_size=3).map(tuple)
_body = st.one_of(st.binary(max_size=60), st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")))
_attempt = st.builds(
    Attempt,
    waited=_ns,
    t_send=_ns,
    t_connected=st.none() | _ns,
    t_headers=st.none() | _ns,
    t_done=_ns,
    status=st.none() | st.integers(100, 599),
    http_version=st.none() | _text,
    headers=_pairs,
    body=_body,
    stamps=st.lists(st.builds(Stamp, _ns, st.integers(0, 60)), max_size=4).map(tuple),
    failure=st.none() | st.builds(Failure, st.sampled_from(FailureKind), _text),
)
_exchange = st.builds(
    Exchange,
    trial=_text.filter(bool),
    provider=_text,
    suite=_text,
    case=_text,
    repeat=st.integers(0, 9),
    mode=st.sampled_from(Mode),
    started_at=_text,
    request=st.builds(RequestRecord, _text, _text, _pairs, _text),
    attempts=st.lists(_attempt, min_size=1, max_size=3).map(tuple),
    client_limited=st.booleans(),
)
_VALIDATOR = jsonschema.Draft202012Validator(load_schema("exchange"))


@given(_exchange)
def test_what_is_written_is_what_is_read(exchange: Exchange) -> None:
    """Any exchange survives the round trip, in one line that the published schema accepts."""
    line = encode_exchange(exchange)
    assert decode_exchange(line) == exchange
    assert len(line.decode().splitlines()) == 1  # by Python's eager idea of a line end too
    _VALIDATOR.validate(json.loads(line))


@pytest.mark.parametrize("end", [b"", b"\xff", b"\xf0\x9f"], ids=["text", "not text", "cut text"])
def test_a_large_body_is_written_in_pieces(end: bytes) -> None:
    """Characters across the ends of pieces, what is escaped, and small bodies beside it survive."""
    large = ('\u20ac\U0001f600\x7f\u2028"\\ \n' * 40_000).encode() + end
    bodies = (b"small", large, b"\xff a large body \xff", large[1:], b"")
    attempts = tuple(Attempt(0, 0, None, None, 0, body=body) for body in bodies)
    exchange = Exchange("t", "p", "s", "c", 0, Mode.PLAIN, "", RequestRecord("", "", (), "\ud800"), attempts)
    for one in (exchange, replace(exchange, request=RequestRecord("", "", (), ""))):
        pieces = list(line_pieces(one))
        assert max(map(len, pieces)) < len(large)
        assert decode_exchange(b"".join(pieces)) == one
        assert [name for attempt in json.loads(b"".join(pieces))["attempts"] for name in attempt if "body" in name] == [
            "body_base64" if not _is_text(body) else "body" for body in bodies
        ]


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(_body)
def test_a_body_is_text_exactly_when_it_is_utf8(body: bytes) -> None:
    """Only what is not text is base64, so grep works."""
    attempt = Attempt(0, 0, None, None, 0, body=body)
    exchange = Exchange("t", "p", "s", "c", 0, Mode.PLAIN, "", RequestRecord("", "", (), ""), (attempt,))
    stored = json.loads(encode_exchange(exchange))["attempts"][0]
    try:
        text = body.decode()
    except UnicodeDecodeError:
        assert "body" not in stored
    else:
        assert stored["body"] == text


def test_outcome_says_how_the_final_attempt_ended(exchange: Callable[..., Exchange]) -> None:
    """grep finds failures by kind without parsing."""
    assert b'"outcome":"ok"' in encode_exchange(exchange("t"))
    assert b'"outcome":"reset"' in encode_exchange(exchange("t", kind=FailureKind.RESET))


def test_another_version_is_refused_by_name(exchange: Callable[..., Exchange]) -> None:
    """A future format is an error that says so, not a misreading."""
    line = encode_exchange(exchange("t")).replace(b'"v":1', b'"v":3')
    with pytest.raises(InfrastructureError, match="version 3") as caught:
        decode_exchange(line, where="x:3")
    assert (caught.value.code, caught.value.where) == ("run-version", "x:3")


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"v":1}', b"\xff", b"[" * 100_000])
def test_garbage_is_an_error_with_its_place(line: bytes) -> None:
    """No traceback for a damaged file, however it is damaged."""
    with pytest.raises(InfrastructureError) as caught:
        decode_exchange(line, where="x:3")
    assert (caught.value.code, caught.value.where) == ("run-corrupt", "x:3")


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a JSON value that is neither an object nor a list."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))
    else:
        yield path


def spoilt(value: object, path: tuple[str | int, ...], wrong: object) -> object:
    """The same with another value in one place."""
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    copy[path[0]] = spoilt(copy[path[0]], path[1:], wrong)
    return copy


def test_every_field_of_a_wrong_type_is_named(exchange: Callable[..., Exchange]) -> None:
    """Each field in turn, as an object, as a list and as a number with a fraction: one error with its line and path."""
    value = json.loads(encode_exchange(exchange("t", kind=FailureKind.RESET)))
    found = list(places(value))
    assert len(found) > 30
    for path in found:
        if path == ("v",):
            continue  # that is another version, not a wrong type
        named = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        for wrong in ({"x": 1}, [1], 1.5):
            with pytest.raises(InfrastructureError) as caught:
                decode_exchange(json.dumps(spoilt(value, path, wrong)).encode(), where="x:3")
            assert (caught.value.code, caught.value.where) == ("run-corrupt", "x:3")
            assert f"at {named}: " in caught.value.message


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"mode": "x"}, "at $.mode: Invalid enum value 'x'"),
        ({"request": 3}, "at $.request: Expected object, got int"),
        ({"attempts": [{}]}, "at $.attempts[0]: Object missing required field waited"),
        ({"attempts": []}, "at $.attempts: Expected array of length >= 1"),
        ({"repeat": -1}, "at $.repeat: Expected int >= 0"),
        ({"trial": ""}, "at $.trial: Expected str of length >= 1"),
    ],
)
def test_a_value_out_of_range_or_missing_is_named(
    exchange: Callable[..., Exchange], spoil: dict[str, object], says: str
) -> None:
    """As one of a wrong type is."""
    value = json.loads(encode_exchange(exchange("t")))
    with pytest.raises(InfrastructureError) as caught:
        decode_exchange(json.dumps(value | spoil).encode())
    assert says in caught.value.message


def test_an_attempt_without_a_body_is_an_error(exchange: Callable[..., Exchange]) -> None:
    """It has one of two keys, and no default."""
    value = json.loads(encode_exchange(exchange("t")))
    del value["attempts"][0]["body"]
    with pytest.raises(InfrastructureError, match="neither body nor body_base64"):
        decode_exchange(json.dumps(value).encode())


def test_a_lone_surrogate_survives() -> None:
    """No decoder of ours makes one, but a line that has one is read, and written again as it was."""
    request = RequestRecord("POST", "http://h", (("X", "\udc80é"),), "")
    attempt = Attempt(0, 0, None, None, 0, body=b"\xff")
    exchange = Exchange("t", "p", "s", "c", 0, Mode.PLAIN, "", request, (attempt,))
    line = encode_exchange(exchange)
    assert b"\\udc80\xc3\xa9" in line
    assert decode_exchange(line) == exchange


def test_the_schema_refuses_what_is_no_exchange(exchange: Callable[..., Exchange]) -> None:
    """The schema is not so wide that it accepts anything."""
    value = json.loads(encode_exchange(replace(exchange("t"), client_limited=True)))
    for spoil in ({"v": 3}, {"outcome": "fine"}, {"extra": 1}, {"attempts": []}):
        assert not _VALIDATOR.is_valid(value | spoil)
    both = value["attempts"][0] | {"body_base64": ""}
    assert not _VALIDATOR.is_valid(value | {"attempts": [both]})
