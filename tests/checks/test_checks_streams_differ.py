"""How streams differ from plain replies: named where a parser does it, and left alone where numbers may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from trueweight.checks import ReplyDigest, digest_choices, run_checks, run_paired_checks
from trueweight.checks.streams_differ import Relation, difference
from trueweight.core import DEFAULT_API, PROTOCOLS, Case, Mode, Outcome
from trueweight.core.example import SampleReply, calls, sample_case, says
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import chunk, usage_chunk
from trueweight.protocols.sample import stream

TEXT = "One, two, three, four and five.\nSix.\nSeven.\nEight."


@pytest.mark.parametrize(
    ("streamed", "relation"),
    [
        (TEXT, None),
        (f" {TEXT}\n", None),
        (TEXT.replace("\nSix", "\n\nSix"), None),
        (TEXT.replace(" ", ""), Relation.LACKS_SPACE),
        (TEXT.replace("\n", ""), Relation.LACKS_SPACE),
        (TEXT.replace("e", "e "), Relation.ADDS_SPACE),
        (TEXT[4:], Relation.LACKS_START),
        (TEXT[:-7], Relation.LACKS_END),
        (TEXT.replace("three, ", ""), Relation.LACKS_MIDDLE),
        (TEXT.replace("three, ", "three, three, "), Relation.ADDS_MIDDLE),
        (f"assistant\n{TEXT}", Relation.ADDS_START),
        (f"{TEXT}</answer>", Relation.ADDS_END),
        (TEXT.replace("One", "Uno").replace("Eight", "Ten"), None),
    ],
)
def test_the_relation_of_two_texts(streamed: str, relation: Relation | None) -> None:
    """White space counts where half of it is missing; a line break more is chance."""
    found = difference(TEXT, streamed)
    assert (None if found is None else found.relation) == relation


@pytest.mark.parametrize(
    ("plain", "streamed", "shuffled"),
    [
        ('{"city": "Oslo", "days": 3}', '{"days": 3, "city": "Oslo"}', False),
        ("Red, green and blue.", "Green, blue and Red.", False),
        ("It is cold, and it rains.", "is It cold, and rains it.", True),
    ],
)
def test_items_in_another_order_are_the_models_choice(plain: str, streamed: str, shuffled: bool) -> None:
    """Numbers that depend on the batch may turn two items round; only a server turns words round."""
    found = difference(plain, streamed)
    assert (None if found is None else found.relation) == (Relation.OTHER_ORDER if shuffled else None)


def failing(pairs: Sequence[tuple[SampleReply, SampleReply]]) -> set[str]:
    """The checks that fail on these plain and streamed replies, a case each at temperature 0."""
    digests: list[ReplyDigest] = []
    for at, pair in enumerate(pairs):
        case = Case("s", f"c{at}", {"messages": [], "temperature": 0})
        for mode, reply in zip((Mode.PLAIN, Mode.STREAM), pair, strict=True):
            made = PROTOCOLS.get(DEFAULT_API).sample(replace(reply, mode=mode))
            digests += digest_choices(f"{at} {mode}", case, mode, 0, read_reply(made))
    found = run_paired_checks(digests).values()
    return {one.check for findings in found for one in findings if one.outcome is Outcome.FAIL}


HM = {"reasoning": "The user wants a number."}
THINKS, SILENT = says("4", **HM), says("4")
TWICE = '{"city":"Oslo","days":3}'


@pytest.mark.parametrize(
    ("pairs", "check"),
    [
        ([(THINKS, SILENT)] * 3, "stream-thought-present"),
        ([(SILENT, THINKS)] * 3, "stream-thought-present"),
        ([(calls(TWICE), calls('{"city":"slo","days":3}'))] * 2, "stream-arguments-whole"),
        ([(calls(TWICE), calls('{"city":"Oslo","days":"3"}'))] * 2, "stream-arguments-whole"),
        ([(calls(TWICE), calls('{"city":"Oslo"}'))] * 2, "stream-arguments-whole"),
        ([(calls(TWICE), calls("{}"))] * 2, "stream-arguments-whole"),
        ([(calls(TWICE), calls(None))] * 2, "stream-arguments-whole"),
        ([(calls(TWICE), calls(TWICE, TWICE))], "stream-same-calls"),
        ([(says("4", usage=(40, 1)), says("4", usage=(9, 1)))], "usage-same-streamed"),
    ],
)
def test_a_fault_of_streams_is_named(pairs: list[tuple[SampleReply, SampleReply]], check: str) -> None:
    """By the check that is made for it."""
    assert check in failing(pairs)


@pytest.mark.parametrize("broken", ['{"city":"Os', '{{"city":"Oslo","days":3}', '[{"city":"Oslo"}]'])
def test_broken_arguments_of_a_stream_are_not_said_to_be_none(broken: str) -> None:
    """A check of the single reply names what is wrong with them."""
    assert "stream-arguments-whole" not in failing([(calls(TWICE), calls(broken))] * 3)


@pytest.mark.parametrize(
    "pairs",
    [
        [(THINKS, SILENT)] * 2,
        [*[(THINKS, SILENT)] * 3, *[(THINKS, THINKS)] * 3],
        [(calls(TWICE), calls('{"days": 3, "city": "Oslo"}'))] * 3,
        [(calls(TWICE), calls('{"city":"Rome","days":3}'))] * 3,
        [(calls(TWICE), calls('{"city":"Oslo","days":4}'))] * 3,
        [(says("4", usage=(40, 9)), says("4", usage=(40, 11)))] * 3,
    ],
)
def test_what_numbers_that_depend_on_the_batch_explain_is_not_accused(
    pairs: list[tuple[SampleReply, SampleReply]],
) -> None:
    """A thought that is skipped now and then, another order of keys, another word."""
    assert failing(pairs) <= {"stream-same-text"}


def test_the_evidence_of_repeated_text_is_the_delta_that_repeats() -> None:
    """Of a stream that goes on as it should after one delta with all text so far."""
    again = "One, two, three, four"
    deltas = ["One, ", "two, ", "three, ", again, " and", " five", "."]
    reply = read_reply(stream([*(chunk(content=text) for text in deltas), chunk("stop"), usage_chunk()]))
    (found,) = (one for one in run_checks(sample_case(), reply) if one.check == "stream-text-once")
    assert found.outcome is Outcome.FAIL
    assert again in found.got
    assert any(again.encode() in reply.body[span.start : span.end] for span in found.spans)
