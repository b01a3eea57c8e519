"""``trueweight gate``: compare a recorded run with a bar."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, PATH, bar_option, json_option, quiet_option


@click.command(
    short_help="Compare a recorded run with a bar: pass, fail or inconclusive",
    epilog=examples(
        "trueweight gate runs/today --bar bar.toml", "trueweight gate runs/today --baseline runs/monday --json"
    ),
)
@click.argument("directory", metavar="DIR", type=PATH)
@bar_option("Thresholds file (bar.toml).  [default: the bar that the run was made with]")
@click.option(
    "--baseline",
    type=FOLDER,
    metavar="OLD_RUN",
    help='Earlier run. Rules with versus = "baseline" limit the change since then; without such a rule, no metric '
    "may be worse.",
)
@json_option("Print the verdicts as JSON (schemas/gate.schema.json).")
@quiet_option("Print nothing: the exit code is the result.")
def command(*, directory: Path, bar_file: Path | None, baseline: Path | None, as_json: bool, quiet: bool) -> int:
    """Compare a recorded run with a bar: each provider passes, fails, or is inconclusive. Uses no network.

    Unless the bar says otherwise, a rule passes if the whole 95% interval meets the threshold, fails if none of it
    does, and is inconclusive otherwise; then the output says how many more cases would decide.

    \b
    Exit codes:
      0  every provider passes
      1  a provider fails
      3  a provider never answered
      4  a provider is inconclusive, no provider was judged, or planned trials
         are not on record
    """
    from trueweight.assess import load_bar
    from trueweight.report.gate import gate_lines, gate_result, gate_text
    from trueweight.workflow.gate import gate

    found = gate(directory, None if bar_file is None else load_bar(bar_file), baseline)
    notes, silent = found.notes, found.silent
    if as_json:
        result = gate_result(found.outcomes, notes=notes, silent=silent, bar=found.bar, exit_code=found.exit_code)
        click.echo(gate_text(result))
    elif not quiet:
        for line in gate_lines(found.outcomes, notes=notes, silent=silent, bar=found.bar):
            click.echo(line)
    return int(found.exit_code)
