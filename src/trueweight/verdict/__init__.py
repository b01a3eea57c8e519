"""Bar and summary → verdict: written before the run, judged by the honest end of each interval."""

from trueweight.verdict.bar import Bar, Limit, Rule, Side
from trueweight.verdict.judging import exit_code, judge_against, with_verdicts
from trueweight.verdict.load import load_bar

__all__ = ["Bar", "Limit", "Rule", "Side", "exit_code", "judge_against", "load_bar", "with_verdicts"]
