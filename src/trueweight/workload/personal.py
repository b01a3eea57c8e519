"""Replaces personal data and keys in requests and answers, before anything is written.

One value has one replacement in the whole workload, of the same kind, so that a task stays the same task: an address
that is to be extracted is still an address, and it is the same one in the request and in the recorded answer. The
replacements are values that are reserved for documentation, or that no one can have.
"""

from __future__ import annotations

import ipaddress
import re
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
)
_NAMED_KEY: Final = re.compile(
    r"(?<![^\W_])(?:(?:api|access|account|private|secret)[-_ ]?key|(?:access|auth|refresh|session)[-_ ]?token|"
    r"(?:client[-_ ]?)?secret|pass(?:word|wd|phrase)|passwort|pwd)[\"'`]{0,2}\s{0,3}[:=]\s{0,3}[\"'`]{0,2}"
    r"(?P<value>(?=[^\s\"'`,;<>(){}\[\]]{0,100}\d)[^\s\"'`,;<>(){}\[\]]{6,400})",
    re.IGNORECASE,
)
"""A key or password behind its name. It has a digit, because ``password: forgotten`` is a sentence."""
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
    return 13 <= len(digits) <= 19 and digits[0] in "3456" and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


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
        found = sorted(one for recogniser in self._recognisers for one in recogniser(text))
        out, at = [], 0
        for start, group in _grouped(found):
            if start < at:
                continue
            out += [text[at:start], self._stand_in(group.kind, text[start : group.end], group.value)]
            at = group.end
        return "".join([*out, text[at:]]) if out else text

    def _stand_in(self, kind: str, original: str, value: str = "") -> str:
        self.replaced[kind] += 1
        plain = value or (original if kind == "mail" else re.sub(r"\W", "", original)).casefold()
        key = (kind, plain)
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
