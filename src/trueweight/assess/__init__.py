"""Summary and bar → an assessment of each provider: decided once, as data."""

from trueweight.assess.assessing import assess, exit_code, silent_providers
from trueweight.assess.bar import Bar, Limit, Rule
from trueweight.assess.load import load_bar, parse_bar
from trueweight.assess.rules import check_names, judge_against, ruling_of

__all__ = [
    "Bar",
    "Limit",
    "Rule",
    "assess",
    "check_names",
    "exit_code",
    "judge_against",
    "load_bar",
    "parse_bar",
    "ruling_of",
    "silent_providers",
]
