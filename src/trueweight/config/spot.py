"""A place in a configuration file, and the errors about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from trueweight.config.lines import Lines, Path
from trueweight.config.secrets import looks_like_secret, without_secrets
from trueweight.core import ConfigError
from trueweight.core.evidence import quote

_SHOWN = 80


def quoted(value: Any) -> str:
    """A value as it is in the file, cut to about 80 characters; hidden if it looks like a key."""
    if looks_like_secret(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)):
        return "(not shown: it looks like a key)"
    return quote(value, _SHOWN)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file: a path of keys, and the lines of the file's keys."""

    file: str
    lines: Lines
    path: Path = ()

    def at(self, *keys: str | int) -> Spot:
        """The place of these keys inside this one."""
        return Spot(self.file, self.lines, (*self.path, *keys))

    @property
    def where(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.lines.find(*self.path)}"

    def refuse(self, message: str, *, code: str, hint: str) -> NoReturn:
        """Raise a ConfigError at this place. What may be a key is not shown."""
        raise ConfigError(without_secrets(message), code=code, where=self.where, hint=hint)

    def refuse_value(self, value: Any, problem: str, *, valid: str, code: str = "config-value") -> NoReturn:
        """Raise a ConfigError that says ``key = value: problem``, and what is valid."""
        key = ".".join(str(part) for part in self.path[2:]) or str(self.path[-1])
        self.refuse(f"{key} = {quoted(value)}: {problem}", code=code, hint=f"Valid: {valid}.")
