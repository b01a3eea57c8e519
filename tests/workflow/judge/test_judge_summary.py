"""The summary of a recorded run: valid by its schema, the same bytes for the same record, and true."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from trueweight.assess import Bar, Rule, assess, judge_against
from trueweight.core import Case, ConfigError, Exchange, FailureKind, Role
from trueweight.core.assessment import ReasonCode
from trueweight.core.schemas import load_schema, summary_schema
from trueweight.core.summary import Summary
from trueweight.core.summary_json import decode_summary, encode_summary
from trueweight.report.words import summary_sentence
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.workflow.judge import judge_run, summarise

Make = Callable[..., Any]
CASES = 24
MARKUP = '<tool_call>{"name": "weather", "arguments": {"city": "Paris"}}</tool_call>'


@pytest.fixture
def record(tmp_path: Path, make_case: Make, make_provider: Make, make_exchange: Make, say: Make, call: Make) -> Make:
    """Record a run of a reference, a twin, one that leaks half of its calls, one that is mostly unreachable."""

    def make(name: str = "run", *, order: int | None = None, reference: bool = True, dead: bool = False) -> Path:
        expects = {"tool-call-expected": {"call": "must"}}
        cases: list[Case] = [make_case(f"c{i:02}", checks=expects) for i in range(CASES)]
        names = ["twin", "leaky", "absent"]
        providers = [make_provider(n) for n in names]
        if reference:
            providers.append(make_provider("ref", Role.REFERENCE))
        good, leak = say(calls=[call()], finish="tool_calls"), say(MARKUP)
        exchanges: list[Exchange] = []
        for i, case in enumerate(cases):
            for provider in providers:
                body = leak if provider.name == "leaky" and i % 2 else good
                lost = FailureKind.RESET if provider.name == "absent" and (dead or i % 4) else None
                for repeat in range(2 if provider.name == "ref" else 1):
                    exchanges.append(make_exchange(case, provider, body, repeat=repeat, lost=lost))
        if order is not None:
            random.Random(order).shuffle(exchanges)
        suites = (SuiteRecord("s", "d" * 64, CASES),)
        manifest = Manifest("0.1.0", 7, 1, 2, suites, tuple(providers), "2026-01-01T00:00:00+00:00")
        with RunDir.create(tmp_path / name, manifest, cases) as run:
            for exchange in exchanges:
                run.append(exchange)
        return tmp_path / name

    return make


def typed(path: Path) -> Summary:
    """Judge, summarise and assess."""
    with RunDir.open(path) as run:
        return assess(summarise(judge_run(run)))


def summary_of(path: Path) -> dict[str, Any]:
    """The plain values of ``summary.json``."""
    value: dict[str, Any] = json.loads(encode_summary(typed(path)))
    return value


def said(path: Path) -> dict[str, str]:
    """The sentence of each provider."""
    return {name: summary_sentence(one) for name, one in typed(path).providers.items()}


def validate(value: dict[str, Any]) -> None:
    """By the published schema."""
    schema = load_schema("summary")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(value)


@pytest.mark.slow
def test_a_summary_is_valid_by_its_schema(record: Make) -> None:
    """With and without a reference, with a bar and without; a bare number in place of an estimate is refused."""
    summary = typed(record())
    validate(summary_of(record("other")))
    barred = assess(summary, judge_against(Bar((Rule("schema_accuracy", at_least=0.9),)), summary))
    validate(json.loads(encode_summary(barred)))
    validate(summary_of(record("alone", reference=False)))
    value = json.loads(encode_summary(summary))
    for broken in ({**value, "cases": 1}, {**value, "self_agreement": {"x": 0.5}}):
        with pytest.raises(jsonschema.ValidationError):
            validate(broken)
        with pytest.raises(msgspec.ValidationError):
            decode_summary(json.dumps(broken))


def test_what_was_written_is_read_again(record: Make) -> None:
    """Decoding gives the classes that were encoded; the bytes are ASCII with sorted keys."""
    summary = typed(record())
    data = encode_summary(summary)
    assert decode_summary(data) == summary
    assert data.isascii()
    json.loads(data, object_pairs_hook=sorted_keys)


def sorted_keys(pairs: list[tuple[str, Any]]) -> None:
    """Hold that the keys of an object are in order."""
    keys = [key for key, _ in pairs]
    assert keys == sorted(keys)


def test_half_of_a_surrogate_pair_is_replaced(record: Make) -> None:
    """A reply may hold one, which no JSON text can: U+FFFD stands in its place, and the rest is unchanged."""
    summary = typed(record())
    run = msgspec.structs.replace(summary.run, tool_version="a\ud800é")
    data = encode_summary(msgspec.structs.replace(summary, run=run))
    found = decode_summary(data)
    assert found.run.tool_version == "a\ufffdé"
    assert msgspec.structs.replace(found, run=summary.run) == summary
    assert decode_summary(data.replace(b"\\ufffd", b"\\ud800")) == found  # as another writer might write it


@pytest.mark.parametrize("text", ["", "{", '{"format": "trueweight.summary/2", "seed": NaN, "x": "\\ud800"}'])
def test_what_is_no_json_is_refused(text: str) -> None:
    """By one kind of error."""
    with pytest.raises(ValueError):
        decode_summary(text)


def test_the_published_schema_is_made_from_the_classes() -> None:
    """The file that other tools read says what the classes say."""
    assert load_schema("summary") == json.loads(json.dumps(summary_schema()))


def test_the_same_record_gives_the_same_bytes(record: Make, tmp_path: Path) -> None:
    """A copied directory and another order of the same exchanges give the same summary, byte for byte."""
    path = record(order=1)
    shutil.copytree(path, tmp_path / "copy")
    texts = {encode_summary(typed(p)) for p in (path, tmp_path / "copy", record("other", order=2))}
    assert len(texts) == 1
    assert texts.pop().endswith(b"}\n")


def test_a_flaky_provider_is_named_by_its_first_attempts(
    tmp_path: Path, make_case: Make, make_provider: Make, make_exchange: Make, say: Make
) -> None:
    """Retries hide failures from the final rate; the sentence does not."""
    cases, provider = [make_case(f"c{i}") for i in range(10)], make_provider("p")
    suites = (SuiteRecord("s", "d" * 64, len(cases)),)
    manifest = Manifest("0.1.0", 7, 1, 2, suites, (provider,), "2026-01-01T00:00:00+00:00")
    with RunDir.create(tmp_path / "run", manifest, cases) as run:
        for i, case in enumerate(cases):
            lost = FailureKind.RESET if i == 9 else None
            run.append(make_exchange(case, provider, say("hello"), retries=int(i < 3), lost=lost))
    sentence = said(tmp_path / "run")["p"]
    assert sentence.startswith("40% of 10 first attempts failed; 10% failed after retries too (reset 1).")


def test_what_is_wrong_is_said_in_one_sentence_each(record: Make) -> None:
    """The sentence comes from what was found, not from a name: markup, failures, and nothing."""
    sentences = said(record())
    assert sentences["leaky"].startswith("Tool calls leak into the text as markup in 12 of 12 cases.")
    assert sentences["absent"] == "18 of 24 requests failed (reset 18)."
    few = "Too few to say: in 24 cases a fault of 10 points can pass unseen; one of 30 points would probably be found."
    assert sentences["twin"] == few
    few = "Nothing found wrong with the reference in 24 cases, too few to show that nothing is."
    assert sentences["ref"] == few


def test_a_provider_that_never_answers_says_so_and_has_no_numbers(record: Make) -> None:
    """All requests reset: one sentence, success 0 with an upper limit, every other share without a value."""
    path = record(dead=True)
    dead = summary_of(path)["providers"]["absent"]
    assert said(path)["absent"] == "No answer arrived: all 24 requests failed (reset 24)."
    assert dead["metrics"]["success_rate"]["value"] == 0
    assert dead["metrics"]["success_rate"]["high"] == pytest.approx(1 - 0.05 ** (1 / 24), rel=1e-5)
    assert dead["metrics"]["schema_accuracy"] == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "of": 24,
        "unit": "proportion",
        "method": "n/a",
        "missing": {"reset": 24},
        "note": "no trial counts: rests on 0 of 24 trials (reset 24)",
    }


def test_cells_tell_failure_from_transport(record: Make) -> None:
    """A leak is a failure, a reset is transport; a cell counts what it judged and what it lost."""
    rows = {row["case"]: row["cells"] for row in summary_of(record())["cases"]}
    assert rows["s/c01"]["leaky"]["plain"]["outcome"] == "fail"
    assert "markers-in-content" in rows["s/c01"]["leaky"]["plain"]["fails"]
    assert rows["s/c00"]["leaky"]["plain"]["outcome"] == "pass"
    lost = rows["s/c01"]["absent"]["plain"]
    assert (lost["outcome"], lost.get("passed"), lost.get("of"), lost["lost"]) == ("transport", None, None, 1)
    assert rows["s/c01"]["ref"]["plain"]["of"] == 2


def test_counts_and_trials_add_up(record: Make) -> None:
    """Planned trials are cases × repeats, twice for the reference; failures are counted by kind."""
    summary = summary_of(record())
    assert summary["run"]["trials"] == {"planned": 5 * CASES, "recorded": 5 * CASES}
    assert summary["run"]["finished_at"] == "2026-01-01T00:00:00.020000+00:00"
    absent = summary["providers"]["absent"]
    assert (absent["counts"]["trials"], absent["counts"]["arrived"], absent["failures"]) == (24, 6, {"reset": 18})
    assert summary["self_agreement"]["tool_call_f1"]["value"] == 1.0


def test_a_leak_is_below_the_self_agreement(record: Make) -> None:
    """Half of the calls are gone: recall ½, F1 ⅔, and the paired difference lies below 0 after Holm."""
    leaky = summary_of(record())["providers"]["leaky"]
    assert leaky["metrics"]["tool_call_recall"]["value"] == 0.5
    assert leaky["metrics"]["tool_call_f1"]["value"] == pytest.approx(2 / 3, rel=1e-5)
    versus = leaky["versus_reference"]["tool_call_f1"]
    assert versus["high"] < 0
    assert versus["p_holm"] < 0.05
    assert leaky["metrics"]["schema_accuracy"]["value"] == 1.0


def test_without_a_reference_comparisons_are_not_applicable(record: Make) -> None:
    """Every comparison is null with the reason, and the sentence does not speak of a reference."""
    path = record(reference=False)
    summary = summary_of(path)
    assert summary["run"]["reference"] is None
    twin = summary["providers"]["twin"]
    assert {found["note"] for found in twin["versus_reference"].values()} == {"the run has no reference"}
    assert said(path)["twin"] == "Too few to say: in 24 cases a fault of 10 points can pass unseen."


def test_what_the_reference_fails_too_is_marked(
    tmp_path: Path, make_case: Make, make_provider: Make, make_exchange: Make, say: Make
) -> None:
    """Both leak on the same case: the candidate's finding says so and its sentence does not blame it."""
    case = make_case("c")
    providers = (make_provider("p"), make_provider("ref", Role.REFERENCE))
    manifest = Manifest("0", 1, 1, 1, (), providers, "2026-01-01T00:00:00+00:00")
    with RunDir.create(tmp_path / "r", manifest, [case]) as run:
        for provider in providers:
            run.append(make_exchange(case, provider, say(MARKUP)))
    found = typed(tmp_path / "r").providers
    finding = found["p"].findings[0]
    assert (finding.reference_fails, finding.shared) == (1, True)
    assert [one.code for one in found["p"].assessment.observations] == [ReasonCode.SHARED_FAILURES]
    assert said(tmp_path / "r")["p"].startswith("What fails, the reference fails too")
    assert found["ref"].findings[0].reference_fails is None


def test_a_missing_run_is_a_config_error(tmp_path: Path) -> None:
    """Nothing to judge: the error names the directory."""
    with pytest.raises(ConfigError, match="no such directory"):
        summary_of(tmp_path / "none")
