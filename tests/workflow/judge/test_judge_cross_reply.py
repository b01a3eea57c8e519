"""What replies say together: paired findings reach the summary, refusals need a control, repeats show a rate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trueweight.core import Case, Exchange, FailureKind, Outcome, Provider, Role, Severity
from trueweight.core.schemas import load_schema
from trueweight.core.summary import Summary
from trueweight.core.summary_json import encode_summary
from trueweight.store import Manifest, RunDir
from trueweight.workflow.judge import judge_run, summarise

Make = Callable[..., Any]
NO = json.dumps({"error": {"message": "temperature must be at least 0"}}).encode()
UNSUPPORTED = json.dumps({"error": {"message": "tools are not supported"}}).encode()


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Any]:
    """Judge these exchanges of these cases."""

    def judge(cases: list[Case], providers: list[Provider], exchanges: list[Exchange], repeats: int = 1) -> Any:
        manifest = Manifest("0", 1, repeats, 1, (), tuple(providers), "2026-01-01T00:00:00+00:00")
        with RunDir.create(tmp_path / "run", manifest, cases) as run:
            for exchange in exchanges:
                run.append(exchange)
            return judge_run(run)

    return judge


def outcome(judgement: Any, case: str, check: str) -> Outcome | None:
    """What a check says of a case."""
    found = [
        f.outcome for seen in judgement.observations if seen.case == case for f in seen.findings if f.check == check
    ]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("control", "status", "lost", "expected"),
    [
        (b"", 200, None, Outcome.PASS),
        (NO, 400, None, None),
        (UNSUPPORTED, 400, None, Outcome.UNSUPPORTED),
        (b"", 0, FailureKind.AUTH, None),
        (b"", 0, FailureKind.SERVER_ERROR, None),
    ],
)
def test_a_refusal_counts_beside_a_control_that_was_taken(
    make_case: Make,
    make_provider: Make,
    make_exchange: Make,
    say: Make,
    judged: Make,
    control: bytes,
    status: int,
    lost: FailureKind | None,
    expected: Outcome | None,
) -> None:
    """Who refuses the well-formed request too, or never answers it, has not shown that it looks at what is asked."""
    good = make_case("good", request={"messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function"}]})
    bad = make_case("bad", checks={"request-refused": {"control": "good"}})
    provider = make_provider("p")
    exchanges = [
        make_exchange(good, provider, control or say("hello"), status=status, lost=lost),
        make_exchange(bad, provider, NO, status=400),
    ]
    assert outcome(judged([good, bad], [provider], exchanges), "s/bad", "request-refused") is expected


def test_who_answers_401_to_everything_passes_no_negative(
    make_case: Make, make_provider: Make, make_exchange: Make, judged: Make
) -> None:
    """A key that is refused is infrastructure: nothing was judged, and nothing passed."""
    bad = make_case("bad", checks={"request-refused": {}})
    provider = make_provider("p")
    judgement = judged([bad], [provider], [make_exchange(bad, provider, lost=FailureKind.AUTH)])
    assert not judgement.observations[0].arrived
    assert not judgement.observations[0].findings


def plain(summary: Summary) -> dict[str, Any]:
    """The values of its ``summary.json``."""
    value: dict[str, Any] = json.loads(encode_summary(summary))
    return value


def test_a_paired_finding_reaches_the_summary_and_the_cell(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make, judged: Make
) -> None:
    """The longer case has the prompt tokens of the shorter one: its own cell fails, and the finding is there."""
    base = make_case("base")
    more = make_case("more", checks={"prompt-tokens-more": {"than": "base", "at_least": 5}}, severity=Severity.MUST)
    provider = make_provider("p")
    exchanges = [make_exchange(case, provider, say("ok")) for case in (base, more)]
    summary = plain(summarise(judged([base, more], [provider], exchanges)))
    jsonschema.Draft202012Validator(load_schema("summary")).validate(summary)
    finding = summary["providers"]["p"]["findings"][0]
    assert (finding["check"], finding["severity"], finding["cases"]) == ("prompt-tokens-more", "MUST", ["s/more"])
    assert (finding["blame"], finding["outcome"]) == ("serving", "fail")
    cells = {row["case"]: row["cells"]["p"]["plain"] for row in summary["cases"]}
    assert cells["s/more"]["outcome"] == "fail"
    assert cells["s/base"]["outcome"] == "pass"


def test_a_check_that_fails_in_some_repeats_is_flaky_and_says_its_rate(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make, judged: Make
) -> None:
    """Three of ten repeats fail: flaky, 3/10 with an interval; what fails always is no flake."""
    case = make_case("c", checks={"content-matches": {"contains": ["yes"]}})
    always = make_case("always", checks={"content-matches": {"contains": ["no"]}})
    providers = [make_provider("p"), make_provider("ref", Role.REFERENCE)]
    exchanges = [
        make_exchange(one, provider, say("oops" if at < 3 and provider.name == "p" else "yes"), repeat=at)
        for provider in providers
        for one in (case, *([always] if provider.name == "ref" else []))
        for at in range(10)
    ]
    summary = plain(summarise(judged([case, always], providers, exchanges, repeats=10)))
    jsonschema.Draft202012Validator(load_schema("summary")).validate(summary)
    flaky = next(f for f in summary["providers"]["p"]["findings"] if f["check"] == "content-matches")
    assert (flaky["outcome"], flaky["rate"]["value"], flaky["rate"]["n"]) == ("flaky", 0.3, 10)
    assert 0 < flaky["rate"]["low"] < 0.3 < flaky["rate"]["high"] < 1
    assert flaky["blame"] == "unclear"
    steady = next(f for f in summary["providers"]["ref"]["findings"] if f["check"] == "content-matches")
    assert (steady["outcome"], steady["rate"]["value"]) == ("fail", 1.0)
