"""``trueweight site``: links that stay, a history that stays small, nothing private and nothing hostile in it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from click.testing import CliRunner
from recorded import HOSTILE, ORG, PROMPT, REPLY, SECRETS, write_run

from trueweight.cli import cli
from trueweight.core import ConfigError
from trueweight.core.schemas import load_schema
from trueweight.core.summary_json import decode_summary
from trueweight.report.site import public_summary
from trueweight.store import RunDir
from trueweight.workflow.site import add_entry

DAYS = [f"2026-01-{day:02}T02:00:00.000000+00:00" for day in range(1, 5)]


def site(*arguments: object) -> str:
    """The command, to its end."""
    done = CliRunner().invoke(cli, ["site", *map(str, arguments)], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four nights; in the last one a provider with a hostile name."""
    folder = tmp_path_factory.mktemp("runs")
    names = ("cand", "cand", "cand", HOSTILE)
    return [write_run(folder / f"r{n}", day, name) for n, (day, name) in enumerate(zip(DAYS, names, strict=True))]


@pytest.fixture(scope="module")
def built(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``reports`` and the site of all four nights in ``_site``. Tests read it; they write to copies."""
    folder = tmp_path_factory.mktemp("built")
    for run in runs:
        site(folder / "reports", "--add", run)
    site(folder / "reports", "-o", folder / "_site", "--keep", 2)
    return folder


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test that changes it."""
    return shutil.copytree(built, tmp_path / "built")


class Page(HTMLParser):
    """Links, scripts and what else could load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def pages(root: Path) -> Iterator[tuple[Path, Page]]:
    """The pages that the site itself draws."""
    for path in [root / "index.html", *root.glob("providers/*/index.html")]:
        yield path, Page(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_link_leads_somewhere_inside(built: Path) -> None:
    """No page links to anything that is not in the folder, and nothing is loaded from anywhere."""
    root = built / "_site"
    assert (root / "latest" / "index.html").exists()
    for path, page in pages(root):
        for link in page.links:
            if link.startswith(("data:", "#")):
                continue
            target = (path.parent / unquote(link)).resolve()
            target = target / "index.html" if link.endswith("/") else target
            assert target.is_file(), link
            assert root in target.parents


def test_pages_run_and_load_nothing(built: Path) -> None:
    """No script, no handler, no inline style, a policy that forbids all but our own style sheet."""
    for path, page in pages(built / "_site"):
        text = path.read_text(encoding="utf-8")
        assert not {"script", "iframe", "object", "img", "form"} & set(page.tags)
        assert page.handlers == []
        assert re.search(r"default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:", text)
        assert "<script>alert" not in text
        assert "\u202e" not in text


@pytest.mark.slow
def test_links_stay_when_runs_come_and_evidence_goes(copied: Path, runs: list[Path], tmp_path: Path) -> None:
    """Every address that ever was is there after another night, another --keep and a prune."""
    root = copied / "_site"
    before = {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    write_run(tmp_path / "r5", "2026-01-05T02:00:00.000000+00:00", "newcomer")
    site(copied / "reports", "--add", tmp_path / "r5", "-o", root, "--keep", 1, "--prune")
    assert before < {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    fresh = tmp_path / "elsewhere"
    site(copied / "reports", "-o", fresh, "--keep", 1)
    assert before <= {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}


def test_evidence_is_of_the_last_runs_and_numbers_of_all(copied: Path) -> None:
    """Two of four keep replies; all four keep their summary, in both the site and, after a prune, the folder."""
    reports = sorted((copied / "_site" / "runs").glob("*/index.html"))
    with_replies = ["shipped" in path.read_text(encoding="utf-8").split("<script", 1)[-1] for path in reports]
    assert with_replies == [False, False, True, True]
    assert "pruned: 2 reports" in site(copied / "reports", "--keep", 2, "--prune")
    assert len(list((copied / "reports").glob("*/summary.json"))) == 4
    assert len(list((copied / "reports").glob("*/report.html"))) == 2
    history = json.loads((copied / "_site" / "history.json").read_text(encoding="utf-8"))
    assert [run["started_at"] for run in history["runs"]] == DAYS


def test_nothing_private_is_published(built: Path) -> None:
    """Addresses, prices, headers, requests, own prompts, own replies: in no file of the site or of the folder."""
    files = [path for path in built.rglob("*") if path.is_file()]
    assert len(files) > 12
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert [secret for secret in SECRETS if secret in text] == [], path


def test_errors_are_not_published(tmp_path: Path) -> None:
    """A refusal names the account it refuses: it is counted, and its words are left out."""
    run = write_run(tmp_path / "run", DAYS[0], status=403)
    site(tmp_path / "reports", "--add", run, "-o", tmp_path / "_site")
    assert all(ORG not in path.read_text(encoding="utf-8") for path in (tmp_path / "_site").rglob("*.*"))


def test_full_publishes_everything(runs: list[Path], tmp_path: Path) -> None:
    """For a site that only its owner sees: requests and replies are in the report."""
    site(tmp_path / "reports", "--add", runs[0], "-o", tmp_path / "_site", "--full")
    text = (tmp_path / "_site" / "latest" / "index.html").read_text(encoding="utf-8")
    assert PROMPT in text
    assert REPLY in text


def test_a_recorded_run_in_the_folder_is_published_as_carefully(runs: list[Path], tmp_path: Path) -> None:
    """A run directory can lie in the folder as it is; what the site shows of it is the public part."""
    write_run(tmp_path / "reports" / "whole", DAYS[0])
    site(tmp_path / "reports", "-o", tmp_path / "_site")
    for path in (tmp_path / "_site").rglob("*.*"):
        assert [secret for secret in SECRETS if secret in path.read_text(encoding="utf-8")] == [], path


def test_a_public_summary_is_a_summary_and_stays_one(built: Path) -> None:
    """It keeps to the published schema, and making it public again changes nothing."""
    for path in (built / "_site").glob("runs/*/summary.json"):
        summary = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(summary, load_schema("summary"))
        typed = decode_summary(path.read_bytes())
        assert public_summary(typed) == typed


def test_the_same_folder_gives_the_same_site(built: Path, tmp_path: Path) -> None:
    """Byte for byte, so that a deployment without news changes nothing."""
    site(built / "reports", "-o", tmp_path / "again", "--keep", 2)
    for path in (tmp_path / "again").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (built / "_site" / path.relative_to(tmp_path / "again")).read_bytes()


def test_each_large_line_has_its_axis_written(built: Path) -> None:
    """A line without a scale says nothing of how far it moved."""
    for path in built.rglob("providers/*/index.html"):
        for drawing in re.findall(r'<svg class="trend".*?</svg>', path.read_text("utf-8"), re.DOTALL):
            assert len(re.findall(r"<text [^>]*>[^<]*\d[^<]*</text>", drawing)) == 2


def test_one_run_draws_no_line_and_says_when_lines_begin(runs: list[Path], tmp_path: Path) -> None:
    """A dot is no trend. The index says which providers to use, as the latest report does."""
    site(tmp_path / "reports", "--add", runs[0], "-o", tmp_path / "_site")
    text = (tmp_path / "_site" / "index.html").read_text("utf-8")
    assert '<svg class="trend"' not in text and "from the second run on" in text
    assert '<svg class="trend"' not in next((tmp_path / "_site").glob("providers/*/index.html")).read_text("utf-8")
    answer = text.partition('<dl class="answer">')[2].partition("</dl>")[0]
    assert '"name">cand</bdi>' in answer and "providers/cand-" in answer
    report = (tmp_path / "_site" / "latest" / "index.html").read_text("utf-8")
    word = re.search(r'<dt class="v \w+">(.+?)</dt>', answer)
    assert word and f">{word[1]}</dt>" in report


def test_what_is_not_ours_is_left_alone(runs: list[Path], tmp_path: Path) -> None:
    """A folder with other things is not written to; a link is not followed; an address is taken once."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x", encoding="utf-8")
    site(tmp_path / "reports", "--add", runs[0], "--name", "first")
    with pytest.raises(ConfigError, match="not a site of trueweight"):
        site(tmp_path / "reports", "-o", tmp_path / "home")
    with pytest.raises(ConfigError, match="has this address"):
        add_entry(tmp_path / "reports", runs[1], public=True, name="first")
    for name in ("../up", "a/b", "", ".hidden"):
        if name:
            with pytest.raises(ConfigError, match="cannot be an address"):
                add_entry(tmp_path / "reports", runs[1], public=True, name=name)
    (tmp_path / "reports" / "link").symlink_to(runs[1])
    site(tmp_path / "reports", "-o", tmp_path / "_site")
    assert [path.name for path in (tmp_path / "_site" / "runs").iterdir()] == ["first"]


def test_a_damaged_summary_is_named(tmp_path: Path) -> None:
    """Whoever wrote it: which file, and that it is no summary."""
    (tmp_path / "reports" / "bad").mkdir(parents=True)
    (tmp_path / "reports" / "bad" / "summary.json").write_text('{"format": "x"}', encoding="utf-8")
    with pytest.raises(ConfigError, match="not a summary") as caught:
        site(tmp_path / "reports", "-o", tmp_path / "_site")
    assert "bad" in caught.value.where
    with pytest.raises(ConfigError, match="no such folder"):
        site(tmp_path / "none", "-o", tmp_path / "_site")


def test_the_folder_of_a_run_is_untouched_by_publishing(runs: list[Path], tmp_path: Path) -> None:
    """Publishing reads; the record stays as it was."""
    before = {path.name: path.read_bytes() for path in runs[0].iterdir()}
    site(tmp_path / "reports", "--add", runs[0])
    assert {path.name: path.read_bytes() for path in runs[0].iterdir()} == before
    with RunDir.open(runs[0]):
        pass


def test_a_published_report_keeps_the_health_of_the_client(runs: list[Path], tmp_path: Path) -> None:
    """Whether this machine kept up is no secret, and without it no time on the page can be trusted."""
    run = shutil.copytree(runs[0], tmp_path / "run")
    session = {"lag_p50_ms": 1.0, "lag_p99_ms": 4.2, "lag_max_ms": 9.0, "limited": 0, "samples": 90}
    (run / "client.json").write_text(
        json.dumps({"format": "trueweight.client/1", "sessions": [session]}), encoding="utf-8"
    )
    site(tmp_path / "reports", "--add", run)
    site(tmp_path / "reports", "-o", tmp_path / "_site")
    page = (tmp_path / "_site" / "latest" / "index.html").read_text(encoding="utf-8")
    assert "This client kept up (event loop late by 4.2 ms at p99" in page
