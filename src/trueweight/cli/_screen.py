"""Lines on the terminal that may hold text of providers: escaped, cut, and without markup."""

from __future__ import annotations

from rich.console import Console

from trueweight.report import for_log

INTERRUPTED = "Interrupted. Run the same command again to resume."


def say(screen: Console, text: str) -> None:
    """Print one line as it is: control characters are escaped, and nothing in it is markup."""
    screen.print(for_log(text, limit=2_000), markup=False, emoji=False, highlight=False, soft_wrap=True)
