"""The section of a page on a host that was asked through several APIs."""

from __future__ import annotations

from summaries import make_estimate, make_provider_summary, make_summary
from trueweight.core.api_comparison import ApiComparison
from trueweight.report.page.apis import ApiRow, through_apis
from trueweight.report.page.render import render_html

CALLS = "schema_accuracy_unconditional"
GOOD, NONE = make_estimate(1.0, 0.96, None), make_estimate(0.0, None, 0.04)
PAIR = ApiComparison(
    first="responses", second="chat", cases=40, same=3, varies=0, different=37, with_tools=40, called_first=0,
    called_second=40, only_first=0, only_second=37,
)  # fmt: skip
BOTH = make_provider_summary(by_api={"chat": {CALLS: GOOD}, "responses": {CALLS: NONE}}, apis=(PAIR,))


def test_a_row_for_each_api_in_the_order_of_the_entry() -> None:
    """With its numbers, and in how many cases it answers the same as through the first API."""
    section = through_apis(make_summary({"both": BOTH, "one": make_provider_summary()}), ["one", "both"])
    assert section is not None
    assert section.metrics == (CALLS,)
    (host,) = section.hosts
    assert (host.name, host.rows) == (
        "both",
        (
            ApiRow("Responses", (NONE,), "", "Responses"),
            ApiRow("chat completions", (GOOD,), "3 of 40", "Responses"),
        ),
    )


def test_the_page_has_the_section_only_where_it_says_something() -> None:
    """A run through one API has neither the section nor a link to it."""
    whole = render_html(make_summary({"both": BOTH}), ())
    assert 'id="apis"' in whole
    assert "3 of 40" in whole
    assert "#apis" not in render_html(make_summary({"one": make_provider_summary()}), ())
