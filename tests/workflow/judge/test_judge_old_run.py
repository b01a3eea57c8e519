"""A run that version 0.1.0 recorded and judged: its record gives the same numbers, and its summary is still read."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trueweight.core import ConfigError, Estimate, Ruling
from trueweight.core.assessment import Assessment, ReasonCode, Recommendation
from trueweight.core.bar_outcome import RuleOutcome
from trueweight.core.summary import FORMAT, CaseSummary, Cell, ProviderSummary, Summary
from trueweight.core.summary_json import decode_summary, encode_summary
from trueweight.store import RunDir
from trueweight.workflow.finish import finish
from trueweight.workflow.summary_file import read_summary

OLD = Path(__file__).parent / "old_run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's directory, to be written into."""
    folder = tmp_path_factory.mktemp("old") / "run"
    shutil.copytree(OLD, folder)
    packed = folder / "exchanges.jsonl.gz"
    (folder / "exchanges.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    return folder


@pytest.fixture(scope="module")
def old() -> Summary:
    """The summary that version 0.1.0 wrote."""
    return read_summary(OLD / "summary.json")


@pytest.fixture(scope="module")
def new(run: Path) -> Summary:
    """The same record, judged now."""
    with RunDir.open(run, write=True) as opened:
        return finish(opened)


def numbers(found: Mapping[str, Estimate]) -> dict[str, tuple[Any, ...]]:
    """Estimates and what they rest on. Intervals and tests are better ones now: tests/statistics hold them."""
    return {
        name: (one.value, one.n, one.of, one.unit, sorted(one.missing.values()))
        for name, one in found.items()
        if name != "output_speed"  # then, it counted plain replies, whose only time includes the prompt's processing
    }


def counted(found: Mapping[str, Estimate]) -> dict[str, tuple[Any, ...]]:
    """What differences rest on. Their values differ: version 0.1.0 compared a candidate with both passes at once."""
    return {name: (one.n, one.of, one.unit) for name, one in found.items() if name != "output_speed"}


def as_before(cases: tuple[CaseSummary, ...]) -> tuple[CaseSummary, ...]:
    """Cases without the counts of the reference's second pass alone, which version 0.1.0 did not write."""

    def cell(one: Cell) -> Cell:
        return msgspec.structs.replace(one, second_pass=None)

    return tuple(
        msgspec.structs.replace(
            case, cells={p: {mode: cell(one) for mode, one in modes.items()} for p, modes in case.cells.items()}
        )
        for case in cases
    )


def of_old(now: Mapping[str, Estimate], old: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The metrics that version 0.1.0 had; others were added since."""
    return {name: one for name, one in now.items() if name in old}


def findings(provider: ProviderSummary) -> list[tuple[Any, ...]]:
    """What was counted of each failing check."""
    return [
        (one.check, one.severity, one.outcome, one.fails, one.of, one.cases, one.cases_judged, one.example, one.blame,
         one.reference_fails, None if one.rate is None else numbers({"": one.rate}))
        for one in provider.findings
    ]  # fmt: skip


def test_the_record_gives_the_numbers_that_it_gave(old: Summary, new: Summary) -> None:
    """Every estimate, count, finding, cell, distribution and time course."""
    assert numbers(of_old(new.self_agreement, old.self_agreement)) == numbers(old.self_agreement)
    assert as_before(new.cases) == old.cases
    assert new.run == old.run
    assert set(new.providers) == set(old.providers) == {"reference", "no-strict"}
    for name, before in old.providers.items():
        after = new.providers[name]
        assert numbers(of_old(after.metrics, before.metrics)) == numbers(before.metrics)
        assert counted(of_old(after.versus_reference, before.versus_reference)) == counted(before.versus_reference)
        assert findings(after) == findings(before)
        same = ("role", "model", "precision", "declared", "counts", "failures", "latency", "over_time", "drift")
        for field in same:
            assert getattr(after, field) == getattr(before, field), field


def test_the_same_is_decided(old: Summary, new: Summary) -> None:
    """Old numbers and new ones lead to one assessment; the bar's outcomes are those of the old verdicts."""
    verdicts = {
        name: one["verdict"] for name, one in json.loads((OLD / "summary.json").read_text())["providers"].items()
    }
    for name, verdict in verdicts.items():
        before, after = old.providers[name].assessment, new.providers[name].assessment
        assert without_bar(before) == without_bar(after)
        if verdict is None:
            assert after.bar is None
            continue
        assert before.bar is not None
        assert after.bar is not None
        assert after.bar.outcome == verdict["outcome"]
        assert [(r.rule, r.outcome) for r in before.bar.rules] == [
            (r["rule"], r["outcome"]) for r in verdict["reasons"]
        ]
        assert [(old_name(r), r.outcome) for r in after.bar.rules] == [(r.rule, r.outcome) for r in before.bar.rules]
        assert [r.message for r in before.bar.rules] == [r["message"] for r in verdict["reasons"]]
    found = new.providers["no-strict"].assessment
    assert (found.recommendation, found.bar and found.bar.outcome) == (Recommendation.AVOID, Ruling.FAIL)
    assert found.reasons[0].code is ReasonCode.BAR


def old_name(rule: RuleOutcome) -> str:
    """The rule as summaries of format 1 have it."""
    if rule.severity is not None:
        return f"at most {rule.at_most:g} failing {rule.severity.value} checks"
    return f"{rule.metric} ≥ {rule.at_least:g}"


def without_bar(assessment: Assessment) -> Assessment:
    """All but the rules: of format 1 only their sentences are known."""
    return msgspec.structs.replace(assessment, bar=None)


def test_what_format_1_does_not_say_stays_absent(old: Summary) -> None:
    """No reason for a blame, no code for a rule; and written again, it is a summary of format 2 like any other."""
    (first, *_) = old.providers["no-strict"].findings
    assert first.blame is not None
    assert first.blame_reason is None
    bar = old.providers["no-strict"].assessment.bar
    assert bar is not None
    assert {rule.code for rule in bar.rules} == {None}
    data = encode_summary(old)
    assert json.loads(data)["format"] == FORMAT
    assert decode_summary(data) == old


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "\\ud800\\u0041"])
def test_half_of_a_surrogate_pair_in_an_old_summary_is_replaced(tmp_path: Path, half: str, old: Summary) -> None:
    """Version 0.1.0 wrote a model's half pair as an escape: U+FFFD stands for it, in keys too, and the rest is read."""
    text = (OLD / "summary.json").read_text()
    message = old.providers["no-strict"].findings[0].message
    assert text.count(json.dumps(message))
    path = tmp_path / "summary.json"
    path.write_text(text.replace(json.dumps(message), f'"{half}"').replace('"no-strict"', f'"no-strict{half}"'))
    found = read_summary(path)
    shown = json.loads(f'"{half}"').encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert "\ufffd" in shown
    assert found.providers[f"no-strict{shown}"].findings[0].message == shown
    assert read_summary_again(tmp_path, found) == found


def read_summary_again(folder: Path, summary: Summary) -> Summary:
    """Written as format 2 and read."""
    path = folder / "again.json"
    path.write_bytes(encode_summary(summary))
    return read_summary(path)


@pytest.mark.parametrize(
    "breaking",
    [
        lambda value: value.pop("run"),
        lambda value: value["providers"]["no-strict"].pop("metrics"),
        lambda value: value["providers"].update({"no-strict": 7}),
        lambda value: value["providers"]["no-strict"]["counts"].update({"trials": "many"}),
        lambda value: value["run"].update({"reference": "nobody"}),
        lambda value: value["run"].update({"repeats": 0}),
        lambda value: value["noise_floor"].update({"ttft": 1.0}),
        lambda value: value.update({"format": "trueweight.summary/9"}),
    ],
)
def test_a_damaged_summary_is_refused(tmp_path: Path, breaking: Any) -> None:
    """A part that is missing or has a wrong type: one error, which names the file and the place."""
    value = json.loads((OLD / "summary.json").read_text())
    breaking(value)
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(value))
    with pytest.raises(ConfigError, match="not a summary") as caught:
        read_summary(path)
    assert (caught.value.code, caught.value.where) == ("summary-invalid", str(path))
