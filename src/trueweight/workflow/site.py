"""A folder of runs → a static site. The folder has a folder for each run: a recorded run, or what was published of one.

A site only ever gets files added or overwritten, so a link that worked keeps working.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trueweight.core import ConfigError
from trueweight.core.summary import Summary
from trueweight.core.summary_json import encode_summary
from trueweight.report import render, wanted_trials
from trueweight.report.site import SiteRun, overview, public_evidence, public_summary
from trueweight.store import RunDir, RunFile, has_exchanges, read_plain, replace_plain, write_for_people
from trueweight.workflow.client import client_sessions
from trueweight.workflow.finish import evidence, judge
from trueweight.workflow.summary_file import read_summary

MARKER = ".trueweight-site"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class SiteEntry(SiteRun):
    """A run of the site, and the folder ``path`` that holds it.

    Attributes:
        recorded: whether the folder is a run with its exchanges, not only what was published of one.
    """

    path: Path
    recorded: bool

    def report(self, *, public: bool) -> str:
        """Its report as HTML, with evidence if the folder has it."""
        if self.recorded:
            with RunDir.open(self.path) as run:
                return report_of(run, self.summary, public=public)
        if RunFile.REPORT.is_in(self.path):
            return read_plain(RunFile.REPORT.of(self.path)).decode("utf-8", "replace")
        return self.bare_report()

    def bare_report(self) -> str:
        """Its report as HTML, from the summary alone: without evidence."""
        return render("html", self.summary)


def _with_client(run: RunDir, summary: Summary) -> Summary:
    """The summary with the health of the client, which a page has even when only its summary is left."""
    return msgspec.structs.replace(summary, client=client_sessions(run))


def report_of(run: RunDir, summary: Summary, *, public: bool) -> str:
    """The report of a recorded run."""
    found = evidence(run, wanted_trials(summary))
    return render("html", summary, public_evidence(found, run.cases()) if public else found)


def read_entries(folder: Path, *, public: bool) -> list[SiteEntry]:
    """Every run of a folder, oldest first. Files, links and folders without a run are left alone.

    Raises:
        ConfigError: if there is no such folder, a folder's name is no fit address, or a summary is damaged.
    """
    if not folder.is_dir():
        hint = "Valid: a folder with a folder for each run; --add RUN puts a run into it."
        raise ConfigError("no such folder", code="site-missing", where=str(folder), hint=hint)
    entries = [
        _read(path, public=public)
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.is_symlink() and (RunFile.MANIFEST.is_in(path) or RunFile.SUMMARY.is_in(path))
    ]
    return sorted(entries, key=lambda entry: (entry.started_at, entry.name))


def _read(path: Path, *, public: bool) -> SiteEntry:
    if not _NAME.fullmatch(path.name):
        hint = "Valid: letters, digits, dots, dashes, at most 80."
        raise ConfigError(f"{path.name!r} cannot be an address", code="site-name", where=str(path), hint=hint)
    recorded = RunFile.MANIFEST.is_in(path) and has_exchanges(path)
    if recorded:
        with RunDir.open(path) as run:
            summary = _with_client(run, judge(run))
    else:
        summary = read_summary(RunFile.SUMMARY.of(path))
    return SiteEntry(path.name, public_summary(summary) if public else summary, path, recorded)


def add_entry(folder: Path, run_path: Path, *, public: bool, name: str = "") -> Path:
    """Put what may be published of a run into the folder: its summary and its report.

    Args:
        name: its folder and address; by default its start time.

    Raises:
        ConfigError: if the name is no fit address, or another run has it: a link never changes what it shows.
    """
    with RunDir.open(run_path) as run:
        summary = _with_client(run, judge(run))
        summary = public_summary(summary) if public else summary
        name = name or _UNFIT.sub("-", run.manifest.started_at[:19]).replace("T", "-") + "Z"
        if not _NAME.fullmatch(name):
            hint = "Valid: letters, digits, dots, dashes, at most 80."
            raise ConfigError(f"{name!r} cannot be an address", code="site-name", where="--name", hint=hint)
        path = folder / name
        _refuse_other(path, summary)
        report = report_of(run, summary, public=public)
    path.mkdir(parents=True, exist_ok=True)
    write_for_people(RunFile.REPORT.of(path), report)
    write_for_people(RunFile.SUMMARY.of(path), encode_summary(summary).decode("ascii"))
    return path


def _refuse_other(path: Path, summary: Summary) -> None:
    if not RunFile.SUMMARY.is_in(path):
        return
    there = read_summary(RunFile.SUMMARY.of(path)).run.started_at
    if there != summary.run.started_at:
        raise ConfigError(
            f"another run, of {there}, has this address", code="site-taken", where=str(path), hint="Another --name."
        )


def prune(entries: Iterable[SiteEntry], keep: int) -> list[Path]:
    """Delete the evidence of all published entries but the newest: summaries stay, and so do recorded runs.

    Returns:
        The reports that were deleted.
    """
    old = list(entries)[:-keep] if keep else list(entries)
    reports = [RunFile.REPORT.of(entry.path) for entry in old if not entry.recorded]
    gone = [path for path in reports if path.is_file()]
    for path in gone:
        path.unlink()
    return gone


def build_site(entries: Sequence[SiteEntry], out: Path, *, keep: int, public: bool, docs: str = "") -> list[Path]:
    """Write the site.

    Args:
        entries: oldest first.
        keep: how many of the newest runs keep their evidence; older ones keep every number.
        docs: address of the documentation, for a link; "" for none.

    Returns:
        The files that were written.

    Raises:
        ConfigError: if there is no run, or ``out`` is a folder with other things in it.
    """
    if not entries:
        raise ConfigError("no run to show", code="site-empty", hint="Valid: --add RUN puts a run into the folder.")
    _claim(out)
    written: list[Path] = []

    def write(name: str, text: str) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_for_people(path, text)
        written.append(path)

    for place, entry in enumerate(entries):
        kept = len(entries) - place <= keep
        text = entry.report(public=public) if kept else entry.bare_report()
        latest = ("latest",) if place == len(entries) - 1 else ()
        for folder in (f"runs/{entry.name}", *latest):
            write(f"{folder}/index.html", text)
            write(f"{folder}/summary.json", encode_summary(entry.summary).decode("ascii"))
    for name, text in overview(entries, docs=docs):
        write(name, text)
    return written


def _claim(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER).exists():
        raise ConfigError(
            "this folder holds something that is not a site of trueweight",
            code="site-foreign",
            where=str(out),
            hint="Valid: a new or empty folder, or one that `trueweight site` wrote.",
        )
    out.mkdir(parents=True, exist_ok=True)
    replace_plain(out / MARKER, b"")
