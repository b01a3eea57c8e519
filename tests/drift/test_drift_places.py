"""Several places of an answer: which are compared, which questions are asked first, and hosts that show fewer."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from answers import CANDIDATE, REFERENCE, exchange, investigate, is_reference, listed, reply, spread

from trueweight.core import DriftFindingCode as FindingCode
from trueweight.core import DriftMode, DriftVerdict, Mode, Trial
from trueweight.drift import DriftSettings, drift_outcomes, write_script
from trueweight.drift.facts import MOST_PLACES, Facts, Token, facts_of
from trueweight.drift.places import AnswerPair, compare
from trueweight.drift.probe import Support
from trueweight.drift.scouting import AT_ONCE, GIVE_UP_AFTER, Scout, common_places
from trueweight.drift.script import PLACES_TOKENS, TEXT_TOKENS, RequestKind
from trueweight.protocols import read_reply

SURE = (Token(b"a", -1e-4), Token(b"b", -9.5), Token(b"c", -12.0))


def place(shift: float = 0.0) -> tuple[Token, ...]:
    return (Token(b"a", -0.5 + shift), Token(b"b", -1.0 - shift), Token(b"c", -3.0))


def answer(*places: tuple[Token, ...], chosen: bytes = b"aaaaaaaa") -> Facts:
    """An answer whose first place that is not sure is its first; the chosen tokens are single bytes."""
    return Facts("x", places[0], later=places[1:], chosen=tuple(chosen[i : i + 1] for i in range(len(places))))


def kind(trial: Trial) -> RequestKind:
    return RequestKind(trial.case.id.split("~")[1])


def test_a_place_counts_while_all_four_answers_have_chosen_the_same_tokens() -> None:
    """After different tokens the context differs too, so a difference there is not the model's."""
    quiet, shifted = answer(place(), place()), answer(place(0.2), place())
    one = compare(AnswerPair(answer(place()), answer(place(0.2))), AnswerPair(answer(place()), answer(place(0.2))))
    twice = compare(AnswerPair(quiet, shifted), AnswerPair(quiet, shifted))
    assert one is not None and twice is not None
    assert (one.places, twice.places) == (1, 2)
    assert twice.value == pytest.approx(one.value / 2) and twice.value > 0
    for side in range(4):
        four = [quiet, shifted, quiet, shifted]
        four[side] = replace(four[side], chosen=(b"b", b"a"))
        assert compare(AnswerPair(*four[:2]), AnswerPair(*four[2:])) == one


def test_a_token_that_its_list_does_not_have_is_not_known_to_be_the_same() -> None:
    """Hosts spell several tokens alike; of these none is in the list."""
    odd = answer(place(), place(), chosen=b"??")
    found = compare(AnswerPair(odd, odd), AnswerPair(odd, odd))
    assert found is not None and found.places == 1


def test_places_at_which_all_are_sure_are_left_out() -> None:
    """They show nothing; where there is nothing else, the last of them is what is compared."""
    shifted = answer(SURE, place(0.2))
    one = compare(AnswerPair(answer(place()), answer(place(0.2))), AnswerPair(answer(place()), answer(place(0.2))))
    assert compare(AnswerPair(answer(SURE, place()), shifted), AnswerPair(answer(SURE, place()), shifted)) == one
    sure = compare(AnswerPair(answer(SURE), answer(SURE)), AnswerPair(answer(SURE), answer(SURE)))
    assert sure is not None and (sure.value, sure.places) == (0.0, 1)


def test_a_first_place_without_common_tokens_is_not_compared() -> None:
    """Later places do not replace it: hosts that spell tokens otherwise are named instead."""
    other = (Token(b"a", -0.5), Token(b"y", -1.0), Token(b"z", -3.0))
    pair = AnswerPair(answer(place(), place()), answer(other, place()))
    assert compare(pair, pair) is None
    short = AnswerPair(answer(place(), place()), answer(place(), other))
    found = compare(short, short)
    assert found is not None and found.places == 1
    assert compare(AnswerPair(Facts("x"), Facts("x")), AnswerPair(Facts("x"), Facts("x"))) is None


def test_the_places_of_a_reply_are_read_with_what_was_chosen() -> None:
    """The chosen token by its bytes, however the host spells it; without it, the likeliest one."""
    positions = [listed(-0.1, -2.0)["content"][0], listed(-0.7, -0.8)["content"][0]]
    positions[0] |= {"token": "odd", "bytes": [98]}
    del positions[1]["token"], positions[1]["bytes"]
    trial = Trial.of(write_script(DriftSettings(max_requests=1, screen=0)).cases[0], REFERENCE, 0, Mode.PLAIN)
    sent = exchange(trial, reply("x", logprobs={"content": positions}))
    found = facts_of(sent, read_reply(sent))
    assert isinstance(found, Facts)
    assert [one.chosen for one in found.places] == [b"b", b"a"]
    assert [one.top[0].logprob for one in found.places] == [-0.1, -0.7]
    assert Facts("x").places == ()


def test_common_places_end_where_answers_part_or_nearly_do() -> None:
    """A near tie is the last place that counts: another engine may choose its other token."""
    tie = (Token(b"a", -0.7), Token(b"b", -0.75))
    assert common_places(answer(place(), SURE, place(), place()), answer(place(), SURE, place(), place())) == 3
    assert common_places(answer(place(), tie, place()), answer(place(), place(), place())) == 2
    assert common_places(answer(place(), place(), chosen=b"ab"), answer(place(), place(), chosen=b"ba")) == 1
    assert common_places(Facts("x"), answer(place())) == 0


def test_common_questions_come_first_and_keep_their_order() -> None:
    """Then the other scouted ones, then the rest; every question once, and few are scouted at once."""
    questions = [str(i) for i in range(40)]
    scout, asked = Scout(questions, 30), list[str]()
    while len(asked) < 40:
        wanted = scout.to_scout(3)
        assert len(wanted) <= AT_ONCE
        scout.take({one: int(one) % 3 == 0 for one in wanted})
        asked += scout.next(3)
    common = [one for one in questions[:30] if int(one) % 3 == 0]
    assert asked[: len(common)] == common == scout.common
    assert sorted(asked) == sorted(questions)
    assert asked[-10:] == questions[30:]


def test_scouting_ends_where_no_question_is_common() -> None:
    """A host may show its first token's log-probabilities alone."""
    scout = Scout([str(i) for i in range(100)], 100)
    count = 0
    while wanted := scout.to_scout(3):
        scout.take(dict.fromkeys(wanted, False))
        count += len(wanted)
        assert len(scout.next(3)) == 3
    assert count == GIVE_UP_AFTER
    assert scout.next(3) == ("6", "7", "8")


def test_no_more_places_are_kept_than_are_asked_for() -> None:
    """Some hosts ignore the limit of tokens: thousands of lists for each of hundreds of requests fill the memory."""
    trial = Trial.of(write_script(DriftSettings(max_requests=1, screen=0)).cases[0], REFERENCE, 0, Mode.PLAIN)
    for values in ((-0.7, -0.8), (-1e-4, -9.5)):
        sent = exchange(trial, reply("x", logprobs={"content": listed(*values)["content"] * 1000}))
        found = facts_of(sent, read_reply(sent))
        assert isinstance(found, Facts)
        assert PLACES_TOKENS <= TEXT_TOKENS <= len(found.places) == len(found.chosen) == MOST_PLACES


def going_on(trial: Trial, shift: float = 0.0) -> dict[str, Any]:
    """Eight alike places, for every second question; the others part after the first token."""
    first = spread(shift)["content"][0]
    number = int.from_bytes(trial.case.id.split("~")[0].encode(), "big") % 2
    other = {**first, **{name: first["top_logprobs"][2][name] for name in ("token", "bytes", "logprob")}}
    begins = other if number and "variant" in trial.case.id else first
    return reply("x", logprobs={"content": [begins] + [first] * (PLACES_TOKENS - 1)})


def test_the_reference_alone_is_scouted_and_answers_afresh() -> None:
    """Each question that is compared is asked again after it was scouted; candidates never are, and those to which the
    reference's answers go on alike come first."""
    sent: list[Trial] = []

    def noted(trial: Trial) -> dict[str, Any]:
        sent.append(trial)
        return going_on(trial)

    settings = DriftSettings(mode=DriftMode.LOGPROBS, max_requests=60, stop=False)
    found = investigate(noted, settings)
    scouted = [trial for trial in sent if kind(trial) in (RequestKind.SCOUT, RequestKind.SCOUT_AGAIN)]
    assert scouted
    assert all(is_reference(trial) for trial in scouted)
    assert {trial.case.request["top_logprobs"] for trial in scouted} == {2}
    asked = [one.prompt for one in found.candidates["c"].scored]
    fresh = {trial.case.id.split("~")[0] for trial in sent if is_reference(trial) and kind(trial) is RequestKind.PLACES}
    assert set(asked) <= fresh
    part = [int.from_bytes(one.encode(), "big") % 2 for one in asked[:20]]
    assert sum(part) == 0


@pytest.mark.parametrize(
    ("refuses", "processed", "wanted"),
    [
        (lambda request: False, False, RequestKind.PLACES),
        (lambda request: request["top_logprobs"] > 5, False, RequestKind.PLACES_FIVE),
        (lambda request: False, True, RequestKind.LOGPROBS),
        (lambda request: request["top_logprobs"] > 5, True, RequestKind.LOGPROBS_FIVE),
        (lambda request: not request["temperature"], False, RequestKind.LOGPROBS),
    ],
)
def test_hosts_are_asked_as_their_log_probabilities_allow(refuses: Any, processed: bool, wanted: RequestKind) -> None:
    """At temperature 0 where these are the model's own; at 1 where a sampler has reached them, or 0 is refused; for
    five alternatives where 20 are refused. A weak difference is found in each form."""
    kinds: set[RequestKind] = set()

    def answered(trial: Trial) -> Any:
        if trial.provider.name == "c":
            if "logprobs" in trial.case.request and refuses(trial.case.request):
                return 400
            kinds.add(kind(trial))
        shift, count = 0.4 * (not is_reference(trial)), trial.case.request.get("top_logprobs", 0)
        if processed and trial.case.request["temperature"] == 0:
            return reply("x", logprobs=listed(0.0, *[-9999.0] * (count - 1)))
        slope = 1 / trial.case.request["temperature"] if processed else 1.0
        values = [slope * one["logprob"] for one in spread(shift)["content"][0]["top_logprobs"]]
        norm = math.log(sum(map(math.exp, values)))
        return reply("x", logprobs=listed(*(value - norm for value in values[:count])))

    found = investigate(answered, DriftSettings(mode=DriftMode.LOGPROBS, max_requests=60, screen=0))
    outcome = drift_outcomes(found)["c"]
    assert wanted in kinds
    assert outcome.verdict is DriftVerdict.DRIFT
    assert (FindingCode.PROCESSED_LOGPROBS in {one.code for one in outcome.findings}) == processed
    assert found.support["c"].top == (5 if "five" in wanted else 20)
    assert found.support["c"].cold == (wanted in (RequestKind.PLACES, RequestKind.PLACES_FIVE))


def test_without_any_log_probabilities_two_probes_suffice() -> None:
    """A host that answers without them has none; that it might at another temperature is not tried."""
    found = investigate(lambda _: reply("x"), DriftSettings(max_requests=20, screen=0))
    assert found.support["c"] == Support(findings=found.support["c"].findings)
    texts = len(found.candidates["c"].scored)
    assert found.spent["c"].requests == texts + 2


def test_settings_of_the_first_token_alone_are_refused() -> None:
    """Their recorded requests are not those of the present test."""
    value = json.loads(json.dumps(DriftSettings().as_json()))
    assert DriftSettings.from_json(value).scout == DriftSettings().scout
    with pytest.raises(Exception, match="earlier version"):
        DriftSettings.from_json({**value, "method": "products-2"})
    assert CANDIDATE.name == "c"
