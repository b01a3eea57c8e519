"""Pictures of a report: ``python tests/browser/screenshot.py REPORT.html DIRECTORY``.

Writes ``report.png`` (first screen, light), ``report-dark.png``, ``report-phone.png`` and ``report-evidence.png`` (the
drawer of the first finding of the worst provider), as a reader on this machine would see them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def main(report: Path, directory: Path) -> None:
    """Open the report from disk, offline, and take the pictures."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])

        def page(**options: Any) -> Any:
            opened = browser.new_context(offline=True, **options).new_page()
            opened.goto(report.resolve().as_uri())
            return opened

        page(viewport=DESK, color_scheme="light").screenshot(path=directory / "report.png")
        page(viewport=DESK, color_scheme="dark").screenshot(path=directory / "report-dark.png")
        page(viewport=PHONE).screenshot(path=directory / "report-phone.png")
        drawer = page(viewport=DESK)
        evidence = drawer.locator(".findings").first.locator("a[href^='#trial=']").first
        if evidence.count():
            evidence.click()
            drawer.locator("dialog[open]").wait_for()
            drawer.screenshot(path=directory / "report-evidence.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
