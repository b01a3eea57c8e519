"""A body is cleaned in another process as it is in this one, also when that process cannot be used."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from trueweight.redaction import CleanBody, KeySearch, SearchProcess, clean_body
from trueweight.redaction.inflate import MAX_INFLATED, MOST_MEMBERS

KEY = "sk-a-key-that-is-looked-for"
OTHER = "another-key/with+signs"
HALVES = b"".join(b"data: " + json.dumps({"d": half}).encode() + b"\n\n" for half in (KEY[:13], KEY[13:]))
BODIES: list[tuple[bytes, tuple[str, ...]]] = [
    (b"", ()),
    (b"nothing\n of interest" * 5000, ()),
    (b'{"echo":"' + KEY.encode() + b'"}', ()),
    (HALVES, ()),
    (json.dumps({"echo": OTHER}).replace("/", "\\u002f").encode(), ()),
    (gzip.compress(b"nothing"), ("gzip",)),
    (gzip.compress(KEY.encode()), ("gzip",)),
    (zlib.compress(gzip.compress(KEY.encode())), ("gzip", " Deflate")),
    (b"anything", ("br",)),
    (bytes(range(256)) * 100, ("identity", "")),
]


@pytest.fixture(scope="module")
def process() -> Iterator[SearchProcess]:
    with SearchProcess([KEY, OTHER]) as found:
        yield found


def pid_of(process: SearchProcess) -> int:
    assert process._process is not None
    return process._process.pid


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_the_result_is_that_of_this_process(process: SearchProcess, number: int) -> None:
    """Whatever the body: clean, with keys in any view, compressed, not searchable."""
    body, codings = BODIES[number]
    assert process.clean(body, codings) == clean_body(KeySearch([KEY, OTHER]), body, codings)


def test_a_process_that_ended_is_no_loss(process: SearchProcess) -> None:
    """The body on which it ended is searched here, and the next one in a new process."""
    body = b'{"echo":"' + KEY.encode() + b'"}'
    before = process.clean(body, ())
    assert KEY.encode() not in before.body
    first = pid_of(process)
    os.kill(first, signal.SIGTERM)
    assert process._process is not None
    process._process.wait()
    assert process.clean(body, ()) == before
    assert process.clean(body, ()) == before
    assert pid_of(process) != first


def test_without_another_process_it_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that cannot be started again, as one that is part of a program."""
    for executable in ("", str(Path(__file__).with_name("missing"))):
        monkeypatch.setattr(sys, "executable", executable)
        with SearchProcess([KEY]) as process:
            assert process.clean(KEY.encode(), ()) == CleanBody(b"*" * len(KEY))


@pytest.mark.skipif(sys.platform != "linux", reason="reads a command line from /proc")
def test_the_command_line_has_no_key(process: SearchProcess) -> None:
    """Every user of the machine may read it."""
    process.clean(b"x", ())
    words = Path(f"/proc/{pid_of(process)}/cmdline").read_bytes()
    assert b"redaction" in words
    assert not any(key.encode() in words for key in (KEY, OTHER))


@pytest.mark.parametrize("members", [2, MOST_MEMBERS])
def test_every_member_of_a_gzip_body_is_searched(members: int) -> None:
    """A key in the last one, and no key; the border of two pieces that are read may be anywhere."""
    search = KeySearch([KEY])
    rest = gzip.compress(b"") * (members - 1)
    for last, hidden in ((KEY.encode(), True), (b"nothing", False)):
        body = rest + gzip.compress(last)
        assert clean_body(search, body, ["gzip"]) == CleanBody(b"*" * len(body) if hidden else body, hidden)


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"") * (MOST_MEMBERS + 1),
        gzip.compress(b"\0" * (MAX_INFLATED + 1)),
        gzip.compress(b"") + b"not gzip",
        zlib.compress(b"{}", wbits=-15) + gzip.compress(b"{}"),
        gzip.compress(b"text")[:-8] + b"\xff" * 8,
    ],
    ids=["many members", "large", "followed by something else", "two formats", "damaged"],
)
def test_what_cannot_be_searched_is_replaced(body: bytes) -> None:
    """The limits keep the work linear in the bytes that arrived: each member costs a copy of what is left."""
    assert clean_body(KeySearch([KEY]), body, ["gzip"]) == CleanBody(b"*" * len(body), hidden=True)
