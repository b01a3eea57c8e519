"""The page by keyboard alone: few stops, a visible focus, every cell and every piece of evidence, and back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from report_sample import PROVIDERS, TWENTY, make_evidences, make_summary, typed

from trueweight.report import render_html

pytestmark = pytest.mark.browser
Opener = Callable[..., Any]
PHONE = {"width": 390, "height": 844}
NUMBERS = {2: ("reference", "leaky-parser"), 8: PROVIDERS, 20: TWENTY}
MOST_STOPS = 70
"""Without one stop for each table there would be 863 on a page of nine providers."""
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return {body: one === document.body, line: style.outlineStyle + " " + style.outlineWidth,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    name: one.id || one.getAttribute("href") || one.getAttribute("aria-label") || one.tagName};
}"""


@pytest.fixture(scope="module")
def pages() -> dict[int, str]:
    """Number of providers → the page of a run with so many."""
    made = {number: make_summary(12, names) for number, names in NUMBERS.items()}
    return {number: render_html(typed(one), make_evidences(one)) for number, one in made.items()}


def _stops(page: Any) -> list[dict[str, Any]]:
    """What Tab stops at, from the first to the last."""
    found: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS + 10):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now["body"]:
            break
        found.append(now)
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_tab_has_few_stops_and_each_is_seen(open_page: Opener, pages: dict[int, str], number: int) -> None:
    """From the skip link to the end of the page: one stop for each table, with an outline, inside the window."""
    page = open_page(pages[number], viewport=PHONE).page
    stops = _stops(page)
    assert stops[0]["name"] == "#answer"
    assert {"#differ", "#why", "#how", "#words", "sort", "q"} <= {one["name"] for one in stops}
    assert len(stops) <= MOST_STOPS
    assert [one for one in stops if one["line"].startswith(("none", "0px")) or not one["inside"]] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_arrow_keys_reach_every_cell(open_page: Opener, pages: dict[int, str], number: int) -> None:
    """In the matrix: right to the last cell, down and up by columns, Home and End in the row."""
    page = open_page(pages[number], viewport=PHONE).page
    page.keyboard.press("Tab")
    page.locator("nav a", has_text="Where they differ").focus()
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#matrix') !== null"):
            break
    links = "[...document.querySelectorAll('#rows a')]"
    where = f"{links}.indexOf(document.activeElement)"
    if page.evaluate(where) < 0:  # the head of the column of severities
        page.keyboard.press("ArrowDown")
    assert page.evaluate(where) == 0
    page.keyboard.press("End")
    assert page.evaluate(where) == number - 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate(where) == 2 * number - 1
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    reached = {page.evaluate(where)}
    total = page.evaluate(f"{links}.length")
    for _ in range(total - 1):
        page.keyboard.press("ArrowRight")
        reached.add(page.evaluate(where))
    assert reached == set(range(total))
    assert page.evaluate(FOCUSED)["inside"]


def test_evidence_opens_and_gives_the_focus_back(open_page: Opener, pages: dict[int, str]) -> None:
    """Enter opens a cell and a finding, another answer beside it keeps the focus in the list, Escape goes back."""
    opened = open_page(pages[8], viewport=PHONE)
    page = opened.page
    for place in ("#rows a[aria-label*='leaky-parser: fail']", ".findings a[href^='#trial']"):
        link = page.locator(place).first
        link.focus()
        before = page.evaluate("document.activeElement.getAttribute('href')")
        page.keyboard.press("Enter")
        drawer = page.locator("dialog[open]")
        assert drawer.count() == 1
        chooser = drawer.locator("select")
        chooser.focus()
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.tagName") == "SELECT"
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")  # the first may close the list of the select
        assert page.locator("dialog[open]").count() == 0
        assert page.evaluate("document.activeElement.getAttribute('href')") == before
    opened.assert_quiet()


def test_findings_are_reached_within_their_table(open_page: Opener, pages: dict[int, str]) -> None:
    """Each evidence link can be reached by arrow keys from the stop of its table."""
    page = open_page(pages[8], viewport=PHONE).page
    for table in page.locator(".findings").all():
        wanted = set(table.locator("a[href^='#trial']").evaluate_all("all => all.map((one) => one.href)"))
        table.locator("a[tabindex='0']").focus()
        reached = set()
        for _ in range(24):
            reached.add(page.evaluate("document.activeElement.href"))
            page.keyboard.press("ArrowRight")
        assert wanted <= reached


def test_more_cases_take_the_focus_with_them(open_page: Opener) -> None:
    """“Show more cases” moves the focus to the first new case."""
    page = open_page(render_html(typed(make_summary(240, NUMBERS[8])), ()), viewport=PHONE).page
    page.locator("#more").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 101


def test_columns_providers_and_order_are_chosen_and_linked(open_page: Opener, pages: dict[int, str]) -> None:
    """By keyboard: sorted by a time, without a column and a provider, in every table; the address restores it."""
    opened = open_page(pages[8], viewport={"width": 1280, "height": 900})
    page = opened.page
    page.locator("#sort").select_option(value="ttft")
    names = page.locator("#providers tbody th bdi").all_inner_texts()
    assert names[0] == "int4" and names[-1] == "slow"
    assert page.locator("#providers th[data-id='ttft']").get_attribute("aria-sort") == "ascending"
    page.locator("#choose summary").press("Enter")
    page.locator("#choose input[value='tool_call_f1']").press("Space")
    page.locator("#choose input[value='slow']").press("Space")
    for view in (page, open_page(pages[8], page.evaluate("location.hash")).page):
        assert not view.locator("#providers th[data-id='tool_call_f1']").is_visible()
        assert "slow" not in view.locator("#providers").inner_text()
        assert view.locator("#rows tr").first.locator("td.p").count() == 7
        assert "slow" not in view.locator("#numbers-h + .scroll thead").inner_text()
        assert view.locator("#providers tbody th bdi").first.inner_text() == "int4"
    page.fill("#q", "int4:fail")
    page.locator("#rows a").first.press("Enter")
    page.keyboard.press("Escape")
    assert not page.locator("#providers th[data-id='tool_call_f1']").is_visible()
    assert "hide=tool_call_f1" in page.evaluate("location.hash") and "q=int4" in page.evaluate("location.hash")
    opened.assert_quiet()
