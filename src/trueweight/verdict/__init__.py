"""Bar and summary → verdict: written before the run, judged by the honest end of each interval."""

from trueweight.verdict.bar import Bar, Limit, Rule, Side
from trueweight.verdict.judging import check_names, exit_code, judge_against, silent_providers, with_verdicts
from trueweight.verdict.load import load_bar, parse_bar

__all__ = [
    "Bar",
    "Limit",
    "Rule",
    "Side",
    "check_names",
    "exit_code",
    "judge_against",
    "load_bar",
    "parse_bar",
    "silent_providers",
    "with_verdicts",
]
