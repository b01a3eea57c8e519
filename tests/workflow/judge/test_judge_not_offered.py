"""A feature that a provider refuses: it does not offer it, and no number counts the refusals as something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trueweight.assess import assess, exit_code
from trueweight.core import ExitCode, Finding, Mode, Observation, Outcome, Role, Severity
from trueweight.core.assessment import LimitCode, ReasonCode, Recommendation
from trueweight.core.observation import Feature
from trueweight.core.summary import Summary
from trueweight.report.words import ranked, summary_sentence
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.workflow.judge import judge_run, summarise
from trueweight.workflow.judge.not_offered import mark_not_offered

Make = Callable[..., Any]
CASES = 40
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
NAMED = {
    Feature.TOOLS: "This model does not support tools.",
    Feature.STRUCTURED_OUTPUT: "response_format is not supported",
    Feature.STREAMS: "Streaming is not supported: set stream to false.",
    Feature.LIMITS: "max_tokens is too large: 8448. This model supports at most 4096 completion tokens.",
}


class Refusing(NamedTuple):
    """What a host refuses, in which words, with which status; the first ``spared`` such requests are answered."""

    feature: Feature
    words: str
    status: int = 400
    spared: int = 0


@pytest.fixture
def judged(tmp_path: Path, make_case: Make, make_provider: Make, make_exchange: Make, say: Make, call: Make) -> Make:
    """Judge a run of a reference and a host that refuses; a third of the cases each is plain, with tools, with JSON."""

    def make(refusing: Refusing, kinds: Sequence[str] = ("plain", "tools", "json")) -> Summary:
        def case_of(at: int) -> Any:
            request: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi."}]}
            modes = tuple(Mode) if refusing.feature is Feature.STREAMS else (Mode.PLAIN,)
            match kinds[at % len(kinds)]:
                case "tools":
                    checks = {"tool-call-expected": {"call": "must"}}
                    if refusing.feature is Feature.LIMITS:  # of all requests with tools, and of no other
                        request["max_tokens"] = 8448
                    return make_case(f"c{at:02}", checks=checks, request={**request, "tools": [TOOL]}, modes=modes)
                case "json":
                    return make_case(
                        f"c{at:02}", checks={}, request={**request, "response_format": SCHEMA}, modes=modes
                    )
            return make_case(f"c{at:02}", checks={}, request=request, modes=modes)

        def uses(case: Any, mode: Mode) -> bool:
            return {
                Feature.TOOLS: "tools" in case.request,
                Feature.STRUCTURED_OUTPUT: "response_format" in case.request,
                Feature.STREAMS: mode is Mode.STREAM,
                Feature.LIMITS: "max_tokens" in case.request,
            }[refusing.feature]

        cases = [case_of(at) for at in range(CASES)]
        providers = [make_provider("host"), make_provider("ref", Role.REFERENCE)]
        exchanges, spared = [], refusing.spared
        for case in cases:
            for mode in case.modes:
                good = say("{}") if "response_format" in case.request else say("Hello.")
                good = say(calls=[call()], finish="tool_calls") if "tools" in case.request else good
                refused = uses(case, mode) and spared <= 0
                spared -= uses(case, mode)
                error = json.dumps({"error": {"message": refusing.words, "type": "invalid_request_error"}}).encode()
                for provider in providers:
                    for repeat in range(2 if provider.name == "ref" else 1):
                        no = refused and provider.name == "host"
                        exchanges.append(
                            make_exchange(
                                case, provider, error if no else good, repeat=repeat, mode=mode,
                                status=refusing.status if no else 200,
                            )
                        )  # fmt: skip
        manifest = Manifest(
            "0.1.0", 7, 1, 2, (SuiteRecord("s", "d" * 64, CASES),), tuple(providers), "2026-01-01T00:00:00+00:00"
        )
        with RunDir.create(tmp_path / "run", manifest, cases) as run:
            for exchange in exchanges:
                run.append(exchange)
        with RunDir.open(tmp_path / "run") as run:
            return assess(summarise(judge_run(run)))

    return make


@pytest.mark.parametrize(
    ("feature", "status"),
    [
        pytest.param(feature, status, marks=[] if status == 400 or (at + place) % 4 == 0 else pytest.mark.slow)
        for at, feature in enumerate(NAMED)
        for place, status in enumerate((400, 404, 422, 500, 501, 503))
    ],
)
def test_a_host_that_refuses_a_feature_does_not_offer_it(judged: Make, feature: Feature, status: int) -> None:
    """It is not said to call tools less often, nor to fail requests; the reader decides whether the feature matters."""
    if (feature, status) == (Feature.LIMITS, 404):
        pytest.skip("404 is about a path or a model")
    if feature is Feature.LIMITS and status in (500, 503):
        pytest.skip("a limit that a server cannot bear is no feature")
    summary = judged(Refusing(feature, NAMED[feature], status))
    host = summary.providers["host"]
    name = feature.value.replace("-", " ")
    assert set(host.not_offered) == {feature}
    assert host.metrics["success_rate"].value == 1.0
    assert host.assessment.recommendation is Recommendation.UNDECIDED
    assert host.assessment.reasons[0].code is ReasonCode.NOT_OFFERED
    assert next(one for one in ranked(summary) if one.name == "host").reason == f"does not offer {name}"
    sentence = summary_sentence(host)
    assert sentence.startswith(f"It does not offer {name}: it refused all {host.not_offered[feature]} requests")
    assert "less often" not in sentence


@pytest.mark.parametrize(
    "words",
    [
        "Internal server error",
        "The service is not available.",
        "upstream error: tool worker is not available, try again later",
        "The model does not support this request.",
        "",
    ],
)
def test_a_server_error_without_such_words_is_a_server_error(judged: Make, words: str) -> None:
    """It says nothing of tools, or that they come back: the requests are lost, and nothing is said of the feature."""
    host = judged(Refusing(Feature.TOOLS, words, 503)).providers["host"]
    assert not host.not_offered
    assert set(host.failures) == {"server-error"}


@pytest.mark.parametrize(
    "words",
    [
        "'tools' is not supported by this deployment",
        "function calling is currently not enabled for this model",
        "this backend can't use tools: unsupported",
        "Tool use isn't available: the server was started without a tool parser, tools are disabled",
    ],
)
def test_a_server_error_in_clear_words_is_a_refusal(judged: Make, words: str) -> None:
    """500 and 503 are the wrong status for it; the words say that the host does not offer tools."""
    host = judged(Refusing(Feature.TOOLS, words, 500)).providers["host"]
    assert set(host.not_offered) == {Feature.TOOLS}
    assert host.assessment.reasons[0].code is ReasonCode.NOT_OFFERED
    assert not host.failures


def test_a_feature_that_is_refused_at_times_is_offered(judged: Make) -> None:
    """One answered request shows that it is there: the refusals of the others are failures."""
    host = judged(Refusing(Feature.TOOLS, NAMED[Feature.TOOLS], spared=1)).providers["host"]
    assert not host.not_offered
    assert (host.metrics["success_rate"].value or 0) < 1


def test_a_refusal_without_a_reason_stays_a_fault(judged: Make) -> None:
    """The feature is not offered, and the message that does not say so breaks a requirement."""
    host = judged(Refusing(Feature.TOOLS, "Bad request.")).providers["host"]
    assert set(host.not_offered) == {Feature.TOOLS}
    assert host.assessment.recommendation is Recommendation.AVOID
    assert {found.check for found in host.findings} >= {"request-accepted"}


@pytest.mark.parametrize(
    ("words", "codes"), [(NAMED[Feature.TOOLS], {Feature.TOOLS}), ("Bad request.", set())], ids=["words", "no words"]
)
def test_where_every_case_has_tools_the_words_decide(judged: Make, words: str, codes: set[Feature]) -> None:
    """There is no request without tools to compare with, so a refusal that names nothing may be about anything."""
    host = judged(Refusing(Feature.TOOLS, words), kinds=("tools",)).providers["host"]
    assert set(host.not_offered) == codes


def _answer(message: dict[str, Any], finish: str = "stop") -> str:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


UNJUDGEABLE = {
    "empty body": "",
    "malformed": "<html>no JSON</html>",
    "no choice": '{"choices": []}',
    "null": _answer({"content": None}),
    "blank": _answer({"content": " "}),
    "refusal": _answer({"content": None, "refusal": "No."}),
    "filter": _answer({"content": ""}, "content_filter"),
    "other kind": '{"object": "list", "data": []}',
}


@pytest.mark.parametrize("body", UNJUDGEABLE.values(), ids=UNJUDGEABLE)
def test_nothing_is_compared_with_a_reference_that_cannot_be_judged(
    tmp_path: Path, make_case: Make, make_provider: Make, make_exchange: Make, say: Make, body: str
) -> None:
    """It is named in the limits, the others are not compared with it, and none gets a ✓."""
    request = {"messages": [{"role": "user", "content": "Hi."}]}
    cases = [make_case(f"c{at:02}", checks={}, request=request) for at in range(CASES)]
    providers = [make_provider("host"), make_provider("ref", Role.REFERENCE)]
    manifest = Manifest(
        "0.1.0", 7, 1, 2, (SuiteRecord("s", "d" * 64, CASES),), tuple(providers), "2026-01-01T00:00:00+00:00"
    )
    with RunDir.create(tmp_path / "run", manifest, cases) as run:
        for case in cases:
            run.append(make_exchange(case, providers[0], say("Hello.")))
            for repeat in range(2):
                run.append(make_exchange(case, providers[1], body.encode(), repeat=repeat))
    with RunDir.open(tmp_path / "run") as run:
        summary = assess(summarise(judge_run(run)))
    assert LimitCode.REFERENCE_UNJUDGEABLE in {limit.code for limit in summary.limits}
    host = summary.providers["host"].assessment
    assert host.recommendation is Recommendation.UNDECIDED
    assert host.reasons[0].code is ReasonCode.REFERENCE_NOT_COMPARED
    assert "✓" not in {one.mark for one in ranked(summary)}
    assert exit_code(summary) is ExitCode.INCONCLUSIVE


def _observed(case: str, status: int, *outcomes: Outcome, api: str = "messages") -> Observation:
    findings = tuple(Finding("request-accepted", one, Severity.MUST) for one in outcomes)
    return Observation(
        f"{api} {case}", "host", "s", f"s/{case}", 0, Mode.PLAIN, 1, status == 200, status == 200, True,
        status=status, findings=findings, api=api,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "outcome", "offered"),
    [
        (404, Outcome.UNSUPPORTED, False),
        (501, Outcome.UNSUPPORTED, False),
        (404, Outcome.FAIL, True),  # in unclear words
        (200, Outcome.PASS, True),
    ],
)
def test_one_clean_refusal_of_an_optional_endpoint_says_that_it_is_not_offered(
    make_case: Make, status: int, outcome: Outcome, offered: bool
) -> None:
    """Clients do without it, so its refusal in clear words is no lost request; any other one is."""
    cases = {
        "s/said": make_case("said", api="messages"),
        "s/counted": make_case("counted", api="count-tokens"),
    }
    seen = [_observed("said", 200, Outcome.PASS), _observed("counted", status, outcome, api="count-tokens")]
    marked = mark_not_offered(seen, cases)
    assert [one.not_offered for one in marked] == [None, None if offered else Feature.COUNTS]
