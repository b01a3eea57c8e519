"""A check of a choice judges every choice of a reply; a check of the whole reply runs once."""

from __future__ import annotations

import pytest

from trueweight.checks import run_checks
from trueweight.core import Case, Exchange, Finding, Outcome, Reply
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
