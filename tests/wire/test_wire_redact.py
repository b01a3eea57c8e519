"""Law 7: a key reaches memory and the wire, and nothing else."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
import re
import secrets
import string
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest
from fault_servers import Stage, Talk, serving
from hypothesis import given
from hypothesis import strategies as st

from records import text_of
from trueweight.core import Attempt, Failure, FailureKind
from trueweight.store import Manifest, RunDir
from trueweight.wire.redact import LONGEST_DETAIL, Redactor

_keys = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=8, max_size=50)
DISGUISES = {
    "plain": lambda key: key,
    "lower": lambda key: key.lower(),
    "url": lambda key: quote(key, safe=""),
    "json": lambda key: json.dumps(key)[1:-1],
    "unicode": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "hex": lambda key: key.encode().hex(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@given(key=_keys, before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_no_disguise_survives_and_no_length_changes(disguise: str, key: str, before: bytes, after: bytes) -> None:
    """Whatever stands around it, the key is gone, and every byte offset stays where it was."""
    form = DISGUISES[disguise](key).encode()
    data = before + form + after
    out = Redactor([key]).data(data)
    assert len(out) == len(data)
    assert form not in out
    assert Redactor([key]).text(data.decode("latin-1")) == out.decode("latin-1")


@given(key=_keys, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_base64_at_any_alignment(key: str, before: bytes, after: bytes) -> None:
    """Basic auth and data URLs carry the key at any of three alignments; too little of it survives to rebuild it."""
    encoded = base64.b64encode(before + key.encode() + after)
    out = Redactor([key]).data(encoded)
    assert len(out) == len(encoded)
    assert out.count(b"*") * 6 >= (len(key) - 4) * 8


def test_what_is_no_key_is_left_alone() -> None:
    """Without keys, or with one too short to be a secret, bytes are what they were."""
    for keys in ([], ["none"], ["EMPTY"]):
        assert Redactor(keys).data(b"none EMPTY \xff") == b"none EMPTY \xff"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("br", lambda data: data[::-1])])
def test_a_compressed_echo_is_replaced_by_stars(encoding: str, pack: object) -> None:
    """A compressed body, although none was asked for, must not carry the key into the record."""
    body = pack(b'{"echo":"key-of-some-length"}')  # type: ignore[operator]
    attempt = Attempt(0, 0, None, 1, 2, 200, "HTTP/1.1", (("Content-Encoding", encoding),), body)
    out = Redactor(["key-of-some-length"]).attempt(attempt)
    assert out.body == b"*" * len(body)
    assert out.failure is not None


@pytest.mark.parametrize("bits", [31, 15, -15])
def test_an_undeclared_compression_is_undone(bits: int) -> None:
    """gzip, zlib and bare deflate are searched also where no header names them; without a key they are left alone."""
    for echo, hidden in ((b"key-of-some-length", True), (b"something else", False)):
        packer = zlib.compressobj(wbits=bits)
        body = packer.compress(b'{"echo":"' + echo + b'", "n": [1, 2, 3, 4, 5, 6]}' * 3) + packer.flush()
        attempt = Attempt(0, 0, None, 1, 2, 200, "HTTP/1.1", (), body)
        out = Redactor(["key-of-some-length"]).attempt(attempt)
        assert out.body == (b"*" * len(body) if hidden else body)


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, lambda data: b"\x28\xb5\x2f\xfd\x04\xff" + data])
def test_a_compression_that_cannot_be_searched_is_replaced(pack: Callable[[bytes], bytes]) -> None:
    """bzip2, xz and zstd without a header that says so."""
    body = pack(b"something else")
    attempt = Attempt(0, 0, None, 1, 2, 200, "HTTP/1.1", (), body)
    assert Redactor(["key-of-some-length"]).attempt(attempt).body == b"*" * len(body)


def test_a_gzip_bomb_is_bounded() -> None:
    """Searching inflates 64 MB at most; a body that holds more is replaced by stars."""
    bomb = gzip.compress(b"\0" * (65 * 1024 * 1024), compresslevel=9)
    attempt = Attempt(0, 0, None, 1, 2, 200, "HTTP/1.1", (("Content-Encoding", "gzip"),), bomb)
    assert Redactor(["key-of-some-length"]).attempt(attempt).body == b"*" * len(bomb)


def test_a_key_echoed_everywhere_never_reaches_the_run_directory(stage: Stage, tmp_path: Path) -> None:
    """A server echoes the key in header names and values, bodies, redirects, errors and garbage: no file holds it."""
    key = "sk-" + secrets.token_urlsafe(24) + '"/+'
    basic = base64.b64encode(f"user:{key}".encode()).decode()

    async def echoes(talk: Talk) -> None:
        got = (talk.request.header("authorization") or "").removeprefix("Bearer ")
        assert got == key
        body = json.dumps({"a": got, "b": quote(got), "c": basic, "d": got.upper()}).encode()
        match talk.number % 5:
            case 0:
                await talk.answer(200, body, X_Echo=got)
            case 1:
                await talk.answer(307, body, Location=f"http://elsewhere/?key={quote(got)}")
            case 2:
                await talk.answer(400, b"\xff" + body, X_Echo=basic)
            case 3:
                await talk.send(f"HTTP/1.1 {got}\r\n\r\n".encode())
                talk.writer.close()
            case _:
                await talk.start_chunks()
                half = len(body) // 3
                await talk.chunk(body[:half])
                await anyio.sleep(0.02)
                await talk.chunk(body[half:])
                talk.reset()

    manifest = Manifest("0", 0, 1, 1, (), (), "now")
    with RunDir.create(tmp_path / "run", manifest, []) as run:

        async def send() -> None:
            async with serving(echoes) as server:
                trials = stage.trials(server.url, 10)
                keys = {"p": key}
                await stage.send(trials, concurrency=1, retries=0, keys=keys, sink=run.append)

        anyio.run(send)
        assert len(run.recorded()) == 10
    fragments = (key, key.lower(), key.upper(), quote(key), quote(key, safe=""), json.dumps(key)[1:-1], basic[8:-8])
    for path in (tmp_path / "run").iterdir():
        data = text_of(path)
        for fragment in (*fragments, json.dumps(json.dumps(key))[3:-3]):
            assert not re.search(re.escape(fragment), data, re.IGNORECASE), (path.name, fragment)
    assert key not in repr(stage.events)


def test_a_key_at_the_place_where_words_are_cut_leaves_no_half() -> None:
    """A failure's words are shortened after the search, or the first half of a key would pass it."""
    key = "sk-a-key-of-some-length"
    failure = Failure(FailureKind.ERROR_IN_BODY, "x" * (LONGEST_DETAIL - 8) + key)
    found = Redactor([key]).attempt(Attempt(0, 0, None, None, 0, failure=failure)).failure
    assert found is not None
    assert found.detail == "x" * (LONGEST_DETAIL - 8) + "*" * 8


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_over_two_values_of_one_header(order: int) -> None:
    """A reader joins them, in one order or the other; the values of another name stay."""
    key = "key-of-some-length-1"
    halves = [key[:10], key[10:]][::order]
    pairs = [("X-Echo", half) for half in halves]
    assert Redactor([key]).pairs([*pairs, ("X-Other", "fine")]) == (
        ("X-Echo", "*" * len(halves[0])),
        ("X-Echo", "*" * len(halves[1])),
        ("X-Other", "fine"),
    )
