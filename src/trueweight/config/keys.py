"""API keys, from environment variables only. No class of `core` has a field for a key, so none can leak it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from trueweight.core import ConfigError, Provider

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_env_name(text: str) -> bool:
    """Whether a text can be the name of an environment variable."""
    return bool(_ENV_NAME.fullmatch(text))


def shown_name(name: str) -> str:
    """The name for an error message; hidden if it may be a key that was pasted in place of the name."""
    if is_env_name(name) and (len(name) < 20 or (name.isupper() and "_" in name)):
        return repr(name)
    return f"(a value of {len(name)} characters, not shown: it may be a key)"


def refuse_pasted_key(text: str, where: str) -> None:
    """Refuse what cannot be the name of an environment variable, or looks like a key.

    Raises:
        ConfigError: ``config-literal-key``; it does not show the text.
    """
    if not is_env_name(text) or not shown_name(text).startswith("'"):
        raise ConfigError(
            f"{shown_name(text)}: not the name of an environment variable",
            code="config-literal-key",
            where=where,
            hint="Valid: letters, digits and _, e.g. OPENAI_API_KEY. The key itself stays in the environment.",
        )


def read_key(name: str, environ: Mapping[str, str], *, where: str) -> str:
    """The key that an environment variable holds, without surrounding white space.

    Raises:
        ConfigError: if the variable is unset or empty, or its key cannot be in a header. The key is never shown.
    """
    key = environ.get(name, "").strip()
    if not key:
        full = [other for other in environ if other != name and environ[other].strip()]
        close = difflib.get_close_matches(name, full, n=1, cutoff=0.75)
        guess = f"Did you mean {close[0]!r}? " if close else ""
        state = "empty" if name in environ else "not set"
        raise ConfigError(
            f"api_key_env = {shown_name(name)}: that environment variable is {state}",
            code="config-key-missing",
            where=where,
            hint=f"{guess}Valid: the name of a variable that holds the key. Leave api_key_env out if none is needed.",
        )
    if not all("!" <= character <= "~" for character in key):
        raise ConfigError(
            f"api_key_env = {shown_name(name)}: the key has characters that no HTTP header can have",
            code="config-key-unusable",
            where=where,
            hint="Valid: printable ASCII without spaces. Was it cut, or pasted with a line break?",
        )
    return key


class Keys(Mapping[str, str]):
    """Provider name → key. Its repr has the names only, because a traceback may print local variables."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.__keys = dict(keys)

    def __getitem__(self, name: str) -> str:
        return self.__keys[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__keys)

    def __len__(self) -> int:
        return len(self.__keys)

    def __repr__(self) -> str:
        return f"Keys({', '.join(self.__keys)})"


def keys_for(providers: Iterable[Provider], environ: Mapping[str, str]) -> Keys:
    """Provider name → key, for those providers that name a variable.

    Raises:
        ConfigError: as `read_key`.
    """
    return Keys(
        {
            provider.name: read_key(provider.api_key_env, environ, where=f"provider {provider.name!r}")
            for provider in providers
            if provider.api_key_env is not None
        }
    )
