"""One exchange in a terminal: everything is there, and nothing in it acts."""

from __future__ import annotations

import dataclasses
import io
import re

from report_sample import make_evidence, make_summary, with_choice
from rich.console import Console
from test_report_formats import HOSTILE
from test_report_page import hostile_evidence

from trueweight.core import Event, Span
from trueweight.report import Evidence, divergence
from trueweight.report.evidence import preview
from trueweight.report.terminal import print_changed, print_divergence, print_exchange, print_outcomes

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]|::[a-z-]+ ?::|##\\[")


def _item(provider: str, content: str | None = None) -> Evidence:
    summary = make_summary(4, ("reference", "leaky-parser"))
    row = summary["cases"][0]
    return make_evidence(provider, row["case"], "stream", row["cells"][provider]["stream"], content=content)


def _printed(item: Evidence, *, whole: bool = True) -> str:
    screen = io.StringIO()
    print_exchange(item, {"markers-in-content": "No markers."}, Console(file=screen, width=80), whole=whole)
    return screen.getvalue()


def test_the_evidence_is_all_there() -> None:
    """Finding, law, expected and got, marked bytes, reply, timeline, headers, and a curl without a key."""
    text = _printed(_item("leaky-parser"))
    for words in ("✕ markers-in-content", "No markers.", "expected", "⟦<tool_call>⟧", "Reply", "Timeline", "send",
                  "delta {", "x-request-id", "curl -sS", "$API_KEY", "odd: role-missing"):  # fmt: skip
        assert words in text
    assert "Reply" not in _printed(_item("leaky-parser"), whole=False)


def test_nothing_a_model_or_a_provider_wrote_acts_in_a_terminal_or_a_log() -> None:
    """Escapes, carriage returns, bidi marks and workflow commands are shown, never obeyed."""
    summary = make_summary(4, ("reference", "leaky-parser"))
    for item in hostile_evidence(summary, HOSTILE + "\x1b]0;x\x07 ::set-output name=a::b\r##[error]"):
        screen = io.StringIO()
        console = Console(file=screen, width=80)
        print_exchange(item, {}, console)
        print_outcomes([item], console)
        if item.reply:
            other = with_choice(item.reply, content="else")
            print_divergence(divergence(item.reply, other), (item.provider, HOSTILE), console)
        found = ACTING.search(screen.getvalue().replace("\n", ""))
        assert found is None, repr(screen.getvalue()[max(0, found.start() - 40) : found.end() + 40])


def test_the_divergence_is_the_first_one_and_ignores_ids() -> None:
    """Equal but for ids is equal; else the row that differs, from the character where it does."""
    one, other = _item("reference"), _item("reference")
    assert one.reply
    assert other.reply
    assert divergence(one.reply, other.reply) is None
    call = dataclasses.replace(one.reply.calls[0], id="call_other", arguments='{"city":"Zürich","unit":"kelvin"}')
    found = divergence(one.reply, with_choice(other.reply, calls=(call,)))
    assert found is not None
    assert found.label == "call 1"
    assert found.left.startswith("celsius")
    assert found.right.startswith("kelvin")


def test_what_changed_is_said_in_three_words() -> None:
    """Still fails, fails now, holds now; nothing where nothing is."""
    screen = io.StringIO()
    print_changed((("a",), (), ("b", "c")), Console(file=screen, width=80))
    assert screen.getvalue() == "still fails: a\nholds now: b, c\n"


def test_an_event_is_told_without_its_envelope() -> None:
    """What it adds is shown; what is not a chunk is shown whole; depth and length do no harm."""
    data = {"id": "x", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    span = Span(0, 1)
    assert preview(Event(0, span, data, "{…}"), "chat", 100) == 'delta {"content":"Hi"}  finish_reason "stop"'
    assert preview(Event(0, span, None, "[DONE]"), "chat", 100) == "[DONE]"
    assert preview(Event(0, span, {"choices": "no"}, ""), "chat", 100) == '{"choices":"no"}'
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    assert "too deep" in preview(Event(0, span, {"choices": [{"delta": deep}]}, ""), "chat", 100)
