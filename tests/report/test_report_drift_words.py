"""Drift in words: each code has its clause with its numbers, and old sentences are shown as they are."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import msgspec
import pytest
from report_sample import make_drift as old_drift
from report_sample import make_summary, typed

from summaries import make_drift, make_estimate
from trueweight.core import DriftDetails, DriftFinding, DriftFindingCode, DriftMode, DriftVerdict
from trueweight.core.summary_json import decode_summary, encode_summary
from trueweight.report.page import render_html
from trueweight.report.words import drift_words, finding_words

NUMBERS: dict[str, Any] = {
    "count": 11, "of": 22, "reference": 33, "tokens": 44, "most_tokens": 55, "factor": 6.66, "temperature": 7.77,
    "nats": 8.88, "why": "http-400", "detail": "too many", "text": "As it was.",
}  # fmt: skip


def shown(code: DriftFindingCode) -> set[str]:
    """The fields that a code's clause shows."""
    full = finding_words(DriftFinding(code=code, **NUMBERS))
    return {name for name, value in NUMBERS.items() if str(value) in full}


def documented(code: DriftFindingCode) -> set[str]:
    """The fields that the code's docstring in the source names."""
    source = inspect.getsource(DriftFindingCode)
    text = source.split(f'= "{code.value}"', 1)[1].split('"""')[1]
    return set(re.findall("``([a-z_]+)``", text))


@pytest.mark.parametrize("code", DriftFindingCode)
def test_a_clause_shows_the_fields_that_its_code_documents(code: DriftFindingCode) -> None:
    """No more, no less."""
    assert shown(code) == documented(code)


def test_every_code_has_another_clause() -> None:
    """None falls through to the clause of another."""
    clauses = [finding_words(DriftFinding(code=code, **NUMBERS)) for code in DriftFindingCode]
    assert len(set(clauses)) == len(clauses)
    assert all(clauses)


def test_an_effect_that_other_engines_explain_is_not_given_as_the_reason() -> None:
    """Texts can show drift by gross departures alone, at an effect within the tolerance."""
    drift = make_drift(DriftVerdict.DRIFT)
    assert "by 0.10 (0.05–0.20) on a scale of 0 to 1; another engine would explain up to 0.03." in drift_words(drift)
    small = msgspec.structs.replace(drift, effect=make_estimate(0.02, 0.0, 0.05, 24, unit="difference"))
    assert "by more than another engine would explain." in drift_words(small)


@pytest.mark.parametrize(
    ("e_value", "words"),
    [(54.4, "; an honest engine shows as much in at most 1 of 54 runs."), (1e300, "at most 1 of 10,000 runs."),
     (19.9, "")],
)  # fmt: skip
def test_drift_says_how_seldom_an_honest_engine_shows_as_much(e_value: float, words: str) -> None:
    """By the e-value, because an interval of few questions may begin below what is tolerated. Not where it is no
    evidence at the level of the run."""
    drift = msgspec.structs.replace(make_drift(DriftVerdict.DRIFT), e_value=e_value)
    assert words in drift_words(drift)
    assert ("runs" in drift_words(drift)) is bool(words)
    same = msgspec.structs.replace(make_drift(DriftVerdict.EQUIVALENT), e_value=e_value)
    assert "runs" not in drift_words(same)


@pytest.mark.parametrize(
    ("mode", "details", "words"),
    [
        (DriftMode.LOGPROBS, {"top_differs": 0.25, "top_differs_floor": 0.0, "distance": 0.4, "distance_floor": 0.1},
         "differs on 25.0% of 24 first tokens (the reference against itself: 0.0%)"),
        (DriftMode.GREEDY, {"text_differs": 0.5, "text_differs_floor": 0.1, "gross": 0.125},
         "12.5% more differ at a token where the reference had a large margin"),
        (DriftMode.SAMPLED, {"text_differs": 0.5, "text_differs_floor": 0.1, "typical": 0.2, "typical_floor": 0.9},
         "20.0% of its answers also occur among the reference's draws under other seeds"),
    ],
)  # fmt: skip
def test_the_effect_stands_beside_the_self_agreement(mode: DriftMode, details: dict[str, float], words: str) -> None:
    """In each mode."""
    drift = msgspec.structs.replace(make_drift(DriftVerdict.INCONCLUSIVE), mode=mode, details=DriftDetails(**details))
    assert words in drift_words(drift)


def test_a_misconfiguration_is_named_in_the_sentence() -> None:
    """With its number."""
    found = DriftFinding(code=DriftFindingCode.PROMPTS_LONGER, tokens=17)
    drift = msgspec.structs.replace(make_drift(DriftVerdict.MISCONFIGURED), cause=found)
    assert "cannot be judged: every prompt counts +17 tokens on this provider" in drift_words(drift)


def test_sentences_of_format_1_are_kept_where_no_number_holds_them() -> None:
    """Findings, and the words of a misconfiguration, escaped on the page; other words are made anew."""
    summary = make_summary()
    wrong = {"verdict": "misconfigured", "words": "It <b>receives</b> another prompt.", "findings": ["a <i>note</i>"]}
    summary["providers"]["int4"]["drift"] = old_drift() | wrong
    summary["providers"]["twin"]["drift"] = old_drift("equivalent") | {"words": "Old words."}
    found = typed(summary)
    html = render_html(found, ())
    assert "It &lt;b&gt;receives&lt;/b&gt; another prompt." in html
    assert "a &lt;i&gt;note&lt;/i&gt;" in html
    assert "Old words." not in html
    assert decode_summary(encode_summary(found)) == found
    assert "words" not in json.loads(encode_summary(found))["providers"]["twin"]["drift"]
