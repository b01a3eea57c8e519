"""``trueweight site``: a folder of runs → a static site."""

from __future__ import annotations

import re
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, PATH, quiet_option


@click.command(
    short_help="Make a site from a folder of runs",
    epilog=examples("trueweight site reports --add runs/today -o public"),
)
@click.argument("folder", metavar="REPORTS", type=FOLDER)
@click.option("-o", "--out", type=FOLDER, metavar="DIR", help="Write the site to this directory.")
@click.option("--add", "added", type=PATH, metavar="RUN", help="First publish this run in REPORTS.")
@click.option(
    "--name", default="", metavar="NAME", help="Folder and address of the added run.  [default: its start time]"
)
@click.option(
    "--keep",
    default=30,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Keep the evidence of the newest N runs.",
)
@click.option("--prune", "pruned", is_flag=True, help="Also delete the evidence of older runs from REPORTS.")
@click.option("--docs", default="", metavar="URL", help="Link this documentation from the index, e.g. docs/.")
@click.option(
    "--public/--full",
    default=True,
    show_default=True,
    help="Public: leave out addresses, prices, requests, and replies to suites that trueweight does not ship.",
)
@quiet_option("Print nothing.")
def command(
    *,
    folder: Path,
    out: Path | None,
    added: Path | None,
    name: str,
    keep: int,
    pruned: bool,
    docs: str,
    public: bool,
    quiet: bool,
) -> None:
    """Make a site from a folder of runs: an index, a trend per provider, and each run's report at a stable link.

    REPORTS holds one folder per run: a recorded run, or the summary and report that --add published. The newest runs
    keep their evidence; older ones keep their numbers. The site loads nothing from other hosts.
    """
    if docs and not re.fullmatch(r"https?://[^\s\"<>]+|[\w./-]+", docs):
        raise click.BadParameter("Valid: an http(s) address, or a path in the site, e.g. docs/.", param_hint="--docs")
    from trueweight.workflow.site import add_entry, build_site, prune, read_entries

    def say(line: str) -> None:
        if not quiet:
            click.echo(line)

    if added is not None:
        say(f"published: {add_entry(folder, added, public=public, name=name)}")
    if out is not None or pruned:
        entries = read_entries(folder, public=public)
    if out is not None:
        build_site(entries, out, keep=keep, public=public, docs=docs)
        say(f"site: {out / 'index.html'}")
    if pruned:
        say(f"pruned: {len(prune(entries, keep))} reports")
