"""The run in terminals of 40 and 60 columns."""

from __future__ import annotations

import io

import pytest
from report_sample import PROVIDERS, TWENTY, make_summary, typed
from rich.console import Console

from trueweight.report.numbers import write
from trueweight.report.terminal import print_table


@pytest.mark.parametrize("thinks", [False, True])
@pytest.mark.parametrize("names", [PROVIDERS, ("reference", *TWENTY[8:11])])
@pytest.mark.parametrize("width", [80, 120])
def test_names_are_whole_where_they_fit(width: int, names: tuple[str, ...], thinks: bool) -> None:
    """With one time or with two: a name of up to 40 characters is never broken, no line is wider than the screen."""
    summary = make_summary(5, names)
    for provider in summary["providers"].values() if thinks else ():
        provider["metrics"]["thinking_time"] = provider["metrics"]["ttfo"] = provider["metrics"]["ttft"]
    out = io.StringIO()
    print_table(typed(summary), Console(file=out, width=width, emoji=False))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    for name in names:
        assert len(name) > 40 or any(line.split("  ")[0].rstrip() == name for line in lines)


@pytest.mark.parametrize("width", [40, 60, 75])
def test_no_name_and_no_number_is_cut(width: int) -> None:
    """Each name is a line, each number stands whole beside its heading, and no line is wider than the terminal."""
    summary = typed(make_summary())
    out = io.StringIO()
    print_table(summary, Console(file=out, width=width, emoji=False))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    for name, provider in summary.providers.items():
        assert name in [line.rstrip() for line in lines]
        estimate = provider.metrics["success_rate"]
        assert estimate.value is not None
        assert any(line.startswith(f"  success: {write(estimate.value, estimate.unit)} ") for line in lines)
