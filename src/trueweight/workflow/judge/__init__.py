"""Exchanges → judgement → summary: pure, offline, and the same bytes for the same record."""

from trueweight.workflow.judge.exchange import Judged, judge_exchange
from trueweight.workflow.judge.judged_trial import case_of, why_unknown
from trueweight.workflow.judge.run import Judgement, judge_exchanges, judge_run
from trueweight.workflow.judge.summary import summarise

__all__ = [
    "Judged",
    "Judgement",
    "case_of",
    "judge_exchange",
    "judge_exchanges",
    "judge_run",
    "summarise",
    "why_unknown",
]
