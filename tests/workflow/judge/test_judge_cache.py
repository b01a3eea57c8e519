"""Judging once: what is kept gives the same bytes, is used only while nothing has changed, and is never in the run."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from trueweight.core import Exchange, Price
from trueweight.core.check import CHECKS, Pass, check
from trueweight.core.summary_json import encode_summary
from trueweight.report import comparison_json
from trueweight.store import RunDir, RunFile, TrialNames, write_cached
from trueweight.workflow import finish
from trueweight.workflow.judge import Judgement, judge_run, kept_judgement, processes
from trueweight.workflow.judge import cache as judged_cache
from trueweight.workflow.judge.fingerprint import code_fingerprint
from trueweight.workflow.judge.judged_trial import TrialJudge, pack, unpack

OLD = Path(__file__).parent / "old_run"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A recorded run of several providers, as the first version wrote it."""
    folder = tmp_path / "run"
    shutil.copytree(OLD, folder)
    packed = folder / "exchanges.jsonl.gz"
    RunFile.EARLIER_EXCHANGES.of(folder).write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache of this test."""
    monkeypatch.setenv(judged_cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The trials that are judged and not read from the cache, as they are judged."""
    trials: list[str] = []
    judge = TrialJudge.judge

    def counted(self: TrialJudge, exchange: Exchange) -> Any:
        trials.append(exchange.trial)
        return judge(self, exchange)

    monkeypatch.setattr(TrialJudge, "judge", counted)
    return trials


def summary(path: Path) -> bytes:
    with RunDir.open(path) as run:
        return encode_summary(finish.judge(run))


def observations(path: Path) -> Any:
    with RunDir.open(path) as run:
        return tuple(judge_run(run).observations)


def in_order(run: RunDir) -> Iterator[Exchange]:
    return (run.read(trial) for trial in run.trials())


def test_a_judged_trial_is_the_same_after_it_was_kept(run: Path) -> None:
    """Every observation and digest of a run, through bytes and back."""
    with RunDir.open(run) as opened:
        judge = TrialJudge(opened.manifest, opened.cases())
        found = [judge.judge(exchange) for exchange in in_order(opened)]
    assert found
    assert [unpack(pack(one), judge) for one in found] == found


def test_the_second_time_nothing_is_judged_and_the_summary_is_the_same(
    run: Path, cache: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the kept summary; with another bar, from the kept trials; and both equal what is judged without a cache."""
    files = sorted(run.iterdir())
    first = summary(run)
    number = len(judged)
    assert number > 20
    assert summary(run) == first
    RunFile.BAR.of(run).write_text('[[require]]\nmetric = "success_rate"\nat_least = 0.1\n')
    other = summary(run)
    assert len(judged) == number
    assert other != first
    assert sorted(run.iterdir()) == files  # nothing is kept in the run
    monkeypatch.setenv(judged_cache.VARIABLE, "")
    assert summary(run) == other
    assert len(judged) == 2 * number


def test_a_page_and_a_comparison_are_made_once(
    run: Path, cache: Path, tmp_path: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time no exchange is read or judged, and both are to the byte what they are without a cache."""
    other = tmp_path / "other"
    shutil.copytree(run, other)

    def made() -> tuple[str, str]:
        with RunDir.open(run) as one, RunDir.open(other) as two:
            page = finish.publish(one, finish.judge(one))
            return page, comparison_json(finish.compare_recorded(one, two))

    first = made()
    number = len(judged)
    with monkeypatch.context() as patched:
        patched.setattr(RunDir, "read", lambda *_: pytest.fail("an exchange was read"))
        assert made() == first
    assert len(judged) == number > 0
    monkeypatch.setenv(judged_cache.VARIABLE, "")
    assert made() == first
    assert len(judged) > number


def test_a_changed_record_is_compared_and_drawn_again(run: Path, cache: Path, tmp_path: Path) -> None:
    """One byte of a reply: the page shows it, and the case has another outcome."""
    other = tmp_path / "other"
    shutil.copytree(run, other)

    def made() -> tuple[str, Any]:
        with RunDir.open(run) as one, RunDir.open(other) as two:
            return finish.publish(one, finish.judge(one)), finish.compare_recorded(two, one)

    before = made()
    record = RunFile.EARLIER_EXCHANGES.of(run)
    record.write_bytes(record.read_bytes().replace(b"finish_reason", b"finish_reasom"))
    after = made()
    assert before[0] != after[0] and before[1] != after[1]


@pytest.mark.parametrize("lines", [5, 4096])
def test_only_what_is_new_is_judged(
    lines: int, run: Path, cache: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exchange that took the place of another, as after a resume; with many files for a record, and with one."""
    monkeypatch.setattr(judged_cache, "_PART", lines)
    observations(run)
    with RunDir.open(run, write=True) as opened:
        first = opened.read(opened.trials()[0])
        changed = replace(first, attempts=(replace(first.final, body=b"{}", stamps=()),))
        del judged[:]
        opened.append(changed)
        judge_run(opened)
    assert judged == [first.trial]
    observations(run)
    assert judged == [first.trial]
    assert len(list((cache / judged_cache._TRIALS).rglob("*.zst"))) > (lines < 20)


@pytest.mark.parametrize("change", ["code", "price", "case", "record"])
def test_what_is_old_is_not_used(
    change: str, run: Path, cache: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of the code, of a provider's price, of a case, or of one byte of the record, the judgement is
    that of a run that was never judged."""
    before = observations(run)
    number = len(judged)
    with RunDir.open(run, write=True) as opened:
        manifest, cases = opened.manifest, list(opened.cases().values())
        if change == "price":
            first, *others = manifest.providers
            opened.amend(structs.replace(manifest, providers=(replace(first, price=Price(3, 4)), *others)), cases)
        if change == "case":
            opened.amend(manifest, [replace(cases[0], checks={}), *cases[1:]])
    if change == "code":
        monkeypatch.setattr(judged_cache, "code_fingerprint", lambda: "other code")
    if change == "record":
        record = RunFile.EARLIER_EXCHANGES.of(run)
        record.write_bytes(record.read_bytes().replace(b"finish_reason", b"finish_reasom", 1))
    now = observations(run)
    again = len(judged) - number
    assert again == number if change == "code" else 0 < again < number
    monkeypatch.setenv(judged_cache.VARIABLE, "")
    assert observations(run) == now
    assert change == "code" or now != before


def test_a_damaged_cache_changes_nothing(run: Path, cache: Path, judged: list[str]) -> None:
    """Cut, empty, with a wrong byte, of another kind, or a link: then the run is judged as if there were none."""
    before = observations(run)
    number = len(before)
    for spoil in (lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-9] + b"x" + data[-8:],
                  lambda data: bytes(32) + data[32:], lambda data: b"not a cache"):  # fmt: skip
        for path in cache.rglob("*.zst"):
            path.write_bytes(spoil(path.read_bytes()))
        assert observations(run) == before
        assert len(judged) == (number := number + len(before))
    kept = list(cache.rglob("*.zst"))
    elsewhere = cache / "elsewhere"
    kept[0].rename(elsewhere)
    kept[0].symlink_to(elsewhere)
    assert observations(run) == before


def test_a_cache_in_the_run_directory_is_not_read(run: Path, cache: Path, judged: list[str]) -> None:
    """A run that came from elsewhere brings a record and no judgement: files beside the record are not looked at."""
    before = summary(run)
    for folder in (judged_cache._SUMMARIES, judged_cache._TRIALS, "judged", ".cache"):
        shutil.copytree(cache, run / folder)
    shutil.rmtree(cache)
    del judged[:]
    assert summary(run) == before
    assert judged


def test_a_check_that_is_in_no_file_ends_the_use_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint has the files of plugins; code without a file may change unseen."""
    own = code_fingerprint()
    monkeypatch.setattr(CHECKS, "_found", dict(CHECKS._found))
    monkeypatch.setattr(CHECKS, "_origins", dict(CHECKS._origins))
    monkeypatch.setattr(CHECKS, "_sorted", None)

    def of_a_file(case: object, reply: object) -> Pass:
        return Pass()

    check("of-a-file", "r", source="s", why="w", fix="f")(of_a_file)
    plugin = code_fingerprint()
    assert own != plugin is not None
    typed: dict[str, Any] = {"__name__": "typed"}
    exec("def typed(case, reply): return None", typed)
    check("of-no-file", "r", source="s", why="w", fix="f")(typed["typed"])
    assert code_fingerprint() is None


def test_a_run_with_damage_reports_it_each_time(run: Path, cache: Path) -> None:
    """Its errors and its exit code are not in a summary, so such a run is read each time."""
    record = RunFile.EARLIER_EXCHANGES.of(run)
    record.write_bytes(record.read_bytes() + b"nonsense\n")
    for _ in range(2):
        with RunDir.open(run) as opened:
            finish.judge(opened)
            assert len(opened.damaged) == 1
    assert not list((cache / judged_cache._SUMMARIES).glob("*"))


@pytest.mark.slow
def test_several_processes_find_what_one_finds(run: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same observations in the same order, with a damaged line; and also if a process is ended at once."""
    record = RunFile.EARLIER_EXCHANGES.of(run)
    lines = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join([lines[0].replace(b'"status":200', b'"status":"x"'), *lines[1:]]))
    alone = observations(run)
    monkeypatch.setattr(judged_cache, "LEAST", 1)
    monkeypatch.setenv(processes.VARIABLE, "2")
    monkeypatch.setattr(processes, "_BLOCK", 4)
    del judged[:]
    assert observations(run) == alone
    assert judged == []
    start = processes._start

    def killed(task: Any) -> Any:
        process = start(task)
        if TrialNames(data=task.names, odd=task.odd_names)[0] in run_trials[:4]:
            process.kill()
        return process

    with RunDir.open(run) as opened:
        run_trials = opened.trials()
    monkeypatch.setattr(processes, "_start", killed)
    assert observations(run) == alone
    assert judged


def kept(path: Path, make: Callable[[RunDir], Judgement] = judge_run) -> Any:
    """What a kept judgement has that a summary or a comparison is made from."""
    with RunDir.open(path) as run:
        found = kept_judgement.kept_judgement(run, lambda: make(run))
        return found.manifest, found.cases, tuple(found.observations), found.finished_at, found.left_out


def test_a_judgement_is_the_same_after_it_was_kept(run: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several files: every observation in order, and all else; the second time nothing is judged or looked up."""
    monkeypatch.setattr(kept_judgement, "_PART", 7)
    first = kept(run)
    assert len(first[2]) > 20
    assert kept(run, lambda _: pytest.fail("it was judged")) == first
    assert first == kept_without_cache(run, monkeypatch)


def kept_without_cache(run: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setenv(judged_cache.VARIABLE, "")
        return kept(run)


@pytest.mark.parametrize("data", [b"", b"\x90", b"\x96\xc4\x01a\xc4\x00\xc4\x00\x90\x90\x90", None])
def test_a_judgement_that_is_not_whole_is_made_again(
    run: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None
) -> None:
    """One of its files is gone, or has something else, also with the right checksum."""
    monkeypatch.setattr(kept_judgement, "_PART", 7)
    before = kept(run)
    files = sorted((cache / judged_cache._JUDGEMENTS).rglob("*.zst"))
    assert len(files) > 3
    for path in files:
        path.unlink()
        if data is not None:
            write_cached(path, data)
        made: list[RunDir] = []

        def make(opened: RunDir, made: list[RunDir] = made) -> Judgement:
            made.append(opened)
            return judge_run(opened)

        assert kept(run, make) == before
        assert len(made) == 1


def test_the_judgement_of_a_run_with_damage_is_not_kept(run: Path, cache: Path) -> None:
    """Damage is found where each exchange is read, and is to be reported each time."""
    record = RunFile.EARLIER_EXCHANGES.of(run)
    lines = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join([lines[0].replace(b'"status":200', b'"status":"x"'), *lines[1:]]))
    kept(run)
    assert not (cache / judged_cache._JUDGEMENTS).exists()
