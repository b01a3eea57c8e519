"""The page as a file: self-contained, inert, within its size."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec import structs
from report_sample import make_drift, make_evidence, make_evidences, make_summary, typed, with_choice
from test_report_formats import HOSTILE, hostile_summary

from summaries import make_provider_summary
from summaries import make_summary as small_summary
from trueweight.core import Attempt, Failure, FailureKind, Finding, Outcome, RequestRecord, Severity, Span
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import ClientSession
from trueweight.report import Evidence, render_html, wanted_answers, wanted_trials
from trueweight.report.numbers import write
from trueweight.report.page.lost import lost_requests
from trueweight.report.page.payload import curl, marked, payload
from trueweight.report.page.render import inert_json
from trueweight.report.page.reply_rows import reply_rows
from trueweight.report.site import SiteRun, overview


class Page(HTMLParser):
    """Tags with attributes, and the text of each script, style and the rest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.raw:
            self.raw[self._open][-1] += data
        else:
            self.text += data

    def data(self, name: str) -> Any:
        """The parsed data block of that id."""
        blocks = [attributes.get("id") for tag, attributes in self.tags if tag == "script"]
        return json.loads(self.raw["script"][blocks.index(name)])


@pytest.fixture(scope="module")
def page() -> Page:
    """The sample run's page."""
    summary = make_summary()
    return Page(render_html(typed(summary), make_evidences(summary)))


def hostile_evidence(summary: dict[str, Any], text: str = HOSTILE) -> Iterator[Evidence]:
    """Evidence of a whole run with hostile text in every part that a server writes."""
    for row in summary["cases"]:
        for provider, modes in row["cells"].items():
            for mode, cell in modes.items():
                item = make_evidence(provider, row["case"], mode, cell, content=text)
                attempt: Attempt = dataclasses.replace(item.exchange.final, headers=((text, text),))
                if attempt.failure:
                    attempt = dataclasses.replace(attempt, failure=Failure(FailureKind.PROTOCOL, text))
                reply = item.reply and dataclasses.replace(
                    with_choice(item.reply, finish_text=text, reasoning=text, refusal=text, reasoning_field=text),
                    error={text: text},
                    model=text,
                )
                finding = Finding(text, Outcome.FAIL, Severity.MUST, text, text, text, (Span(0, 60),))
                exchange = dataclasses.replace(item.exchange, attempts=(attempt,))
                yield dataclasses.replace(item, exchange=exchange, reply=reply, findings=(finding,))


def test_heads_of_columns_lead_to_their_definitions() -> None:
    """Each link to a metric, that of drift too, has a place on the page."""
    summary = make_summary(10)
    summary["providers"]["int4"]["drift"] = make_drift()
    page = Page(render_html(typed(summary), []))
    links = {str(attributes.get("href")) for tag, attributes in page.tags if tag == "a"}
    metrics = {link[1:] for link in links if link.startswith("#m-")}
    assert "m-drift" in metrics
    assert metrics <= {attributes.get("id") for _, attributes in page.tags}


def test_the_page_loads_nothing(page: Page) -> None:
    """No element names anything outside the file; the only addresses are links that a person may follow."""
    for tag, attributes in page.tags:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "audio", "video"}
        assert "src" not in attributes
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        if tag in {"link", "use"}:
            assert (attributes["href"] or "").startswith(("data:,", "#"))


def test_the_policy_names_exactly_our_script_and_style(page: Page) -> None:
    """The hashes in the policy are those of the one script and the one style in the page, and nothing else may load."""
    metas = [attributes for tag, attributes in page.tags if tag == "meta"]
    policy = next(a["content"] for a in metas if a.get("http-equiv") == "Content-Security-Policy") or ""

    def hashed(text: str) -> str:
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert policy.startswith("default-src 'none'; ")
    assert f"script-src '{hashed(page.raw['script'][-1])}'" in policy
    assert f"style-src '{hashed(page.raw['style'][0])}'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_our_script_never_writes_markup(page: Page) -> None:
    """Text goes into the page as text nodes only."""
    script = page.raw["script"][-1]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|fetch\(|import\(", script
    )


def test_without_a_script_the_answer_is_there(page: Page) -> None:
    """Providers, sentences, laws and definitions are in the markup itself."""
    text = " ".join(page.text.split())
    for words in ("Avoid", "leaky-parser", "contradicts the reply in 32 of 48 cases", "finish_calls",
                  "No tool-call marker of any chat template", "exact paired test"):  # fmt: skip
        assert words in text


def test_the_evidence_is_what_fails_with_the_reference_beside(page: Page) -> None:
    """Each failing cell is there with the reference's reply to that case, and one good example of each provider."""
    items = page.data("evidence")
    there = {(i["p"], i["c"], i["m"]) for i in items}
    summary = make_summary()
    for row in summary["cases"]:
        for provider, modes in row["cells"].items():
            for mode, cell in modes.items():
                if cell["outcome"] in {"fail", "flaky"}:
                    assert (provider, row["case"], mode) in there
                    assert ("reference", row["case"], mode) in there
    good = {i["p"] for i in items if i["reply"] and not i["found"]}
    assert good == set(summary["providers"])


def test_only_wanted_trials_are_needed() -> None:
    """Rendering from the wanted trials alone gives the same bytes as from all of them."""
    summary = make_summary()
    wanted = wanted_trials(typed(summary))
    wanted |= wanted_answers(typed(summary))
    some = [item for item in make_evidences(summary) if item.trial in wanted]
    assert len(some) == len(wanted)
    assert render_html(typed(summary), some) == render_html(typed(summary), make_evidences(summary))


def test_every_passing_cell_has_an_answer(page: Page) -> None:
    """Of a cell that passes and has no evidence the answer is there, equal ones once; it is what the reply says."""
    answers, items = page.data("answers"), page.data("evidence")
    texts = answers["texts"]
    found = {(texts[c], texts[p]) for _, c, p, *_ in answers["trials"]} | {(i["c"], i["p"]) for i in items}
    summary = make_summary()
    for row in summary["cases"]:
        for provider, modes in row["cells"].items():
            if any(cell["outcome"] == "pass" for cell in modes.values()):
                assert (row["case"], provider) in found
    assert len(answers["rows"]) < len(answers["trials"]) / 4
    trial, case, provider, mode, _, answer = answers["trials"][-1]
    item = next(one for one in make_evidences(summary) if one.trial == trial)
    assert item.reply
    assert [[texts[a], texts[b]] for a, b in answers["rows"][answer]] == [list(row) for row in reply_rows(item.reply)]
    assert (texts[case], texts[provider], texts[mode]) == (item.case, item.provider, item.mode)


def test_failures_are_grouped_by_cause(page: Page) -> None:
    """One row for each broken requirement, with all that break it, and a link that filters the cases."""
    summary = make_summary()
    broken = {one["check"] for provider in summary["providers"].values() for one in provider["findings"]}
    queries = [a["href"] for tag, a in page.tags if tag == "a" and str(a.get("href")).startswith("#q=check")]
    assert sorted(queries) == sorted(f"#q=check%3A{check}" for check in broken)
    assert "trueweight suites from-run RUN --check CHECK" in " ".join(page.text.split())


def test_marked_bytes_are_the_bytes_of_the_span() -> None:
    """The marked piece is the span, its surroundings stand on either side, and no code point is torn."""
    body = ("ü" * 200 + "<tool_call>" + "ß" * 200).encode()
    at = body.index(b"<tool_call>")
    pieces = marked(body, Span(at, at + 11))
    assert [text for text, on in pieces if on] == ["<tool_call>"]
    assert set("".join(text for text, _ in pieces)) == set("…üß<tool_call>")


@pytest.mark.parametrize("span", [Span(5, 5), Span(90, 99), Span(-4, 2), Span(3, 1)])
def test_a_span_outside_the_body_is_no_crash(span: Span) -> None:
    """Evidence from a damaged record shows what there is."""
    assert all(isinstance(text, str) for text, _ in marked(b"hello", span))


def test_the_curl_sends_the_very_body_and_no_key() -> None:
    """The shell hands curl the same JSON value, quotes and all; the key is a variable."""
    body = json.dumps({"q": "it's \u202e $(rm) `x` ü"}, ensure_ascii=False)
    headers = (("Authorization", "Bearer ***"), ("X-Org", "a b"), ("Content-Length", "9"))
    command = curl(RequestRecord("POST", "http://h/v1/chat/completions", headers, body))
    words = shlex.split(command.replace("\\\n", " "))
    assert json.loads(words[words.index("--data-raw") + 1]) == json.loads(body)
    assert "Authorization: Bearer $API_KEY" in words
    assert "X-Org: a b" in words
    assert "\u202e" not in command
    assert "ength" not in command


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "a&b\u2028\u2029", "\ud800", "\x1b"])
def test_data_blocks_are_inert(text: str) -> None:
    """Nothing in a data block can end it, and it means what was put in."""
    block = inert_json([text])
    assert not set(block) & set("<>&\u2028\u2029\ud800\x1b")
    assert json.loads(block) == [text]


def test_hostile_content_adds_no_tag_and_loses_no_text() -> None:
    """With hostile text everywhere the page has the same elements as ever, and the text stands in it to be read."""
    summary = hostile_summary()
    html = render_html(typed(summary), hostile_evidence(summary))
    html.encode("utf-8")
    page = Page(html)
    assert len(page.raw["script"]) == 4
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "h4"}
    assert "<script>alert(1)</script>" in page.text
    assert "{{7*7}}" in page.text
    assert not set(html) & {"\x1b", "\u202e", "\u2028"}
    hrefs = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    assert not any(href.startswith("javascript:") for href in hrefs)


def test_a_huge_reply_is_cut_with_a_note() -> None:
    """A megabyte in every field costs kilobytes, and says that it was cut."""
    summary = make_summary(4, ("reference", "leaky-parser"))
    huge = next(hostile_evidence(summary, "A" * 1_000_000))
    text = json.dumps(payload(huge))
    assert len(text) < 60_000
    assert "cut:" in text


def test_a_deep_reply_is_no_crash() -> None:
    """Arguments nested beyond any parser's patience are shown as they came."""
    summary = make_summary(4, ("reference", "leaky-parser"))
    row = summary["cases"][3]
    item = make_evidence("reference", row["case"], "plain", row["cells"]["reference"]["plain"])
    assert item.reply
    call = dataclasses.replace(make_call(item), arguments="[" * 9_000)
    deep = dataclasses.replace(item, reply=with_choice(item.reply, calls=(call,)))
    assert "[[[" in json.dumps(payload(deep))


def make_call(item: Evidence) -> Any:
    """A call to alter."""
    from trueweight.core import ToolCall

    return ToolCall(0, 0, None, None, "f", "{}")


@pytest.mark.slow
def test_the_largest_run_stays_small() -> None:
    """Many providers and cases, all failing: the page says what it left out and keeps to its budget."""
    names = (*(f"p{i}" for i in range(19)), "reference")
    summary = make_summary(24, names)
    for row in summary["cases"]:
        for name in names[:-1]:
            for cell in row["cells"][name].values():
                cell |= {"outcome": "fail", "fails": ["markers-in-content"]}
    item = next(hostile_evidence(make_summary(4), "<" * 3_000))
    every = (dataclasses.replace(item, trial=trial) for trial in wanted_trials(typed(summary)))
    html = render_html(typed(summary), every)
    assert len(html.encode()) < 15_000_000
    assert "more were left out to keep it small" in html


def test_latency_is_drawn_whole_with_percentiles_and_n(page: Page) -> None:
    """A curve per provider and time, the numbers beside it, and the course of the run with its losses."""
    text = " ".join(page.text.split())
    assert "Time to first token, ms" in text
    assert "209 · 569 · 645 · n/a" in text
    assert "trials lost" in text
    assert "every first attempt arrived" in text
    paths = [attributes["d"] for tag, attributes in page.tags if tag == "path" and attributes.get("class") == "over"]
    assert len(paths) == 16
    assert all("nan" not in (path or "") for path in paths)


def test_drift_is_said_to_be_missing_or_drawn_with_everything_it_rests_on() -> None:
    """Without drift the first screen says so; with it there are verdict, effect, band, rungs and requests."""
    summary = make_summary()
    assert "Drift was not measured: " in " ".join(Page(render_html(typed(summary), ())).text.split())
    summary["providers"]["int4"]["drift"] = make_drift()
    summary["providers"]["twin"]["drift"] = make_drift("equivalent") | {
        "rung": None,
        "rungs": [],
        "ladder": [],
        "wealth": [],
    }
    text = " ".join(Page(render_html(typed(summary), ())).text.split())
    for words in ("✕ drift", "✓ same", "Q5_K_M",
                  "24 prompts, 26 requests, $0.0031, by logprobs, 2 refused", "capped at 5",
                  "differs from the reference's by 0.11 (0.06–0.17) on a scale of 0 to 1",
                  "another engine would explain up to 0.02",
                  "0.110", "no drift"):  # fmt: skip
        assert words in text
    assert "Drift was not measured:" not in text
    assert "Drift was not measured of " in text


def test_a_busy_client_is_said_on_the_first_screen() -> None:
    """Where this machine was the bottleneck the page says CLIENT-LIMITED, how often and at whom."""
    summary = make_summary()
    summary["providers"]["slow"]["counts"] |= {"client_limited": 40, "recorded": 320}
    text = " ".join(Page(render_html(typed(summary), ())).text.split())
    assert "CLIENT-LIMITED: during 40 of 1440 requests" in text
    assert "slow 40" in text
    assert "kept up" not in text


def test_a_thinking_time_of_a_few_replies_says_so() -> None:
    """Where most replies have no thought, the cell says how many have one, and no median of all stands beside it."""
    summary = make_summary()
    missing = {"not defined by the reply": 98}
    few = {
        "value": 192.0,
        "low": None,
        "high": None,
        "n": 2,
        "of": 100,
        "unit": "ms",
        "method": "m",
        "missing": missing,
    }
    many = {**few, "n": 100, "missing": {}}
    summary["providers"]["reference"]["metrics"] |= {"thinking_time": few, "ttfo": {**many, "value": 412.0}}
    summary["providers"]["slow"]["metrics"] |= {"thinking_time": many, "ttfo": {**many, "value": 413.0}}
    text = " ".join(Page(render_html(typed(summary), ())).text.split())
    assert "192 in 2 of 100 replies" in text and "answer at 413" in text
    assert "answer at 412" not in text


@pytest.mark.slow
def test_twenty_providers_and_four_thousand_cases_fit_a_mail() -> None:
    """The promised size: under 15 MB with all the evidence that is embedded."""
    names = ("reference", "leaky-parser", "no-strict", "int4", *(f"p{i}" for i in range(16)))
    summary = make_summary(4000, names)
    wanted = wanted_trials(typed(summary))
    items = (
        make_evidence(provider, row["case"], mode, cell, index=index)
        for row in summary["cases"]
        for provider, modes in row["cells"].items()
        for mode, cell in modes.items()
        for index, trial in enumerate(cell["trials"])
        if trial in wanted
    )
    assert len(render_html(typed(summary), items).encode()) < 15_000_000


@pytest.mark.slow
def test_ten_megabytes_in_every_field_cost_kilobytes() -> None:
    """A model that never stops cannot make the page large, nor the making of it slow."""
    summary = make_summary(4, ("reference", "leaky-parser"))
    huge = list(hostile_evidence(summary, "</script>" + "A" * 10_000_000))[:1]
    assert len(render_html(typed(summary), huge)) < 500_000


def test_a_healthy_client_says_how_healthy() -> None:
    """The lag of its loop and its self-test stand on the first screen, the worst of all sessions."""
    summary = make_summary()
    sessions = (ClientSession(lag_p99_ms=0.4, self_test_p99_ms=2.5), ClientSession(lag_p99_ms=1.3))
    text = " ".join(Page(render_html(structs.replace(typed(summary), client=sessions), ())).text.split())
    assert "kept up (event loop late by 1.3 ms at p99, a request to itself within 2.5 ms at p99)" in text


def test_a_client_that_was_not_watched_is_not_praised() -> None:
    """A record without the client's health says so; no row marked is no proof that none deserved it."""
    summary = make_summary()
    text = " ".join(Page(render_html(typed(summary), ())).text.split())
    assert "Whether this client kept up was not measured" in text


def test_why_begins_with_the_worst_and_has_the_lost_requests(page: Page) -> None:
    """Who needs a reason finds it first; a provider that only loses requests has a place and an example too."""
    why = page.text[page.text.index("All broken requirements") :]
    order = ["leaky-parser", "no-strict", "flaky"]
    assert sorted(order, key=why.index) == order
    assert "does not count against the model" in why
    heads = {str(attributes.get("id")) for tag, attributes in page.tags if tag == "h3"}
    links = {str(attributes["href"])[1:] for tag, attributes in page.tags
             if tag == "a" and str(attributes.get("href", "")).startswith("#why-")}  # fmt: skip
    assert links
    assert links <= heads


def test_what_this_client_ended_is_no_lost_request_of_a_provider() -> None:
    """A client without file descriptors and a stop of the run have no row among the causes; a reset has one."""
    own = make_provider_summary(failures={"client-limit": 6, "interrupted": 2})
    lost = make_provider_summary(failures={"client-limit": 6, "reset": 3})
    summary = small_summary({"own": own, "lost": lost})
    assert lost_requests(summary, "own") is None
    found = lost_requests(summary, "lost")
    assert found is not None
    assert (found.failed, found.words) == (3, "3 failed after retries too: reset 3.")


def test_a_note_on_what_numbers_contain_stands_below_the_table_and_a_limit_above_it() -> None:
    """Calls that differ by chance limit nothing: they do not come between the answer and its numbers."""
    summary = typed(make_summary(12))
    notes = (
        Note(code=NoteCode.OPEN_CALLS, providers=("twin",), count=1, of=152, text="1", recorded="152"),
        Note(code=NoteCode.NOT_FINISHED, count=10, of=20),
    )
    text = render_html(structs.replace(summary, run=structs.replace(summary.run, notes=notes)), ())
    table = text.index('<table id="providers"')
    assert text.index("twin: it called a tool where the reference did not") > table
    assert text.index("10 of 20") < table


def test_a_provider_that_left_the_site_keeps_its_numbers() -> None:
    """The index says in which run it was last, without a row of n/a; its own page has the numbers of that run."""
    older, newer = typed(make_summary(6, ("reference", "gone"))), typed(make_summary(6, ("reference", "leaky-parser")))
    made = dict(overview([SiteRun("one", older), SiteRun("two", newer)]))
    row = made["index.html"].partition("Providers</h2>")[2].partition("<bdi>gone</bdi>")[2].partition("</tr>")[0]
    assert "not in the latest run" in row and 'href="runs/one/"' in row and "n/a" not in row
    page = next(text for path, text in made.items() if path.startswith("providers/gone-"))
    assert "Not in the latest run." in page
    estimate = older.providers["gone"].metrics["success_rate"]
    assert write(estimate.value, estimate.unit) in page


def test_a_cost_of_thoughts_that_cannot_be_shown_does_not_stretch_the_axis() -> None:
    """It is said to be less than the column's last digit; nothing is written as 0.000, and it has no tick."""
    plain = make_summary(12, ("reference", "leaky-parser"))
    small = make_summary(12, ("reference", "leaky-parser"))
    for at, provider in enumerate(small["providers"].values()):
        cost = {"low": None, "high": None, "n": 24, "unit": "USD", "method": "by hand"}
        provider["metrics"] |= {"cost_per_1000": {"value": 0.336, **cost}}
        provider["metrics"] |= {"thinking_cost_per_1000": {"value": (0.0, 2.7e-5)[at], **cost}}
    page = render_html(typed(small), make_evidences(plain))
    assert "0 for thoughts" in page and "&lt; 0.01 for thoughts" in page
    assert "0.000" not in page.partition('id="providers"')[2].partition("</table>")[0]
    assert "0.00001" not in page
