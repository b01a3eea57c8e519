"""How large and how quick the report of a large run is: ``python tests/bench/report [providers] [cases]``.

A run of that size is made up in memory (as the report's tests do), rendered, opened from disk in Chromium, and queried.
Prints sizes and times with the machine they were had on. Not a test: nothing here is asserted.
"""

# ruff: noqa: T201
from __future__ import annotations

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "report"))

from report_sample import make_evidence, make_summary, typed

from trueweight.report import render_html, wanted_trials

QUERIES = (
    "leaky-parser:fail and reference:pass",
    "is:different",
    "count:1(fail)",
    "check:structured-output",
    "tag:enum",
    "nested",
)
FIRST_VIEW = """() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const load = performance.getEntriesByType('navigation')[0];
  return [paint ? paint.startTime : NaN, load.domInteractive, load.loadEventEnd];
}"""
FILTER = """(query) => {
  const box = document.getElementById('q');
  const started = performance.now();
  box.value = query;
  box.dispatchEvent(new Event('input'));
  const computed = performance.now() - started;
  document.body.offsetHeight; // lay out what was drawn
  return [computed, performance.now() - started];
}"""


def make_report(providers: int, cases: int) -> str:
    """The page of a run in which most cells differ, so that as much evidence as fits is embedded."""
    names = ("reference", "leaky-parser", "no-strict", "int4", *(f"p{i}" for i in range(3, providers - 1)))
    started = time.perf_counter()
    values = make_summary(cases, names)
    summary = typed(values)
    print(f"made up {len(names)} providers x {cases} cases in {time.perf_counter() - started:.1f} s")
    started = time.perf_counter()
    wanted = wanted_trials(summary)
    items = (
        make_evidence(provider, row["case"], mode, cell, index=index)
        for row in values["cases"]
        for provider, modes in row["cells"].items()
        for mode, cell in modes.items()
        for index, trial in enumerate(cell["trials"])
        if trial in wanted
    )
    html = render_html(summary, items)
    print(f"rendered with {len(wanted)} exchanges wanted in {time.perf_counter() - started:.1f} s")
    return html


def measure(path: Path) -> None:
    """Open the page five times and query it; medians and worst."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        views: list[list[float]] = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1360, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_timeout(200)
            views.append(page.evaluate(FIRST_VIEW))
            if len(views) < 5:
                page.close()
        for name, column in zip(
            ("first contentful paint", "interactive", "loaded"), zip(*views, strict=True), strict=True
        ):
            print(f"{name:<24} median {statistics.median(column):6.0f} ms   worst {max(column):6.0f} ms")
        for query in QUERIES:
            spent: list[Any] = [page.evaluate(FILTER, text) for text in (query, "", query, "", query)]
            found = page.locator("#q-count").inner_text()
            whole = [pair[1] for pair in spent[::2]]
            print(
                f"filter {query!r:<32} median {statistics.median(whole):5.1f} ms   worst {max(whole):5.1f} ms   {found}"
            )
        browser.close()


def main() -> None:
    """Make, render, open, query."""
    providers, cases = (int(text) for text in (sys.argv[1:3] + ["20", "4000"][len(sys.argv) - 1 :]))
    print(f"{platform.platform()}, {os.cpu_count()} cpus, Python {platform.python_version()}")
    html = make_report(providers, cases)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(html, encoding="utf-8")
        print(f"file: {path.stat().st_size / 1e6:.2f} MB")
        measure(path)


if __name__ == "__main__":
    main()
