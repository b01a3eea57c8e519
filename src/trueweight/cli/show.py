"""``trueweight show``: the evidence, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import PATH, json_option
from trueweight.core import SEVERE, Mode, ThinkingMode

if TYPE_CHECKING:
    from rich.console import Console

    from trueweight.core.summary import Summary
    from trueweight.plan import Inexpressible
    from trueweight.store import RunDir


@click.command(
    short_help="Show a recorded run, or one of its cases",
    epilog=examples(
        "trueweight show runs/today",
        "trueweight show runs/today --failing",
        "trueweight show runs/today tool-calls/enum-argument --provider cheap-host",
    ),
)
@click.argument("directory", metavar="DIR", type=PATH)
@click.argument("case", required=False, metavar="[CASE]")
@click.option("--provider", "name", metavar="P", help="Show everything that this provider was sent and answered.")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), help="Show only this mode.")
@click.option(
    "--thinking",
    type=click.Choice([mode.value for mode in ThinkingMode]),
    help="Show only this mode of thinking.",
)
@click.option("--failing", is_flag=True, help="Show the failures grouped by cause: requirement, providers, cases.")
@json_option()
def command(
    *,
    directory: Path,
    case: str | None,
    name: str | None,
    mode: str | None,
    thinking: str | None,
    failing: bool,
    as_json: bool,
) -> None:
    """Show a recorded run: its table and the cases where providers differ; or one CASE, of all providers or of one.

    CASE is a case as the report names it, or the id of a trial. Uses no network and writes nothing.
    """
    if case is None and any(one is not None for one in (None if failing else name, mode, thinking)):
        raise click.UsageError("--provider, --mode and --thinking need a CASE, or the id of a trial")
    if failing and case is not None:
        raise click.UsageError("--failing is about a whole run: leave CASE out")
    from rich.console import Console
    from rich.text import Text

    from trueweight.checks import all_checks
    from trueweight.core.summary_json import summary_lines
    from trueweight.report import evidence_json
    from trueweight.report.terminal import print_cases, print_exchange, print_outcomes, print_table
    from trueweight.report.text import for_log
    from trueweight.report.words import api_title
    from trueweight.store import RunDir, RunFile
    from trueweight.workflow.finish import evidence, judge
    from trueweight.workflow.summary_file import read_summary

    console = Console(emoji=False)
    with RunDir.open(directory) as run:
        if case is None:
            summary = judge(run)
            if failing:
                _print_failing(run, summary, name, console, as_json=as_json)
                return
            if as_json:
                click.echo(summary_lines(summary), nl=False)
                return
            print_table(summary, console)
            print_cases(summary, console)
            return
        trials = _trials(run, case, name, mode, thinking)
        unasked = _unasked(run, case, name)
        # What several replies show together is in the summary; a run that was broken off may have none yet.
        judged = read_summary(RunFile.SUMMARY.of(directory)) if RunFile.SUMMARY.is_in(directory) else None
        items = list(evidence(run, trials, judged))
    if as_json:
        click.echo(evidence_json(items, unasked))
        return
    requirements = {info.id: info.requirement for info in all_checks()}
    if name is None and len(items) > 1:
        print_outcomes(items, console)
    for one in unasked:
        words = for_log(f"· {one.provider}: not applicable through {api_title(one.api)}: {one.reason}")
        console.print(Text(words), soft_wrap=True)
    for item in items:
        fails = item.reply is None or any(f.outcome == "fail" and f.severity in SEVERE for f in item.findings)
        if name is not None or len(items) == 1 or fails:
            console.print()
            print_exchange(item, requirements, console, whole=name is not None or len(items) == 1)


def _print_failing(run: RunDir, summary: Summary, name: str | None, console: Console, *, as_json: bool) -> None:
    """Failures by cause, of one provider or of all, and the command that makes suites of their cases."""
    from trueweight.cli._screen import say_next
    from trueweight.report import failing_json
    from trueweight.report.terminal import print_failing
    from trueweight.workflow.lookup import find_provider

    names = summary.ranked() if name is None else [find_provider(run, name).name]
    if as_json:
        click.echo(failing_json(summary, names))
        return
    print_failing(summary, names, console)
    if any(found.outcome == "fail" for one in names for found in summary.providers[one].findings):
        words = ["trueweight", "suites", "from-run", str(run.path), *(["--provider", name] if name else [])]
        say_next(console, (*words, "-o", "failing"), "the failing cases as suites")


def _unasked(run: RunDir, case: str, name: str | None) -> list[Inexpressible]:
    """Why an API of a provider was not asked a case; none for the id of a trial."""
    from trueweight.plan import inexpressible
    from trueweight.workflow.lookup import find_case, find_provider

    if _is_trial(run, case):
        return []
    providers = run.manifest.providers if name is None else (find_provider(run, name),)
    found = find_case(run, case)
    # With those of its suite, because a case that continues another one is not asked without it.
    suite = [found] if found.follows is None else [one for one in run.cases().values() if one.suite == found.suite]
    return [one for one in inexpressible(suite, providers, run.manifest.thinking) if one.case == found.key]


def _is_trial(run: RunDir, case: str) -> bool:
    """Whether the word is the id of a trial."""
    return case in run.recorded() or (len(case) == 20 and all(digit in "0123456789abcdef" for digit in case))


def _trials(run: RunDir, case: str, name: str | None, mode: str | None, thinking: str | None) -> list[str]:
    """Ids of one trial, or of all trials of a case."""
    from trueweight.workflow.lookup import find_case, find_provider, find_trial, trials_of

    if _is_trial(run, case):
        return [find_trial(run, case)]
    found = find_case(run, case)
    providers = [find_provider(run, name)] if name is not None else list(run.manifest.providers)
    return [
        trial.id
        for provider in providers
        for trial in trials_of(run, found, provider)
        if mode in (None, trial.mode.value) and thinking in (None, trial.thinking.value)
    ]
