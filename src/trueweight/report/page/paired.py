"""The differences from the reference as the page writes them: one number of decimals a row, bold beyond the noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trueweight.report.ground import ALPHA
from trueweight.report.numbers import decimals_of, span, write

_MOST: Final = 3


class Difference(NamedTuple):
    """A difference, or the noise floor of its row, as text; ``strong`` if it is beyond chance and beyond the floor."""

    value: str
    interval: str
    strong: bool
    p: str


class PairedRow(NamedTuple):
    """A metric: its floor, and a difference for each candidate (None: not compared)."""

    metric: str
    floor: Difference | None
    cells: tuple[Difference | None, ...]


def paired(summary: Mapping[str, Any], names: tuple[str, ...], metrics: list[str]) -> tuple[PairedRow, ...]:
    """A row for each of the metrics that was compared of any of the names."""
    floors = summary.get("noise_floor") or {}
    rows = []
    for metric in metrics:
        found = [_known(summary["providers"][name]["versus_reference"].get(metric)) for name in names]
        if any(found):
            rows.append(_row(metric, _known(floors.get(metric)), found))
    return tuple(rows)


def _known(estimate: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return estimate if estimate and estimate.get("value") is not None else None


def _row(metric: str, floor: Mapping[str, Any] | None, found: list[Mapping[str, Any] | None]) -> PairedRow:
    # A floor that is a score, as that of F1, is in the differences already; any other is a difference itself.
    unit = next(one["unit"] for one in found if one)
    score = floor is not None and floor["unit"] != unit
    decimals = _decimals([one for one in found if one])
    noise = None if score else floor
    cells = tuple(_difference(one, decimals, noise) if one else None for one in found)
    if floor is None:
        return PairedRow(metric, None, cells)
    if score:
        return PairedRow(metric, Difference(write(floor["value"], floor["unit"]), span(floor), False, ""), cells)
    return PairedRow(metric, _difference(floor, decimals, None), cells)


def _decimals(found: list[Mapping[str, Any]]) -> int:
    """As many as the widest interval of the row supports, and one more for the narrow ones."""
    widest = max((one["high"] - one["low"] for one in found if None not in (one["low"], one["high"])), default=0.0)
    return min(_MOST, decimals_of(widest / 10, 2)) if widest else 0


def _difference(found: Mapping[str, Any], decimals: int, noise: Mapping[str, Any] | None) -> Difference:
    # The difference of two shares is no share: it has a sign.
    unit = "difference" if found["unit"] == "proportion" else str(found["unit"])
    text = write(found["value"], unit, decimals)
    if found["value"] > 0 and not text.startswith("+") and text.strip("0.,"):
        text = f"+{text}"
    p = found.get("p_holm")
    strong = p is not None and p <= ALPHA and _outside(found, noise)
    return Difference(text, span({**found, "unit": unit}, decimals), strong, "" if p is None else f"{p:.2g}")


def _outside(found: Mapping[str, Any], noise: Mapping[str, Any] | None) -> bool:
    """Whether two intervals have nothing in common; an end that is not known is none."""
    if noise is None:
        return True
    for one, other in ((found, noise), (noise, found)):
        if one.get("low") is not None and other.get("high") is not None and one["low"] > other["high"]:
            return True
    return noise.get("low") is None and noise.get("high") is None
