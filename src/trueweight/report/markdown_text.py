"""Text from outside, safe to put into markdown and what GitHub makes of it."""

from __future__ import annotations

import re
from typing import Final

from trueweight.report.text import visible

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
