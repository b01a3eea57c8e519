"""The page at 2, 8 and 20 providers, from phone to wide screen: names whole, nothing cut, nothing overlaps."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from report_sample import PROVIDERS, TWENTY, make_drift, make_evidences, make_summary, typed
from screenshot import DIGEST, page_digest

from trueweight.report import render_html
from trueweight.report.site import SiteRun, overview

pytestmark = pytest.mark.browser
Opener = Callable[..., Any]
WIDTHS = (390, 768, 1280, 1920)
NUMBERS = {2: ("reference", "leaky-parser"), 8: PROVIDERS, 20: TWENTY}
TEXTS = "#providers :is(.num, .ci, .name, .v), header p, header nav a, .answer dt, .answer dd"
NAMES = "#providers .name, .answer .name, .charts th bdi, .by-provider:not(.matrix) thead bdi"
OVERLAPS = """(texts) => {
  const shown = [...document.querySelectorAll(texts)].filter((one) => one.textContent.trim() && one.checkVisibility());
  const all = shown.flatMap((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return [...range.getClientRects()].map((box) => [one, box, one.textContent.trim().slice(0, 40)]);
  });
  const found = [];
  for (let i = 0; i < all.length; i++) for (let j = i + 1; j < Math.min(all.length, i + 30); j++) {
    const [[a, x, name], [b, y, other]] = [all[i], all[j]];
    if (a.contains(b) || b.contains(a)) continue;
    const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
    const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
    if (wide > 1.5 && high > 4) found.push([name, other]);
  }
  return found;
}"""
BROKEN = """(names) => [...document.querySelectorAll(names)]
  .filter((one) => one.checkVisibility() && one.textContent.length <= 22 && one.getClientRects().length > 1)
  .map((one) => one.textContent)"""


def _full(names: tuple[str, ...]) -> dict[str, Any]:
    """A run with every column of the first table."""
    summary = make_summary(12, names)
    for name, provider in summary["providers"].items():
        provider["metrics"] |= {
            "thinking_time": {"value": 15.0, "low": 12.0, "high": 19.0, "n": 40, "unit": "ms", "method": "by hand"},
            "ttfo": {"value": 1234.0, "low": 1100.0, "high": 1300.0, "n": 40, "unit": "ms", "method": "by hand"},
        }
        if name != "reference":
            provider["drift"] = make_drift("drift" if name.startswith("int4") else "equivalent")
    return summary


@pytest.fixture(scope="module")
def pages() -> dict[int, str]:
    """Number of providers → the page of a run with so many, and with every column."""
    made = {number: _full(names) for number, names in NUMBERS.items()}
    return {number: render_html(typed(one), make_evidences(one)) for number, one in made.items()}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("number", NUMBERS)
def test_names_are_whole_and_nothing_overlaps(
    open_page: Opener, pages: dict[int, str], number: int, width: int
) -> None:
    """No short name is broken, no number lies over another, the page does not scroll sideways, the answer is first."""
    page = open_page(pages[number], viewport={"width": width, "height": 900}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERLAPS, TEXTS) == []
    assert page.evaluate(BROKEN, NAMES) == []
    assert page.evaluate("document.querySelector('.answer dt').getBoundingClientRect().bottom") < 300
    if number < 20 or width > 390:
        assert page.evaluate("document.querySelector('.answer').getBoundingClientRect().bottom") < 900


@pytest.mark.parametrize("width", [390, 768])
def test_the_first_column_stays(open_page: Opener, pages: dict[int, str], width: int) -> None:
    """A table that scrolls sideways keeps its first column in sight."""
    page = open_page(pages[20], viewport={"width": width, "height": 900}).page
    for table in (
        "#matrix",
        "#numbers-h + .scroll table",
        "#paired-h + .scroll table",
        *(("#providers",) if width > 700 else ()),
    ):
        place = f"document.querySelector('{table}')"
        page.evaluate(f"{place}.closest('.scroll').scrollLeft = 10000")
        assert page.evaluate(f"{place}.closest('.scroll').scrollLeft") > 50
        first = page.evaluate(f"{place}.tBodies[0].rows[0].cells[0].getBoundingClientRect().left")
        assert first == pytest.approx(page.evaluate(f"{place}.closest('.scroll').getBoundingClientRect().left"), abs=1)


def test_nine_providers_scroll_in_no_table_of_a_desk(open_page: Opener) -> None:
    """At 1280 pixels every table of a run of nine providers, with every column, is seen whole."""
    html = render_html(typed(_full((*PROVIDERS, "thinker"))), ())
    page = open_page(html, viewport={"width": 1280, "height": 900}).page
    wide = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    assert page.evaluate(wide) == 0


@pytest.mark.parametrize("number", NUMBERS)
def test_on_paper_nothing_is_cut_and_no_provider_is_split(
    open_page: Opener, pages: dict[int, str], number: int
) -> None:
    """Each table ends inside A4 landscape, and the rows of one provider stay on one sheet."""
    page = open_page(pages[number], viewport={"width": 1039, "height": 700}).page
    page.emulate_media(media="print")
    ends = "[...document.querySelectorAll('table')].filter((one) => one.getBoundingClientRect().right > 1040).length"
    assert page.evaluate(ends) == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.providers tbody')).breakInside") == "avoid"


def test_the_published_pictures_are_of_this_page() -> None:
    """``python tests/browser/screenshot.py`` makes them again after a change of the page."""
    assert DIGEST.read_text(encoding="ascii").strip() == page_digest()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("number", NUMBERS)
def test_the_site_is_whole_at_every_width(open_page: Opener, number: int, width: int) -> None:
    """The index and a provider's page of three runs: no table is cut on a phone, and no name is broken."""
    runs = [SiteRun(f"r{n}", typed(_full(NUMBERS[number]))) for n in range(3)]
    for name, html in overview(runs):
        if name == "index.html" or name.startswith("providers/leaky-parser-"):
            page = open_page(html, viewport={"width": width, "height": 900}).page
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(OVERLAPS, ".num, .ci, tbody th a, .answer dt, .answer dd") == []
            wide = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1)"
            assert width > 390 or page.evaluate(f"{wide}.length") == 0


def test_csv_is_what_is_shown(open_page: Opener, pages: dict[int, str]) -> None:
    """The first table and the cases, as filtered, sorted and chosen, by one button each."""
    page = open_page(pages[8], "#sort=name&hide=drift&without=slow").page
    with page.expect_download() as download:
        page.locator("#tools .csv").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert [row["Provider"] for row in rows] == sorted(set(PROVIDERS) - {"slow"})
    assert "Drift" not in rows[0]
    leaky = next(row for row in rows if row["Provider"] == "leaky-parser")
    assert leaky["Valid of required calls"].endswith("%")
    assert leaky["TTFT, ms"] == "209" and leaky["TTFT, ms, beside"].startswith("p95")
    page.fill("#q", "leaky-parser:fail")
    with page.expect_download() as download:
        page.locator("#query-bar .csv").click()
    cases = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert cases and all("fail" in row["leaky-parser"] for row in cases)
    assert "slow" not in cases[0]


def test_csv_holds_no_formula(open_page: Opener) -> None:
    """A name that a spreadsheet would run is written as text."""
    summary = make_summary(6, ("reference", "leaky-parser"))
    evil = "=HYPERLINK(1)"
    summary["providers"][evil] = summary["providers"].pop("leaky-parser")
    for case in summary["cases"]:
        case["cells"][evil] = case["cells"].pop("leaky-parser")
    page = open_page(render_html(typed(summary), ())).page
    for button in ("#tools .csv", "#query-bar .csv", "#numbers-h .csv"):
        with page.expect_download() as download:
            page.locator(button).click()
        text = download.value.path().read_text(encoding="utf-8-sig")
        assert "'=HYPERLINK" in text
        assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith("=")]
