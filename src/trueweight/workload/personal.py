"""Replaces personal data and keys in requests and answers, before anything is written.

One value has one replacement in the whole workload, of the same kind, so that a task stays the same task: an address
that is to be extracted is still an address, and it is the same one in the request and in the recorded answer. The
replacements are values that are reserved for documentation, or that no one can have.
"""

from __future__ import annotations

import ipaddress
import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import phonenumbers
from stdnum import iban, luhn
from stdnum.exceptions import ValidationError

from trueweight.core import ConfigError
from trueweight.core.evidence import quote
from trueweight.core.regular_file import read_regular

_MAIL: Final = re.compile(r"[\w.%+'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b", re.IGNORECASE | re.ASCII)
_CARD: Final = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IP4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d)")
_IP6: Final = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})(?![\w:])")
_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
    r"|\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj-|ant-|or-v1-)?[\w-]{16,}"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|gsk_|AIza|ya29\.|SG\.|nvapi-|tgp_v1_|fw_|r8_)[\w.-]{16,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|(?<=Bearer )[\w.~+/-]{16,}=*"
    r"|(?<=Authorization: Basic )[\w+/]{8,}=*"
    r"|\b(?:npm_|dop_v1_|shp(?:at|ca|pa|ss)_|pypi-|xapp-|lin_api_)[\w-]{16,}"
    r"|(?<=hooks\.slack\.com/services/)[\w/]{16,}"
    r"|(?<=://)[^\s/:@\"'<>]{0,64}:[^\s/@\"'<>]{1,200}(?=@[\w\[])"
)
"""Keys by their form, and user and password in a URL."""
_NAMED_KEY: Final = re.compile(
    r"(?<![^\W_])(?:(?:api|access|account|private|secret)[-_ ]?key|(?:access|auth|refresh|session)[-_ ]?token|"
    r"(?:client[-_ ]?)?secret|pass(?:word|wd|phrase)|passwort|pwd)[\"'`]{0,2}\s{0,3}[:=]\s{0,3}[\"'`]{0,2}"
    r"(?P<value>(?=[^\s\"'`,;<>(){}\[\]]{0,100}\d)[^\s\"'`,;<>(){}\[\]]{6,400})",
    re.IGNORECASE,
)
"""A key or password behind its name. It has a digit, because ``password: forgotten`` is a sentence."""
_ESCAPE: Final = re.compile(
    r'\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]'
)
"""A character as JSON writes it inside a text."""
_NESTED: Final = 3
"""Levels of JSON inside JSON that are read."""
_DOUBLE_ZERO: Final = re.compile(r"(?<!\d)00[ ]?[1-9]")
_OWN_CARD: Final = ("4111111111111111", "5500005555555559", "378282246310005", "6011000990139424")
"""Numbers that the networks publish for tests."""


class Found(NamedTuple):
    """A piece of text that is personal: half-open range and kind; ``value`` is the same for all its spellings, "" for
    the text itself without case and punctuation."""

    start: int
    end: int
    kind: str
    value: str = ""


Recogniser = Callable[[str], Iterator[Found]]


def _keys(text: str) -> Iterator[Found]:
    yield from (Found(*hit.span(), "key") for hit in _KEY.finditer(text))
    yield from (Found(*hit.span("value"), "key") for hit in _NAMED_KEY.finditer(text) if not _MAIL.match(hit["value"]))


def _mails(text: str) -> Iterator[Found]:
    yield from (Found(*hit.span(), "mail") for hit in _MAIL.finditer(text) if "@" in text)


def _ibans(text: str) -> Iterator[Found]:
    for hit in _IBAN.finditer(text):
        # A word in capitals may follow the number: the longest valid beginning counts.
        for end in range(hit.end(), hit.start() + 14, -1):
            if text[end - 1] not in " -" and _is_iban(text[hit.start() : end]):
                yield Found(hit.start(), end, "iban")
                break


def _is_iban(number: str) -> bool:
    try:
        iban.validate(number)
    except ValidationError:
        return False
    return True


def _cards(text: str) -> Iterator[Found]:
    for hit in _CARD.finditer(text):
        if is_card(re.sub(r"\D", "", hit[0])):
            yield Found(*hit.span(), "card")


def is_card(digits: str) -> bool:
    """Whether a number is that of a payment card: its length, its network and its check digit (Luhn)."""
    known = digits[:1] in tuple("3456") or (len(digits) == 16 and "2221" <= digits[:4] <= "2720")
    return 13 <= len(digits) <= 19 and known and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def _addresses(text: str) -> Iterator[Found]:
    for pattern in (_IP4, _IP6):
        for hit in pattern.finditer(text):
            try:
                found = ipaddress.ip_address(hit[0])
            except ValueError:
                continue
            if not (found.is_unspecified or found.is_loopback):
                yield Found(*hit.span(), "ip")


def phones_of(region: str | None) -> Recogniser:
    """Finds phone numbers.

    Args:
        region: the country (``DE``) whose numbers may stand without their prefix; None finds international ones only.

    Raises:
        ConfigError: ``workload-region`` for a country that is none.
    """
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        hint = "Valid: a country of two letters, e.g. DE, GB, US."
        raise ConfigError(f"unknown region {region!r}", code="workload-region", where="--region", hint=hint)

    def phones(text: str) -> Iterator[Found]:
        if sum(map(str.isdigit, text)) < 6:
            return
        found = list(phonenumbers.PhoneNumberMatcher(text, region))
        if _DOUBLE_ZERO.search(text):  # the prefix for abroad in most countries: 0049 is +49
            abroad = phonenumbers.PhoneNumberMatcher(text, "DE")
            found += [hit for hit in abroad if hit.raw_string.startswith("00")]
        for hit in found:
            value = phonenumbers.format_number(hit.number, phonenumbers.PhoneNumberFormat.E164)
            yield Found(hit.start, hit.end, "phone", value)

    return phones


def names_of(names: Collection[str]) -> Recogniser:
    """Finds the given names, as whole words, whatever their case."""
    known = sorted((one.strip() for one in names if len(one.strip()) > 1), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)", re.IGNORECASE) if known else None

    def found(text: str) -> Iterator[Found]:
        yield from (Found(*hit.span(), "name") for hit in pattern.finditer(text)) if pattern is not None else ()

    return found


def _replacement(kind: str, number: int) -> str:
    """The replacement of the ``number``-th value of a kind."""
    account = f"50010517{number:010d}"
    return {
        "mail": f"person{number}@example.com",
        "phone": f"+1 202 555 {100 + (number - 1) % 100:04d}",
        "card": _OWN_CARD[(number - 1) % len(_OWN_CARD)],
        "iban": f"DE{iban.calc_check_digits('DE00' + account)}{account}",
        "ip": f"192.0.2.{1 + (number - 1) % 254}",
        "name": f"Person {number}",
        "key": f"[KEY {number}]",
    }[kind]


class _Unescaped:
    """A text in which each escape of JSON is the character that it stands for.

    Attributes:
        text: as it is read.
    """

    def __init__(self, raw: str) -> None:
        out: list[str] = []
        self._at: list[int] = []  # of each escape, in the text as it is read
        self._more: list[int] = [0]  # characters that the escapes before are longer than what they stand for
        length = end = 0
        for hit in _ESCAPE.finditer(raw):
            before = raw[end : hit.start()]
            out += [before, json.loads(f'"{hit[0]}"').encode("utf-16", "replace").decode("utf-16")]
            length += len(before)
            self._at.append(length)
            self._more.append(self._more[-1] + len(hit[0]) - 1)
            length, end = length + 1, hit.end()
        self.text = "".join([*out, raw[end:]])

    def original(self, found: Found) -> Found:
        """The piece in the text as it was written. Its value is what is read, which is the same for each spelling."""
        start, end = (at + self._more[bisect_left(self._at, at)] for at in (found.start, found.end))
        return Found(start, end, found.kind, found.value or normal(found.kind, self.text[found.start : found.end]))


def normal(kind: str, text: str) -> str:
    """What is the same for all spellings of a value: without case, and without punctuation but in mail addresses."""
    return (text if kind == "mail" else re.sub(r"\W", "", text)).casefold()


class Replacer:
    """Replaces what its recognisers find.

    Args:
        recognisers: beside the rules for keys, mail, IBAN, cards and addresses.

    Attributes:
        replaced: kind → occurrences that were replaced.
    """

    def __init__(self, *recognisers: Recogniser) -> None:
        self._recognisers: tuple[Recogniser, ...] = (_keys, _mails, _ibans, _cards, _addresses, *recognisers)
        self._known: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self.replaced: Counter[str] = Counter()

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it replaced, keys of objects included, and numbers of cards."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(part) for part in value]
        if isinstance(value, int) and not isinstance(value, bool) and is_card(str(value)):
            return int(self._stand_in("card", str(value)))
        return value

    def text(self, text: str) -> str:
        """A text with what is personal replaced. Of overlapping pieces the first counts, and of these the longest.

        Images and other data that are a text in base64 stay as they are.
        """
        if text.startswith("data:"):
            return text
        found = sorted(self._found(text))
        out, at = [], 0
        for start, group in _grouped(found):
            if start < at:
                continue
            out += [text[at:start], self._stand_in(group.kind, text[start : group.end], group.value)]
            at = group.end
        return "".join([*out, text[at:]]) if out else text

    def _found(self, text: str, level: int = 0) -> Iterator[Found]:
        """The pieces of a text, which may have JSON in it, as an answer and the arguments of a call have.

        A line end that is written ``\\n`` is no letter of the address behind it, and ``Jos\\u00e9`` is José. So the
        text is read with its escapes as the characters that they stand for, and where that finds nothing as it is.
        """
        covered = bytearray(len(text))
        if level < _NESTED and '"' in text and _ESCAPE.search(text):
            read = _Unescaped(text)
            for one in map(read.original, self._found(read.text, level + 1)):
                covered[one.start : one.end] = b"\1" * (one.end - one.start)
                yield one
        for recogniser in self._recognisers:
            yield from (one for one in recogniser(text) if covered.find(1, one.start, one.end) < 0)

    def _stand_in(self, kind: str, original: str, value: str = "") -> str:
        self.replaced[kind] += 1
        key = (kind, value or normal(kind, original))
        if key not in self._known:
            self._numbers[kind] += 1
            self._known[key] = _replacement(kind, self._numbers[kind])
        return self._known[key]

    def account(self) -> str:
        """What was replaced, in a sentence."""
        parts = [f"{count} × {kind}" for kind, count in sorted(self.replaced.items())]
        return f"replaced: {', '.join(parts)}" if parts else "replaced: nothing that the rules know was found"


def _grouped(found: list[Found]) -> Iterator[tuple[int, Found]]:
    """The longest piece of those with one start."""
    longest: dict[int, Found] = {}
    for one in found:
        if one.start not in longest or one.end > longest[one.start].end:
            longest[one.start] = one
    yield from sorted(longest.items())


def read_names(path: Path) -> tuple[str, ...]:
    """The names of a file, one a line.

    Raises:
        ConfigError: ``workload-names`` if it has none, or cannot be read.
    """
    where = str(path)
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"cannot be read: {reason}", code="workload-names", where=where) from None
    names = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if not names:
        hint = f"Valid: one name a line. The file begins with {quote(text[:40])}."
        raise ConfigError("no name is in the file", code="workload-names", where=where, hint=hint)
    return names
