"""Bar and summary → verdict: written before the run, judged by the honest end of each interval."""

from trueweight.assess.bar import Bar, Limit, Rule, Side
from trueweight.assess.judging import check_names, exit_code, judge_against, silent_providers, with_verdicts
from trueweight.assess.load import load_bar, parse_bar

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
