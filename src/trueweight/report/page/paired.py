"""The differences from the reference as the page writes them: the same decimals along a row, bold beyond chance."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from trueweight.assess.significance import beyond_self_agreement
from trueweight.core.estimate import Comparison, Estimate
from trueweight.core.summary import Summary
from trueweight.report.numbers import decimals_of, most_decimals, signed, span, write

_MOST: Final = 3


class DifferenceText(NamedTuple):
    """A difference, or the self-agreement of its row, as text.

    Attributes:
        strong: written in bold, because it is `beyond_self_agreement` and not written as zero.
    """

    value: str
    interval: str
    strong: bool
    p: str


class PairedRow(NamedTuple):
    """A metric: the reference against itself, and a difference for each candidate (None: not compared)."""

    metric: str
    self_agreement: DifferenceText | None
    cells: tuple[DifferenceText | None, ...]


def paired(summary: Summary, names: tuple[str, ...], metrics: list[str]) -> tuple[PairedRow, ...]:
    """A row for each of the metrics that was compared of any of the names."""
    rows = []
    for metric in metrics:
        found = [_known(summary.providers[name].versus_reference.get(metric)) for name in names]
        if any(found):
            agreement = summary.self_agreement.get(metric)
            rows.append(_row(metric, None if agreement is None or agreement.value is None else agreement, found))
    return tuple(rows)


def _known(found: Comparison | None) -> Comparison | None:
    return found if found is not None and found.value is not None else None


def _row(metric: str, agreement: Estimate | None, found: list[Comparison | None]) -> PairedRow:
    # A self-agreement that is a score, as that of F1, is in the differences already; any other is a difference itself.
    unit = next(one.unit for one in found if one)
    score = agreement is not None and agreement.unit != unit
    decimals = min(_decimals([one for one in found if one]), most_decimals(unit))
    own_difference = None if score else agreement
    cells = tuple(_difference(one, decimals, own_difference) if one else None for one in found)
    if agreement is None:
        return PairedRow(metric, None, cells)
    if score:
        own = DifferenceText(write(agreement.value, agreement.unit), span(agreement), False, "")
        return PairedRow(metric, own, cells)
    return PairedRow(metric, _difference(agreement, decimals, None), cells)


def _decimals(found: list[Comparison]) -> int:
    """As many as the widest interval of the row supports, and one more for the narrow ones."""
    widths = (one.high - one.low for one in found if one.low is not None and one.high is not None)
    widest = max(widths, default=0.0)
    return min(_MOST, decimals_of(widest / 10, 2)) if widest else 0


def _difference(found: Estimate, decimals: int, self_agreement: Estimate | None) -> DifferenceText:
    # The difference of two shares is no share: it has a sign.
    unit = "difference" if found.unit == "proportion" else found.unit
    text = signed(found.value or 0.0, unit, decimals)
    compared = found if isinstance(found, Comparison) else None
    # A median difference of zero can be beyond chance (the cases that differ agree in direction), but shows no effect.
    shown = bool(text.strip("0."))
    strong = shown and compared is not None and beyond_self_agreement(compared, self_agreement)
    p = compared.p_holm if compared is not None else None
    interval = span(msgspec.structs.replace(found, unit=unit), decimals, signs=True)
    return DifferenceText(text, interval, strong, "" if p is None else f"{p:.2g}")
