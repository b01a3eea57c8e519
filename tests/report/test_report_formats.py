"""Terminal, markdown, JUnit, badge, JSON: what they say, and that nothing in them acts."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from report_sample import make_summary, typed
from rich.console import Console

from trueweight.core import ConfigError
from trueweight.core.check import CHECKS
from trueweight.core.summary_json import decode_summary
from trueweight.report import find_format, format_names, render, render_markdown
from trueweight.report.formats.badge import _count
from trueweight.report.page.answer import first_screen
from trueweight.report.terminal import print_table
from trueweight.report.text import fenced, inline
from trueweight.report.words import case_words, ranked, summary_sentence

HOSTILE = (
    "\x1b[2J<script>alert(1)</script> ![x](http://evil/p.png) [y](javascript:z) @everyone #12 "
    "www.evil.com ```\n# head\n``` {{7*7}} \u202e \ud800 | a ::set-output name=x::y ##[error]z"
)


def hostile_summary(text: str = HOSTILE) -> dict[str, Any]:
    """Hostile text in every field that a provider, a model or a suite can put words into."""
    summary = make_summary(12)
    for provider in summary["providers"].values():
        provider |= {"sentence": text, "model": text, "precision": text, "failures": {text: 1}}
        for finding in provider["findings"]:
            finding |= {"message": text, "law": text, "source": f"javascript:{text}", "check": text}
    for case in summary["cases"]:
        case |= {"why": text, "source": text, "tags": [text], "case": case["case"] + text}
        for cell in (cell for modes in case["cells"].values() for cell in modes.values()):
            cell["fails"] = [text for _ in cell["fails"]]
    summary["providers"]["evil" + text] = summary["providers"].pop("twin")
    for case in summary["cases"]:
        case["cells"]["evil" + text] = case["cells"].pop("twin")
    return summary


def _screen(summary: dict[str, Any], width: int = 80) -> str:
    out = io.StringIO()
    print_table(typed(summary), Console(file=out, width=width, color_system=None))
    return out.getvalue()


def test_the_table_fits_80_columns() -> None:
    """No line is wider than the terminal, and every provider has its row and its sentence."""
    summary = make_summary()
    screen = _screen(summary)
    assert max(map(len, screen.splitlines())) <= 80
    flat = " ".join(screen.split())
    for name, provider in typed(summary).providers.items():
        assert f"{name}: {summary_sentence(provider)}" in flat


def test_the_table_names_the_metrics_as_numbers_with_their_intervals() -> None:
    """The row of the leaky parser shows its accuracy and how far below the floor it is; below, verdict and limits."""
    lines = _screen(make_summary()).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("leaky-parser"))
    assert lines[at].split() == ["leaky-parser", "33.3%", "−45.6", "100.0%", "100.0%", "209"]
    assert lines[at + 1].split()[:4] == ["✕", "worse", "24.7–43.3", "−54.6…−36.6"]


def test_the_terminal_says_what_the_bar_says() -> None:
    """Who reads no page still learns which rule decided."""
    summary = make_summary()
    reason = {"rule": "tool_call_f1 - reference ≥ -0.05", "outcome": "inconclusive", "message": "0", "more_trials": 88}
    summary["providers"]["twin"]["verdict"] = {"outcome": "inconclusive", "reasons": [reason]}
    flat = " ".join(_screen(summary).split())
    assert (
        "twin: tool_call_f1 − reference ≥ −0.05: about 88 more trials would decide. 2% of 160 first attempts failed"
        in flat
    )


def test_no_colour_without_a_terminal() -> None:
    """A file gets no escape sequence; verdicts are words and marks, so nothing is lost."""
    assert "\x1b" not in _screen(make_summary())


def test_a_summary_with_nothing_in_it_still_prints() -> None:
    """A provider without a single metric is a row of n/a, not a traceback."""
    summary = make_summary(2, ("reference", "twin"))
    summary["providers"]["twin"] |= {"metrics": {}, "versus_reference": {}, "findings": [], "failures": {}}
    summary["noise_floor"] = {}
    assert "n/a" in _screen(summary)
    for name in format_names():
        assert render(name, typed(summary))


def test_nothing_hostile_reaches_the_terminal() -> None:
    """Escapes are shown, and no line begins like a workflow command."""
    screen = _screen(hostile_summary())
    assert not set(screen) & {"\x1b", "\r", "\u202e", "\ud800"}
    assert "##[" not in screen
    assert not any(line.lstrip().startswith("::") for line in screen.splitlines())


def _outside_fences(markdown: str) -> str:
    return re.sub(r"^(`{3,})text\n.*?\n\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)


def test_nothing_hostile_acts_in_markdown() -> None:
    """Outside our fences there is no link, image, tag of theirs, mention, issue number or heading."""
    text = _outside_fences(render_markdown(typed(hostile_summary())))
    assert "<script" not in text
    assert "](" not in text
    assert not re.search(r"@\w|(?<!&)#\d|www\.|://", text)
    assert set(re.findall(r"</?(\w+)", text)) == {"sub", "details", "summary"}
    assert [line for line in text.splitlines() if line.startswith("#")] == ["## trueweight"]
    text.encode("utf-8")


def test_hostile_text_cannot_split_a_table_row() -> None:
    """Every row of the table has as many cells as its head."""
    rows = [line for line in render_markdown(typed(hostile_summary())).splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    assert len(rows) == 2 + 8


@pytest.mark.parametrize("text", ["plain", "```", "a ````` b", "`" * 40])
def test_a_fence_is_longer_than_any_inside(text: str) -> None:
    """A block of code cannot be closed from within."""
    first, *_, last = fenced(text).splitlines()
    assert first == last + "text"
    assert last not in text


def test_inline_text_stays_readable() -> None:
    """Ordinary words are not turned into noise."""
    assert inline("Nothing wrong: 3.4 times the reference's time (p50).") == (
        "Nothing wrong: 3.4 times the reference's time (p50)."
    )


def test_junit_counts_failures_errors_and_skips_apart() -> None:
    """A lost request is an error, a broken law a failure; the attributes agree with the elements."""
    root = ET.fromstring(render("junit", typed(make_summary())))
    suites = {suite.get("name"): suite for suite in root}
    assert len(suites) == 8
    flaky, leaky = suites["flaky"], suites["leaky-parser"]
    assert (flaky.get("failures"), leaky.get("errors")) == ("0", "0")
    assert int(flaky.get("errors") or 0) == len(flaky.findall("testcase/error")) > 0
    assert int(leaky.get("failures") or 0) == len(leaky.findall("testcase/failure")) > 0
    assert {suite.get("tests") for suite in root} == {"160"}


def test_hostile_junit_is_well_formed() -> None:
    """Controls and surrogates, which XML cannot hold, are shown; the rest is escaped."""
    assert ET.fromstring(render("junit", typed(hostile_summary())).encode("utf-8")) is not None


def test_the_badge_says_counts_only() -> None:
    """Shields' endpoint format, coloured by the worst group, with no words of a provider in it."""
    badge = json.loads(render("badge", typed(hostile_summary())))
    assert badge["schemaVersion"] == 1
    assert badge["color"] in {"critical", "yellow"}
    assert set(badge) == {"schemaVersion", "label", "message", "color"}
    assert re.fullmatch(r"(\d+ no fault found, )?\d+ (avoid|undecided)(, \d+ undecided)?", badge["message"])


@pytest.mark.parametrize(
    ("number", "label", "words"),
    [(1, "meets the bar", "1 meets the bar"), (2, "fails the bar", "2 fail the bar"), (3, "avoid", "3 avoid")],
)
def test_the_badge_counts_in_plain_words(number: int, label: str, words: str) -> None:
    """One meets, two meet."""
    assert _count(number, label) == words


def test_json_is_the_summary() -> None:
    """The JSON format loses nothing, and is ASCII, so that ``cat`` is safe."""
    summary = typed(hostile_summary())
    text = render("json", summary)
    assert decode_summary(text) == summary
    assert text.isascii()


def test_an_unknown_format_names_the_near_miss() -> None:
    """A typo is answered with what is valid."""
    with pytest.raises(ConfigError) as error:
        find_format("markdwon")
    assert "Did you mean 'markdown'?" in str(error.value)


def test_formats_are_found_by_their_files() -> None:
    """Every module in the folder is a format with a suffix; nothing keeps a list."""
    assert set(format_names()) >= {"html", "json", "junit", "markdown", "badge"}
    assert all(find_format(name).suffix.startswith(".") for name in format_names())


def test_junit_says_what_was_found_in_each_case() -> None:
    """A failing case has a sentence for each check it fails, behind it the check's id; so has a flaky one."""
    summary = make_summary(12)
    sentences = {
        "markers-in-content": "Tool calls leak into the text as markup in this case (markers-in-content).",
        "finish-reason-agrees": "The finish reason contradicts the reply in this case (finish-reason-agrees).",
    }
    root = ET.fromstring(render("junit", typed(summary)))
    failing = [one.get("message") or "" for one in root.findall("testsuite[@name='leaky-parser']/testcase/failure")]
    assert failing
    for message in failing:
        assert sentences["markers-in-content"] in message
    assert any(sentences["finish-reason-agrees"] in message for message in failing)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("tool-arguments-enum", "This case had a value outside the parameter's enum (tool-arguments-enum)."),
        (
            "finish-reason-length",
            "This case was cut by max_tokens, and the finish reason is not length (finish-reason-length).",
        ),
        ("another-package", "This case fails the requirement “Be kind” (another-package)."),
        ("unknown", "This case fails unknown."),
    ],
)
def test_a_sentence_on_one_case_is_a_sentence(check: str, expected: str) -> None:
    """The declared sentences speak of several cases; of one the verb is singular, and a check without one has its
    requirement."""
    summary = make_summary(12)
    summary["providers"]["twin"]["findings"] = [
        {"check": "another-package", "severity": "MUST", "outcome": "fail", "fails": 1, "of": 1, "cases": ["s/c"],
         "law": "Be kind.", "source": "", "example": "", "message": ""}
    ]  # fmt: skip
    assert case_words(check, typed(summary).providers["twin"]) == expected


def test_csv_of_a_run_without_a_workload_has_the_table_of_the_page() -> None:
    """A row for each provider, best first, with the numbers and sentences of the page; no cell is a formula."""
    summary = typed(make_summary(12))
    rows = list(csv.reader(io.StringIO(render("csv", summary))))
    screen = first_screen(summary, ranked(summary))
    assert rows[0][:3] == ["Provider", "Recommendation", screen.columns[0].metric.title]
    assert [row[0] for row in rows[1:]] == [row.recommended.name for row in screen.rows]
    assert [row[-1] for row in rows[1:]] == [row.sentence for row in screen.rows]
    assert {len(row) for row in rows} == {2 * len(screen.columns) + 3}
    assert not [cell for row in rows for cell in row if re.match(r"[=+@−]|-(?!\d)", cell)]


def test_every_declared_sentence_can_speak_of_one_case() -> None:
    """No placeholder is left, no plural verb stands behind "This case"."""
    provider = typed(make_summary(12)).providers["twin"]
    for check in CHECKS.all():
        words = case_words(check, provider)
        assert re.search(r"^This case (?!were|are|have|do )\w+ |in this case \(", words), words
        assert "{" not in words.replace("{}", "")
