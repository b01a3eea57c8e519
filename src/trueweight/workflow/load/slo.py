"""Service level objectives: the limits that a request must meet to count as good."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trueweight.core import ConfigError, Timing, near_miss

_NAMES = {"ttft": "ttft", "ttfo": "ttfo", "tpot": "tpot", "e2e": "service"}
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@dataclass(frozen=True, slots=True)
class Slo:
    """Limits in milliseconds, by name as the user wrote it: ``ttft``, ``ttfo``, ``tpot``, ``e2e``."""

    limits: tuple[tuple[str, float], ...] = ()

    def met(self, timing: Timing | None) -> bool | None:
        """Whether a reply meets every limit; None if it meets all that can be measured, and one cannot be.

        An answer of one token has no time per output token, and a plain reply has no first token. A stream without
        any token misses the limit of its first token.
        """
        if timing is None:
            return False
        unknown = False
        for name, limit in self.limits:
            found: float | None = getattr(timing, _NAMES[name])
            if found is None and (name == "tpot" or timing.ttfe is None):
                unknown = True
            elif found is None or found > limit * 1e6:
                return False
        return None if unknown else True

    def __str__(self) -> str:
        return ",".join(f"{name}={limit:g}ms" for name, limit in self.limits)


def parse_slo(text: str) -> Slo:
    """Read ``ttft=500ms,tpot=50ms``.

    Raises:
        ConfigError: for an unknown name, a limit without a unit, or a name that comes twice.
    """
    limits: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (side.strip() for side in part.partition("="))
        if name not in _NAMES:
            raise ConfigError(
                f"no limit is called {name!r}", code="slo-name", where="--slo", hint=near_miss(name, _NAMES)
            )
        found = _LIMIT.fullmatch(value)
        if not found or name in limits:
            flaw = "is named twice" if found else f"= {value!r}: not a time with its unit"
            raise ConfigError(
                f"{name} {flaw}", code="slo-value", where="--slo", hint="Valid: ttft=500ms,tpot=50ms,e2e=20s."
            )
        limits[name] = float(found[1]) * (1000 if found[2] == "s" else 1)
    return Slo(tuple(limits.items()))
