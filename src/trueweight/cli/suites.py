"""``trueweight suites``: list, check, show, start and import suites."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, PATH, json_option, quiet_option, seed_option
from trueweight.core import Case, ConfigError, ExitCode, Suite, near_miss

MAX_LISTED = 200


@click.group(short_help="List, check, show, start and import suites", epilog=examples("trueweight suites list"))
def command() -> None:
    """List, check, show, start and import suites.

    A suite is a shipped name, a YAML file, a .jsonl file of chat-completions requests, a Python file of properties, or
    a folder of such files. Reading a Python file runs it: use only files that you trust.
    """


@command.command(
    "list", short_help="List the shipped suites, or those at PATH", epilog=examples("trueweight suites list")
)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@json_option()
def list_suites(paths: tuple[str, ...], as_json: bool) -> None:
    """List the shipped suites, or those at PATH: name, number of cases, title."""
    from trueweight.suites import find_suite, shipped_suites
    from trueweight.suites.find import generated_summaries

    suites = [find_suite(name) for name in (paths or shipped_suites())]
    rows = [(suite.name, len(suite.cases), suite.title) for suite in suites]
    rows += [] if paths else list(generated_summaries())
    if as_json:
        made = [{"name": name, "cases": count, "title": title} for name, count, title in rows]
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
        return
    width = max(len(name) for name, _, _ in rows)
    for name, count, title in rows:
        click.echo(f"{name:<{width}}  {count:>4} cases  {_visible(title)}")


@command.command(
    "check",
    short_help="Check suites and print every problem with its file and line",
    epilog=examples("trueweight suites check mine.yaml"),
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@quiet_option("Print only problems.")
@json_option()
def check_suites(paths: tuple[str, ...], *, quiet: bool, as_json: bool) -> int:
    """Check suites and print every problem with its file and line.

    Exit code 0 without a problem, 2 otherwise.
    """
    checked = {path: _check(path) for path in paths}
    problems = [problem for found in checked.values() for problem in found.problems]
    if as_json:
        click.echo(json.dumps([_checked_json(path, found) for path, found in checked.items()], indent=2))
        return int(ExitCode.USAGE if problems else ExitCode.OK)
    for path, found in () if quiet else checked.items():
        if not found.problems:
            click.echo(f"{path}: {found.name}, {found.cases} cases, no problem")
    for problem in problems:
        click.echo(f"error[{problem.code}]: {_visible(str(problem))}", err=True)
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        click.echo(f"{len(problems)} {noun}", err=True)
        return int(ExitCode.USAGE)
    return int(ExitCode.OK)


class _Checked(NamedTuple):
    """What was read of a path; without a name if nothing could be."""

    name: str
    cases: int
    problems: tuple[ConfigError, ...]


def _check(path: str) -> _Checked:
    from trueweight.suites import read_suite

    try:
        reading = read_suite(path)
    except ConfigError as problem:
        return _Checked("", 0, (problem,))
    return _Checked(reading.name, len(reading.cases), tuple(reading.problems))


def _checked_json(path: str, found: _Checked) -> dict[str, Any]:
    problems = [
        {"code": one.code, "where": one.where, "message": one.message, "hint": one.hint} for one in found.problems
    ]
    return {"path": path, "suite": found.name, "cases": found.cases, "problems": problems}


@command.command(
    "show",
    short_help="Print the cases of a suite, or one case in full",
    epilog=examples("trueweight suites show tool-calls"),
)
@click.argument("name")
@click.argument("case_id", required=False, metavar="[CASE]")
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Draw N cases and print each in full.")
@seed_option("drawn cases")
@json_option()
def show_suite(name: str, case_id: str | None, examples: int | None, seed: int, *, as_json: bool) -> None:
    """Print the cases of a suite, or one CASE in full, or the first N in full, as JSON."""
    from trueweight.suites import find_suite

    suite = find_suite(name, examples=None if case_id else examples, seed=seed)
    if case_id is not None:
        click.echo(_visible(_case_text(_find_case(suite, case_id))))
        return
    if as_json:
        made = {"suite": suite.name, "title": suite.title, "digest": suite.digest()}
        click.echo(json.dumps(made | {"cases": [_case_fields(case) for case in suite.cases[:examples]]}, indent=2))
        return
    click.echo(f"{suite.name}: {_visible(suite.title)}\n{len(suite.cases)} cases, digest {suite.digest()[:12]}\n")
    if examples is None:
        for line in _case_lines(suite.cases):
            click.echo(_visible(line))
    for case in suite.cases[: examples or 0]:
        click.echo(_visible(_case_text(case)) + "\n")


@command.command(
    "new",
    short_help="Write a commented property suite to start from",
    epilog=examples("trueweight suites new mine.py"),
)
@click.argument("path", metavar="FILE.py", type=click.Path(path_type=Path, dir_okay=False))
@quiet_option("Print only the path of the file.")
def new_suite(path: Path, *, quiet: bool) -> None:
    """Write a commented property suite to start from. Never overwrites a file."""
    from trueweight.suites.properties.suite_file import write_starter

    write_starter(path)
    click.echo(str(path))
    for words in () if quiet else (["check", str(path)], ["show", str(path), "--examples", "3"]):
        click.echo(f"Next: {shlex.join(['trueweight', 'suites', *words])}", err=True)


class ImportCommand(click.Command):
    """Its help lists the formats, which are loaded only then."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name and description of every format."""
        super().format_epilog(ctx, formatter)
        from trueweight.suites.importers import IMPORTERS

        with formatter.section("Formats"):
            formatter.write_dl([(name, one.summary) for name, one in IMPORTERS.all().items()])


@command.command(
    "import",
    cls=ImportCommand,
    short_help="Make a suite from the requests of another verifier or of a log",
    epilog=examples("trueweight suites import openai-log log.jsonl -o mine"),
)
@click.argument("form", metavar="FORMAT")
@click.argument("path", metavar="FILE", type=PATH)
@click.option("-o", "--out", "folder", required=True, metavar="DIR", type=FOLDER, help="Folder of the new suite.")
@click.option("--name", metavar="SUITE", help="Name of the suite.  [default: the file's name]")
@click.option("--skip-malformed", is_flag=True, help="Write the readable cases although some lines cannot be read.")
@quiet_option("Print only the paths of the files, and the lines that could not be read.")
def import_suite(*, form: str, path: Path, folder: Path, name: str | None, skip_malformed: bool, quiet: bool) -> int:
    """Make a suite from the requests of another verifier or of a log.

    Lines that cannot be imported are listed by number, and then nothing is written unless --skip-malformed is given.
    Exit code 0, or 2 if there is such a line or no case.
    """
    from trueweight.suites.importers import read_format, write_suite
    from trueweight.suites.jsonl_suite import suite_name

    suite = suite_name(name or path.stem)
    imported = read_format(form, path, suite)
    for line in imported.malformed:
        click.echo(_visible(f"{line.path}:{line.line}: {line.reason}"), err=True)
    if imported.cases and (skip_malformed or not imported.malformed):
        for written in write_suite(imported.cases, folder, suite, f"Imported from {path.name} ({form})"):
            click.echo(str(written))
    for sentence in () if quiet else imported.account():
        click.echo(_visible(sentence), err=True)
    return int(ExitCode.USAGE if imported.malformed or not imported.cases else ExitCode.OK)


@command.command(
    "from-run",
    short_help="Write the failing cases of a run as suites",
    epilog=examples(
        "trueweight suites from-run runs/today -o failing",
        "trueweight suites from-run runs/today --check markers-in-content --provider cheap-host -o leaks",
    ),
)
@click.argument("directory", metavar="RUN", type=PATH)
@click.option("-o", "--out", "folder", required=True, metavar="DIR", type=FOLDER, help="Folder of the new suites.")
@click.option("--provider", metavar="P", help="Only cases that this provider fails.  [default: any provider]")
@click.option("--check", metavar="ID", help="Only cases in which this check fails.  [default: any check]")
@quiet_option("Print only the paths of the files.")
def suites_from_run(*, directory: Path, folder: Path, provider: str | None, check: str | None, quiet: bool) -> int:
    """Write the cases that fail in a recorded run as suites, one file for each suite of the run. Uses no network.

    With a case comes each case that it names: an earlier turn, or the other one of a comparison. Exit code 2 if no
    case fails.
    """
    from trueweight.store import RunDir
    from trueweight.suites.importers import write_suite
    from trueweight.workflow.failing import failing_suites
    from trueweight.workflow.finish import judge

    with RunDir.open(directory) as run:
        found = failing_suites(run, judge(run), provider=provider, check=check)
    written = [
        path
        for suite in found
        for path in write_suite(suite.cases, folder, suite.name, f"Cases that fail in {directory.name}")
    ]
    for path in written:
        click.echo(str(path))
    if not written:
        click.echo("No case fails.", err=True)
        return int(ExitCode.USAGE)
    number = sum(len(suite.cases) for suite in found)
    if not quiet:
        words = shlex.join(["trueweight", "suites", "check", str(folder)])
        click.echo(f"{number} {'case' if number == 1 else 'cases'}. Next: {words}", err=True)
    return int(ExitCode.OK)


def _find_case(suite: Suite, case_id: str) -> Case:
    named = {case.id: case for case in suite.cases} | {case.key: case for case in suite.cases}
    if case_id not in named:
        hint = f"`trueweight suites show {suite.name}` lists them."
        if len(suite.cases) <= MAX_LISTED:
            hint = near_miss(case_id, [case.id for case in suite.cases])
        raise ConfigError(f"suite {suite.name!r} has no case {case_id!r}", code="case-not-found", hint=hint)
    return named[case_id]


def _case_lines(cases: tuple[Case, ...]) -> Iterator[str]:
    width = max(len(case.id) for case in cases)
    for case in cases:
        yield f"{case.id:<{width}}  {case.severity:<6}  {case.why}"


def _case_text(case: Case) -> str:
    return json.dumps(_case_fields(case), indent=2, ensure_ascii=False)


def _case_fields(case: Case) -> dict[str, Any]:
    return {
        "case": case.key,
        "why": case.why,
        "severity": case.severity,
        "source": case.source,
        "tags": case.tags,
        "api": case.api,
        "modes": case.modes,
        "request": case.request,
        "checks": case.checks,
        "answer": case.answer,
    }


def _visible(text: str) -> str:
    """Text whose control, bidi and zero-width characters show as escapes, because a suite file is not trusted."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode("ascii") for char in text
    )
