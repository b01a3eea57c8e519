"""What only several replies together show reaches the drawer, and a bar's rules reach the page."""

from __future__ import annotations

from report_sample import make_evidence, make_summary, typed
from test_report_page import Page

from trueweight.report import render_html
from trueweight.report.page.payload import failing_cells, payload


def test_a_check_of_several_replies_is_said_in_the_drawer_of_each() -> None:
    """The reply alone does not fail it; its cell does, so its evidence says so, with the finding's message."""
    summary = make_summary()
    row = summary["cases"][0]
    cell = row["cells"]["twin"]["stream"]
    cell |= {"outcome": "fail", "fails": ["stream-same-calls"]}
    summary["providers"]["twin"]["findings"] = [
        {"check": "stream-same-calls", "severity": "MUST", "message": "streamed and plain calls differ", "fails": 1,
         "of": 2, "cases": [row["case"]], "law": "They are the same.", "source": "", "example": cell["trials"][0]}
    ]  # fmt: skip
    item = make_evidence("twin", row["case"], "stream", {**cell, "outcome": "pass", "fails": []})
    shown = payload(item, failing_cells(typed(summary))[item.trial])["found"]
    assert [(one["id"], one["s"]) for one in shown] == [("stream-same-calls", "MUST")]
    assert shown[0]["m"] == "found over several replies: streamed and plain calls differ"


def test_the_bar_is_shown_rule_by_rule_with_what_was_measured() -> None:
    """Each rule, its ruling and its number stand on the page; the answer speaks of the bar; notes come first."""
    summary = make_summary()
    summary["run"] |= {"bar_digest": "c" * 64, "notes": ["The bar was changed after the run."]}
    reasons = [{"rule": "schema_accuracy ≥ 0.99", "outcome": "inconclusive", "message": "0.98; n = 240 would decide"}]
    summary["providers"]["twin"]["verdict"] = {"outcome": "inconclusive", "reasons": reasons}
    summary["providers"]["slow"]["verdict"] = {"outcome": "pass", "reasons": []}
    text = " ".join(Page(render_html(typed(summary), ())).text.split())
    for words in ("Against the bar", "Meets the bar", "schema_accuracy ≥ 0.99", "n = 240 would decide",
                  "? inconclusive", "The bar was changed after the run."):  # fmt: skip
        assert words in text
