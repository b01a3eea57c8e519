"""An estimate: a number with its n, interval and unit. No bare number ever reaches a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def _round(value: float | None) -> float | None:
    """Six significant digits: enough for any reader, and the same bytes from any machine's last-bit noise."""
    return None if value is None else float(f"{value:.6g}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured number.

    Attributes:
        value: the point estimate; None means not applicable, and ``note`` says why.
        low, high: ends of the 95% interval; one is None where only a one-sided limit is honest.
        n: independent units (cases, or requests for latency) that the number rests on.
        of: units planned; ``of - n`` are missing and ``missing`` says why.
        unit: ``proportion``, ``ms``, ``tokens/s``, ``USD``, ``difference`` …
        method: how value and interval were got, in words a statistician recognises.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    method: str
    of: int | None = None
    missing: tuple[tuple[str, int], ...] = ()
    note: str = ""

    @classmethod
    def not_applicable(cls, unit: str, note: str, *, of: int | None = None) -> Estimate:
        """No number, and the reason."""
        return cls(None, None, None, 0, unit, "n/a", of=of, note=note)

    def as_json(self) -> dict[str, Any]:
        """The form that ``summary.json`` holds, rounded to six significant digits."""
        out: dict[str, Any] = {
            "value": _round(self.value),
            "low": _round(self.low),
            "high": _round(self.high),
            "n": self.n,
            "unit": self.unit,
            "method": self.method,
        }
        if self.of is not None:
            out["of"] = self.of
        if self.missing:
            out["missing"] = dict(self.missing)
        if self.note:
            out["note"] = self.note
        return out
