"""The expected time: concurrent requests, rate limits, the pace of a probe, and what is sent in turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trueweight.core import Case, Mode, Provider, Trial
from trueweight.core.probe import Probe, ProbeAnswer, ProbeQuestion, ProviderProbe
from trueweight.plan import ASSUMED, Pace, Seconds, Stage, expected_time, measured_paces
from trueweight.report.words.expected_time import time_words

ONE = Provider("one", "http://h/v1", "m")
PACE = {"one": Pace(2.0, 0.1)}


def trials(provider: Provider, number: int, tokens: int = 100) -> list[Trial]:
    case = Case("s", "c", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": tokens})
    return [Trial.of(case, provider, at, Mode.PLAIN) for at in range(number)]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage(trials(ONE, 8), 4), (4, 24)),
        (Stage(trials(ONE, 8), 4, share=0.5), (2, 24)),
        (Stage(trials(replace(ONE, concurrency=1), 8), 4), (16, 96)),
        (Stage(trials(replace(ONE, concurrency=1), 8), 4, own_limit=False), (4, 24)),
        (Stage(trials(replace(ONE, requests_per_minute=6), 8), 8), (70, 82)),
        (Stage(trials(replace(ONE, timeout=5), 8), 4), (4, 10)),
        (Stage(trials(ONE, 8), 256, rate=0.5), (16, 28)),
        (Stage([], 4), (0, 0)),
    ],
)
def test_the_range_of_a_stage(stage: Stage, expected: tuple[float, float]) -> None:
    """The least by the quickest reply, the most by the token limit at the slowest pace, or the timeout."""
    assert expected_time([stage], PACE) == pytest.approx(expected)


def test_providers_are_together_or_in_turn() -> None:
    """The slowest one decides, or the sum; stages follow one another."""
    two = replace(ONE, name="two")
    both = [*trials(ONE, 4), *trials(two, 4)]
    paces = {**PACE, "two": Pace(4.0, 0.1)}
    together, in_turn = Stage(both, 4), Stage(both, 4, in_turn=True)
    assert expected_time([together], paces) == pytest.approx((4, 14))
    assert expected_time([in_turn], paces) == pytest.approx((6, 26))
    assert expected_time([together, in_turn], paces) == pytest.approx((10, 40))
    assert expected_time([Stage(trials(two, 1), 1)]) == pytest.approx((ASSUMED.reply, 100 * ASSUMED.token + 0.5))


def test_a_probe_has_the_pace() -> None:
    """The quickest reply, the slowest token; the list of models is not a reply."""
    answers = tuple(
        ProbeAnswer(question=question, trial="t", url="u", answered=answered, ms=ms, output_tokens=tokens)
        for question, answered, ms, tokens in (
            (ProbeQuestion.MODELS, True, 5.0, None),
            (ProbeQuestion.PLAIN, True, 400.0, 4),
            (ProbeQuestion.TOOL, True, 900.0, 30),
            (ProbeQuestion.SWITCH, False, 1.0, 1),
        )
    )
    entry = ProviderProbe(provider="one", api="chat", base_url="u", model="m", fingerprint="f", at="", answers=answers)
    silent = ProviderProbe(provider="two", api="chat", base_url="u", model="m", fingerprint="f", at="")
    assert measured_paces(Probe(providers=(entry, silent))) == {"one": Pace(0.4, 0.1)}
    assert measured_paces(None) == {}


@pytest.mark.parametrize(
    ("seconds", "paces", "expected"),
    [
        (Seconds(2.4, 80.1), {}, ("2 s to 81 s,", "Assumed without a probe: 0.5 s, and 20 tokens a second.")),
        (Seconds(119, 5999), PACE, ("1 min to 100 min,", "assumed for two: 0.5 s")),
        (Seconds(0.2, 0.9), {**PACE, "two": ASSUMED}, ("about 1 s,", "The last probe measured both paces.")),
        (Seconds(30, 20_000), {}, ("30 s to 5.6 h,", "Waits that a provider asks for are added.")),
    ],
)
def test_the_time_in_words(seconds: Seconds, paces: dict[str, Pace], expected: tuple[str, str]) -> None:
    """A range rounded outwards, and what it is estimated from."""
    words = time_words(seconds, paces, ["one", "two"])
    assert words.startswith(f"Expected time: {expected[0]}")
    assert expected[1] in words
