"""Recognises API keys. In doubt a value is refused: that does less harm than a secret in a file or on a screen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_VALUE = re.compile(
    r"""(?ix)
    (?<![a-z0-9]) sk [-_] [a-z0-9_-]{6,}
    | (?<![a-z0-9]) (?: gsk | hf | r8 | fw | ghp | gho | tgp | pk | rk ) _ [a-z0-9_-]{16,}
    | (?<![a-z0-9]) (?: xai | nvapi | pplx | csk | glpat ) - [a-z0-9_-]{20,}
    | \b bearer \s+ \S{8,}
    | \b AIza [a-z0-9_-]{20,}
    | \b eyJ [a-z0-9_-]{10,} \. [a-z0-9_-]{10,}
    | \b (?: AKIA | ASIA ) [a-z0-9]{16}
    """
)
_NAME = re.compile(
    r"(?i)^(?:.*(?:api[-_]?key|apikey|secret|password|passwd|credential|authorization|cookie|bearer).*"
    r"|.*[-_]token|.*[-_]auth|token|auth|key)$"
)


_RANDOM = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9]) (?:
        (?= [A-Za-z]* \d ) (?= [a-z0-9]* [A-Z] ) (?= [A-Z0-9]* [a-z] ) [A-Za-z0-9]{16,}
        | (?= [a-fA-F]* (?: \d [a-fA-F]* ){6} ) [a-fA-F0-9]{24,}
        | (?= [a-z]* (?: \d [a-z]* ){4} ) [a-z0-9]{24,}
    )
    (?: [-_.~+/=]* [A-Za-z0-9]+ )*
    """
)
"""Letters and digits as a generator of keys mixes them; names of models have dashes between shorter words."""
_IN_URL = re.compile(r"//[^/?#\s\"'@]*@|[?&][^=\s\"'&]*=[^&#\s\"']+")
_SHOWN = 1000


def without_secrets(message: str) -> str:
    """A message with what may be a key replaced by its number of characters; about 1,000 characters at most.

    A value may be shown in a message because it is in the wrong place, and so may be a key of any host.
    """
    if len(message) > _SHOWN:
        message = f"{message[: _SHOWN // 2]} … {message[-_SHOWN // 2 :]}"
    for pattern in (_IN_URL, _VALUE, _RANDOM):
        message = pattern.sub(lambda hit: f"({len(hit[0])} characters, not shown)", message)
    return message


def may_be_key(value: str) -> bool:
    """Whether a value looks like a key of a known vendor, or like random letters and digits."""
    return looks_like_secret(value) or bool(_RANDOM.search(value))


def looks_like_secret(value: str) -> bool:
    """Whether a value contains text with the shape of a known vendor's key."""
    return bool(_VALUE.search(value))


def names_a_secret(name: str) -> bool:
    """Whether a field or header of this name contains a credential (``max_tokens`` does not)."""
    return bool(_NAME.match(name))


def hidden_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all strings and names in a value that look like a key, and of strings with a credential's name."""
    if isinstance(value, str):
        if looks_like_secret(value):
            yield path
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if looks_like_secret(str(name)) or (isinstance(inner, str) and inner and names_a_secret(str(name))):
                yield (*path, str(name))
            else:
                yield from hidden_in(inner, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from hidden_in(inner, (*path, position))
