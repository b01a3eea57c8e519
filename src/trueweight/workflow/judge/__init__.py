"""Exchanges → judgement → summary: pure, offline, and the same bytes for the same record."""

from trueweight.workflow.judge.exchange import Judged, judge_exchange
from trueweight.workflow.judge.run import Judgement, judge_exchanges, judge_run
from trueweight.workflow.judge.summary import FORMAT, summarise, summary_text

__all__ = [
    "FORMAT",
    "Judged",
    "Judgement",
    "judge_exchange",
    "judge_exchanges",
    "judge_run",
    "summarise",
    "summary_text",
]
