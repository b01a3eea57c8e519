"""Text of a provider or a model, made safe to display: it cannot move a cursor, hide or reorder text, or be markup;
and names in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# Controls, format characters, fillers that draw nothing, surrogates, non-characters, tags. Written as ranges, because
# asking unicodedata about every code point at import costs a third of a second. Tab and newline are dealt with apart.
_UNSEEN: Final = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ALL: Final = re.compile(f"[{_UNSEEN}]")
_ALL_BUT_LINES: Final = re.compile(f"(?![\\n\\t])[{_UNSEEN}]")
# What a CI runner would obey when it stands in a log: `::name …::` at the start of a line, `##[name]` anywhere. The
# group of an IPv6 address is no name of a command: none has up to four hexadecimal digits alone.
_GROUP: Final = r"(?<![G-Zg-z_-])(?=::[0-9A-Fa-f]{1,4}(?![A-Za-z-]))"
_COMMAND: Final = re.compile(rf"(?!{_GROUP}):(?=:[A-Za-z-]+[ :])|#(?=#\[)")

CUT: Final = "… cut: {} more characters"


def _picture(match: re.Match[str]) -> str:
    """The control picture of a control character, else its code point in brackets."""
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters of the text, and a note of how many are missing."""
    return text if len(text) <= limit else text[:limit] + CUT.format(len(text) - limit)


def visible(text: str, *, limit: int = 2_000, lines: bool = False) -> str:
    """The text with every character that does not show itself made visible, and cut to ``limit`` characters.

    Args:
        lines: keep newlines and tabs as they are, for a place that can show them.
    """
    return (_ALL_BUT_LINES if lines else _ALL).sub(_picture, cut(text, limit))


def for_log(text: str, *, limit: int = 300) -> str:
    """``visible`` on one line, and with the workflow commands of CI runners broken up."""
    return _COMMAND.sub(lambda match: match.group() + " ", visible(text, limit=limit))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: ``chat completions, Responses and Messages``; "" without any."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def has_unseen(text: str) -> bool:
    """Whether ``visible`` would change more than the length of it."""
    return _ALL.search(text) is not None


def json_escaped(text: str) -> str:
    """JSON text in which unseen characters stand as ``\\uXXXX``, so that it means the same and can be read and pasted.

    Correct because outside strings JSON allows no such character but white space, which stays.
    """

    def escape(match: re.Match[str]) -> str:
        units = match.group().encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))

    return _ALL_BUT_LINES.sub(escape, text)


_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>!|~&$]|(?<=www)\.")
# Mentions, issue numbers, emoji and bare links are found in the finished HTML, where a character reference is the
# character again; a zero-width space after it is what keeps GitHub from seeing one.
_JOINED: Final = re.compile(r"[@#:](?=\S)")
_APART: Final = "&#8203;"
_BACKTICKS: Final = re.compile(r"`+")


def inline(text: str, limit: int = 300) -> str:
    """Text as text, on one line and never at the start of one.

    What markdown or HTML could begin with becomes a character reference, which is never parsed again.
    """
    joined = _JOINED.sub("\\g<0>\0", visible(text, limit=limit))
    escaped = _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", joined)
    return escaped.replace("\0", _APART)  # visible() left no NUL of the text's own


def fenced(text: str, limit: int = 2_000) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    shown = visible(text, limit=limit, lines=True)
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"
