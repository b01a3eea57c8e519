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


def looks_like_secret(value: str) -> bool:
    """Whether a value contains text with the shape of a known vendor's key."""
    return bool(_VALUE.search(value))


def names_a_secret(name: str) -> bool:
    """Whether a field or header of this name contains a credential (``max_tokens`` does not)."""
    return bool(_NAME.match(name))


def hidden_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all strings in a value that look like a key, or whose name is that of a credential."""
    if isinstance(value, str):
        if looks_like_secret(value):
            yield path
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str) and inner and names_a_secret(str(name)):
                yield (*path, str(name))
            else:
                yield from hidden_in(inner, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from hidden_in(inner, (*path, position))
