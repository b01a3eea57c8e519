"""An estimate: a number with its n, interval and unit. No bare number ever reaches a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

import msgspec

ALPHA: Final = 0.05
"""The level of significance of one family of comparisons, after its correction. All decisions use it."""


def six_digits(value: float) -> float:
    """The value with six significant digits, so that differences in the last bits between machines disappear. Zero has
    no sign."""
    return float(f"{value:.6g}") + 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else six_digits(value)


class Estimate(msgspec.Struct, frozen=True, omit_defaults=True):
    """A measured number.

    Attributes:
        value: the point estimate; None means not applicable, and ``note`` says why.
        low, high: ends of the 95% interval; one is None where the data support a one-sided limit only.
        n: number of independent units (cases, or requests for latency) that it is computed from.
        of: units planned; ``of - n`` are missing and ``missing`` says why.
        unit: ``proportion``, ``ms``, ``tokens/s``, ``USD``, ``difference`` …
        method: how value and interval were computed, in terms of statistics.
        missing: reason → units.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    method: str
    of: int | None = None
    missing: Mapping[str, int] = msgspec.field(default_factory=dict)
    note: str = ""
    _numbers: ClassVar[tuple[str, ...]] = ("value", "low", "high")

    @classmethod
    def not_applicable(
        cls, unit: str, note: str, *, of: int | None = None, missing: Mapping[str, int] | None = None
    ) -> Self:
        """No number, and the reason."""
        return cls(None, None, None, 0, unit, "n/a", of=of, missing=missing or {}, note=note)

    def rounded(self) -> Self:
        """The same with six significant digits in each number, as ``summary.json`` holds it."""
        return msgspec.structs.replace(self, **{name: _rounded(getattr(self, name)) for name in self._numbers})

    def plain(self) -> Estimate:
        """A copy without what a subclass adds: p-values, a corrected interval."""
        return Estimate(**{name: getattr(self, name) for name in Estimate.__struct_fields__})

    def as_json(self) -> dict[str, Any]:
        """The rounded estimate as a JSON object."""
        found: dict[str, Any] = msgspec.to_builtins(self.rounded())
        return found


class Comparison(Estimate, frozen=True, omit_defaults=True):
    """An estimate of the difference from the reference, paired by case.

    Attributes:
        p: two-sided, of an exact paired test that there is no difference; None where no test applies.
        p_holm: the same, corrected over all comparisons of the run, candidates times metrics (Holm).
        p_worse: one-sided, of the same test against the provider being worse; not corrected.
        worse, better: number of cases in which the provider is worse, and better.
    """

    p: float | None = None
    p_holm: float | None = None
    p_worse: float | None = None
    worse: int | None = None
    better: int | None = None
    _numbers: ClassVar[tuple[str, ...]] = (*Estimate._numbers, "p", "p_holm", "p_worse")

    @classmethod
    def of_estimate(cls, found: Estimate, **tested: float | None) -> Comparison:
        """A difference with what its test found."""
        return Comparison(**{name: getattr(found, name) for name in Estimate.__struct_fields__}, **tested)  # type: ignore[arg-type]


def rounded(value: Any) -> Any:
    """A value of a struct with every number of every estimate in it at six significant digits."""
    if isinstance(value, Estimate):
        return value.rounded()
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(rounded, value))
    if isinstance(value, float):
        return six_digits(value)
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(
            value, **{name: rounded(getattr(value, name)) for name in value.__struct_fields__}
        )
    return value
