"""``trueweight shrink``: the smallest request that still fails, on the provider that fails it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, PATH, budget_option, dry_run_option, json_option, quiet_option
from trueweight.core import ExitCode

if TYPE_CHECKING:
    from trueweight.workflow.shrink.attempts import Reduction


@click.command(
    short_help="Find the smallest request that still fails a case",
    epilog=examples("trueweight shrink runs/today tool-calls/enum-argument --provider cheap-host"),
)
@click.argument("directory", metavar="DIR", type=PATH)
@click.argument("case_id", metavar="CASE")
@click.option("--provider", required=True, metavar="P", help="Provider that fails it.")
@click.option("--check", metavar="ID", help="Check that fails.  [default: the most specific one]")
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send at most N requests, retries included.  [default: 50, without --budget]",
)
@budget_option("Send no request that could exceed this cost.")
@click.option("-o", "--out", type=FOLDER, metavar="DIR", help="Run directory of the attempts.  [default: beside DIR]")
@dry_run_option
@quiet_option("Print only the result.")
@json_option()
def command(
    *,
    directory: Path,
    case_id: str,
    provider: str,
    check: str | None,
    max_requests: int | None,
    budget: float | None,
    out: Path | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Find the smallest request that still fails CASE of the run in DIR, by sending variants to the provider.

    A generated case is drawn again with simpler choices. Then parts that the failure does not need are removed: tools,
    messages, options, keywords, text. A flaky failure is sent several times. Every attempt is recorded in --out.

    Exit code 0: a smaller case was found; 4: the failure did not occur again.
    """
    from rich.console import Console

    from trueweight.cli._forecast import print_stages
    from trueweight.config import keys_for
    from trueweight.plan import Stage, measured_paces
    from trueweight.report import visible
    from trueweight.report.words.shrinking import shrunk_json, shrunk_words
    from trueweight.store import RunDir
    from trueweight.wire import WireSettings
    from trueweight.workflow.probe import read_probe
    from trueweight.workflow.shrink import Budget, full_attempts, lookup_failing_case, shrink_in_run

    screen = Console(stderr=True, quiet=quiet, emoji=False)

    def show(number: int, reduction: Reduction, fails: bool) -> None:
        word = "still fails" if fails else "passes"
        screen.print(f"{number:>4}  {reduction.size:>7,} bytes  {word:<11}  {visible(reduction.how)}", highlight=False)

    most = Budget(requests=50 if max_requests is None and budget is None else max_requests, usd=budget)
    if dry_run:
        with RunDir.open(directory) as run:
            failure = lookup_failing_case(run, case_id, provider, check=check)
        trials, limited = full_attempts(failure, most)
        notes = ["Each attempt is counted as large as the recorded request. The last one may be to the reference."]
        if not limited:
            notes.append("Without --max-requests only the budget is a limit: so many requests of full size use it up.")
        settings = WireSettings(retries=1, concurrency=1, budget_usd=budget)
        stage = Stage(trials, 1, share=1 / len(trials), own_limit=False)
        paces = measured_paces(read_probe(directory))
        print_stages([stage], settings, as_json=as_json, paces=paces, notes=notes)
        return int(ExitCode.OK)
    shrinking = shrink_in_run(
        directory,
        case_id,
        provider,
        check=check,
        out=out,
        budget=most,
        keys=lambda providers: keys_for(providers, os.environ),
        on_progress=show,
    )
    words = shrunk_json if as_json else shrunk_words
    click.echo(words(shrinking.shrunk, record=shrinking.record, case=shrinking.case))
    return int(ExitCode.OK if shrinking.case is not None else ExitCode.INCONCLUSIVE)
