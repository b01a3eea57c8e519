"""The report in a real browser: offline, silent, queried, opened, linked."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from report_sample import make_drift, make_evidences, make_summary, typed
from test_report_formats import HOSTILE, hostile_summary
from test_report_page import hostile_evidence

from trueweight.report import render_html
from trueweight.report.page.matrix import OUTCOMES

pytestmark = pytest.mark.browser
Opener = Callable[..., Any]


@pytest.fixture(scope="module")
def html() -> str:
    """The sample run's report."""
    summary = make_summary()
    return render_html(typed(summary), make_evidences(summary))


def _rows(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#rows th").all_inner_texts()]


def test_it_opens_offline_and_in_silence(open_page: Opener, html: str) -> None:
    """From disk, without a network: no console line, no request but the file, the answer on the first screen."""
    opened = open_page(html)
    assert opened.page.locator(".answer").inner_text().count("leaky-parser") == 1
    assert len(_rows(opened.page)) == 80
    opened.assert_quiet()


def test_without_script_the_answer_can_be_read(open_page: Opener, html: str) -> None:
    """With scripts off there are the answer, the first cases, the findings, and a word on what is missing."""
    page = open_page(html, java_script_enabled=False).page
    assert page.locator(".providers tbody").count() == 8
    assert page.locator("#rows tr").count() == 60
    assert page.locator(".findings tbody tr").count() == 6 + 1  # and what flaky lost
    assert "need the script" in page.locator("noscript").inner_text()
    assert not page.locator("#q").is_visible()


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("leaky-parser:fail and reference:pass", lambda cells: "f" in cells["leaky-parser"]),
        ("is:different", lambda cells: any(len({c[m] for c in cells.values()} & set("pfyu")) > 1 for m in (0, 1))),
        ("is:flaky", lambda cells: any("y" in c for c in cells.values())),
        ("count:2(fail)", lambda cells: sum("f" in c for c in cells.values()) == 2),
        ("count:>=1(transport)", lambda cells: any("t" in c for c in cells.values())),
        ("no-strict:fail or flaky:transport", lambda cells: "f" in cells["no-strict"] or "t" in cells["flaky"]),
        ("not (is:failing)", lambda cells: not any("f" in c for c in cells.values())),
        ("twin:pass int4:fail", lambda cells: "f" in cells["int4"]),
    ],
)
def test_queries_find_exactly_what_they_say(
    open_page: Opener, html: str, query: str, holds: Callable[[dict[str, str]], bool]
) -> None:
    """The rows shown are those, and all of those, for which the query is true."""
    page = open_page(html).page
    data = page.evaluate("JSON.parse(document.getElementById('data').textContent)")
    expected = [c["k"] for c in data["cases"] if holds(dict(zip(data["providers"], c["c"], strict=True)))]
    page.fill("#q", query)
    assert 0 < len(expected) < 80
    assert _rows(page) == expected
    assert page.locator("#q-count").inner_text() == f"{len(expected)} of 80 cases"
    assert page.locator("#q-error").inner_text() == ""


@pytest.mark.parametrize(
    "query", ["check:structured-output", "tag:enum", "suite:structured-output", "severity:must", "parallel"]
)
def test_words_of_the_case_filter_too(open_page: Opener, html: str, query: str) -> None:
    """Checks, tags, suites, severities and free text each narrow the list, and not to nothing."""
    page = open_page(html).page
    page.fill("#q", query)
    assert 0 < len(_rows(page)) < 80


@pytest.mark.parametrize("query", ["nobody:fail", "twin:broken", "is:odd", "count:x", "(is:flaky", "a and", "or", ")"])
def test_a_bad_query_says_what_is_wrong_and_keeps_the_rows(open_page: Opener, html: str, query: str) -> None:
    """Half-typed text never empties the list or throws; it is answered in words."""
    opened = open_page(html)
    opened.page.fill("#q", query)
    assert opened.page.locator("#q-error").inner_text()
    assert len(_rows(opened.page)) == 80
    opened.assert_quiet()


def test_a_query_stands_in_the_address_and_a_link_restores_it(open_page: Opener, html: str) -> None:
    """What I see is what the one I send the link to sees."""
    first = open_page(html).page
    first.fill("#q", "int4:fail and not leaky-parser:fail")
    fragment = first.evaluate("location.hash")
    second = open_page(html, fragment).page
    assert second.input_value("#q") == "int4:fail and not leaky-parser:fail"
    assert _rows(second) == _rows(first)


def test_the_keyboard_opens_the_evidence_and_closes_it(open_page: Opener, html: str) -> None:
    """Enter on a cell opens the drawer, Escape closes it, and the query is still there."""
    opened = open_page(html)
    page = opened.page
    page.fill("#q", "leaky-parser:fail")
    page.locator("#rows a[aria-label='leaky-parser: fail']").first.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("dialog[open]")
    assert "markers-in-content" in drawer.inner_text()
    assert "First divergence" in drawer.inner_text()
    assert drawer.locator("mark").first.is_visible()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("location.hash") == "#q=leaky-parser%3Afail"
    opened.assert_quiet()


def test_a_link_to_a_cell_opens_its_evidence(open_page: Opener, html: str) -> None:
    """Three clicks at most, and none with the link: the marked bytes, the curl, the timeline, the headers."""
    case = make_summary()["cases"][0]["case"]
    opened = open_page(html, "#cell=" + quote(f"{case}|leaky-parser|stream", safe=""))
    text = opened.page.locator("dialog[open]").inner_text()
    for words in (case, "curl -sS", "$API_KEY", "x-request-id", "209.0 ms", "finish_reason", "Expected", "stream"):
        assert words in text
    assert "<tool_call>" in opened.page.locator("dialog[open] .finding mark").first.inner_text()
    clause = opened.page.locator("dialog[open] .finding a", has_text="source").first
    assert clause.get_attribute("href") == "https://github.com/vllm-project/vllm/issues/10395"
    opened.assert_quiet()


def test_a_passing_cell_opens_both_answers(open_page: Opener, html: str) -> None:
    """A provider's passing answer stands beside the reference's, the reference's beside another one's."""
    opened = open_page(html)
    for name, other in (("twin", "reference"), ("reference", "twin")):
        opened.page.fill("#q", "twin:pass and reference:pass")
        opened.page.locator(f"#rows a[aria-label='{name}: pass']").last.click()
        drawer = opened.page.locator("dialog[open]")
        sides = drawer.locator(".duo > section")
        assert sides.first.get_attribute("aria-label") == name
        assert sides.count() == 2
        if name == "twin":
            assert sides.last.get_attribute("aria-label") == other
            assert "say the same" in drawer.locator(".first").inner_text()
        assert all("finish reason" in text for text in sides.all_inner_texts())
        opened.page.keyboard.press("Escape")
    opened.assert_quiet()


def test_a_cause_filters_the_cases(open_page: Opener, html: str) -> None:
    """From the group of failures to its cases in one click."""
    page = open_page(html).page
    page.locator(".causes tr", has_text="markers-in-content").locator("a").last.click()
    assert page.input_value("#q") == "check:markers-in-content"
    assert 0 < len(_rows(page)) < 80


def test_findings_link_to_their_example(open_page: Opener, html: str) -> None:
    """The table of broken laws leads to the bytes in one click."""
    page = open_page(html).page
    page.locator(".findings a", has_text="evidence").first.click()
    assert page.locator("dialog[open] .finding").count() >= 1


def test_a_cell_without_embedded_evidence_says_where_it_is(open_page: Opener, html: str) -> None:
    """What was left out is said, with the command that shows it."""
    page = open_page(html, "#cell=nowhere%7Ctwin%7Cplain").page
    assert "trueweight show RUN 'nowhere' --provider 'twin'" in page.locator("dialog[open]").inner_text()


def test_a_stroke_in_a_name_does_not_break_a_link(open_page: Opener) -> None:
    """The parts of a cell's address are told apart by the providers that there are."""
    summary = make_summary(10, ("reference", "leaky-parser"))
    summary["providers"]["a|b"] = summary["providers"].pop("leaky-parser")
    for row in summary["cases"]:
        row["cells"]["a|b"] = row["cells"].pop("leaky-parser")
    page = open_page(render_html(typed(summary), make_evidences(summary))).page
    page.locator("#rows a[aria-label^='a|b: fail']").first.click()
    assert page.locator("dialog[open] section[aria-label='a|b'] .finding").count() >= 1


def test_the_first_divergence_ignores_ids_and_times(open_page: Opener, html: str) -> None:
    """Two healthy replies with different ids are said to be the same."""
    page = open_page(html, "#cell=" + quote("tool-calls/tc-single-get-weather-0|twin|plain", safe="")).page
    page.locator("dialog[open] select").select_option(label="reference")
    assert "say the same" in page.locator("dialog[open] .first").inner_text()


def test_hostile_content_shows_as_text_and_does_nothing(open_page: Opener) -> None:
    """Script tags, handlers, escapes and bidi marks in every field: nothing of theirs runs, and nothing is asked."""
    summary = hostile_summary("<img src=x onerror=alert(1)>" + HOSTILE)
    opened = open_page(
        render_html(typed(summary), hostile_evidence(summary, "<svg onload=alert(2)></script>" + HOSTILE))
    )
    page = opened.page
    page.locator(".findings a", has_text="evidence").first.click()
    assert "<svg onload=alert(2)></script>" in page.locator("dialog[open]").inner_text()
    assert "<script>alert(1)</script>" in page.locator("#answer").inner_text()
    assert "{{7*7}}" in page.locator("#answer").inner_text()
    assert page.locator("dialog img, main img, dialog svg, [onload], [onerror]").count() == 0
    page.keyboard.press("Escape")
    for link in page.locator("#rows a").all()[:30]:
        link.click()
        page.keyboard.press("Escape")
    opened.assert_quiet()


def test_the_policy_stops_what_would_slip_through(open_page: Opener, html: str) -> None:
    """The second fence: markup that did get in can neither run nor load."""
    evil = (
        "<script>document.title='owned'</script><img src='http://127.0.0.1:9/x.png' onerror=\"document.title='owned'\">"
    )
    opened = open_page(html.replace("<main>", "<main>" + evil))
    opened.page.wait_for_timeout(100)
    assert "owned" not in opened.page.title()
    assert all("Content Security Policy" in words for words in opened.said)
    assert len(opened.said) >= 2


def test_a_busy_client_is_marked_in_its_cells_and_can_be_asked_for(open_page: Opener) -> None:
    """The outcome stays what it is, a second mark and word say that the client was busy, and a query finds it."""
    summary = make_summary()
    row = summary["cases"][0]
    row["cells"]["twin"]["plain"]["client_limited"] = True
    opened = open_page(render_html(typed(summary), make_evidences(summary)))
    page = opened.page
    page.fill("#q", "twin:client-limited")
    assert len(_rows(page)) == 1
    cell = page.locator("#rows a[aria-label='twin: pass, client-limited']")
    assert cell.locator("svg").count() == 2
    page.fill("#q", "twin:pass and count:1(client-limited)")
    assert len(_rows(page)) == 1
    opened.assert_quiet()


def test_the_query_completes_its_last_word(open_page: Opener, html: str) -> None:
    """Providers, checks, tags and words of the query are offered behind what stands there already."""
    page = open_page(html).page
    page.fill("#q", "is:failing and no-s")
    options = page.locator("#q-words option").evaluate_all("all => all.map((one) => one.value)")
    assert options == [f"is:failing and no-strict:{outcome}" for outcome in OUTCOMES]
    page.fill("#q", "")
    assert "is:different" in page.locator("#q-words option").evaluate_all("all => all.map((one) => one.value)")
    page.fill("#q", "is:failing ")
    options = page.locator("#q-words option").evaluate_all("all => all.map((one) => one.value)")
    assert options == ["is:failing and ", "is:failing or "]
    page.fill("#q", "suite:")
    assert page.locator("#q-words option").count() == 2
    page.fill("#q", "check:struct")
    assert page.locator("#q-words option").first.get_attribute("value") == "check:structured-output"


def test_a_name_with_a_space_can_be_asked_for(open_page: Opener) -> None:
    """Providers may be called what their owners like: quotes hold such a name together, and completion sets them."""
    summary = make_summary(20, ("reference", "leaky-parser"))
    summary["providers"]["leaky parser"] = summary["providers"].pop("leaky-parser")
    for row in summary["cases"]:
        row["cells"]["leaky parser"] = row["cells"].pop("leaky-parser")
    page = open_page(render_html(typed(summary), ())).page
    page.fill("#q", "is:failing and lea")
    assert page.locator("#q-words option").count() == 0
    page.fill("#q", 'is:failing and "leaky p')
    assert page.locator("#q-words option").first.get_attribute("value") == 'is:failing and "leaky parser":pass'
    page.fill("#q", '"leaky parser":fail and reference:pass')
    failing = sum("fail" in {c["outcome"] for c in row["cells"]["leaky parser"].values()} for row in summary["cases"])
    assert len(_rows(page)) == failing > 0


def test_a_link_within_the_page_leaves_the_query_alone(open_page: Opener, html: str) -> None:
    """From the answer to its reasons, and the filtered matrix is as it was."""
    page = open_page(html, "#q=" + quote("leaky-parser:fail")).page
    found = len(_rows(page))
    page.locator(".answer a", has_text="leaky-parser").click()
    assert page.url.split("#")[1].startswith("why-")
    assert page.input_value("#q") == "leaky-parser:fail"
    assert len(_rows(page)) == found
    assert page.locator("#why h3", has_text="leaky-parser").is_visible()


def test_every_row_in_which_two_replies_differ_is_shown(open_page: Opener, html: str) -> None:
    """A leaked call is missed in one row and found in another: both stand side by side, the calls first."""
    page = open_page(html).page
    page.locator("#why tr", has_text="markers-in-content").locator("a[href^='#trial=']").first.click()
    heads = page.locator("dialog[open] .first h3").all_inner_texts()
    assert heads[:2] == ["First divergence: call 1", "Then: content"]
    assert "<tool_call>" in page.locator("dialog[open] .first").inner_text()


def test_the_focus_stays_in_the_drawer_and_comes_back(open_page: Opener, html: str) -> None:
    """Tab stays in the open drawer; closing it gives the focus back to the cell."""
    page = open_page(html).page
    page.fill("#q", "tc-single-get-weather-0")
    cell = page.locator("#rows a[aria-label='leaky-parser: fail']").first
    cell.focus()
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('body, dialog, dialog *')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "leaky-parser: fail"


def test_print_is_light_and_fits_the_paper(open_page: Opener, html: str) -> None:
    """On paper there is neither query nor drawer, and no table is cut at the edge of A4 landscape."""
    page = open_page(html, color_scheme="dark", viewport={"width": 1039, "height": 700}).page
    page.emulate_media(media="print")
    assert not page.locator("#query-bar").is_visible()
    assert page.evaluate("document.querySelector('.providers').getBoundingClientRect().right") <= 1039
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')").strip() == "#fff"


@pytest.mark.parametrize("width", [360, 390, 768, 1360])
def test_no_width_scrolls_the_page_sideways(open_page: Opener, html: str, width: int) -> None:
    """From phone to desk, tables that are too wide scroll within themselves."""
    page = open_page(html, viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, as a package of the extra `dev` carries it."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("axe-playwright-python is not installed")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
@pytest.mark.parametrize("drawer", [False, True])
def test_axe_finds_no_violation(open_page: Opener, html: str, axe: str, scheme: str, width: int, drawer: bool) -> None:
    """Light and dark, phone and desk, drawer shut and open."""
    fragment = "#cell=" + quote("tool-calls/tc-single-get-weather-0|leaky-parser|stream", safe="") if drawer else ""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    page = open_page(html, fragment, **options).page
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found] == []


def test_nine_columns_fit_a_desk(open_page: Opener) -> None:
    """The first table with every column of a run that thinks and measured drift does not scroll at 1280 pixels."""
    summary = make_summary()
    for name, provider in summary["providers"].items():
        provider["metrics"] |= {
            "thinking_time": {"value": 15.0, "low": 12.0, "high": 19.0, "n": 40, "unit": "ms", "method": "by hand"},
            "ttfo": {"value": 1234.0, "low": 1100.0, "high": 1300.0, "n": 40, "unit": "ms", "method": "by hand"},
        }
        if name != "reference":
            provider["drift"] = make_drift()
    page = open_page(render_html(typed(summary), ()), viewport={"width": 1280, "height": 800}).page
    assert page.locator(".providers thead th").count() == 10
    scroll = "document.querySelector('.providers').closest('.scroll')"
    assert page.evaluate(f"{scroll}.scrollWidth <= {scroll}.clientWidth")
    assert page.evaluate(
        "[...document.querySelectorAll('.providers td .ci')].every((e) => e.scrollWidth <= e.clientWidth + 8)"
    )
