"""Regular expressions of ECMA-262, as JSON Schema has them, in the syntax of RE2.

The reading is that of the flag ``u``, which JSON Schema recommends, and lenient where that flag refuses what cannot be
misunderstood (``\\-``, ``{`` as a character). What RE2 cannot express (back references, assertions about what follows
or precedes), and what has another meaning without the flag, is reported. Groups do not capture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_MOST_REPEATS: Final = 10_000
_RE2_REPEATS: Final = 1000
_LAST: Final = 0x10FFFF
_SPACES: Final = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_CONTROLS: Final = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_DOT: Final = r"[^\n\r\x{2028}\x{2029}]"
_QUANTIFIER: Final = re.compile(r"\{(\d++)(?:(,)(\d*+))?\}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]++")
_NAME: Final = re.compile(r"\?<([^>]*+)>")
_MODIFIERS: Final = re.compile(r"\?(?=[ims-]*[ims])[ims]*+-?[ims]*+:")
_PROPERTY: Final = re.compile(r"\{([A-Za-z_]++)(?:=([A-Za-z_]++))?\}")
_CATEGORIES: Final = frozenset(
    kinds[0] + second
    for kinds in ("Ccfos", "Llmotu", "Mcen", "Ndlo", "Pcdefios", "Sckmo", "Zlps")
    for second in ("", *list(kinds[1:]))
)
_LONG_CATEGORIES: Final = {
    "Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc",
    "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl",
    "Other_Number": "No", "Punctuation": "P", "punct": "P", "Symbol": "S", "Math_Symbol": "Sm",
    "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs",
    "Other": "C", "Control": "Cc", "Format": "Cf",
}  # fmt: skip
_KINDS: Final = {"General_Category": "category", "gc": "category", "Script": "script", "sc": "script"}


class NotAPattern(ValueError):  # noqa: N818 - a verdict, not an error
    """The text is no regular expression of ECMA-262; the message says why."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern in RE2's syntax. ``inexpressible`` says what RE2 cannot express; ``text`` is then of no use."""

    text: str
    inexpressible: str = ""


def translate(pattern: str) -> Translation:
    """The pattern for RE2.

    Raises:
        NotAPattern: if it is no pattern of ECMA-262.
    """
    return _Reader(pattern).read()


def literal(code: int) -> str:
    """A code point that stands for itself, in RE2's syntax."""
    char = chr(code)
    return char if char.isascii() and (char.isalnum() or char == "_") else f"\\x{{{code:X}}}"


def _span(low: int, high: int) -> str:
    return literal(low) if low == high else f"{literal(low)}-{literal(high)}"


def _complement(spans: tuple[tuple[int, int], ...]) -> str:
    starts = [0, *(high + 1 for _, high in spans)]
    ends = [*(low - 1 for low, _ in spans), _LAST]
    return "".join(_span(low, high) for low, high in zip(starts, ends, strict=True))


_SETS: Final = {
    "d": "0-9",
    "D": r"\D",
    "w": "0-9A-Za-z_",
    "W": r"\W",
    "s": "".join(_span(low, high) for low, high in _SPACES),
    "S": _complement(_SPACES),
}


@dataclass(slots=True)
class _Reader:
    """Reads a pattern from left to right.

    Attributes:
        out: pieces of the translation.
        atom: index in ``out`` of the last atom, which a quantifier may follow; -1 after anything else.
        groups: for each open group the index in ``out`` where it begins.
    """

    pattern: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    atom: int = -1
    groups: list[int] = field(default_factory=list)
    inexpressible: str = ""

    def read(self) -> Translation:
        while self.at < len(self.pattern):
            self._read_one(self.pattern[self.at])
        if self.groups:
            raise NotAPattern("a group is not closed")
        return Translation("".join(self.out), self.inexpressible)

    def _read_one(self, char: str) -> None:
        if char in "*+?" or (char == "{" and _QUANTIFIER.match(self.pattern, self.at)):
            self._quantify(char)
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char == "[":
            self._add(self._class())
        elif char == "\\":
            self._escape()
        elif char in "^$|":
            self.at += 1
            self.out.append({"^": r"\A", "$": r"\z", "|": "|"}[char])
            self.atom = -1
        else:
            self.at += 1
            self._add(_DOT if char == "." else self._char(ord(char)))

    def _add(self, piece: str) -> None:
        self.atom = len(self.out)
        self.out.append(piece)

    def _cannot(self, what: str) -> str:
        """Note what RE2 cannot express; a stand-in for it."""
        self.inexpressible = self.inexpressible or what
        return "x"

    def _char(self, code: int) -> str:
        return self._cannot("half of a surrogate pair") if 0xD800 <= code <= 0xDFFF else literal(code)

    def _quantify(self, char: str) -> None:
        if self.atom < 0:
            raise NotAPattern("a quantifier follows nothing that can be repeated")
        if char == "{":
            found = _QUANTIFIER.match(self.pattern, self.at)
            assert found is not None
            self.at = found.end()
            low, high = _number(found[1]), _number(found[1] if not found[2] else found[3])
            piece = self._counted("".join(self.out[self.atom :]), low, high, unbounded=bool(found[2] and not found[3]))
            self.out[self.atom :] = [piece]
        else:
            self.at += 1
            self.out.append(char)
        if self.pattern.startswith("?", self.at):  # which of several matches is found does not matter
            self.at += 1
        self.atom = -1

    def _counted(self, atom: str, low: int, high: int, *, unbounded: bool) -> str:
        if not unbounded and high < low:
            raise NotAPattern("a quantifier ends below its beginning")
        most = low if unbounded else high
        if most > _MOST_REPEATS:
            return self._cannot(f"more than {_MOST_REPEATS} repetitions")
        times, rest = divmod(low, _RE2_REPEATS)
        pieces = [f"{atom}{{{_RE2_REPEATS}}}"] * times
        if unbounded:
            return "(?:" + "".join(pieces) + f"{atom}{{{rest},}})"
        if high - low + rest <= _RE2_REPEATS:
            return "(?:" + "".join(pieces) + f"{atom}{{{rest},{rest + high - low}}})"
        times, more = divmod(high - low, _RE2_REPEATS)
        optional = [f"{atom}{{0,{_RE2_REPEATS}}}"] * times
        return "(?:" + "".join(pieces) + f"{atom}{{{rest}}}" + "".join(optional) + f"{atom}{{0,{more}}})"

    def _open(self) -> None:
        rest = self.pattern[self.at + 1 : self.at + 4]
        self.groups.append(len(self.out))
        self.atom = -1
        self.out.append("(?:")
        if not rest.startswith("?"):
            self.at += 1
        elif rest.startswith("?:"):
            self.at += 3
        elif rest.startswith(("?=", "?!")):
            self._cannot("an assertion about what follows")
            self.at += 3
        elif rest.startswith(("?<=", "?<!")):
            self._cannot("an assertion about what precedes")
            self.at += 4
        elif modifiers := _MODIFIERS.match(self.pattern, self.at + 1):
            self._cannot("modifiers of a group")
            self.at = modifiers.end()
        elif (name := _NAME.match(self.pattern, self.at + 1)) and name[1].replace("$", "_").isidentifier():
            self.at = name.end()
        else:
            raise NotAPattern(f"a group that begins with {rest!r}")

    def _close(self) -> None:
        if not self.groups:
            raise NotAPattern("a group ends that did not begin")
        self.at += 1
        self.atom = self.groups.pop()
        self.out.append(")")

    def _escape(self) -> None:
        char = self.pattern[self.at + 1 : self.at + 2]
        if char in ("b", "B") and char:
            self.at += 2
            self.out.append("\\" + char)
            self.atom = -1
        elif char in _SETS:
            self.at += 2
            self._add(f"[{_SETS[char]}]")
        elif char in ("p", "P") and char:
            self._add(self._property())
        elif char == "k" or (char.isdigit() and char.isascii() and char != "0"):
            self.at += 2
            self._add(self._cannot("a back reference"))
        else:
            self._add(self._char(self._escaped()))

    def _escaped(self) -> int:
        """The code point of an escape of one character, which begins at ``at``."""
        char = self.pattern[self.at + 1 : self.at + 2]
        if not char:
            raise NotAPattern("it ends in a backslash")
        self.at += 2
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "u":
            return self._unicode()
        if char == "x":
            return self._hex(2)
        following = self.pattern[self.at : self.at + 1]
        if char == "0" and not (following.isascii() and following.isdigit()):
            return 0
        if char == "c" and following.isascii() and following.isalpha():
            self.at += 1
            return ord(following) % 32
        if char.isascii() and char.isalnum():
            self._cannot(f"the escape \\{char}, which has no meaning under the flag u")
        return ord(char)

    def _hex(self, digits: int) -> int:
        found = _HEX.match(self.pattern, self.at, self.at + digits)
        if found is None or len(found[0]) < digits:
            self._cannot("an escape without its digits")
            return 0
        self.at += digits
        return int(found[0], 16)

    def _unicode(self) -> int:
        if self.pattern.startswith("{", self.at):
            end = self.pattern.find("}", self.at)
            digits = self.pattern[self.at + 1 : end] if end > 0 else ""
            if not _HEX.fullmatch(digits) or int(digits[:9], 16) > _LAST or len(digits.lstrip("0")) > 6:
                raise NotAPattern("an escape \\u{…} that is no code point")
            self.at = end + 1
            return int(digits, 16)
        high = self._hex(4)
        if 0xD800 <= high < 0xDC00 and self.pattern.startswith("\\u", self.at):
            before = self.at
            self.at += 2
            low = self._hex(4)
            if 0xDC00 <= low < 0xE000:
                return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
            self.at = before
        return high

    def _property(self) -> str:
        r"""``\p{…}`` or ``\P{…}``, which begins at ``at``; it may stand inside a class."""
        sign = self.pattern[self.at + 1]
        found = _PROPERTY.match(self.pattern, self.at + 2)
        if found is None:
            self.at += 2
            return self._cannot(f"the escape \\{sign} without a property")
        self.at = found.end()
        name, value = found[1], found[2]
        kind = _KINDS.get(name) if value else "category"
        short = _LONG_CATEGORIES.get(value or name, value or name)
        if kind == "script" or (kind == "category" and short in _CATEGORIES):
            return f"\\{sign}{{{short}}}"
        return self._cannot(f"the property {found[0][1:-1][:40]}")

    def _class(self) -> str:
        """A class, which begins at ``at``."""
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        parts: list[str] = []
        while not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise NotAPattern("a class is not closed")
            parts.append(self._class_part())
        self.at += 1
        if not parts:
            return f"[\\x{{0}}-\\x{{{_LAST:X}}}]" if negated else f"[^\\x{{0}}-\\x{{{_LAST:X}}}]"
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _class_part(self) -> str:
        """A character, a range or a set of a class."""
        low = self._class_atom()
        if not self.pattern.startswith("-", self.at) or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return low if isinstance(low, str) else self._char(low)
        self.at += 1
        high = self._class_atom()
        if isinstance(low, int) and isinstance(high, int):
            if high < low:
                raise NotAPattern("a range of a class ends below its beginning")
            self._char(low), self._char(high)
            return _span(low, high)
        return "".join(one if isinstance(one, str) else self._char(one) for one in (low, ord("-"), high))

    def _class_atom(self) -> int | str:
        """The code point of a character of a class, or a set in RE2's syntax."""
        if self.at >= len(self.pattern):
            raise NotAPattern("a class is not closed")
        if self.pattern[self.at] != "\\":
            self.at += 1
            return ord(self.pattern[self.at - 1])
        char = self.pattern[self.at + 1 : self.at + 2]
        if char and char in _SETS:
            self.at += 2
            return _SETS[char]
        if char and char in "pP":
            return self._property()
        if char == "b":
            self.at += 2
            return 0x08
        return self._escaped()


def _number(digits: str) -> int:
    """The number, or a number above every limit."""
    return int(digits) if 0 < len(digits) < 10 else _LAST if digits else 0
