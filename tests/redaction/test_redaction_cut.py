"""Keys that are cut where a quick look sees nothing of them: in an escape, and in strings that are not found again."""

from __future__ import annotations

import json

import pytest

from trueweight.redaction import WINDOW, KeySearch

KEY = "sk-Ab3dE6fG-9hJkLm+pQ"
CUTS = {
    "percent": ("%", "2d"),
    "percent, later": ("%2", "d"),
    "percent u": ("%u00", "2d"),
    "percent u, first": ("%u", "002d"),
    "backslash": ("\\", "u002d"),
    "backslash u": ("\\u", "002d"),
    "backslash u, later": ("\\u00", "2d"),
    "braces": ("\\u{", "2d}"),
    "braces, later": ("\\u{2", "d}"),
    "backslash x": ("\\x", "2d"),
    "backslash x, later": ("\\x2", "d"),
    "octal": ("\\0", "55"),
    "octal, later": ("\\05", "5"),
    "decimal": ("&", "#45;"),
    "decimal, later": ("&#4", "5;"),
    "hexadecimal": ("&#x2", "d;"),
    "name": ("&pl", "us;"),
    "quoted-printable": ("=", "2D"),
    "quoted-printable, later": ("=2", "D"),
}
"""Both parts of an escape of the key's second hyphen, or of its plus."""


def joined(body: bytes) -> str:
    """What a reader of the stream's channel ``d`` shows."""
    events = (line.removeprefix(b"data: ") for line in body.decode("utf-8", "replace").encode().split(b"\n\n") if line)
    return "".join(json.loads(event).get("d", "") for event in events)


def stream(*texts: str) -> bytes:
    return b"".join(b"data: " + json.dumps({"d": text}).encode() + b"\n\n" for text in texts)


@pytest.mark.parametrize("kind", CUTS)
def test_a_key_that_is_cut_inside_an_escape_is_found(kind: str) -> None:
    """Neither string ends or begins with a character of the key, so that only the beginning of an escape is a sign."""
    left, right = CUTS[kind]
    at = KEY.index("+") if kind == "name" else KEY.index("-", 3)
    # Fewer characters on either side than betray the key by themselves.
    before, after = KEY[max(0, at - WINDOW + 1) : at], KEY[at + 1 : at + WINDOW]
    body = stream("x " + before + left, right + after + " x")
    assert json.dumps(left)[1:-1] + '"' in body.decode()
    out = KeySearch([KEY]).body(body)
    assert len(out) == len(body)
    assert out != body
    assert before not in joined(out) or after not in joined(out)


def test_a_body_in_which_a_key_is_left_is_replaced_as_a_whole() -> None:
    """Strings with bytes that are not UTF-8 are not found again in the body; the other key of the body is, so that some
    of it is replaced, and a second search has to find what is left."""
    halves = stream(KEY[:11], KEY[11:])
    odd = b'data: {"d":"\xff' + KEY[:7].encode() + b'"}\n\ndata: {"d":"' + KEY[7:14].encode() + b'\xff"}\n\n'
    for body in (halves + odd, odd + halves, odd + b'data: {"e":"' + KEY.encode() + b'"}\n\n'):
        out = KeySearch([KEY]).body(body)
        assert out == b"*" * len(body)


@pytest.mark.parametrize("key", ["f0a1b2c3:d4e5f6a7b8c9", "f0a1b2c3,d4e5f6a7b8c9", "f0:a1,b2:c3,d4:e5,f6:a7"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("others", [0, 20])
def test_a_key_with_what_json_has_between_strings_is_found(key: str, size: int, others: int) -> None:
    """A quote, a colon or comma and a quote look like a piece of such a key; the string after them is a piece too."""
    texts = [*(f"_{chr(0x61 + number)}" for number in range(others)), *(key[:at] for at in range(1, 3) if others)]
    events = [{"d": text} for text in texts] + [{"d": key[at : at + size]} for at in range(0, len(key), size)]
    for body in (
        b"".join(b"data: %b\n\n" % json.dumps(event, separators=(",", ":")).encode() for event in events),
        json.dumps([event["d"] for event in events], separators=(",", ":")).encode(),
    ):
        out = KeySearch([key]).body(body)
        assert out != body
        assert KeySearch([key]).found_in(body)
        assert not KeySearch([key]).found_in(out)


@pytest.mark.parametrize(
    "key", ['VebLrNJUU"vQKG"YofVr', 'a"b"c"d"e"f"g"h', "ab\\cd\\ef\\gh\\ij\\kl", "f0a1b2&quot;c3d4e5f6"]
)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_key_with_quotes_or_backslashes_is_found_in_pieces(key: str, size: int) -> None:
    """JSON escapes them, so that a piece is not what is between two quotes."""
    texts = [key[at : at + size] for at in range(0, len(key), size)]
    for body in (stream(*texts), json.dumps(texts).encode()):
        out = KeySearch([key]).body(body)
        assert len(out) == len(body)
        assert out != body
        assert not KeySearch([key]).found_in(out)
