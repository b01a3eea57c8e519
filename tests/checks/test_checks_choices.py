"""A check of a choice judges every choice of a reply; a check of the whole reply runs once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trueweight.checks import digest_choices, run_checks, run_paired_checks
from trueweight.core import Case, Exchange, Finding, Mode, Outcome, Reply
from trueweight.core.check import CHECKS, Scope
from trueweight.core.example import sample_case
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import chunk, message, usage_chunk
from trueweight.protocols.sample import plain, stream

LEAK = "<tool_call>"
TWO = sample_case(n=2)


def several(*contents: str) -> Exchange:
    """A plain reply with one choice for each text."""
    entries = [
        {"index": at, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for at, text in enumerate(contents)
    ]
    return plain(message() | {"choices": entries})


def streamed(*contents: str) -> Exchange:
    """The same as a stream, with the choices' deltas one after the other."""
    chunks = [chunk(content=text) for text in contents] + [chunk("stop") for _ in contents]
    for at, one in enumerate(chunks):
        one["choices"][0]["index"] = at % len(contents)
    return stream([*chunks, usage_chunk()])


def one(check: str, made: Exchange, case: Case = TWO) -> Finding | None:
    """What one check finds."""
    return next((found for found in run_checks(case, read_reply(made)) if found.check == check), None)


@pytest.mark.parametrize("make", [several, streamed])
def test_a_failure_of_any_choice_is_found_and_names_it(make: object) -> None:
    """The second choice leaks: the finding says choice 1, and its evidence is in that choice."""
    made = make("fine", f"{LEAK} leaked")
    found = one("markers-in-content", made)
    assert found is not None
    assert found.outcome is Outcome.FAIL
    assert found.message.startswith("choice 1: ")
    body = made.final.body
    assert [body[span.start : span.end] for span in found.spans] == [LEAK.encode()]


def test_the_first_choice_needs_no_number_and_others_are_counted() -> None:
    """The message is that of a reply with one choice, and says in how many more it fails."""
    alone, both, first = (
        one("markers-in-content", several(*texts))
        for texts in ((f"{LEAK} a",), (f"{LEAK} a", f"{LEAK} b"), (f"{LEAK} a", "fine"))
    )
    assert alone is not None and both is not None and first is not None
    assert first.message == alone.message
    assert both.message == f"{alone.message} (and in 1 more choices)"


def test_a_pass_needs_all_choices() -> None:
    """Every choice passes: the check passes once."""
    found = [f for f in run_checks(TWO, read_reply(several("a", "b"))) if f.check == "markers-in-content"]
    assert [f.outcome for f in found] == [Outcome.PASS]


def test_a_choice_that_ends_early_is_found() -> None:
    """A stream whose second choice has no finish reason is incomplete, though the first is whole."""
    half = chunk(content="half")
    half["choices"][0]["index"] = 1
    found = one("stream-complete", stream([chunk(content="all"), half, chunk("stop"), usage_chunk()]))
    assert found is not None
    assert found.outcome is Outcome.FAIL
    assert found.message.startswith("choice 1: ")


def test_expectations_hold_for_every_choice() -> None:
    """What a case expects of the answer, it expects of each of the choices it requests."""
    case = sample_case({"content-matches": {"contains": ["yes"]}}, n=2)
    assert one("content-matches", several("yes", "yes!"), case).outcome is Outcome.PASS
    assert one("content-matches", several("yes", "no"), case).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("a, b, c", Outcome.PASS), ("a, b", Outcome.PASS), ("b, a", Outcome.FAIL),
        ("a, c", Outcome.FAIL), ("b, c", Outcome.FAIL), ("a", Outcome.FAIL),
    ],
)  # fmt: skip
def test_listed_texts_in_their_order(text: str, outcome: Outcome) -> None:
    """Two or more of them, and those that come are the first ones of the list."""
    case = sample_case({"content-matches": {"first_in_order": ["a", "b", "c"]}}, n=2)
    assert one("content-matches", several(text, text), case).outcome is outcome


@pytest.mark.parametrize("scope", list(Scope))
def test_a_check_runs_as_often_as_its_scope_says(monkeypatch: pytest.MonkeyPatch, scope: Scope) -> None:
    """Each check of a choice sees each choice once, and each other check sees the reply once, as it is."""
    reply = read_reply(several("a", "b", "c"))
    seen: dict[str, list[int]] = {}
    made = {}
    for name, entry in CHECKS.all().items():
        if entry.run is not None and entry.info.scope is scope:

            def run(case: Case, view: Reply, params: object, name: str = name, inner: object = entry.run) -> object:
                seen.setdefault(name, []).append(view.at)
                return inner(case, view, params)

            made[name] = type(entry)(entry.info, run)
    monkeypatch.setattr(CHECKS, "all", lambda: made)
    run_checks(sample_case(), reply)
    assert seen
    assert all(views == ([0, 1, 2] if scope is Scope.CHOICE else [0]) for views in seen.values())


def paired(check: str, *made: Exchange) -> dict[Mode, Finding]:
    """What one paired check finds, by mode of the exchange."""
    case = sample_case(n=2, temperature=0)
    read = [
        digest for at, one in enumerate(made) for digest in digest_choices(str(at), case, one.mode, 0, read_reply(one))
    ]
    found = run_paired_checks(read)
    return {
        one.mode: finding for at, one in enumerate(made) for finding in found.get(str(at), ()) if finding.check == check
    }


def test_paired_checks_compare_every_choice_with_the_same_choice() -> None:
    """The second choice has another text when streamed; the first choices are alike, and so are two equal replies."""
    found = paired("stream-same-text", several("alike", "whole"), streamed("alike", "cut"))[Mode.STREAM]
    assert found.outcome is Outcome.FAIL
    assert found.message.startswith("choice 1: ")
    assert paired("stream-same-text", several("a", "b"), streamed("a", "b"))[Mode.STREAM].outcome is Outcome.PASS
    assert paired("stream-same-text", several("a", "b"), streamed("b", "a"))[Mode.STREAM].outcome is Outcome.FAIL


def test_token_counts_of_a_reply_are_compared_once() -> None:
    """Usage is of the reply and not of a choice: it names no choice, and is not counted for each."""
    dear = streamed("alike", "alike")
    body = dear.final.body.replace(b'"prompt_tokens": 10', b'"prompt_tokens": 11').replace(
        b'"prompt_tokens":10', b'"prompt_tokens":11'
    )
    dear = replace(dear, attempts=(replace(dear.final, body=body),))
    found = paired("usage-same-streamed", several("alike", "alike"), dear)[Mode.STREAM]
    assert found.outcome is Outcome.FAIL
    assert "choice" not in found.message
