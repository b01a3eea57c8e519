"""Summary and bar → an assessment of each provider: decided once, as data."""

from trueweight.assess.assessing import assess, exit_code, silent_providers
from trueweight.assess.bar import DEFAULT_WORKLOAD_BAR, Bar, Limit, Rule, TaskBar, WorkloadBar, ruling_of
from trueweight.assess.load import load_bar, parse_bar
from trueweight.assess.rules import check_names, judge_against
from trueweight.assess.workload import judge_workload

__all__ = [
    "DEFAULT_WORKLOAD_BAR",
    "Bar",
    "Limit",
    "Rule",
    "TaskBar",
    "WorkloadBar",
    "assess",
    "check_names",
    "exit_code",
    "judge_against",
    "judge_workload",
    "load_bar",
    "parse_bar",
    "ruling_of",
    "silent_providers",
]
