"""A run in a terminal. The only part of the report that knows ``rich``; everything from outside is made visible."""

from trueweight.report.terminal.comparison import print_comparison
from trueweight.report.terminal.exchange import print_changed, print_divergence, print_exchange, print_outcomes
from trueweight.report.terminal.table import COLUMNS, print_cases, print_failing, print_table
from trueweight.report.terminal.whole import print_whole

__all__ = [
    "COLUMNS",
    "print_cases",
    "print_changed",
    "print_comparison",
    "print_divergence",
    "print_exchange",
    "print_failing",
    "print_outcomes",
    "print_table",
    "print_whole",
]
