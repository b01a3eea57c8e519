"""``trueweight workload judge`` and ``workload prefer``: an LLM judge of texts, and the labels that measure it."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    FOLDER,
    budget_option,
    dry_run_option,
    json_option,
    no_probe_option,
    providers_option,
    quiet_option,
    seed_option,
)
from trueweight.cli._providers import named_provider
from trueweight.core import ExitCode


@click.command(
    "judge",
    short_help="Ask a model which of two answers is better",
    epilog=examples(
        "trueweight workload judge runs/tickets --providers judge.toml --labels tickets --dry-run",
        "trueweight workload judge runs/tickets --providers judge.toml --labels tickets --task summary",
    ),
)
@click.argument("directory", metavar="RUN", type=FOLDER)
@providers_option()
@click.option("--judge", "name", metavar="NAME", help="The provider that judges.  [default: the only one of the file]")
@click.option("--labels", "folder", type=FOLDER, metavar="WORKLOAD", help="The workload with your preferences.yaml.")
@click.option(
    "--task", "tasks", multiple=True, metavar="NAME", help="Compare answers of this task. Repeatable.  [default: texts]"
)
@click.option("--cases", "number", type=click.IntRange(1), metavar="N", help="Compare answers to at most N cases.")
@seed_option("the draw of cases")
@click.option(
    "--concurrency", default=8, show_default=True, type=click.IntRange(1), metavar="N", help="Concurrent requests."
)
@budget_option("Send no request that could exceed this cost.")
@no_probe_option
@click.option("--retry-errors", is_flag=True, help="Ask again where a request failed.")
@dry_run_option
@quiet_option()
@json_option()
def llm_judge(
    *,
    directory: Path,
    providers_file: Path,
    name: str | None,
    folder: Path | None,
    tasks: tuple[str, ...],
    number: int | None,
    seed: int,
    concurrency: int,
    budget: float | None,
    no_probe: bool,
    retry_errors: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Ask a model which is better: an answer of RUN, or the recorded one. Then judge the run again with its verdicts.

    The LLM judge gets the request and both answers, without names, once in each order. Its verdicts count only if your
    own labels (`trueweight workload prefer`) confirm them. Requests and replies are recorded in RUN/judge; run the
    command again to resume, or after more labels.

    Exit code 0 if the verdicts count, 4 if they do not.
    """
    import msgspec
    from rich.console import Console

    from trueweight.cli._forecast import print_forecast
    from trueweight.cli._screen import say
    from trueweight.cli._send_built import send_built
    from trueweight.config import load_providers
    from trueweight.report.numbers import counted
    from trueweight.report.words.llm_judge import llm_judge_sentences
    from trueweight.store import LLM_JUDGE_RUN, RunDir, RunFile
    from trueweight.suites.preferences_file import read_preferences
    from trueweight.wire import WireSettings
    from trueweight.workflow.finish import finish, publish
    from trueweight.workflow.pairwise import plan_llm_judge
    from trueweight.workflow.probe import read_probe

    provider = named_provider(load_providers(providers_file, environ=os.environ), name, "--judge")
    labels = [] if folder is None else read_preferences(folder)
    settings = WireSettings(concurrency=concurrency, budget_usd=budget)
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    with RunDir.open(directory) as run:
        plan = plan_llm_judge(run, provider, labels, tasks=tasks, number=number, seed=seed)
        pairs, labelled = counted(len(plan.pairs), "pair"), len(plan.scope.labels)
        say(screen, f"{pairs} of answers, {labelled} of them with a label by hand.")
        if plan.own:
            say(screen, "The LLM judge's model is one of those that it compares. Models favour their own answers.")
        if dry_run:
            probed, probe = () if no_probe else [provider], read_probe(directory / LLM_JUDGE_RUN)
            print_forecast(plan.run, settings, as_json=as_json, probed=probed, probe=probe)
            return int(ExitCode.OK)
        send_built(
            plan.run, directory / LLM_JUDGE_RUN, settings=settings, probing=not no_probe, retry_errors=retry_errors
        )
        plan.keep_scope(directory)
        summary = finish(run)
        run.write_text(RunFile.REPORT, publish(run, summary))
    found = None if summary.workload is None else summary.workload.llm_judge
    if found is None:
        return int(ExitCode.INFRASTRUCTURE)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=2))
    for sentence in () if quiet or as_json else llm_judge_sentences(found):
        click.echo(sentence)
    click.echo(str(RunFile.REPORT.of(directory)), err=as_json)
    return int(ExitCode.OK if found.trusted else ExitCode.INCONCLUSIVE)


@click.command(
    "prefer",
    short_help="Say by hand which of two answers is better, to measure an LLM judge",
    epilog=examples("trueweight workload prefer tickets --run runs/tickets --number 40"),
)
@click.argument("folder", metavar="WORKLOAD", type=FOLDER)
@click.option("--run", "run_dir", required=True, type=FOLDER, metavar="RUN", help="The run with the other answers.")
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Only this task. Repeatable.  [default: texts]")
@click.option(
    "--number", default=40, show_default=True, type=click.IntRange(1), metavar="N", help="Ask about at most N pairs."
)
@seed_option("the order and the sides")
def prefer(folder: Path, run_dir: Path, tasks: tuple[str, ...], number: int, seed: int) -> int:
    """Say which of two answers is better, into preferences.yaml of WORKLOAD. Names are not shown; sides are drawn.

    Type 1 or 2 for the better answer, = if neither is clearly better; s skips, q ends. One pair of each case is asked
    about.
    """
    from trueweight.core.preference import Better
    from trueweight.report.text import visible
    from trueweight.store import RunDir
    from trueweight.suites.preferences_file import append_preference, read_preferences
    from trueweight.workflow.pairwise import compared_cases, pairs_in
    from trueweight.workload.labelling import pairs_in_order, question_of

    done = {one.case for one in read_preferences(folder)}
    with RunDir.open(run_dir) as run:
        cases = {case.key: case for case in compared_cases(run.cases().values(), tasks, None, seed)}
        labelled = {key for key, case in cases.items() if case.id in done}
        asked = pairs_in_order(pairs_in(run, list(cases.values())), labelled, seed)[:number]
    given = 0
    for at, (pair, swapped) in enumerate(asked, start=1):
        case = cases[pair.case]
        answers = (pair.given, pair.recorded) if swapped else (pair.recorded, pair.given)
        head = f"\n--- {at} of {len(asked)}: {case.id}\n{question_of(case)}\n"
        click.echo(visible(head, limit=6000, lines=True))
        for place, answer in enumerate(answers, start=1):
            click.echo(visible(f"[{place}] {answer}\n", limit=6000, lines=True))
        typed = ""
        while typed not in ("1", "2", "=", "s", "q"):
            typed = click.prompt("better (1, 2, =, s, q)", default="", show_default=False, prompt_suffix="> ").strip()
        if typed == "q":
            break
        if typed == "s":
            continue
        first, second = (Better.GIVEN, Better.RECORDED) if swapped else (Better.RECORDED, Better.GIVEN)
        better = {"1": first, "2": second, "=": Better.EQUAL}[typed]
        append_preference(folder, case, {"content": pair.given}, better)
        given += 1
    click.echo(f"{given} labels written, {len(done) + given} cases have one", err=True)
    if given:
        words = shlex.join([str(run_dir), "--providers", "judge.toml", "--labels", str(folder)])
        click.echo(f"next: trueweight workload judge {words}", err=True)
    return int(ExitCode.OK)
