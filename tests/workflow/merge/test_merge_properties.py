"""Merging is a union by trial id: no order, repetition or grouping changes a byte; what does not fit is refused."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shards import PROVIDERS, answered, manifest, plan, record_of, write

from trueweight.core import ConfigError, Exchange, FailureKind, Provider, Shard, ThinkingMode, parse_shard
from trueweight.core.note import Note, NoteCode
from trueweight.core.shard import WHOLE, join
from trueweight.core.thinking import ThinkingControl
from trueweight.plan import make_plan, take_shard
from trueweight.store import RunDir, merge
from trueweight.workflow.finish import finish

EVERYTHING = tuple(answered(trial, when) for when, trial in enumerate(plan().trials))
SHARDS = tuple(Shard(k, n) for n in (1, 2, 3, 4) for k in range(1, n + 1))


def of_shard(shard: Shard, cut: frozenset[int] = frozenset()) -> list[Exchange]:
    """A shard's records; those at the places in ``cut`` were cut short by an interrupt."""
    trials = plan().trials
    return [
        answered(trials[place], place, FailureKind.INTERRUPTED) if place in cut else EVERYTHING[place]
        for place in range(len(trials))
        if shard.holds(trials[place].id)
    ]


class Bench:
    """Makes runs in a temporary folder and merges them."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._stack = stack
        self._count = 0

    def _path(self) -> Path:
        self._count += 1
        return self.folder / f"run{self._count}"

    def run(self, shard: Shard, cut: frozenset[int], minute: int) -> RunDir:
        started = f"2026-01-02T02:{minute:02}:00.000000+00:00"
        run = write(self._path(), of_shard(shard, cut), [shard], started_at=started, host={"cpus": minute % 3})
        return self._stack.enter_context(run)

    def merge(self, runs: Sequence[RunDir]) -> RunDir:
        path = self._path()
        merge(runs, path).close()
        return self._stack.enter_context(RunDir.open(path))


parts = st.tuples(st.sampled_from(SHARDS), st.frozensets(st.integers(0, 35), max_size=4), st.integers(0, 9))


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(parts, min_size=1, max_size=4), st.randoms())
def test_merging_is_commutative_associative_and_idempotent(
    chosen: list[tuple[Shard, frozenset[int], int]], random
) -> None:  # type: ignore[no-untyped-def]
    """In any order, in any grouping, with anything given twice: the same manifest, cases and exchanges, to the byte."""
    with ExitStack() as stack:
        bench = Bench(stack)
        runs = [bench.run(*one) for one in chosen]
        whole = record_of(bench.merge(runs).path)
        shuffled = [*runs, random.choice(runs)]
        random.shuffle(shuffled)
        assert record_of(bench.merge(shuffled).path) == whole
        step = runs[0]
        for run in runs[1:]:
            step = bench.merge([run, step])
        again = bench.merge([step])
        assert record_of(again.path) == whole
        assert record_of(bench.merge([again, random.choice(runs)]).path) == whole


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_the_merged_summary_is_the_unsharded_one_to_the_byte(
    made: Callable[..., RunDir], tmp_path: Path, count: int
) -> None:
    """Cut by ``--shard`` and merged again: the same summary.json, and no trace of shards in the manifest."""
    with made(tmp_path / "whole", EVERYTHING) as whole:
        finish(whole)
    shards = [Shard(k, count) for k in range(1, count + 1)]
    runs = [made(tmp_path / f"s{shard.number}", of_shard(shard), [shard]) for shard in reversed(shards)]
    with merge(runs, tmp_path / "merged") as merged:
        finish(merged)
    read = [(tmp_path / name / "summary.json").read_bytes() for name in ("whole", "merged")]
    assert read[0] == read[1]
    assert (tmp_path / "merged" / "manifest.json").read_bytes() == (tmp_path / "whole" / "manifest.json").read_bytes()


def test_missing_shards_are_said(made: Callable[..., RunDir], tmp_path: Path) -> None:
    """Two of three: the summary says that it is of two thirds."""
    runs = [made(tmp_path / f"s{k}", of_shard(Shard(k, 3)), [Shard(k, 3)]) for k in (1, 3)]
    with merge(runs, tmp_path / "merged") as merged:
        notes = finish(merged).run.notes
    assert notes == (Note(code=NoteCode.PART_OF_RUN, share="2/3"),)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 8}, "has the seed 8, not 7"),
        ({"tool_version": "9"}, "another version of trueweight"),
        ({"repeats": 2}, "another number of repeats"),
        ({"passes": 3}, "another number of passes of the reference"),
        ({"suites": ()}, "other suites"),
        ({"providers": (PROVIDERS[0],)}, "other providers"),
        ({"bar_digest": "f" * 64}, "another bar"),
    ],
)
def test_another_plan_is_refused_with_the_reason(
    made: Callable[..., RunDir], tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    """Nothing is written, and the sentence says what differs."""
    runs = [made(tmp_path / "a", EVERYTHING), made(tmp_path / "b", (), **changes)]
    with pytest.raises(ConfigError, match=words):
        merge(runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def knowing(off: object) -> tuple[Provider, ...]:
    """The providers, of which a shard's probe saw what switches the candidate's thinking off; or not, for None."""
    return (PROVIDERS[0], dataclasses.replace(PROVIDERS[1], thinking=ThinkingControl(off=off)))


@pytest.mark.parametrize("seen", [({}, None), (None, {"think": False}), ({"think": False}, {"a": 1})])
def test_a_probe_that_saw_less_of_a_switch_that_no_request_uses_changes_nothing(
    made: Callable[..., RunDir], tmp_path: Path, seen: Sequence[object]
) -> None:
    """Shards whose probes differ are merged, in any order to the same bytes, and what one of them knows is kept."""
    shards = [Shard(k, 2) for k in (1, 2)]
    runs = [
        made(tmp_path / f"s{shard.number}", of_shard(shard), [shard], providers=knowing(off))
        for shard, off in zip(shards, seen, strict=True)
    ]
    orders = {"there": runs, "back": runs[::-1]}
    found = []
    for name, order in orders.items():
        merge(order, tmp_path / name).close()
        found.append(record_of(tmp_path / name))
    assert found[0] == found[1]
    with RunDir.open(tmp_path / "there") as merged:
        assert merged.manifest.providers[1].thinking.off in [one for one in seen if one is not None]


def test_shards_that_switch_thinking_by_other_fields_are_refused(made: Callable[..., RunDir], tmp_path: Path) -> None:
    """Their requests differ; the error says what makes the shards alike."""
    asked = {"thinking": (ThinkingMode.OFF,)}
    runs = [made(tmp_path / f"s{n}", (), providers=knowing({"think": n}), **asked) for n in (1, 2)]
    with pytest.raises(ConfigError, match="thinking of a provider by other fields") as caught:
        merge(runs, tmp_path / "out")
    assert "--probe-from" in str(caught.value.hint)
    assert not (tmp_path / "out").exists()


def test_two_different_answers_to_one_trial_are_a_conflict(made: Callable[..., RunDir], tmp_path: Path) -> None:
    """The error names the trial and its provider; the same exchange twice is no conflict."""
    other = [*EVERYTHING[1:], answered(plan().trials[0], 59)]
    with pytest.raises(ConfigError, match="two different exchanges of trial") as caught:
        merge([made(tmp_path / "a", EVERYTHING), made(tmp_path / "b", other)], tmp_path / "out")
    assert plan().trials[0].case.key in str(caught.value)


def test_a_record_that_is_not_of_the_plan_is_refused(made: Callable[..., RunDir], tmp_path: Path) -> None:
    """A crafted or mixed-up run brings nothing in under a known name."""
    strange = make_plan([plan().trials[0].case], [Provider("cand", "http://evil/v1", "m")])
    runs = [made(tmp_path / "a", EVERYTHING), made(tmp_path / "b", [answered(strange.trials[0], 1)])]
    with pytest.raises(ConfigError, match="not in this run's plan"):
        merge(runs, tmp_path / "out")


def test_a_run_is_never_merged_over(made: Callable[..., RunDir], tmp_path: Path) -> None:
    """An output that is a run already stays as it is."""
    run = made(tmp_path / "a", EVERYTHING)
    before = record_of(tmp_path / "a")
    with pytest.raises(ConfigError, match="this directory already has a run"):
        merge([run], tmp_path / "a")
    assert record_of(tmp_path / "a") == before


@given(st.integers(1, 40))
def test_every_trial_is_in_exactly_one_shard_and_shards_cover_all(count: int) -> None:
    """No trial is sent twice, none is left out; the stretches of all shards are the whole."""
    shards = [Shard(k, count) for k in range(1, count + 1)]
    for trial in plan().trials:
        assert [shard.holds(trial.id) for shard in shards].count(True) == 1
    assert join(shard.stretch for shard in shards) == WHOLE


def test_shards_are_even_and_stay_when_cases_are_added() -> None:
    """4,000 trials in 8 shards: each within four standard deviations of 500; another case moves no trial."""
    ids = [f"{n * 0x9E3779B97F4A7C15F39C % (1 << 80):020x}" for n in range(4000)]
    for k in range(1, 9):
        assert abs(sum(Shard(k, 8).holds(one) for one in ids) - 500) < 84
    fewer, more = plan().trials[:20], plan().trials
    mine = {trial.id for trial in more if Shard(2, 3).holds(trial.id)}
    assert {trial.id for trial in fewer if Shard(2, 3).holds(trial.id)} == mine & {trial.id for trial in fewer}


@given(st.integers(1, 9), st.integers(1, 30))
def test_limits_are_divided_and_trials_keep_their_ids(count: int, concurrency: int) -> None:
    """Parts of a rate add up to it; parts of what is countable add up unless one at once is already too much."""
    limited = Provider("cand", "http://h/v1", "m", concurrency=concurrency, requests_per_minute=60.0)
    whole = make_plan([trial.case for trial in plan().trials[:1]], [limited], repeats=20)
    shards = [take_shard(whole, Shard(k, count)) for k in range(1, count + 1)]
    assert sorted(trial.id for part in shards for trial in part.trials) == sorted(trial.id for trial in whole.trials)
    assert all(trial.provider.requests_per_minute == 60.0 / count for part in shards for trial in part.trials)
    assert sum(Shard(k, count).part_of(concurrency) for k in range(1, count + 1)) == concurrency


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    """The error has the form of a shard."""
    with pytest.raises(ConfigError, match="invalid shard"):
        parse_shard(text)


def test_the_manifest_names_every_machine(made: Callable[..., RunDir], tmp_path: Path) -> None:
    """Shards from two machines: the manifest has both, in a fixed order."""
    runs = [made(tmp_path / f"s{k}", of_shard(Shard(k, 2)), [Shard(k, 2)], host={"cpus": 3 - k}) for k in (1, 2)]
    with merge(runs, tmp_path / "merged") as merged:
        assert merged.manifest.host == {"machines": [{"cpus": 1}, {"cpus": 2}]}
    assert manifest().host == {}
