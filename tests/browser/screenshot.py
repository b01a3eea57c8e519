"""Pictures of reports, as a reader on this machine sees them.

``python tests/browser/screenshot.py REPORT.html DIRECTORY`` writes ``report.png`` (first screen, light),
``report-dark.png``, ``report-phone.png`` and ``report-evidence.png`` (the first finding's evidence).

``python tests/browser/screenshot.py`` renews all that is published, in about two minutes: it runs the demo, writes
``reports/demo``, the pictures of runs of two and twenty simulated providers in ``reports/pages``, and the digest of the
page that they show.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from trueweight.fleet.child import running_fleet

ROOT = Path(__file__).parents[2]
PUBLISHED, PAGES = ROOT / "reports" / "demo", ROOT / "reports" / "pages"
DIGEST = PAGES / "page.sha256"
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
NINE = ("reference", "leaky-parser", "twin", "other-stack", "slow", "thinker", "int4", "flaky", "no-strict")
FAULTS = (
    *("no-index", "no-name", "usage-unasked", "none-as-text", "keys-twice", "half-characters-in-arguments"),
    *("python-in-arguments", "arguments-encoded-twice", "nan-in-arguments", "stop-beside-calls", "done-missing"),
)
"""Of the catalogue of the fleet, to make twenty."""


def page_digest() -> str:
    """Of the files that make the look of the page."""
    found = sha256()
    for path in sorted((ROOT / "src" / "trueweight" / "report" / "page").iterdir()):
        if path.suffix in (".css", ".j2", ".js"):
            found.update(f"{path.name}\n".encode() + path.read_bytes())
    return found.hexdigest()


def main(report: Path, directory: Path) -> None:
    """Open the report from disk, offline, and take its four pictures."""
    directory.mkdir(parents=True, exist_ok=True)
    _pictures(
        report,
        {
            directory / "report.png": {"viewport": DESK, "color_scheme": "light"},
            directory / "report-dark.png": {"viewport": DESK, "color_scheme": "dark"},
            directory / "report-phone.png": {"viewport": PHONE},
        },
        evidence=directory / "report-evidence.png",
    )


def renew() -> None:
    """Run the demo, and write every published picture and the demo's report."""
    PAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run([sys.executable, "-m", "trueweight", "demo", "--out", folder / "demo"], check=True)
        for name in ("report.html", "summary.json"):
            shutil.copy(folder / "demo" / name, PUBLISHED / name)
        main(PUBLISHED / "report.html", PUBLISHED)
        for name, providers in {"two": NINE[:2], "twenty": (*NINE, *FAULTS)}.items():
            report = _run(providers, folder / name)
            _pictures(
                report, {PAGES / f"{name}.png": {"viewport": DESK}, PAGES / f"{name}-phone.png": {"viewport": PHONE}}
            )
    DIGEST.write_text(page_digest() + "\n", encoding="ascii")


def _run(providers: Sequence[str], folder: Path) -> Path:
    """Record a run of these simulated providers, and return its report."""
    with running_fleet(providers) as file:
        words = ["--suite", "tool-calls,structured-output", "--out", str(folder), "--quiet", "--concurrency", "2"]
        command = [sys.executable, "-m", "trueweight", "run", "--providers", str(file), *words]
        subprocess.run(command, check=False)  # faulty providers: its exit code says so
    return folder / "report.html"


def _pictures(report: Path, wanted: dict[Path, dict[str, Any]], *, evidence: Path | None = None) -> None:
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])

        def page(**options: Any) -> Any:
            opened = browser.new_context(offline=True, **options).new_page()
            opened.goto(report.resolve().as_uri())
            return opened

        for path, options in wanted.items():
            page(**options).screenshot(path=path)
        if evidence is not None:
            drawer = page(viewport=DESK)
            link = drawer.locator(".findings").first.locator("a[href^='#trial=']").first
            if link.count():
                link.click()
                drawer.locator("dialog[open]").wait_for()
                drawer.screenshot(path=evidence)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) == 1:
        renew()
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
