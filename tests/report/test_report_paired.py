"""The differences from the reference, as the page writes them."""

from __future__ import annotations

from msgspec import structs
from report_sample import make_summary, typed

from trueweight.core.estimate import Comparison
from trueweight.report.page.paired import DifferenceText, PairedRow, paired


def _difference(
    value: float, low: float | None, high: float | None, unit: str = "ms", p_holm: float | None = None
) -> Comparison:
    return Comparison(value, low, high, 40, unit, "by hand", p_holm=p_holm)


def _row(agreement: Comparison | None, *found: Comparison | None) -> PairedRow:
    names = tuple(f"p{i}" for i in range(len(found)))
    whole = typed(make_summary(6, ("reference", "twin")))
    twin = whole.providers["twin"]
    providers = {
        name: structs.replace(twin, versus_reference={"ttft": one} if one else {})
        for name, one in zip(names, found, strict=True)
    }
    summary = structs.replace(
        whole, providers=providers, self_agreement={"ttft": agreement} if agreement is not None else {}
    )
    (row,) = paired(summary, names, ["ttft"])
    return row


def test_a_row_has_one_number_of_decimals_and_signs() -> None:
    """A column of differences can be compared at a glance, and a plus is a plus."""
    row = _row(
        _difference(-0.822, -6.97, 1.21), _difference(132.9, 122.0, 138.0), _difference(-8.38, -12.9, -3.4), None
    )
    assert [cell and cell.value for cell in (row.self_agreement, *row.cells)] == ["−0.8", "+132.9", "−8.4", None]
    assert [cell and cell.interval for cell in row.cells] == ["+122.0 to +138.0", "−12.9 to −3.4", None]


def test_the_difference_of_two_shares_may_be_negative() -> None:
    """A share of −12% is none: its difference is written in points, with its sign."""
    row = _row(_difference(0.01, -0.02, 0.04, "proportion"), _difference(-0.12, -0.2, -0.04, "proportion"))
    assert row.cells == (DifferenceText("−12.0", "−20.0 to −4.0", False, ""),)
    assert row.self_agreement == DifferenceText("+1.0", "−2.0 to +4.0", False, "")


def test_bold_is_beyond_chance_and_beyond_the_self_agreement() -> None:
    """A second run of the reference that differs from its first as much makes a small p worth nothing."""
    agreement, far, near = _difference(-203, -487, -9), _difference(1479, 804, 2397), _difference(-300, -600, -50)
    row = _row(
        agreement, *(structs.replace(one, p_holm=p) for one, p in ((far, 0.001), (near, 0.001), (far, 0.2))), far
    )
    assert [cell and cell.strong for cell in row.cells] == [True, False, False, False]


def test_a_self_agreement_that_is_a_score_stays_one() -> None:
    """F1 of the reference against itself is no difference; the differences have it subtracted already."""
    row = _row(_difference(0.987, 0.95, None, "proportion"), _difference(-0.38, -0.5, -0.26, "difference", p_holm=1e-9))
    assert row.self_agreement == DifferenceText("98.7%", "≥ 95.0", False, "")
    assert row.cells[0] == DifferenceText("−38.0", "−50.0 to −26.0", True, "1e-09")
