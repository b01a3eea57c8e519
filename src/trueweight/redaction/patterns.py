"""The literal texts that betray a key: each of its parts of twelve characters, as text, hexadecimal and base64."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from trueweight.redaction.escapes import OF_OTHERS, OF_QUOTES, ROUNDS, may_have_escapes, unescape

SHORTEST = 8
"""Keys with fewer characters ("none", "EMPTY") protect nothing, and ordinary words contain them."""
WINDOW = 12
"""Characters of a key in a row that betray it; all of a shorter key."""

Spans = list[tuple[int, int]]


class _Form(NamedTuple):
    """A text that holds a key, in lower case, and how many of its characters in a row betray the key."""

    text: bytes
    window: int


_Place = tuple[_Form, int]
"""A place in a form."""


def _forms(key: str) -> Iterator[_Form]:
    raw = key.encode()
    window = min(WINDOW, len(key))
    # A key that itself has what looks like an escape is found in an unescaped view by its own unescaped text.
    plain = raw
    for _ in range(ROUNDS):
        yield _Form(plain, min(window, len(plain)))
        if (unescaped := unescape(plain)) == plain or len(unescaped) < SHORTEST:
            break
        plain = unescaped
    yield _Form(raw.hex().encode(), 2 * window)
    for before in range(3):
        # Of base64 with `before` bytes in front, the characters that depend on the key's bytes alone.
        padded = b"\0" * before + raw
        core = base64.b64encode(padded[: len(padded) // 3 * 3])[(0, 2, 3)[before] :]
        # Eleven bytes in a row cover at least three groups of three, whatever their alignment: 12 characters.
        for text in {core, core.translate(bytes.maketrans(b"+/", b"-_"))}:
            yield _Form(text, min(12, len(text)))


class KeyPatterns:
    """All parts of a set of keys, to be searched at once, in any letter case and in linear time."""

    def __init__(self, keys: Iterable[str]) -> None:
        forms = {_Form(form.text.lower(), form.window) for key in keys if len(key) >= SHORTEST for form in _forms(key)}
        self._places: dict[bytes, list[_Place]] = {}
        for form in sorted(forms):
            for at in range(len(form.text) - form.window + 1):
                self._places.setdefault(form.text[at : at + form.window], []).append((form, at))
        self._search = _searcher(b"|".join(_quoted(self._places))) if self._places else None
        pieces = _short_pieces(forms)
        split = _split_pattern(forms, pieces)
        self._split = _searcher(split) if forms else None
        self._pieces = {_text(piece): places for piece, places in pieces.items()}
        self._short, self._long = frozenset(self._pieces), frozenset(map(_text, _long_pieces(forms)))
        self._seeds = sorted(set(map(_text, _seeds(forms))))
        self._harmless: set[str] = set()
        self._shortest_seed = min(map(len, self._seeds), default=0)
        self._has_quotes = any(set(form.text) & set(b'"\\') for form in forms)
        self._has_escapes = any(may_have_escapes(form.text) for form in forms)
        self._can_spell = lru_cache(1024)(self._can_spell_in_any_order)
        # Quotes and slashes are escaped in every JSON text; that is of no interest if no form of a key has any.
        quotes = any(set(form.text) & set(b"\"'/\\") for form in forms)
        self._may_be_escape = re.compile(_MAY_BE_ESCAPE + (rb"|[\"'/\\])" if quotes else b")"))
        escapes = OF_OTHERS + b"|" + OF_QUOTES if quotes else OF_OTHERS
        self._escapes = _searcher(escapes)
        # One search for all three: most replies have none of them, and the one search takes no longer than each. Seeds
        # stand for whole keys: with all their parts, RE2 has too little memory from some fifty keys on.
        seeds = b"|".join(_quoted(_seeds(forms)))
        self._trace = _searcher(b"|".join((seeds, split, escapes))) if forms else None

    def __bool__(self) -> bool:
        return self._search is not None

    def no_trace_in(self, data: bytes) -> bool:
        """Whether a text shows nothing of a key, escaped or split. Quick, and never wrongly true."""
        if self._has_quotes or b"\0" in data:
            return False
        if len(data) > _SMALL:
            return self._trace is None or (not self._has_escapes and not self._may_show(data, self._trace))
        if may_have_escapes(data) and (self._may_be_escape.search(data) or _MAY_BE_CUT.search(data)):
            return False
        # Every string is between two quotes, and so is what is between two strings. No key of this search has a quote,
        # so no part of one goes on from one of these texts to the next.
        strings = set(_text(data).split('"'))
        strings -= self._harmless
        if self._has_seed('"'.join(strings)):
            return False
        ends = {string[:_PIECE] for string in strings}
        ends.update([string[-_PIECE:] for string in strings])
        if not self._long.isdisjoint(ends):
            return False
        short = self._short.intersection(strings)
        self._remember(strings - short)
        return not short or not self._can_spell(short)

    def _remember(self, strings: set[str]) -> None:
        """Keep strings that have no piece of a key: most of a server's replies are the same in each."""
        if len(self._harmless) > _MOST_HARMLESS:
            self._harmless = set()
        self._harmless.update([string for string in strings if len(string) <= _LONGEST_HARMLESS])

    def _has_seed(self, text: str) -> bool:
        if len(text) < self._shortest_seed:
            return False
        for seed in self._seeds:  # noqa: SIM110 - half the time of `any`
            if seed in text:
                return True
        return False

    def found_in(self, data: bytes) -> bool:
        """Whether any part of a key is in the bytes."""
        return self._search is not None and self._search(data, 0) is not None

    def may_be_escaped_in(self, data: bytes) -> bool:
        """Whether a text has an escape that could hide a character of a key; quick, and never wrongly false."""
        return may_have_escapes(data) and self._escapes(data, 0) is not None

    def may_be_split_in(self, data: bytes) -> bool:
        """Whether strings of a JSON text may, joined, have part of a key. A quick test that is never wrongly false.

        Of the pieces of a part, those between the first and the last are whole strings. Either one piece has four
        characters or more, at an end of its string; or a string ends in the middle of an escape; or the whole strings
        spell all but six characters of the part, perhaps with the strings of other channels between them.
        """
        if self._split is None or data.count(b'"') < 4:
            return False
        if self._has_quotes:  # the pieces of such a key are not what is between two quotes
            return True
        return self._may_show(data, self._split)

    def _may_show(self, data: bytes, search: _Search) -> bool:
        """Whether the search finds anything but short strings, or these may spell part of a key."""
        found: set[str] = set()
        rest, at = data, 0
        for _ in range(_FEW):
            hit = search(rest, at)
            if hit is None:
                return self._can_spell(frozenset(found)) and self._is_spelled_in(data)
            if (whole := _WHOLE.match(rest, *hit)) is None:
                return True
            at = whole.end(1)
            found.add(_text(whole[1]))
            # A stream has the same short value in each event, and one replacement is cheaper than a hundred hits.
            rest = rest.replace(b'"%b"' % whole[1], b'"%b"' % (b"\0" * len(whole[1])))
        if search is self._trace and (self.found_in(rest[at:]) or self.may_be_escaped_in(rest[at:])):
            return True
        return self._is_spelled_in(data)

    def _is_spelled_in(self, data: bytes) -> bool:
        """Whether short strings spell so much, in their order, or another piece is found."""
        assert self._split is not None
        spelled: dict[_Place, int] = {}
        at = 0
        while (hit := self._split(data, at)) is not None:
            if (whole := _WHOLE.match(data, *hit)) is None:
                return True
            at = whole.end(1)
            piece = _text(whole[1])
            if any(_spells(place, len(piece), spelled) for place in self._pieces[piece]):
                return True
        return False

    def _can_spell_in_any_order(self, pieces: frozenset[str]) -> bool:
        """Whether the pieces could spell so much, however often and in whatever order they come."""
        spelled: dict[_Place, int] = {}
        ends = [(at, form, len(piece)) for piece in pieces for form, at in self._pieces[piece]]
        # In the order of their places, so that all that ends at a place is known before what begins there.
        return any(_spells((form, at), size, spelled) for at, form, size in sorted(ends))

    def spans(self, data: bytes) -> Spans:
        """Where the parts of keys are, each as long as it goes on, in order; spans may overlap."""
        if self._search is None:
            return []
        found: Spans = []
        lowered: bytes | None = None
        if len(data) <= _SMALL and not self._has_seed(_text(data)):
            return found
        at = 0
        while (hit := self._search(data, at)) is not None:
            lowered = data.lower() if lowered is None else lowered
            start, end = hit
            end = max(_extent(lowered, start, form, place) for form, place in self._places[lowered[start:end]])
            found.append((start, end))
            at = max(start + 1, end - WINDOW + 1)  # the next part may overlap with this one
        return found


def _text(data: bytes) -> str:
    """The bytes in lower case, as a text of as many characters: to look for one in a text takes half the time."""
    return data.lower().decode("latin-1")


def _spells(place: _Place, size: int, spelled: dict[_Place, int]) -> bool:
    """Whether so many characters at a place make what is spelled long enough. ``spelled`` has its length by its end."""
    form, at = place
    length = spelled.get(place, 0) + size
    end = (form, at + size)
    spelled[end] = max(spelled.get(end, 0), length)
    return length >= form.window - 2 * (_PIECE - 1)


def _extent(lowered: bytes, start: int, form: _Form, place: int) -> int:
    """The end of the longest text from ``start`` that agrees with the form from ``place``."""
    rest = form.text[place:]
    low, high = form.window, len(rest)
    while low < high:
        middle = (low + high + 1) // 2
        if lowered.startswith(rest[:middle], start):
            low = middle
        else:
            high = middle - 1
    return start + low


_PIECE = 4
"""Characters of a key at the end of a string that make it worth to join the strings."""
_SMALL = 2048
"""Bytes of a text that is looked at without RE2, whose tables are not in the processor's cache between two replies."""
_SEED = 6
_MOST_HARMLESS = 2000
_LONGEST_HARMLESS = 64
"""Bytes of a string that is kept."""
_MAY_BE_ESCAPE = rb"(?i)[\\%&=](?:u[{0]|x[2-7]|0?[01][0-7]{2}|(?:u00)?[2-7][0-9a-f]|#|[a-z]{2,8};"
"""The beginning of a pattern that every escape of `OF_OTHERS` matches, and more. `re` finds it by its first set."""
_MAY_BE_CUT = re.compile(rb'[\\%&=][^"]{0,9}"')
"""What every `_CUT_ESCAPE` matches, and more."""
_FEW = 16
"""Different short strings of one text that are replaced, so that each is found once."""

_CUT_ESCAPE = rb'(?:\\\\(?:u\{?|x)?[0-9a-f]{0,4}|%u?[0-9a-f]{0,4}|&#?[0-9a-z]{0,8}|=[0-9a-f]?)"'
"""The end of a string that may be the beginning of an escape: its pieces are not of the key."""


# A value; not the name of a member, which a colon follows. The search goes on at its last quote: what is between two
# strings may be of the key too, as `:` or `,`, and this quote is the first one of the next string.
_WHOLE = re.compile(rb'"([^"]{1,3})"\s*(?:[^:\s]|\Z)')


def _short_pieces(forms: Iterable[_Form]) -> dict[bytes, list[_Place]]:
    """Every text of one to three characters of the forms, and where it is."""
    found: dict[bytes, list[_Place]] = {}
    for form in sorted(forms):
        for size in range(1, _PIECE):
            for at in range(len(form.text) - size + 1):
                found.setdefault(form.text[at : at + size], []).append((form, at))
    return found


def _long_pieces(forms: Iterable[_Form]) -> Iterator[bytes]:
    """Every text of four characters of the forms."""
    for text in {form.text for form in forms}:
        yield from (text[at : at + _PIECE] for at in range(len(text) - _PIECE + 1))


def _seeds(forms: Iterable[_Form]) -> Iterator[bytes]:
    """Texts of which each part of a form has at least one."""
    for form in forms:
        size = min(_SEED, form.window)
        step = form.window - size + 1
        yield from (form.text[at : at + size] for at in range(0, len(form.text) - size + 1, step))


def _split_pattern(forms: Iterable[_Form], pieces: Iterable[bytes]) -> bytes:
    long = b"|".join(_quoted(set(_long_pieces(forms))))
    short = b"|".join(_quoted(pieces))
    return b'"(?:' + long + b")|(?:" + long + b')"|' + _CUT_ESCAPE + b'|"(?:' + short + b')"\\s*(?:[^:\\s]|\\z)'


def _quoted(texts: Iterable[bytes]) -> list[bytes]:
    return [re.escape(text) for text in sorted(texts)]


_Search = Callable[[bytes, int], tuple[int, int] | None]
"""Finds the first hit in a text from an offset on: its span."""


def _searcher(pattern: bytes) -> _Search:
    import re2  # here, because it takes milliseconds and `--help` needs no key

    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 64 << 20
    options.log_errors = False  # else it writes to stderr when its fast search has too little memory
    compiled = re2.compile(pattern, options)

    def search(data: bytes, at: int) -> tuple[int, int] | None:
        hit = compiled.search(data, at)
        return None if hit is None else hit.span()

    return search
