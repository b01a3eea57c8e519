"""``trueweight site``: a folder of runs → a static site."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.report.site import add_entry, build_site, prune, read_entries


@click.command()
@click.argument("folder", metavar="REPORTS", type=click.Path(path_type=Path, file_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Where to write the site.")
@click.option(
    "--add", "added", type=click.Path(path_type=Path), metavar="RUN", help="First publish this run in REPORTS."
)
@click.option("--name", default="", metavar="NAME", help="Of the added run's folder and address. [when it began]")
@click.option("--keep", default=30, show_default=True, type=click.IntRange(0), metavar="N", help="Runs with evidence.")
@click.option("--prune", "pruned", is_flag=True, help="Delete the evidence of older published runs from REPORTS too.")
@click.option(
    "--public/--full",
    default=True,
    show_default=True,
    help="Public: no addresses, prices or requests, and no replies to suites that are not trueweight's own.",
)
def command(
    *, folder: Path, out: Path | None, added: Path | None, name: str, keep: int, pruned: bool, public: bool
) -> None:
    """Make a site of a folder of runs: an index, a trend per provider, each run's report under a link that stays.

    REPORTS holds a folder for each run: a recorded run, or what --add published of one (its summary and its report).
    The newest runs keep their evidence, older ones every number. Nothing in the site loads anything from anywhere.
    """
    if added is not None:
        click.echo(f"published: {add_entry(folder, added, public=public, name=name)}")
    if out is not None or pruned:
        entries = read_entries(folder, public=public)
    if out is not None:
        build_site(entries, out, keep=keep, public=public)
        click.echo(f"site: {out / 'index.html'}")
    if pruned:
        click.echo(f"pruned: {len(prune(entries, keep))} reports")
