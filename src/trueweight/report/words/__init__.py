"""Codes and numbers of a summary → words, made here alone: every format of the report takes its words from here."""

from trueweight.report.words.bar import rule_name, rule_words
from trueweight.report.words.blame import blame_words, cause_words
from trueweight.report.words.checks import broken_words, case_words, failure_words
from trueweight.report.words.counts import count_rows
from trueweight.report.words.drift import drift_words, finding_words, grade_words
from trueweight.report.words.limits import (
    allowance_words,
    cut_in_thought,
    limit_words,
    note_words,
    notes_words,
    run_limits,
    run_notes,
    thinking_name,
)
from trueweight.report.words.probe import (
    api_title,
    apis_that_answer,
    cure,
    fault_clause,
    fault_sentence,
    probe_lines,
    unanswered_sentence,
)
from trueweight.report.words.reasons import reason_clause, reason_sentence, short_reason, summary_sentence
from trueweight.report.words.recommendation import (
    DRIFT_WORDS,
    MARKS,
    RecommendationLine,
    Recommended,
    ranked,
    recommendation_lines,
    word_of,
)
from trueweight.report.words.requests import again_words
from trueweight.report.words.thinking import profile_words

__all__ = [
    "DRIFT_WORDS",
    "MARKS",
    "RecommendationLine",
    "Recommended",
    "again_words",
    "allowance_words",
    "api_title",
    "apis_that_answer",
    "blame_words",
    "broken_words",
    "case_words",
    "cause_words",
    "count_rows",
    "cure",
    "cut_in_thought",
    "drift_words",
    "failure_words",
    "fault_clause",
    "fault_sentence",
    "finding_words",
    "grade_words",
    "limit_words",
    "note_words",
    "notes_words",
    "probe_lines",
    "profile_words",
    "ranked",
    "reason_clause",
    "reason_sentence",
    "recommendation_lines",
    "rule_name",
    "rule_words",
    "run_limits",
    "run_notes",
    "short_reason",
    "summary_sentence",
    "thinking_name",
    "unanswered_sentence",
    "word_of",
]
