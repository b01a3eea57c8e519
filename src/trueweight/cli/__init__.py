"""The command line: one file per command; each parses, calls, prints and chooses an exit code. No logic.

A command is a module with a ``command``, found through the entry points of the group ``trueweight.commands``. An entry
point names one module, or a package of which every module without a leading underscore is a command. A command module
imports only click and the core at the top, and everything else inside its function, so that ``--help`` stays fast.
"""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import sys
import traceback
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import TracebackType
from typing import Any, NoReturn

import click

from trueweight import __version__
from trueweight.cli._help import ENVIRONMENT, grouped
from trueweight.cli._streams import tolerant_streams
from trueweight.core import ConfigError, ExitCode, TrueweightError, near_miss
from trueweight.redaction import streams_for_people

GROUP = "trueweight.commands"
EXIT_CODES = """\b
Exit codes:
  0    done (and every threshold of the bar is met, if there is a bar)
  1    a threshold of the bar is missed
  2    usage or configuration error
  3    infrastructure: a provider never answered, the disk failed, a record is
       damaged, or trueweight has a bug
  4    inconclusive: not enough data to decide a threshold of the bar
  130  interrupted; run the same command again to resume
"""


@cache
def command_modules() -> dict[str, str]:
    """Module of every command by the command's name, ours first. Imports none of them."""
    found: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.value != __name__, point.name)):
        spec = find_spec(point.value)
        if spec is None or spec.submodule_search_locations is None:
            found.setdefault(point.name, point.value)
            continue
        for module in pkgutil.iter_modules(spec.submodule_search_locations):
            if not module.name.startswith("_"):
                found.setdefault(module.name.replace("_", "-"), f"{point.value}.{module.name}")
    return dict(sorted(found.items()))


class CommandFolder(click.Group):
    """A group whose commands are modules that are imported only when they are called, or listed with their help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        return list(command_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The ``command`` of the module of that name.

        Raises:
            ConfigError: ``plugin-broken`` if another package's module cannot be imported.
        """
        name = command_modules().get(cmd_name)
        if name is None:
            return None
        try:
            command: click.Command = importlib.import_module(name).command
        except Exception as error:
            if name.startswith(f"{__name__}."):
                raise
            raise ConfigError(
                f"the command {cmd_name!r} cannot be loaded: {type(error).__name__}: {error}",
                code="plugin-broken",
                where=f"module {name}",
                hint="Fix or uninstall the package that adds it.",
            ) from error
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands in groups by task, with summaries in one column."""
        found = {name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))}
        width = max(map(len, found))
        for title, names in grouped(name for name, command in found.items() if not command.hidden):
            with formatter.section(title):
                rows = [(f"{name:<{width}}", found[name].get_short_help_str(formatter.width)) for name in names]
                formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click resolves it; the error for an unknown command names the near miss."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"No such command {args[0]!r}. {near_miss(args[0], self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)


def _end_quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For an interrupt before `main` runs, or after it: one word, no traceback."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
    else:
        sys.__excepthook__(kind, error, trace)


@click.group(
    cls=CommandFolder, epilog=f"{EXIT_CODES}\n{ENVIRONMENT}", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="trueweight")
def cli() -> None:
    """Is it really the model you pay for?

    trueweight sends identical tool-call and structured-output requests to many OpenAI-compatible endpoints, records
    every byte of their replies, and compares them in one report.
    """


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with one of the documented exit codes."""
    sys.excepthook = _end_quietly
    sys.exit(_invoke(args))


def _invoke(args: list[str] | None) -> int:
    with tolerant_streams(), streams_for_people():
        return _exit_code_of(args)


def _narrow() -> int | None:
    """The width of a help text in a terminal of fewer columns than click's least, 50; None in others."""
    columns = shutil.get_terminal_size().columns
    return max(30, columns - 2) if columns < 52 else None


def _exit_code_of(args: list[str] | None) -> int:
    try:
        result: Any = cli.main(args=args, prog_name="trueweight", standalone_mode=False, terminal_width=_narrow())
        sys.stdout.flush()
    except TrueweightError as error:
        click.echo(f"error[{error.code}]: {error}", err=True)
        return int(error.exit_code)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return int(ExitCode.INTERRUPTED)
    except BaseException:
        # Python exits with 1 after a traceback; to a gate, 1 means that a provider missed a threshold.
        traceback.print_exc()
        click.echo(
            "error[bug]: Internal error. No provider result is affected; please report it with the lines above.",
            err=True,
        )
        return int(ExitCode.INFRASTRUCTURE)
    return int(result) if isinstance(result, int) else int(ExitCode.OK)
