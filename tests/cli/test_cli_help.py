"""``--help``: commands by task, summaries that are whole, examples that are true, and one spelling of each option."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from command_line import Cli

from trueweight.cli import cli as program
from trueweight.cli import command_modules
from trueweight.cli._help import TASKS


class Found(NamedTuple):
    """A command by the words that call it."""

    words: tuple[str, ...]
    command: click.Command


def commands(command: click.Command = program, words: tuple[str, ...] = ("trueweight",)) -> Iterator[Found]:
    """Every command and subcommand."""
    yield Found(words, command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            assert sub is not None
            yield from commands(sub, (*words, name))


ALL = list(commands())


def test_each_command_of_ours_is_in_one_group() -> None:
    """A new file in ``cli/`` gets its place by task."""
    ours = [name for name, module in command_modules().items() if module.startswith("trueweight.cli.")]
    assert sorted(name for names in TASKS.values() for name in names) == sorted(ours)


@pytest.mark.parametrize(
    "found", [one for one in ALL if isinstance(one.command, click.Group)], ids=lambda o: o.words[-1]
)
def test_summaries_are_whole_on_one_line_of_80_columns(cli: Cli, found: Found) -> None:
    """None is cut, none wraps, and none ends with a full stop, as the others beside it do not."""
    lines = cli(*found.words[1:], "--help").stdout.splitlines()
    group = found.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(click.Context(group)):
        sub = group.get_command(click.Context(group), name)
        assert sub is not None
        line = next(line for line in lines if line.split()[:1] == [name])
        assert line.split(None, 1)[1] == sub.get_short_help_str(200)
        assert len(line) <= 80
        assert not line.endswith(".")


@pytest.mark.parametrize("found", ALL[1:], ids=lambda one: " ".join(one.words[1:]))
def test_each_help_has_examples_that_can_be_called(found: Found) -> None:
    """Each example begins with the command itself and has only options that it has; none is wider than 100 columns."""
    lines = (found.command.epilog or "").replace("\\\n", " ").splitlines()
    examples = [shlex.split(line) for line in lines if line.strip().startswith("trueweight ")]
    assert any(tuple(words[: len(found.words)]) == found.words for words in examples) or isinstance(
        found.command, click.Group
    )
    assert examples
    for words in examples:
        command, place = target(words)
        options = {spelling for one in command.params for spelling in (*one.opts, *one.secondary_opts)}
        for word in words[place:]:
            assert not word.startswith("--") or word in options, words


def target(words: list[str]) -> tuple[click.Command, int]:
    """The command that the words call, and how many of them name it."""
    command: click.Command = program
    place = 1
    while isinstance(command, click.Group) and place < len(words):
        sub = command.get_command(click.Context(command), words[place])
        if sub is None:
            break
        command, place = sub, place + 1
    return command, place


def test_an_output_has_one_spelling() -> None:
    """Where something is written: ``-o`` and ``--out``, in every command that has either."""
    for found in ALL:
        for option in found.command.params:
            if {"-o", "--out", "--output"} & {*option.opts}:
                assert {*option.opts} - {option.name} == {"-o", "--out"}, found.words


SENDING = ("run", "rollout", "drift", "drift calibrate", "load", "ping", "replay", "shrink", "watch")
"""Commands that send requests to the user's providers; beside them those of `workload`."""
SENDING_FOR_A_WORKLOAD = ("workload judge", "workload reask")
ASKING = ("workload confirm", "workload label", "workload prefer")
"""Ask questions on the terminal."""
PRINTING = ("checks", "compare", "drift replay", "explain", "profiles list", "profiles show", "show", "suites list",
            "suites show", "workload graders", "lab status")  # fmt: skip
"""What they print is all that they do, so there is nothing to leave out."""
OF_A_SHELL = ("completion", "fleet serve", "lab down", "lab install", "lab providers")
"""Print what a shell or a file takes, or one line."""
WRITING = ("attest", "bar init", "init", "lab up", "site", "suites from-run", "suites import", "suites new",
           "workload example", "workload from")  # fmt: skip
"""Their result is a file, whose path they print: JSON would say nothing more."""


def spellings(found: Found) -> set[str]:
    """Every option of a command, as it is typed."""
    return {spelling for one in found.command.params if isinstance(one, click.Option) for spelling in one.opts}


@pytest.mark.parametrize(
    "found", [one for one in ALL if one.command.callback and one.words[1:]], ids=lambda o: o.words[-1]
)
def test_a_common_option_is_where_it_can_be_expected(found: Found) -> None:
    """A command that sends has a dry run, a budget, JSON and quiet; the others JSON and quiet, unless listed here."""
    name, has = " ".join(found.words[1:]), spellings(found)
    if isinstance(found.command, click.Group) and name != "drift":
        return
    if name in (*SENDING, *SENDING_FOR_A_WORKLOAD):
        assert {"--dry-run", "--budget", "--json", "--quiet"} <= has
    if name == "demo":  # it sends to this machine alone, so there is no budget
        assert "--dry-run" in has
    if name not in (*ASKING, *PRINTING, *OF_A_SHELL):
        assert "--quiet" in has
    if name not in (*ASKING, *OF_A_SHELL, *WRITING):
        assert "--json" in has


def test_an_option_takes_its_environment_variable_in_every_command() -> None:
    """As the help of `trueweight` says. A suite that is only a name, or that a simulated server answers, takes none."""
    expected = {"--providers", "--suite", "--bar", "--budget", "--profile", "--quiet", "--asked-by"}
    for found in ALL:
        for one in found.command.params:
            own = expected & {*one.opts}
            if isinstance(one, click.Option) and own and found.words[1] not in ("import-run", "fleet", "profiles"):
                assert one.envvar == f"TRUEWEIGHT_{own.pop()[2:].replace('-', '_').upper()}", found.words


def test_suites_are_a_list_with_commas(cli: Cli, tmp_path: Path) -> None:
    """``a,b`` is two suites, also from the environment; an empty name is refused; a file may have a comma."""
    (tmp_path / "p.toml").write_text('[[provider]]\nname = "a"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    (tmp_path / "x,y.jsonl").write_text('{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}\n')
    both = cli("run", "--providers", "p.toml", "--suite", "text,x,y.jsonl", "--out", "o", "--limit", 1, "--dry-run")
    assert both.returncode == 2  # x and y.jsonl are two names
    env = {"TRUEWEIGHT_PROVIDERS": "p.toml", "TRUEWEIGHT_SUITE": "text,messages"}
    done = cli("run", "--out", "o", "--limit", 1, "--suite", "x,y.jsonl", "--dry-run", env=env)
    assert done.returncode == 0, done.stderr
    assert "--suite x,y.jsonl" in done.stderr
    done = cli("run", "--out", "o", "--limit", 1, "--dry-run", env=env)
    assert "--providers p.toml --suite text --suite messages" in done.stderr
    refused = cli("run", "--out", "o", "--suite", "text,,messages", "--dry-run", env=env)
    assert refused.returncode == 2
    assert "a name is empty" in refused.stderr


def test_help_fits_a_terminal_of_40_columns(cli: Cli) -> None:
    """Sentences wrap inside it; longer are only long options, and command lines that are to be copied."""
    for words in ([], ["ping"], ["rollout"], ["show"]):
        text = cli(*words, "--help", env={"COLUMNS": "40"}).stdout.partition("Options:")[0]
        assert [line for line in text.splitlines() if len(line) > 40] == []
