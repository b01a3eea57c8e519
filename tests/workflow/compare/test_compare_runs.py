"""Comparing two runs: paired, corrected, and silent where nothing changed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace as with_fields
from typing import Any

import numpy as np
import pytest
import scipy  # its `stats` takes a second to import: where it is used, and not in each worker
from msgspec.structs import replace
from rich.console import Console

from trueweight.core import (
    Case,
    ConfigError,
    Finding,
    Finish,
    Mode,
    Observation,
    Outcome,
    Provider,
    Role,
    Severity,
    Timing,
)
from trueweight.core.run_comparison import Change, SignificantChange
from trueweight.report import comparison_json, comparison_markdown
from trueweight.report.comparison import headline
from trueweight.report.page.comparison import comparison_page
from trueweight.report.terminal import print_comparison
from trueweight.store import Manifest
from trueweight.workflow.compare import compare, pairing
from trueweight.workflow.judge import Judgement
from trueweight.workflow.judge.observation_table import ObservationTable

TOOLS = {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}


def _case(number: int, text: str = "Hi") -> Case:
    return Case(
        "s", f"c{number:03}", {"messages": [{"role": "user", "content": text}], **TOOLS}, severity=Severity.MUST
    )


def run(
    failing: frozenset[int] = frozenset(),
    *,
    count: int = 60,
    ms: int = 200,
    names: tuple[str, ...] = ("ref", "cand"),
    changed: frozenset[int] = frozenset(),
    lost: frozenset[int] = frozenset(),
) -> Judgement:
    """A run in which ``cand`` fails some cases, and takes about ``ms``."""
    cases = [_case(i, "Other" if i in changed else "Hi") for i in range(count)]
    providers = tuple(
        Provider(name, "http://127.0.0.1:9/v1", "m", Role.REFERENCE if name == "ref" else Role.CANDIDATE)
        for name in names
    )
    manifest = Manifest("0", 1, 1, 2, (), providers, "2026-11-22T14:00:00.000000+00:00")
    seen = [
        _seen(case, i, name, repeat, mode, failing if name == "cand" else frozenset(), ms, lost)
        for name in names
        for i, case in enumerate(cases)
        for repeat in range(2 if name == "ref" else 1)
        for mode in case.modes
    ]
    return Judgement(manifest, {case.key: case for case in cases}, tuple(seen))


def _seen(
    case: Case, i: int, name: str, repeat: int, mode: Mode, failing: frozenset[int], ms: int, lost: frozenset[int]
) -> Observation:
    outcome = Outcome.FAIL if i in failing else Outcome.PASS
    gone = name == "cand" and i in lost
    base: dict[str, Any] = {"attempts": 1, "first_ok": not gone, "ok": not gone, "arrived": not gone}
    if gone:
        return Observation(f"{name}{i}{repeat}{mode}", name, "s", case.key, repeat, mode, **base)
    nanoseconds = (ms + (i * 7919) % 37) * 1_000_000
    return Observation(
        f"{name}{i}{repeat}{mode}", name, "s", case.key, repeat, mode, **base,
        called=i not in failing, calls_valid=None if i in failing else True, expects_call=True,
        finish=Finish.CALLS, timing=Timing(ttft=nanoseconds, service=2 * nanoseconds),
        findings=(Finding("tool-call-expected", outcome, Severity.MUST),),
    )  # fmt: skip


def test_a_run_compared_with_itself_has_no_change() -> None:
    """No metric, no cell, and the sentence says so."""
    found = compare(run(frozenset({1, 2})), run(frozenset({1, 2})))
    assert found.significant == ()
    assert headline(found) == "Nothing significant changed."
    assert all(not cells for _, cells in found.providers["cand"].flips())


def test_many_new_failures_are_significant_and_listed() -> None:
    """Fifteen of sixty cases lost: worse beyond chance, each named with the check it fails."""
    found = compare(run(), run(frozenset(range(15))))
    assert SignificantChange(provider="cand", metric="must_pass_rate", change=Change.WORSE) in found.significant
    assert len(found.providers["cand"].new_failures) == 30
    assert found.providers["cand"].new_failures[0].fails == ("tool-call-expected",)
    assert found.providers["ref"].new_failures == ()
    estimate = found.providers["cand"].metrics["must_pass_rate"].difference
    assert estimate.value == -0.25
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < estimate.value < estimate.high < 0


def test_the_same_the_other_way_round_is_fixed_and_better() -> None:
    """Direction is before → after."""
    found = compare(run(frozenset(range(15))), run())
    assert SignificantChange(provider="cand", metric="must_pass_rate", change=Change.BETTER) in found.significant
    assert len(found.providers["cand"].fixed) == 30


def test_the_trigger_score_is_compared_against_one_and_the_same_reference() -> None:
    """Calls that vanished pull F1 down in this comparison; the reference, unchanged, stays where it was."""
    found = compare(run(), run(frozenset(range(15))))
    assert (found.providers["cand"].metrics["tool_call_f1"].difference.value or 0.0) < -0.1
    assert found.providers["ref"].metrics["tool_call_f1"].difference.value == 0


def test_the_change_of_the_trigger_score_is_after_less_before() -> None:
    """Both are scored against the old reference, also where the reference changed and answers are missing."""
    before, after = run(frozenset({3}), lost=frozenset({50})), run(frozenset(range(10)), lost=frozenset({51, 52}))
    shifted = tuple(
        replace(seen, called=False, calls_valid=None) if seen.provider == "ref" and int(seen.case[-3:]) < 30 else seen
        for seen in after.observations
    )
    changed = Judgement(after.manifest, after.cases, shifted)
    for later in (after, changed):
        found = compare(before, later).providers["cand"].metrics["tool_call_f1"]
        assert found.after.value is not None
        assert found.before.value is not None
        assert found.difference.value == pytest.approx(found.after.value - found.before.value, abs=2e-6)
        assert found.after.value < found.before.value


@pytest.mark.slow
def test_two_runs_of_one_healthy_fleet_rarely_differ() -> None:
    """Each trial fails by chance with the rate of its case: "worse" in at most 5% of comparisons, by simulation."""
    runs, worse = 25, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        rates = rng.beta(1.0, 0.15 + 0.2 * (seed % 3), 40)
        before, after = (_healthy(rng, rates) for _ in range(2))
        worse += any(one.change is Change.WORSE for one in compare(before, after).significant)
    assert scipy.stats.binomtest(worse, runs, 0.05, alternative="greater").pvalue > 0.01


def _healthy(rng: np.random.Generator, rates: np.ndarray[Any, Any]) -> Judgement:
    """A run of four hosts whose trials pass with the rates of their cases, with times that spread."""
    drawn = run(count=len(rates), names=("ref", "one", "two", "cand"))
    seen = []
    for one in drawn.observations:
        passes = bool(rng.random() < rates[int(one.case[-3:])])
        nanoseconds = int(2e8 * rng.lognormal(0, 0.6))
        outcome = Outcome.PASS if passes else Outcome.FAIL
        seen.append(
            replace(
                one,
                called=passes,
                calls_valid=True if passes else None,
                timing=Timing(ttft=nanoseconds, service=2 * nanoseconds),
                findings=(Finding("tool-call-expected", outcome, Severity.MUST),),
            )
        )
    return Judgement(drawn.manifest, drawn.cases, tuple(seen))


def test_two_flips_are_listed_and_called_chance() -> None:
    """One case gone wrong is shown, and is not called a change."""
    found = compare(run(), run(frozenset({7})))
    assert found.significant == ()
    assert "2 cells of the matrix changed outcome, no more than chance explains" in headline(found)


def test_a_significant_millisecond_is_no_change_and_a_half_is() -> None:
    """Times count beyond a tenth: two runs meet different load."""
    assert compare(run(ms=200), run(ms=204)).significant == ()
    slower = compare(run(ms=200), run(ms=300)).significant
    assert SignificantChange(provider="cand", metric="ttft", change=Change.WORSE) in slower


def test_lost_answers_are_lost_and_not_failures() -> None:
    """A request that never arrived says nothing of the model, and is not dropped either."""
    found = compare(run(), run(lost=frozenset(range(20))))
    assert len(found.providers["cand"].lost) == 40
    assert not any(cell.fails for cell in found.providers["cand"].lost)
    assert found.providers["cand"].new_failures == ()
    assert SignificantChange(provider="cand", metric="success_rate", change=Change.WORSE) in found.significant


def test_a_changed_request_is_left_out_and_said() -> None:
    """Only what both runs asked alike is compared; the rest is named."""
    found = compare(run(count=62), run(frozenset({0, 1}), changed=frozenset({0, 1})))
    assert found.cases.both == 58
    assert found.cases.changed == ("s/c000", "s/c001")
    assert found.cases.only_before == ("s/c060", "s/c061")
    assert found.providers["cand"].new_failures == ()
    text = comparison_markdown(found)
    assert "2 cases have another request in the second run" in text


def test_providers_of_one_run_only_are_named() -> None:
    """A provider that came or went is not compared and not forgotten."""
    found = compare(run(names=("ref", "cand", "gone")), run(names=("ref", "cand", "came")))
    assert (found.only_before, found.only_after) == (("gone",), ("came",))


@pytest.mark.parametrize("other", [run(names=("x", "y")), run(changed=frozenset(range(60)))])
def test_runs_with_nothing_in_common_are_refused(other: Judgement) -> None:
    """There is nothing to pair, and that is an error and no all-clear."""
    with pytest.raises(ConfigError) as caught:
        compare(run(), other)
    assert caught.value.code == "compare-nothing"


def test_hostile_names_stay_text_in_markdown() -> None:
    """A provider's name cannot mention, link or break out of the table."""
    name = "<img src=x>|@all [a](http://x) `x`"
    text = comparison_markdown(compare(run(names=("ref", "cand", name)), run(names=("ref", "cand"))))
    assert "<img" not in text
    assert "@all" not in text


def test_the_page_has_what_changed_and_is_inert() -> None:
    """A deployment before and after: the sentence, the numbers with their interval, the cells; nothing of it acts."""
    page = comparison_page(compare(run(), run(frozenset(range(15)))))
    for words in ("Changed beyond chance", "100.0%", "75.0%", "−38.4 to −15.0", "▼ worse", "new failures"):
        assert words in page
    assert "<script" not in page
    assert "unsafe" not in page
    name = "<img src=x>{{7*7}}"
    hostile = comparison_page(compare(run(names=("ref", "cand", name)), run(frozenset(range(15)))))
    assert "<img" not in hostile
    assert "{{7*7}}" in hostile


def test_json_is_ascii_and_names_its_format() -> None:
    """A dashboard reads it; a terminal survives it."""
    text = comparison_json(compare(run(), run(frozenset({7}))))
    assert text.isascii()
    assert '"format": "trueweight.compare/1"' in text


def test_a_significant_change_is_written_with_its_interval_in_markdown_and_terminal() -> None:
    """Values before and after, the difference with its interval, and the direction: in points, and in milliseconds."""
    worse, slower = compare(run(), run(frozenset(range(15)))), compare(run(ms=200), run(ms=300))
    points = "| cand | MUST requirements held | 100.0% | 75.0% | −25.0 <sub>−38.4 to −15.0</sub> | ▼ worse |"
    assert points in comparison_markdown(worse)
    assert "| cand | TTFT, ms | 214 | 314 | +100 | ▼ worse |" in comparison_markdown(slower)
    screen = Console(width=80)
    with screen.capture() as captured:
        print_comparison(worse, screen)
    assert "▼ worse" in captured.get()
    assert "−38.4 to −15.0" in captured.get()


def test_every_change_is_after_less_before() -> None:
    """Of shares over the cases that both runs answered, also where answers are missing in either; of times it is the
    median of the cases' differences, and text and markdown say so where one changed."""
    before = run(frozenset(range(4)), lost=frozenset(range(50, 55)))
    after = run(frozenset(range(2, 12)), lost=frozenset(range(2, 5)))
    found = compare(before, after).providers["cand"].metrics
    shares = {name: one for name, one in found.items() if one.difference.unit == "difference"}
    assert {"must_pass_rate", "schema_accuracy", "success_rate", "tool_call_f1", "trigger_accuracy"} <= set(shares)
    for name, one in shares.items():
        assert one.before.value is not None
        assert one.after.value is not None
        assert one.difference.value == pytest.approx(one.after.value - one.before.value, abs=3e-6), name
    slower = compare(run(ms=200), run(ms=300))
    screen = Console(width=80)
    with screen.capture() as captured:
        print_comparison(slower, screen)
    words = "The change of a time is the median over cases of after − before."
    assert words in " ".join(captured.get().split())
    assert words in comparison_markdown(slower)
    assert words not in comparison_markdown(compare(run(), run(frozenset(range(15)))))


def test_observations_are_read_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may have a million of them: none is kept while the trials of both runs are laid out."""
    made: list[int] = []
    alive: list[int] = []

    class Counted(Observation, frozen=True, weakref=True, gc=True):
        pass

    class Rows(ObservationTable):
        def __getitem__(self, index: Any) -> Any:
            found = super().__getitem__(index)
            counted = Counted(*(getattr(found, name) for name in Observation.__struct_fields__))
            made.append(1)
            weakref.finalize(counted, made.pop)
            return counted

    tabulate: Callable[..., Any] = pairing.tabulate

    def counting(rows: Sequence[Observation], *arguments: Any) -> Any:
        alive.append(len(made))
        return tabulate(rows, *arguments)

    monkeypatch.setattr(pairing, "tabulate", counting)
    before, after = (with_fields(one, observations=Rows(one.observations)) for one in (run(), run(frozenset({1}))))
    assert compare(before, after) == compare(run(), run(frozenset({1})))
    assert len(alive) == 8
    assert max(alive) <= 1
