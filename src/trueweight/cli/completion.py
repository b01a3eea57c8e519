"""``trueweight completion``: the script that makes a shell complete commands, options and choices."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(
    short_help="Print the completion script of a shell",
    epilog="""\b
bash:
  trueweight completion bash \\
    > ~/.local/share/bash-completion/completions/trueweight
zsh:
  trueweight completion zsh > "${fpath[1]}/_trueweight"
fish:
  trueweight completion fish > ~/.config/fish/completions/trueweight.fish""",
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    found = get_completion_class(shell)
    assert found is not None, shell
    click.echo(found(ctx.find_root().command, {}, "trueweight", "_TRUEWEIGHT_COMPLETE").source())
