"""``trueweight shrink``: the smallest request that still fails, on the provider that fails it."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from trueweight.cli._amounts import Amount
from trueweight.config import keys_for
from trueweight.core import ExitCode
from trueweight.report import visible
from trueweight.workflow.shrink import Budget, shrink_in_run
from trueweight.workflow.shrink.candidate import Candidate
from trueweight.workflow.shrink.words import told


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("case_id", metavar="CASE")
@click.option("--provider", required=True, metavar="P", help="The provider that fails it.")
@click.option("--check", metavar="ID", help="The check that fails; by default the one that says most.")
@click.option("--budget", type=click.IntRange(1), metavar="N", help="Most requests, retries included.  [default: 50]")
@click.option("--usd", type=Amount(), metavar="X", help="Most USD, by the declared prices.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where the attempts are recorded.")
@click.option("--quiet", is_flag=True, help="Print only the result.")
def command(
    *,
    directory: Path,
    case_id: str,
    provider: str,
    check: str | None,
    budget: int | None,
    usd: float | None,
    out: Path | None,
    quiet: bool,
) -> int:
    """Make a failing CASE of the run in DIR as small as it can be, against the live provider.

    Generated cases are drawn again with simpler choices; then whatever the failure does not need is left out: tools,
    turns, options, keywords, text. A flaky failure is asked for several times. Every attempt is on record in --out.

    Exit code 0 with a smaller case, 4 if the failure did not come again.
    """
    screen = Console(stderr=True, quiet=quiet, emoji=False)

    def show(number: int, candidate: Candidate, fails: bool) -> None:
        word = "still fails" if fails else "passes"
        screen.print(f"{number:>4}  {candidate.size:>7,} bytes  {word:<11}  {visible(candidate.how)}", highlight=False)

    shrinking = shrink_in_run(
        directory,
        case_id,
        provider,
        check=check,
        out=out,
        budget=Budget(requests=50 if budget is None and usd is None else budget, usd=usd),
        keys=lambda providers: keys_for(providers, os.environ),
        on_progress=show,
    )
    click.echo(told(shrinking))
    return int(ExitCode.OK if shrinking.case is not None else ExitCode.INCONCLUSIVE)
