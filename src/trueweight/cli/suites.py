"""``trueweight suites``: which suites there are, what is in them, and whether one's own are well formed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from trueweight.core import Case, ConfigError, ExitCode, Suite, near_miss
from trueweight.suites import find_suite, read_suite, shipped_suites

MAX_LISTED = 200


@click.group()
def command() -> None:
    """List, check and show suites.

    A suite is a shipped name, a YAML file, a .jsonl file of chat-completions requests, or a folder of such files.
    """


@command.command("list")
def list_suites() -> None:
    """Print the shipped suites: name, number of cases, title."""
    suites = [find_suite(name) for name in shipped_suites()]
    width = max(len(suite.name) for suite in suites)
    for suite in suites:
        click.echo(f"{suite.name:<{width}}  {len(suite.cases):>4} cases  {_visible(suite.title)}")


@command.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
def check_suites(paths: tuple[str, ...]) -> int:
    """Check suites and print every problem with its file and line.

    Exit code 0 if there is none, 2 if there is any.
    """
    problems = [problem for path in paths for problem in _check(path)]
    for problem in problems:
        click.echo(f"error[{problem.code}]: {_visible(str(problem))}", err=True)
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        click.echo(f"{len(problems)} {noun}", err=True)
        return int(ExitCode.USAGE)
    return int(ExitCode.OK)


def _check(path: str) -> tuple[ConfigError, ...]:
    try:
        reading = read_suite(path)
    except ConfigError as problem:
        return (problem,)
    if not reading.problems:
        click.echo(f"{path}: {reading.name}, {len(reading.cases)} cases, no problem")
    return reading.problems


@command.command("show")
@click.argument("name")
@click.argument("case_id", required=False, metavar="[CASE]")
def show_suite(name: str, case_id: str | None) -> None:
    """Print the cases of a suite, or all of one CASE as JSON."""
    suite = find_suite(name)
    if case_id is not None:
        click.echo(_visible(_case_text(_find_case(suite, case_id))))
        return
    click.echo(f"{suite.name}: {_visible(suite.title)}\n{len(suite.cases)} cases, digest {suite.digest()[:12]}\n")
    for line in _case_lines(suite.cases):
        click.echo(_visible(line))


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
    fields = {
        "case": case.key,
        "why": case.why,
        "severity": case.severity,
        "source": case.source,
        "tags": case.tags,
        "modes": case.modes,
        "request": case.request,
        "checks": case.checks,
        "answer": case.answer,
    }
    return json.dumps(fields, indent=2, ensure_ascii=False)


def _visible(text: str) -> str:
    """Text whose control, bidi and zero-width characters show as escapes: a suite file may be anyone's."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode("ascii") for char in text
    )
