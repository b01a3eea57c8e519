"""No reply makes a check, a reader or a grader raise: each field of a response is replaced by the oddest JSON text."""

from __future__ import annotations

from itertools import cycle

import pytest
from check_samples import broken, examples
from hypothesis import HealthCheck, given, settings
from odd_replies import (
    CASES,
    FIELDS,
    NAMED,
    ODD,
    WHOLE,
    altered,
    exchange_of,
    in_text,
    judged,
    odd_replies,
    paths,
    replaced,
)

from trueweight.core import PROTOCOLS, Exchange, Mode
from trueweight.core.check import CHECKS, all_checks


def test_each_protocol_and_each_check_has_its_replies() -> None:
    """A new protocol needs a whole response here, and a check that runs on request is named by a case."""
    assert {api for api, _ in WHOLE} == set(CASES) == set(PROTOCOLS.all())
    assert {info.id for info in all_checks() if info.on_request} == set(NAMED)


@pytest.mark.slow
def test_no_value_in_any_field_makes_a_check_raise() -> None:
    """Each field of a whole response has an odd value, plain and streamed."""
    values = cycle(ODD)
    for (api, mode), whole in WHOLE.items():
        for place in paths(whole):
            judged(exchange_of([replaced(whole, {place: next(values)})], api, mode), set())


def test_no_value_in_its_own_example_makes_a_check_raise() -> None:
    """Each check judges its example with an odd value in several of its fields, and gives a result at least once."""
    found: set[str] = set()
    values = cycle(ODD)
    for number, (name, example) in enumerate(examples().items()):
        whole = broken(example, CHECKS.get(name).info.protocol)
        for step in (0, 3, 7, 12, 19, *range(20, 60)):
            if step >= 20 and name in found:
                break  # Few values leave a short example anything to judge: then others are tried until one does.
            made = altered(whole, next(values), number + step)
            judged(made or whole, found, [example.case])  # one example is compressed, so it stays as it is
    assert set(examples()) <= found


@pytest.mark.parametrize("mode", list(Mode))
def test_no_document_in_content_or_arguments_makes_a_check_raise(mode: Mode) -> None:
    """Each odd value, by itself and in a field of the schema, is judged by JSON Schema and by the graders."""
    whole, where = WHOLE["chat", mode], "message" if mode is Mode.PLAIN else "delta"
    content = ("choices", 0, where, "content")
    arguments = ("choices", 0, where, "tool_calls", 0, "function", "arguments")
    fields = cycle([None, *FIELDS])
    for odd in ODD:
        text = in_text(odd, next(fields))
        judged(exchange_of([replaced(whole, {content: text, arguments: text})], "chat", mode), set())


@given(odd_replies())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_drawn_reply_makes_a_check_raise(made: Exchange) -> None:
    """Several odd fields at once, in several documents of a stream, and with any status."""
    judged(made, set())
