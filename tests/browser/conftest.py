"""A real Chromium that may not reach anything, or a skip that says what is missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run"]  # fmt: skip


def _executable() -> str | None:
    named = os.environ.get("TRUEWEIGHT_BROWSER")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, CANDIDATES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for a module's tests. Not for longer: until it is stopped, Playwright's event loop counts as running
    in this thread, and whatever test comes after could not run one of its own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = _executable()
    if executable is None:
        pytest.skip("no Chromium found; TRUEWEIGHT_BROWSER may name one")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=executable, args=ARGS)
        yield started
        started.close()


class Opened:
    """A page opened from disk, with all that it did."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.asked: list[str] = []

    def assert_quiet(self) -> None:
        """No console message, no error, no dialog, and no request but for the file itself."""
        assert self.said == []
        assert {address.split("#")[0] for address in self.asked} == {self.url}


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Write HTML to a file and open it, offline."""
    contexts = []

    def opener(html: str, fragment: str = "", **options: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page, path.as_uri())
        page.on("console", lambda message: opened.said.append(message.text))
        page.on("pageerror", lambda error: opened.said.append(str(error)))
        page.on("dialog", lambda dialog: (opened.said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: opened.asked.append(request.url))
        page.goto(path.as_uri() + fragment)
        return opened

    yield opener
    for context in contexts:
        context.close()
