"""The APIs of one host: the same answers through each, or tools that one of them drops."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from in_process import trueweight
from records import recorded_lines
from summaries import make_provider_summary
from trueweight.assess.observations import _api_reasons
from trueweight.core import Case, Mode, Observation
from trueweight.core.api_comparison import AnswerKind, ApiComparison, ComparedAnswer
from trueweight.core.estimate import ALPHA
from trueweight.core.example import SampleCall, SampleReply, sample_case
from trueweight.fleet.child import running_fleet
from trueweight.metrics.catalogue.same_through_apis import _estimate
from trueweight.metrics.sample import Sample, make_samples
from trueweight.metrics.table import CaseInfo, tabulate
from trueweight.protocols import read_reply
from trueweight.report.words.reasons import reason_sentence
from trueweight.statistics.resample import Resampler
from trueweight.workflow.explain import sample_exchange
from trueweight.workflow.judge.api_agreement import compare_apis, compared_answer

APIS = ("chat", "responses")


ZERO = sample_case(temperature=0)


def seen(case: int, api: str, answer: str, mode: Mode = Mode.PLAIN, repeat: int = 0) -> Observation:
    """A reply, reduced to what is compared: ``KIND:DIGEST``."""
    kind, _, digest = answer.partition(":")
    compared = ComparedAnswer(AnswerKind(kind), digest)
    return Observation(
        "t", "p", "s", f"s/{case}", repeat, mode, 1, True, True, True, api=api, compared_as=api, answer=compared
    )  # fmt: skip


def asked(chat: Sequence[str], responses: Sequence[str]) -> list[Observation]:
    """One answer to each case through each of two APIs."""
    pairs = enumerate(zip(chat, responses, strict=True))
    return [seen(at, api, one) for at, both in pairs for api, one in zip(APIS, both, strict=True) if one]


@pytest.mark.parametrize("api", APIS)
def test_answers_are_equal_by_what_they_call(api: str) -> None:
    """White space and the order of keys are no other call; another value is one. A text beside tools is no call, and a
    text without tools is compared by its characters."""

    def answer(reply: SampleReply, case: Case = ZERO) -> ComparedAnswer | None:
        return compared_answer(case, read_reply(sample_exchange(reply, api)))

    def called(text: str) -> ComparedAnswer | None:
        return answer(SampleReply(calls=(SampleCall(text),), finish="calls"))

    assert called('{"a":1,"b":2}') == called('{ "b": 2, "a": 1 }') != called('{"a":1,"b":3}')
    assert answer(SampleReply("Hello.")) == answer(SampleReply("Good day.")) != called("{}")
    assert answer(SampleReply(calls=(SampleCall('{"a'),), finish="length")) is None
    assert answer(SampleReply("x"), sample_case(temperature=1)) is None
    talk = sample_case(temperature=0, tools=[])
    assert answer(SampleReply(" Hello,\n you "), talk) == answer(SampleReply("Hello, you"), talk)
    assert answer(SampleReply("caf\u00e9"), talk) == answer(SampleReply("cafe\u0301"), talk)
    assert len({answer(SampleReply(text), talk) for text in ("x", "X", "x.")}) == 3
    assert answer(SampleReply(" "), talk) is None
    asks_json = sample_case(temperature=0, tools=[], response_format={"type": "json_object"})
    assert answer(SampleReply('{"a": 1}'), asks_json) == answer(SampleReply('{"a":1}'), asks_json) is not None


def test_the_same_reply_has_the_same_answer_through_each_api() -> None:
    """Ids and the shape of an API are not part of an answer."""
    reply = SampleReply(calls=(SampleCall('{"a": 1}'), SampleCall("{}", "now")), finish="calls")
    assert len({compared_answer(ZERO, read_reply(sample_exchange(reply, api))) for api in APIS}) == 1


def test_cases_are_counted_by_what_differs() -> None:
    """Equal, varying by chance through one API, and steady but different through the two."""
    chat = ["calls:a", "calls:b", "calls:c", "no-call", "json:x", ""]
    rows = asked(chat, ["calls:a", "calls:z", "no-call", "calls:d", "json:x", "calls:q"])
    rows.append(seen(1, "chat", "calls:y", Mode.STREAM))
    (pair,) = compare_apis({"p": rows}, {"p": APIS})["p"]
    assert (pair.cases, pair.same, pair.varies, pair.different) == (5, 2, 1, 2)
    assert (pair.with_tools, pair.called_first, pair.called_second) == (4, 3, 3)
    assert (pair.only_first, pair.only_second) == (1, 1)
    assert compare_apis({"p": asked(["calls:a"], [""])}, {"p": APIS}) == {}


def test_an_api_that_drops_tools_is_named_once_beside_all_that_work() -> None:
    """Three APIs give one reason, with the numbers of the pair that differs least; nothing is said within chance."""
    pair = ApiComparison(
        first="chat", second="responses", cases=12, same=2, varies=0, different=10, with_tools=12, called_first=10,
        called_second=0, only_first=10, only_second=0, p=0.004,
    )  # fmt: skip
    other = structs.replace(pair.reversed(), second="messages", only_second=9, called_second=9)
    alike = structs.replace(pair, second="messages", only_first=1, p=1.0)
    host = make_provider_summary(apis=(pair, other, alike))
    (reason,) = _api_reasons(host)
    assert (reason.apis, reason.count, reason.reverse, reason.of) == (("chat", "messages", "responses"), 9, 0, 12)
    assert reason_sentence(reason, host) == (
        "Tools work in chat completions and Messages and are dropped in Responses: in 9 of 12 cases with tools a call "
        "comes in the former alone."
    )


def estimate(rows: Iterable[Observation], cases: int, *, texts: bool = False) -> tuple[float | None, str]:
    infos = [CaseInfo(f"s/{at}", (Mode.PLAIN,), True, False) for at in range(cases)]
    table = tabulate(rows, infos, 1, {one.key: () for one in infos})
    samples: dict[str, Sample] = make_samples({"p": table}, None, 1, 1, Resampler(cases, 0))
    found = _estimate(samples["p"], texts=texts)
    return found.value, found.note


def test_the_share_counts_pairs_across_apis() -> None:
    """Two of three cases are equal; pairs through one API are told apart, and one API gives no share."""
    value, note = estimate(asked(["calls:a", "calls:b", "no-call"], ["calls:a", "calls:z", "no-call"]), 3)
    assert (value, note) == (pytest.approx(2 / 3), "3 pairs")
    both = [*asked(["calls:a"], ["calls:a"]), seen(0, "chat", "calls:b", Mode.STREAM)]
    value, note = estimate(both, 1)
    assert (value, note) == (0.5, "2 pairs; through one API 0.0% of pairs are equal")
    assert estimate([seen(0, "chat", "calls:a")], 1)[0] is None


def test_texts_are_counted_apart_with_their_own_floor() -> None:
    """They move neither the share of calls nor the comparison that says that tools are dropped."""
    rows = asked(["calls:a", "text:x", "text:y"], ["calls:a", "text:x", "text:z"])
    assert estimate(rows, 3) == (1.0, "1 pairs")
    assert estimate(rows, 3, texts=True) == (0.5, "2 pairs")
    (pair,) = compare_apis({"p": rows}, {"p": APIS})["p"]
    assert (pair.cases, pair.different) == (1, 0)
    varies = [seen(1, "chat", "text:w", Mode.STREAM), seen(2, "responses", "text:z", Mode.STREAM)]
    note = "4 pairs; through one API 50.0% of pairs are equal"
    assert estimate([*rows, *varies], 3, texts=True) == (pytest.approx(0.25), note)


def _rate(draw: Callable[[random.Random], list[Observation]], runs: int = 400) -> float:
    rng = random.Random(1)
    found = [compare_apis({"p": draw(rng)}, {"p": APIS})["p"][0].p <= ALPHA for _ in range(runs)]
    return float(np.mean(found))


def test_healthy_hosts_are_not_accused_and_dropped_tools_are_found() -> None:
    """Hosts whose model calls by chance, alike through both APIs, are accused in at most 5% of runs; one that drops
    the tools of eight cases is found in nearly all."""

    def chance(rng: random.Random) -> list[Observation]:
        shares = [rng.random() for _ in range(20)]
        return asked(*([("calls:a" if rng.random() < p else "no-call") for p in shares] for _ in APIS))

    def dropped(rng: random.Random) -> list[Observation]:
        calls = ["calls:a" if at < 8 or rng.random() < 0.5 else "no-call" for at in range(12)]
        return asked(calls, ["no-call"] * 12)

    assert _rate(chance) <= ALPHA
    assert _rate(dropped) > 0.99


@pytest.mark.slow
def test_a_host_that_drops_tools_in_one_api_is_named(tmp_path: Path) -> None:
    """On terminal, in summary.json and on the page; a healthy twin is not, and gives the same through both."""
    with running_fleet(["twin", "responses-tools-ignored"], apis=APIS) as file:
        shutil.copy(file, tmp_path / "p.toml")
        command = ("run", "--providers", "p.toml", "--suite", "tool-calls", "--no-probe")
        done = trueweight(*command, "--limit", "10", "--out", "out", cwd=tmp_path)
        narrow = trueweight(*command, "--limit", "2", "--out", "one", "--api", "responses", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "Tools work in chat completions and are dropped in Responses"
    assert " ".join(done.stdout.split()).count(said) == 1
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    twin, host = (summary["providers"][name] for name in ("twin", "responses-tools-ignored"))
    assert (twin["apis"][0]["different"], twin["metrics"]["same_through_apis"]["value"]) == (0, 1.0)
    assert host["apis"][0]["only_first"] > 6
    assert host["metrics"]["same_through_apis"]["value"] < 0.5
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert said in page
    assert "Same through its APIs" in page
    assert narrow.returncode == 0, narrow.stderr
    assert {one["request"]["url"].rsplit("/", 1)[1] for one in recorded_lines(tmp_path / "one")} == {"responses"}
    assert "Same through its APIs" not in (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
