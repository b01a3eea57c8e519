"""No view that a reader may have of a body shows a key, or twelve of its characters in a row."""

from __future__ import annotations

import base64
import html
import json
import os
import random
import secrets
import string
import sys
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.redaction import KeySearch, for_people, know_variables, streams_for_people
from trueweight.redaction.patterns import KeyPatterns

_ALPHABET = string.ascii_letters + string.digits + "-_.~+/="
_KINDS = (_ALPHABET, string.ascii_letters + string.digits, string.hexdigits[:16], string.ascii_lowercase + "-_.~+/=")
# A search takes ten milliseconds to build, so the examples share a few keys: random ones, of all lengths and kinds.
_KEYS = [
    "".join(one.choices(_KINDS[number % len(_KINDS)], k=length))
    for number, length in enumerate((16, 17, 18, 19, 20, 23, 24, 27, 32, 37, 40, 48, 51, 64, 79, 80))
    for one in [random.Random(number if not os.environ.get("TRUEWEIGHT_EXPLORE") else None)]
]
_keys = st.sampled_from(_KEYS)
search_for = lru_cache(maxsize=None)(lambda key: KeySearch([key]))
few = settings(max_examples=30)
"""For a test with many parameters or slow examples."""

ESCAPES: dict[str, Callable[[str], str]] = {
    "none": lambda c: c,
    "json": lambda c: f"\\u{ord(c):04x}",
    "json upper": lambda c: f"\\u{ord(c):04X}",
    "percent": lambda c: f"%{ord(c):02x}",
    "percent upper": lambda c: f"%{ord(c):02X}",
    "percent twice": lambda c: f"%25{ord(c):02x}",
    "percent thrice": lambda c: f"%2525{ord(c):02X}",
    "decimal": lambda c: f"&#{ord(c)};",
    "hexadecimal": lambda c: f"&#x{ord(c):x};",
    "hexadecimal upper": lambda c: f"&#X{ord(c):X};",
    "in html in a url": lambda c: quote(f"&#{ord(c)};", safe=""),
    "backslash x": lambda c: f"\\x{ord(c):02x}",
    "json in json": lambda c: f"\\\\u{ord(c):04x}",
    "json in json in json": lambda c: f"\\\\\\\\u{ord(c):04x}",
    "decimal with zeros": lambda c: f"&#{ord(c):020d};",
    "hexadecimal with zeros": lambda c: f"&#x{ord(c):020x};",
    "braces": lambda c: f"\\u{{{ord(c):x}}}",
    "braces with zeros": lambda c: f"\\u{{{ord(c):020X}}}",
    "octal": lambda c: f"\\{ord(c):03o}",
    "long": lambda c: f"\\U{ord(c):08x}",
    "percent u": lambda c: f"%u{ord(c):04x}",
    "quoted-printable": lambda c: f"={ord(c):02X}",
}
WHOLE: dict[str, Callable[[str], str]] = {
    "plain": str,
    "lower": str.lower,
    "swapped": str.swapcase,
    "url": lambda key: quote(key, safe=""),
    "url twice": lambda key: quote(quote(key, safe=""), safe=""),
    "html": html.escape,
    "json": lambda key: json.dumps(json.dumps(json.dumps(key))),
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of basic": lambda key: base64.b64encode(f"me:{key}".encode()).decode(),
    "base64url": lambda key: base64.urlsafe_b64encode(f"u:{key}".encode()).decode(),
    "base64 in a url": lambda key: quote(base64.b64encode(key.encode()).decode(), safe=""),
}


def shows(text: str, key: str) -> bool:
    """Whether a text has twelve characters of a key in a row, in any letter case."""
    text, key = text.lower(), key.lower()
    return any(key[at : at + 12] in text for at in range(len(key) - 11))


def stream(documents: list[object]) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in documents) + b"data: [DONE]\n\n"


@given(key=_keys, choice=st.randoms(use_true_random=False))
def test_a_mix_of_escapes_is_undone(key: str, choice: random.Random) -> None:
    """Each character has an escape of its own, or none: the text keeps its length, and no layer of it shows the key."""
    escaped = "".join(choice.choice(list(ESCAPES.values()))(character) for character in key)
    text = f'{{"error": "no such key: {escaped} !"}}'
    out = search_for(key).text(text)
    assert len(out) == len(text)
    assert "*" * len(escaped) in out


@pytest.mark.parametrize("escape", ESCAPES)
def test_the_stars_are_where_the_key_is(escape: str) -> None:
    """Between other escapes, with every third character escaped: the key is replaced, and nothing beside it."""
    for key in _KEYS:
        escaped = "".join(ESCAPES[escape](one) if at % 3 == 1 else one for at, one in enumerate(key))
        text = f"\\u0041 %41 &#65; &amp; =41 [{escaped}] %41 \\u0041"
        assert search_for(key).text(text) == f"\\u0041 %41 &#65; &amp; =41 [{'*' * len(escaped)}] %41 \\u0041"


@pytest.mark.parametrize("form", WHOLE)
@few
@given(key=_keys, data=st.data())
def test_a_part_of_a_form_is_found(form: str, key: str, data: st.DataObject) -> None:
    """Of a key in any form, also cut at both ends, less than twelve characters in a row are left."""
    cut = data.draw(st.integers(0, 4))
    whole = WHOLE[form](key)
    out = search_for(key).data(f"<{whole[cut : len(whole) - cut]}>".encode()).decode()
    assert not shows(out, key)
    if form.startswith("base64"):
        longest = max(out.strip("<>").split("*"), key=len)
        assert len(longest) < 16


def pieces_of(key: str, choice: random.Random) -> list[str]:
    cuts = sorted(choice.sample(range(1, len(key)), choice.randint(1, len(key) - 1)))
    return [key[a:b] for a, b in zip([0, *cuts], [*cuts, len(key)], strict=True)]


CHANNELS: dict[str, Callable[[str, int], dict[str, object]]] = {
    "content": lambda text, _: {"choices": [{"index": 0, "delta": {"content": text}}]},
    "reasoning": lambda text, _: {"choices": [{"index": 0, "delta": {"reasoning_content": text, "content": ""}}]},
    "arguments": lambda text, _: {
        "choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}, "index": 0}]
    },
    "arguments beside others": lambda text, at: {
        "choices": [
            {
                "delta": {
                    "tool_calls": [
                        {"index": 1, "function": {"arguments": f"other {at}"}},
                        {"index": 0, "function": {"arguments": text}},
                    ]
                }
            }
        ]
    },
    "name": lambda text, _: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": text}}]}}]},
    "choice beside another": lambda text, at: {
        "choices": [{"delta": {"content": text}, "index": 1}, {"index": 0, "delta": {"content": f"word {at}"}}]
    },
    "responses": lambda text, _: {
        "type": "response.output_text.delta",
        "item_id": "m",
        "output_index": 1,
        "delta": text,
    },
    "messages": lambda text, _: {"type": "content_block_delta", "index": 2, "delta": {"partial_json": text}},
    "unknown": lambda text, at: {"seq": at, "x": {"y": [{"z": text}]}},
}


@pytest.mark.parametrize("channel", CHANNELS)
@few
@given(key=_keys, choice=st.randoms(use_true_random=False))
def test_a_key_in_pieces_is_found(channel: str, key: str, choice: random.Random) -> None:
    """However a key is cut over the deltas of a channel, the joined deltas do not show it; other text stays."""
    make = CHANNELS[channel]
    pieces = pieces_of(key, choice)
    begin, end = choice.choice([("", ""), ("Your key: ", " is invalid")])
    texts = [begin + pieces[0], *pieces[1:-1], pieces[-1] + end]
    body = stream([make("Hello, ", 0), *(make(text, at) for at, text in enumerate(texts, 1)), make(" Bye.", 99)])
    out = search_for(key).body(body)
    assert len(out) == len(body)
    strings: list[str] = []
    for line in out.decode().splitlines():
        if line.startswith("data: {"):
            _strings(json.loads(line[6:]), strings)
    wanted = [one for one in strings if not one.startswith(("other", "word", "response.", "content_block"))]
    assert not shows("".join(one for one in wanted if one not in ("m", "")), key)
    assert "Hello, " in strings
    assert " Bye." in strings


def _strings(value: object, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _strings(inner, out)


@few
@given(key=_keys, choice=st.randoms(use_true_random=False))
def test_escaped_pieces_over_deltas(key: str, choice: random.Random) -> None:
    """Escapes in the JSON of a delta, and escapes that only the joined text shows, are undone as well."""
    escaped = "".join(choice.choice(list(ESCAPES.values()))(character) for character in key)
    body = stream([CHANNELS["arguments"](piece, 0) for piece in pieces_of(escaped, choice)])
    out = search_for(key).body(body)
    texts: list[str] = []
    for line in out.decode("latin-1").splitlines():
        if line.startswith("data: {"):
            _strings(json.loads(line[6:]), texts)
    assert search_for(key).text("".join(texts)) == "".join(texts)


_NO_HEX = "ghijklmnopqrstuvwxyzklmnopqr"
"""A key without any character that an escape of it has."""
PIECES = {
    "each character of its escapes": list("".join(f"&#{ord(character)};" for character in _NO_HEX)),
    "each escape cut": "".join(f"&#{ord(character):07d};" for character in _NO_HEX).replace("000", "000|").split("|"),
    "escapes of five layers": ["".join(f"%25252525{ord(character):02x}" for character in _NO_HEX[:14]), "."],
    "three characters beside other text": ["Your key: ghi", "jk", "lm", "no", "pqr is fine"],
    "twelve characters in pieces of three": ["ghi", "jkl", "mno", "pqr"],
}


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_pieces_that_hardly_show_a_key(pieces: list[str]) -> None:
    """The quick test, whether a key may be split in a body at all, is never wrongly false."""
    body = stream([CHANNELS["content"](piece, 0) for piece in pieces])
    strings: list[str] = []
    for line in search_for(_NO_HEX).body(body).decode().splitlines():
        if line.startswith("data: {"):
            _strings(json.loads(line[6:]), strings)
    text = "".join(strings)
    for _ in range(5):
        text = html.unescape(unquote(text))
    assert not shows(text, _NO_HEX)


@pytest.mark.parametrize("others", [["gh"], ["GH", "pq", "3"], [_NO_HEX[at : at + 2] for at in range(24)]])
def test_pieces_beside_short_strings_of_other_fields(others: list[str]) -> None:
    """Short strings that come again and again, a few of them or many, do not hide those that spell a key."""
    pieces = ["ghi", "jkl", "mno", "pqr"]
    around = [*others, *others, *pieces, *others]
    events = [{"model": one, "user": others[at % len(others)]} for at, one in enumerate(around)]
    for at, piece in enumerate(pieces):
        events[2 * len(others) + at] |= {"text": piece}
    out = search_for(_NO_HEX).body(stream(events))
    texts = [json.loads(line[6:]).get("text", "") for line in out.decode().splitlines() if line.startswith("data: {")]
    assert not shows("".join(texts), _NO_HEX)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_pieces_in_events_of_several_lines(ending: str) -> None:
    """An event may have its JSON over several data lines, and any line end."""
    key = "sk-" + secrets.token_urlsafe(30)
    pieces = [key[at : at + 5] for at in range(0, 40, 5)]
    events = [f'data: {{"choices": [{{"delta":\ndata: {{"content": "{piece}"}}}}]}}\n\n' for piece in pieces]
    out = search_for(key).body("".join(events).replace("\n", ending).encode()).decode()
    assert not any(piece in out for piece in pieces)


def test_parts_of_one_message() -> None:
    """A reader joins the text parts of a plain reply."""
    key = "sk-" + secrets.token_urlsafe(30)
    parts = [{"type": "text", "text": key[at : at + 6]} for at in range(0, len(key), 6)]
    body = json.dumps({"choices": [{"message": {"content": parts}}]}).encode()
    assert key[6:12] not in search_for(key).body(body).decode()


def test_utf_16() -> None:
    """JSON in UTF-16 has a NUL beside each character."""
    key = "sk-" + secrets.token_urlsafe(30)
    for encoding in ("utf-16", "utf-16-be", "utf-32"):
        out = search_for(key).body(json.dumps({"error": key}).encode(encoding))
        assert key[:12] not in out.decode(encoding, "replace")


_ODD_KEYS = (
    "f0a1b2c3:d4e5f6a7b8c9",
    "a,b:{c}[d],e:f",
    "%41&amp;=3Dab%2d;x",
    "'/a'/b'/c'/d'/",
    "a" * 16,
    "&#x41;&#x42;",
)


def _near_miss(key: str, choice: random.Random) -> bytes:
    """A small body with a part of a key, whole or in pieces, some of them escaped, cut or not quite of the key."""
    start, most = choice.randrange(max(1, len(key) - 8)), choice.choice([3, 3, 4, 8, 20])
    part, texts = key[start : start + choice.randint(8, 20)], []
    escape = ESCAPES[choice.choice(["none", choice.choice([*ESCAPES])])]
    while part:
        size = most if most == 20 else choice.randint(1, most)
        texts.append("".join(escape(one) if choice.random() < 0.3 else one for one in part[:size]))
        part = part[size + (choice.random() < 0.05) :]
    at = choice.randrange(len(texts))
    texts[at] += choice.choice([*[""] * 9, "x", "%", "=3", "\\u", '"', ":"])
    if choice.random() < 0.3:
        texts = [text.swapcase() for text in texts]
    if choice.random() < 0.5:
        texts[0] = f"x {texts[0]}"
        texts[-1] += " x"
    write = partial(json.dumps, separators=choice.choice([(",", ":"), (", ", ": ")]))
    events = [{"d": text, choice.choice(["o", *texts]): choice.choice(["x", *texts])} for text in texts]
    forms = [
        write(texts),
        "".join(f"data: {write(one)}\n\n" for one in events),
        "".join(f'{{"d":"{t}"}}\n' for t in texts),
    ]
    return choice.choice(forms).encode()


@pytest.mark.parametrize("key", [*_KEYS[:4], *_ODD_KEYS, 'a"b\\c"d\\e"f\\g'])
def test_the_quick_look_at_a_body_misses_nothing(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small bodies are looked at in one way, and large ones, which white space makes of them, in another."""
    search = search_for(key)
    bodies = [_near_miss(key, random.Random(number)) for number in range(250)]
    found = [(search.found_in(body), search.found_in(body + b" " * 2048)) for body in bodies]
    monkeypatch.setattr(KeyPatterns, "no_trace_in", lambda *_: False)
    for body, quickly in zip(bodies, found, strict=True):
        assert quickly == (search.found_in(body),) * 2, body
    assert {small for small, _ in found} == {True, False}


def test_sixty_keys_take_no_longer_than_one(capfd: pytest.CaptureFixture[str]) -> None:
    """RE2's fast search ran out of memory with so many: each body took two hundred times as long."""
    choice = random.Random(7)
    keys = ["".join(choice.choices(_ALPHABET[:62], k=51)) for _ in range(60)]
    body = json.dumps({"content": "An ordinary answer. " * 800}).encode()
    many, one = KeySearch(keys), KeySearch(keys[:1])
    assert _least_seconds(many, body) < 30 * _least_seconds(one, body)
    assert many.found_in(body.replace(b"answer", keys[-1].encode(), 1))
    assert capfd.readouterr().err == ""


def _least_seconds(search: KeySearch, body: bytes) -> float:
    took = []
    for _ in range(9):
        began = time.perf_counter()
        assert not search.found_in(body)
        took.append(time.perf_counter() - began)
    return min(took)


@pytest.mark.parametrize("escape", ["none", "percent", "json"])
def test_a_key_after_many_short_strings(escape: str) -> None:
    """So many different ones of the key that a large body is not looked at for each: what follows is."""
    strings = [_NO_HEX[at : at + 2] for at in reversed(range(26))]
    body = json.dumps([*strings, f"It is {_NO_HEX}, I think."]).encode() + b" " * 2048
    assert not search_for(_NO_HEX).found_in(body.replace(_NO_HEX.encode(), b""))
    assert search_for(_NO_HEX).found_in(body.replace(_NO_HEX.encode(), "".join(map(ESCAPES[escape], _NO_HEX)).encode()))


def test_an_escape_of_a_key_that_has_the_same_escape() -> None:
    """A short string of the key may be an escape of another character of it."""
    body = stream([CHANNELS["content"]("%4a", 0)] * 14) + b" " * 2048
    assert search_for("%4a" + 16 * "J").found_in(body)


@given(body=st.binary(max_size=400), key=_keys)
def test_what_has_no_key_is_left_alone(body: bytes, key: str) -> None:
    """Bytes without a key are the same object."""
    assert search_for(key).body(body) is body or any(key[at : at + 12].encode() in body for at in range(len(key)))


def test_an_ordinary_stream_is_left_alone() -> None:
    """Words, and single characters that the key has as well, are no key."""
    key = "sk-" + string.ascii_letters
    words = ["the", "s", "k", "-", "a", "b", "d", "c", "e", "g", "f", "h", "i"]
    body = stream([CHANNELS["content"](word, at) for at, word in enumerate(words)])
    assert search_for(key).body(body) is body


@pytest.mark.parametrize("password", ["pa+ss/word:0123456789", "pa+ss/wd9"])
def test_the_password_of_a_proxy_is_kept_out_of_output(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, percent-encoded as in its URL, and as Basic credentials have it with its user's name."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://a-user:{quote(password, safe='')}@proxy.example:8080")
    basic = base64.b64encode(f"a-user:{password}".encode()).decode()
    for shown in (password, quote(password, safe=""), f"Basic {basic}", base64.b64encode(b"a-user:pa+ss").decode()):
        assert "*" in for_people(f"refused: {shown}"), shown


def test_bytes_beneath_a_stream_for_people_are_searched(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """Rich and click write bytes where they can."""
    monkeypatch.setenv("A_KEY_OF_THIS_TEST", "sk-0123456789abcdef")
    know_variables(["A_KEY_OF_THIS_TEST"])
    with streams_for_people():
        sys.stdout.write("text sk-0123456789abcdef\n")
        sys.stderr.writelines(["lines sk-01234", "56789abcdef\n"])
        sys.stdout.flush()
        sys.stdout.buffer.write(b"bytes sk-0123456789abcdef\n")
        sys.stdout.buffer.flush()
    out, err = capfd.readouterr()
    assert [out.count("*" * 19), err.count("*" * 19)] == [2, 1]
    assert "abcdef" not in out + err
