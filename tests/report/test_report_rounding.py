"""Rounding never flatters, in any output: no 100% of what is less, no zero with a sign, no limit rounded inwards."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_sample import make_drift, make_summary, typed
from rich.console import Console

import trueweight
from summaries import make_provider_summary
from trueweight.core import Estimate
from trueweight.core.assessment import Limitation, LimitCode, Reason, ReasonCode
from trueweight.report import format_names, render
from trueweight.report.numbers import MINUS, Towards, dollars, percent, significant, span, whole_percent, write
from trueweight.report.site import overview
from trueweight.report.site.trends import SiteRun
from trueweight.report.terminal import print_table
from trueweight.report.words import limit_words, reason_sentence

NEARLY = 0.99962
PACKAGES = ("report", "cli", "workflow", "assess")
FLATTERING = re.compile(
    r"(?<![\w.,–\u2009-])(?:100(?:\.0+)?%|0(?:\.0+)?%|[−-]0(?:\.0+)?(?![\d.]*[1-9])(?=[\s<(;,%]|$))"
)


def _nearly_perfect() -> dict[str, Any]:
    """A run in which every share is just below 1, every limit just below a round number, every difference just below
    zero."""
    summary = make_summary(60)
    estimates = [one for p in summary["providers"].values() for one in p["metrics"].values()]
    for estimate in (one for one in estimates if one["unit"] == "proportion"):
        estimate |= {"value": NEARLY, "low": 0.99496, "high": 0.999999}
    for name, provider in summary["providers"].items():
        for found in provider["versus_reference"].values():
            found |= {"value": -0.00004, "low": -0.00104, "high": 0.00003}
        if name != "reference":
            drift = make_drift("equivalent")
            drift["effect"] |= {"value": -0.0, "low": -0.0001, "high": 0.0151}
            provider["drift"] = drift | {"details": {"top_differs": NEARLY, "top_differs_floor": 0.0003}}
    summary["noise_floor"]["tool_call_f1"] |= {"value": NEARLY, "low": 0.99496, "high": 0.99999}
    return summary


def _screen(summary: dict[str, Any]) -> str:
    out = io.StringIO()
    print_table(typed(summary), Console(file=out, width=100, color_system=None))
    return out.getvalue()


def _words_of(page: str) -> str:
    """The text of a page without its style, script, data and drawings, whose axes end at 100%."""
    plain = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+title=\"([^\"]*)\"[^>]*>|<[^>]+>", r" \1 ", plain))


@pytest.mark.parametrize("output", [*sorted({*format_names()} - {"json"}), "terminal", "site"])
def test_no_output_rounds_a_flaw_away(output: str) -> None:
    """Shares of .9996 and differences of −0.004 points, through every format, the terminal and the site."""
    summary = _nearly_perfect()
    if output == "terminal":
        texts = [_screen(summary)]
    elif output == "site":
        pages = dict(overview([SiteRun("2026-01-01", typed(summary))]))
        texts = [_words_of(text) for name, text in pages.items() if name.endswith(".html")]
    else:
        text = render(output, typed(summary))
        texts = [_words_of(text) if output == "html" else text]
    for text in texts:
        assert not (found := FLATTERING.search(text)), text[max(0, found.start() - 80) : found.end() + 40]
    if output in ("html", "markdown", "terminal"):
        assert "99.9%" in texts[0]
        assert "99.4–100" in texts[0], "the limits are rounded away from the value"


def _words(code: ReasonCode, **fields: Any) -> str:
    return reason_sentence(Reason(code=code, **fields), make_provider_summary())


def _rate(value: float, low: float | None, high: float | None) -> Estimate:
    return Estimate(value, low, high, 300, "proportion", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            _words(ReasonCode.RETRIES_NEEDED, estimate=_rate(0.004, 0.001, 0.01), share=0.9996, of=250),
            "99.6% of 250 first attempts failed; 0.1% failed after retries too.",
        ),
        (
            _words(ReasonCode.SUCCESS_LOW, estimate=_rate(0.9496, 0.9204, 0.9496)),
            "5.0% (5.0–8.0) of requests fail.",
        ),
        (
            _words(ReasonCode.NOTHING_FOUND, of=60, count=3, share=0.0501),
            "Nothing found wrong; where its answers are worse than the reference's, chance can explain it. "
            "A fall of the pass rate by 6 points would probably have been found.",
        ),
        (
            _words(ReasonCode.SLOWER, metric="ttft", estimate=Estimate(110.4, 90.6, 130.2, 60, "ms", "")),
            "It is slower than the reference by 110 ms (90–131), median time to first token.",
        ),
        (
            limit_words(Limitation(code=LimitCode.TOO_FEW_CASES, of=6, share=0.39304)),
            "Too few cases to rely on: with 6 cases, a provider that fails up to 40% of such cases can show no "
            "failure.",
        ),
    ],
)
def test_sentences_round_as_the_tables_do(words: str, expected: str) -> None:
    """Shares that are not all or nothing are not written so, and what a sentence calls a limit is one."""
    assert words == expected


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_in_a_sentence_is_never_all_or_nothing(value: float) -> None:
    """The short form of a share has decimals where a whole number would flatter."""
    assert whole_percent(value) not in {"0%", "100%", "0.0%", "100.0%"}


UNITS = st.sampled_from(["proportion", "difference", "ms", "USD", "tokens/s", "nats"])


@st.composite
def _estimates(draw: st.DrawFn) -> tuple[Estimate, int | None]:
    """A value inside its interval, and the decimals of its column (None: its own)."""
    unit = draw(UNITS)
    most = 1 if unit in ("proportion", "difference") else 10**5
    least = 0 if unit == "proportion" else -most
    number = st.integers(least * 10**6, most * 10**6).map(lambda whole: whole / 10**6)
    low, value, high = sorted(draw(st.lists(number, min_size=3, max_size=3)))
    return Estimate(value, low, high, 40, unit, ""), draw(st.sampled_from([None, 0, 1, 2]))


def _number(text: str) -> float:
    return float(text.replace(MINUS, "-").replace("\u2009", "").rstrip("%"))


@given(_estimates())
def test_no_value_is_written_outside_its_interval(drawn: tuple[Estimate, int | None]) -> None:
    """Value and limits are rounded apart, and the value never ends outside, whatever the unit and the decimals."""
    found, decimals = drawn
    ends = re.split(r"–| to ", span(found, decimals))
    assert _number(ends[0]) <= _number(write(found.value, found.unit, decimals)) <= _number(ends[-1])
    assert "-" not in span(found, decimals)


@given(st.floats(-1e5, 1e5).filter(lambda value: not 0 < abs(value) < 1e-9), st.sampled_from([1, 2, 3]))
def test_a_limit_of_free_scale_is_rounded_to_its_side(value: float, digits: int) -> None:
    """Upwards never below, downwards never above; and no zero has a sign."""
    up, down = (significant(value, digits, towards=side) for side in (Towards.UP, Towards.DOWN))
    slack = abs(value) * 1e-5
    assert _number(down) - slack <= value <= _number(up) + slack
    assert "−0" not in {up, down, significant(value, digits), percent(-0.0), significant(-0.0)}


def test_a_ceiling_of_cost_is_rounded_up() -> None:
    """``≤`` is true to the last digit, and an amount has the digits that matter."""
    assert (dollars(0.12341, at_most=True), dollars(12.001, at_most=True)) == ("≤ $0.1235", "≤ $12.01")
    assert (dollars(0.0031), dollars(1234.5), dollars(0.5, at_most=True)) == ("$0.0031", "$1,234.50", "≤ $0.5000")


def test_shares_are_rounded_in_one_place() -> None:
    """No other module writes a percent sign behind a number that it has rounded by itself."""
    own = re.compile(r":[.,\d]*%\}|(?<![\w.])100\.?0? \* |\* 100\b(?!\))[^\n]*[:.]\d?f")
    source = Path(trueweight.__file__).parent
    files = [path for package in PACKAGES for path in (source / package).rglob("*.py")]
    found = {path.name for path in files if own.search(path.read_text("utf-8"))}
    assert found == {"numbers.py"}
