"""The command line: one file per command; each parses, calls, prints and chooses an exit code. No logic."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from typing import Any, NoReturn

import click

from trueweight import __version__
from trueweight.core import ExitCode, TrueweightError, near_miss

EXIT_CODES = """\b
Exit codes:
  0    done (and the bar, if one was given, is met)
  1    findings against the bar
  2    usage or configuration error
  3    infrastructure: a provider could not be reached at all; or a disk,
       a damaged record, trueweight itself failed
  4    inconclusive: not enough data to decide against the bar
  130  interrupted; what was recorded is kept, the same command resumes
"""


class CommandFolder(click.Group):
    """A group whose commands are the modules beside this file, imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        names = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The ``command`` of the module of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the near miss named when there is no such command."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"No such command {args[0]!r}. {near_miss(args[0], self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=CommandFolder, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trueweight")
def cli() -> None:
    """Is it really the model you pay for?

    trueweight sends identical tool-call and structured-output requests to many OpenAI-compatible endpoints,
    keeps every byte of what they answer, and compares them in one report.
    """


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with one of the documented exit codes."""
    sys.exit(_invoke(args))


def _invoke(args: list[str] | None) -> int:
    try:
        result: Any = cli.main(args=args, prog_name="trueweight", standalone_mode=False)
    except TrueweightError as error:
        click.echo(f"error[{error.code}]: {error}", err=True)
        return int(error.exit_code)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return int(ExitCode.INTERRUPTED)
    except Exception:
        # Python's own code for a traceback is 1, which to a gate means that a provider failed its bar.
        traceback.print_exc()
        click.echo("error[bug]: this is a fault of trueweight's own, and says nothing of any provider", err=True)
        return int(ExitCode.INFRASTRUCTURE)
    return int(result) if isinstance(result, int) else int(ExitCode.OK)
