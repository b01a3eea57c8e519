"""``trueweight workload``: make a workload from a log."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FILE, FOLDER, PATH, json_option, quiet_option, seed_option
from trueweight.cli._workload_confirm import confirm
from trueweight.cli._workload_judge import llm_judge, prefer
from trueweight.cli._workload_label import label
from trueweight.cli._workload_reask import reask
from trueweight.core import ConfigError, ExitCode


@click.group(
    short_help="Make a workload from your own log",
    epilog=examples("trueweight workload example -o log.jsonl", "trueweight workload from log.jsonl -o tickets"),
)
def command() -> None:
    """Make a workload from your own log: a folder that `trueweight run --suite` takes.

    A workload is a sample of the requests that you pay for today, each with the answer that was recorded then, and a
    grader for each kind of work.
    """


class FromCommand(click.Command):
    """Its help lists the formats of logs."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name and description of every format."""
        super().format_epilog(ctx, formatter)
        from trueweight.suites.importers.logs import LOG_FORMATS

        with formatter.section("Formats"):
            formatter.write_dl([(name, one.summary) for name, one in LOG_FORMATS.items()])


@command.command(
    "from",
    cls=FromCommand,
    short_help="Draw a sample of a log, without personal data",
    epilog=examples(
        "trueweight workload from log.jsonl -o tickets --preview",
        "trueweight workload from log.jsonl -o tickets --cases 300",
    ),
)
@click.argument("log", metavar="LOG", type=PATH)
@click.option("-o", "--out", "folder", metavar="DIR", type=FOLDER, help="Folder of the new workload.")
@click.option("--name", metavar="NAME", help="Name of the workload.  [default: the folder's name]")
@click.option("--format", "form", metavar="FORMAT", help="Format of the log.  [default: recognised line by line]")
@click.option(
    "--cases", default=200, show_default=True, type=click.IntRange(1), metavar="N", help="Draw at most N requests."
)
@seed_option("the draw")
@click.option("--task-field", metavar="FIELD", help="Take the task from a field beside the request: metadata.task.")
@click.option(
    "--task", "rules", multiple=True, metavar="NAME=REGEX", help="Requests with this text are of this task. Repeatable."
)
@click.option("--region", metavar="XX", help="Country whose phone numbers may stand without prefix, e.g. DE, US.")
@click.option("--names", "names_file", type=FILE, metavar="FILE", help="Replace these names, one a line, as well.")
@click.option(
    "--names-model",
    metavar="MODEL",
    help="Replace names of people that this spaCy pipeline finds, as well. Requires trueweight[names].",
)
@click.option("--preview", is_flag=True, help="Print exactly what would be written, and write nothing.")
@quiet_option("Print only the paths of the files, or what they would be.")
def make(
    *,
    log: Path,
    folder: Path | None,
    name: str | None,
    form: str | None,
    cases: int,
    seed: int,
    task_field: str | None,
    rules: tuple[str, ...],
    region: str | None,
    names_file: Path | None,
    names_model: str | None,
    preview: bool,
    quiet: bool,
) -> int:
    """Draw a sample of LOG (a file or a folder) that keeps its mix, without personal data, and choose graders.

    Mail addresses, phone and card numbers, IBANs, IP addresses, keys and passwords are replaced, the same value always
    by the same stand-in; names of people only with --names or --names-model, postal addresses never. Of a request only
    fields that the API defines are kept, of the line around it only model, time, tokens and cost. What became of each
    line is printed.
    """
    from trueweight.report.numbers import whole_percent
    from trueweight.suites.jsonl_suite import suite_name
    from trueweight.workload.build import BuildOptions, build
    from trueweight.workload.names_model import people_of
    from trueweight.workload.personal import Replacer, names_of, phones_of, read_names
    from trueweight.workload.tasks import parse_rule

    if folder is None and not preview:
        hint = "Or see what would be written with --preview."
        raise ConfigError("no folder is named", code="workload-folder", where="-o", hint=hint)
    named = () if names_file is None else read_names(names_file)
    made = build(
        log,
        BuildOptions(
            suite_name(name or (log.stem if folder is None else folder.resolve().name))[:60],
            form,
            cases,
            seed,
            task_field,
            tuple(map(parse_rule, rules)),
            Replacer(phones_of(region), names_of(named), *([] if names_model is None else [people_of(names_model)])),
        ),
    )
    if preview or folder is None:
        for file, text in made.files().items():
            click.echo(f"--- {file}\n{_visible(text)}", nl=False)
    else:
        for path in made.write(folder):
            click.echo(str(path))
    if quiet:
        return int(ExitCode.OK)
    for sentence in made.account():
        click.echo(_visible(sentence), err=True)
    click.echo(_not_looked_for(region, names=bool(named), model=names_model is not None), err=True)
    for task, plan in made.tasks.items():
        click.echo(
            _visible(f"task {task}: {whole_percent(plan.share or 0.0)} of the lines, grader {plan.grader}"), err=True
        )
    if folder is not None and not preview:
        words = shlex.quote(str(folder))
        click.echo(f"next: trueweight workload confirm {words}, then trueweight bar init {words}", err=True)
    return int(ExitCode.OK)


def _not_looked_for(region: str | None, *, names: bool, model: bool) -> str:
    """Which personal data may be left, so that a list of what was replaced is not read as all there is."""
    left = ["postal addresses", "dates of birth", "identity numbers", "account numbers other than IBANs"]
    if region is None:
        left.insert(0, "phone numbers without the prefix of their country (--region)")
    if not model:
        left.insert(0, f"names of people{' but those of --names' if names else ' (--names, --names-model)'}")
    return f"not looked for: {', '.join(left)}: read the preview"


@command.command(
    "example",
    short_help="Write an example log to try everything with",
    epilog=examples("trueweight workload example -o log.jsonl"),
)
@click.option("-o", "--out", "path", required=True, metavar="FILE", type=FILE, help="The new log, JSON lines.")
@click.option("--lines", default=400, show_default=True, type=click.IntRange(1, 100_000), metavar="N", help="Lines.")
@click.option(
    "--task",
    "tasks",
    multiple=True,
    type=click.Choice(["triage", "extraction", "routing", "summary", "card"]),
    help="Only this kind of work. Repeatable.  [default: all]",
)
@seed_option("the requests")
@quiet_option("Print nothing.")
def example(*, path: Path, lines: int, tasks: tuple[str, ...], seed: int, quiet: bool) -> None:
    """Write an example log to try everything with: classification, extraction, routing, summaries, product cards."""
    from trueweight.suites.importers.logs.example import example_log
    from trueweight.suites.importers.write import write_new

    write_new(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in example_log(lines, seed, tasks)))
    if not quiet:
        words = shlex.join(["trueweight", "workload", "from", str(path)])
        click.echo(f"{path}: next, {words} -o DIR --task-field tags.task", err=True)


@command.command(
    "graders",
    short_help="List the graders that a task may name, with their options",
    epilog=examples("trueweight workload graders"),
)
@json_option()
def list_graders(*, as_json: bool) -> None:
    """List the graders that a task may name, with their options."""
    from trueweight.core.grader import all_graders

    if as_json:
        rows = [{"id": one.id, "definition": one.definition, "options": dict(one.options)} for one in all_graders()]
        click.echo(json.dumps(rows, indent=2))
        return
    for one in all_graders():
        click.echo(f"{one.id}: {one.definition}")
        for option, schema in one.options.get("properties", {}).items():
            click.echo(f"    {option}: {schema.get('description') or schema.get('type', 'any value')}")


command.add_command(confirm)
command.add_command(label)
command.add_command(llm_judge)
command.add_command(prefer)
command.add_command(reask)


def _visible(text: str) -> str:
    """Text whose control, bidi and zero-width characters show as escapes, because a log is not trusted."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode("ascii") for char in text
    )
