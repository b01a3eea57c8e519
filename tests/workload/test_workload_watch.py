"""A history of runs: a fall is found once, a return too, a healthy host is left alone, a lost night is no event."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from logs import ticket_row
from runs import START, as_recorded, record, workload_of
from stub_server import Asked, stub_server

from in_process import trueweight
from trueweight.assess import TaskBar, WorkloadBar, parse_bar
from trueweight.core import Case, ConfigError, InfrastructureError, Provider
from trueweight.statistics.change import changes
from trueweight.suites import find_suite
from trueweight.wire import run_loop
from trueweight.wire.webhook import post_webhook
from trueweight.workflow.look import repeat, sample_of
from trueweight.workflow.watch import WatchMetric, _bounds, watch

LABELS = ("billing", "outage")


def test_a_fall_and_a_return_are_one_change_each() -> None:
    """At the look in which the evidence suffices; the looks before and after it say nothing more."""
    rng = np.random.default_rng(1)
    looks = [(rng.random(60) < rate).astype(float) for rate in [0.97] * 20 + [0.6] * 10 + [0.98] * 15]
    found = changes(looks, 0.9, 0.01)
    assert [one.fell for one in found] == [True, False]
    assert 20 <= found[0].look <= 22
    assert 30 <= found[1].look <= 38
    assert changes([np.array([])] * 9, 0.9, 0.01) == []


def test_a_set_of_fixed_cases_whose_mean_is_at_the_bound_never_alarms() -> None:
    """The same cases night after night, a deterministic host: exactly at the bound is not below it."""
    look = np.array([0.0] * 6 + [1.0] * 54)
    assert changes([look] * 60, 0.9, 0.05) == []


def test_the_strictest_bar_is_watched() -> None:
    """Full agreement, no failure and a margin of nothing are bounds that can be watched, and do not count as unset."""
    bounds = _bounds(WorkloadBar(TaskBar(quality_margin=0.0, agreement_at_least=1.0), failures_at_most=0.0))
    assert bounds == {WatchMetric.AGREEMENT: 0.999, WatchMetric.RIGHT: 0.5, WatchMetric.REPLIES: 0.999}
    assert changes([np.ones(40)] * 30, 0.999, 0.01) == []
    assert [one.fell for one in changes([np.ones(40), np.full(40, 0.9), np.full(40, 0.9)], 0.999, 0.01)] == [True]


@pytest.mark.slow
def test_a_healthy_host_is_seldom_said_to_have_fallen() -> None:
    """By simulation: a host exactly at the bound, 60 looks of 40 cases, in at most 5% of runs; two points above it, in
    hardly any; a fall by ten points below the bound is found within 15 looks in 95%."""
    rng = np.random.default_rng(2)
    false = sum(bool(changes([(rng.random(40) < 0.9) * 1.0 for _ in range(60)], 0.9, 0.05)) for _ in range(200))
    above = sum(bool(changes([(rng.random(40) < 0.92) * 1.0 for _ in range(60)], 0.9, 0.05)) for _ in range(100))
    assert false <= 0.05 * 200 + 6, false
    assert above <= 1, above
    late = 0
    for _ in range(60):
        looks = [(rng.random(40) < rate) * 1.0 for rate in [0.97] * 30 + [0.8] * 15]
        late += not changes(looks, 0.9, 0.05)
    assert late <= 3, late


@pytest.mark.slow
def test_false_alarms_and_delay_over_200_looks() -> None:
    """By simulation, looks of 40 cases, four hosts and three metrics together, healthy ones at 97% where 93% is asked
    for: no alarm in 12 histories. One exactly at the bound: an alarm in at most 5%. A host that falls to 80% after 100
    good looks is found within 5 looks in half of the histories, one that falls to 88% within 27."""
    rng = np.random.default_rng(11)
    alpha = 0.05 / 12

    def history(rates: list[float], level: float = alpha) -> list[int]:
        return [one.look for one in changes([(rng.random(40) < rate) * 1.0 for rate in rates], 0.93, level)]

    healthy = sum(any(history([0.97] * 200) for _ in range(12)) for _ in range(12))
    at_bound = sum(bool(history([0.93] * 200, 0.05)) for _ in range(100))
    assert healthy == 0, healthy
    assert at_bound <= 0.05 * 100 + 5, at_bound
    for rate, most in ((0.8, 5), (0.88, 27)):
        delays = sorted((history([0.97] * 100 + [rate] * 60) or [999])[0] - 99 for _ in range(21))
        assert delays[0] > 0
        assert delays[10] <= most, (rate, delays)


@pytest.mark.slow
def test_watch_looks_over_a_folder_of_runs(tmp_path: Path) -> None:
    """The host falls in the third night; a night in which nothing arrived is left out; the exit code is that of the
    newest run."""
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(40)), tmp_path)
    host = Provider("host", "https://host.invalid/v1", "open-1")
    nights = {
        "night-1": as_recorded,
        "night-2": lambda case, n: None,
        "night-3": lambda case, n: as_recorded(case, n) if n % 2 else {"content": "neither"},
    }
    (tmp_path / "history").mkdir()
    for night, answer in nights.items():
        record(tickets, tmp_path / "history" / night, {"host": (host, answer)})
    done = trueweight("watch", "history", "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "left out: night-2: no host gave a reply" in done.stderr
    said = json.loads(done.stdout)
    assert said["looks"] == 2
    (event,) = said["events"]
    assert (event["host"], event["metric"], event["change"], event["run"], event["new"]) == (
        "host",
        "agreement",
        "fell",
        "night-3",
        True,
    )
    shutil.copytree(tmp_path / "history" / "night-3", tmp_path / "history" / "night-4")
    later = trueweight("watch", "history", cwd=tmp_path)
    assert later.returncode == 0
    assert "host: agreement with the recorded answers fell below 90.0% in night-3" in later.stdout
    assert "NEW" not in later.stdout
    (tmp_path / "empty").mkdir()
    assert trueweight("watch", "empty", cwd=tmp_path).returncode == 2


def test_the_bar_is_that_of_the_run_that_started_last(tmp_path: Path) -> None:
    """Whatever the names of the folders: the host that is right in half of the cases is below the newer bar only."""
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(48)), tmp_path)
    host = Provider("host", "https://host.invalid/v1", "open-1")
    (tmp_path / "history").mkdir()
    for night, (folder, bound) in enumerate((("b", 0.3), ("a", 0.9))):
        record(
            tickets,
            tmp_path / "history" / folder,
            {"host": (host, lambda case, n: as_recorded(case, n) if n % 2 else {"content": "neither"})},
            bar=parse_bar(f"[workload]\nagreement_at_least = {bound}\n", "bar.toml"),
            start=START + timedelta(days=night),
        )
    (event,) = watch(tmp_path / "history").events
    assert (event.metric, event.bound, event.change.fell) == ("agreement", 0.9, True)


HOSTS = """
[[provider]]
name = "steady"
base_url = "{steady}"
model = "open-1"

[[provider]]
name = "drifts"
base_url = "{drifts}"
model = "open-1"
"""


def _label(asked: Asked) -> str:
    number = int("".join(filter(str.isdigit, asked.body["messages"][-1]["content"])) or 0)
    return LABELS[number % 2]


@pytest.mark.slow
@pytest.mark.parametrize("export", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["", "parquet"])
def test_a_watch_sends_a_sample_at_each_look_and_posts_one_event(tmp_path: Path, export: bool) -> None:
    """The same cases for all hosts, fewer than the workload has, others at each look. The host that drifts at the third
    look is one event: exit code 1 and one POST; the next look repeats neither. A look in which nothing answers is exit
    code 3 and no event. The webhook's URL, a secret, is printed nowhere; all looks are a Parquet table."""
    workload_of((ticket_row(n, LABELS[n % 2]) for n in range(30)), tmp_path)
    (tmp_path / "bar.toml").write_text("[workload]\nagreement_at_least = 0.9\np95_ms_at_most = 60000\n")
    looks = 0

    def drifting(asked: Asked) -> str | tuple[int, str]:
        return _label(asked) if looks < 3 else "neither"

    line = ("watch", "tickets", "--providers", "hosts.toml", "--bar", "bar.toml", "--cases", "12", "--no-probe")
    codes, said = [], ""
    with (
        stub_server(_label) as (steady, got),
        stub_server(drifting) as (drifts, other),
        stub_server(lambda _: (200, "thanks")) as (hook, posted),
    ):
        (tmp_path / "hosts.toml").write_text(HOSTS.format(steady=steady, drifts=drifts))
        secret = f"{hook}/T0000SECRET0000"
        dry = trueweight(*line, "--dry-run", cwd=tmp_path)
        assert (dry.returncode, len(got)) == (0, 0)
        one = trueweight(*line, "--dry-run", "--only", "steady", cwd=tmp_path)
        assert "steady" in one.stdout
        assert "drifts" not in one.stdout
        unknown = trueweight(*line, "--dry-run", "--only", "drift", cwd=tmp_path)
        assert (unknown.returncode, "Did you mean 'drifts'?" in unknown.stderr) == (2, True)
        for looks in range(1, 5):  # noqa: B007 - the host reads it
            done = trueweight(*line, "--webhook-env", "HOOK", cwd=tmp_path, env={"HOOK": secret})
            codes.append(done.returncode)
            said += done.stdout + done.stderr
        texts = [[asked.body["messages"][-1]["content"] for asked in one] for one in (got, other)]
    assert codes == [0, 0, 1, 0], said
    assert len(got) == len(other) == 4 * 12
    assert sorted(texts[0]) == sorted(texts[1])
    assert set(texts[0][:12]) != set(texts[0][12:24])
    (event,) = posted
    assert "drifts: agreement with the recorded answers fell below 90.0%" in event.body["text"]
    assert [one["host"] for one in event.body["events"]] == ["drifts"]
    assert "SECRET0000" not in said
    lost = trueweight(*line, "--once", cwd=tmp_path, env={"HOOK": secret})  # the hosts are gone
    assert lost.returncode == 3
    assert "NEW" not in lost.stdout
    read = trueweight("watch", "tickets-history", "--markdown", cwd=tmp_path)
    assert "No host changed in the newest run." in read.stdout
    assert "| drifts | agreement with the recorded answers | fell | 90.0% |" in read.stdout
    if export:
        pq = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'history'")
        trueweight("watch", "tickets-history", "--export", "looks.parquet", cwd=tmp_path)
        table = pq.read_table(tmp_path / "looks.parquet").to_pylist()
        _query_as_documented(tmp_path)
        assert len(table) == 4 * 2 * 4
        assert [(row["host"], row["metric"]) for row in table if row["change"] == "fell"] == [("drifts", "agreement")]
        assert {row["metric"] for row in table if row["n"]} == {"agreement", "in-time", "replies"}


def _query_as_documented(folder: Path) -> None:
    """The exports and queries of docs/workload.md, on the history in this folder."""
    duckdb = pytest.importorskip("duckdb", reason="needs the extra 'history'")
    page = (Path(__file__).parents[2] / "docs" / "workload.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"```text\n(.*?)```", page, flags=re.S) if "duckdb -c" in one]
    lines = [shlex.split(line) for line in block.splitlines()]
    for words in (line for line in lines if line[0] == "trueweight"):
        assert trueweight(*words[1:], cwd=folder).returncode == 3, "its newest look measured nothing"
    (over_parquet,) = [line[2] for line in lines if line[:2] == ["duckdb", "-c"]]
    with duckdb.connect() as memory:
        rows = memory.execute(over_parquet.replace("looks.parquet", str(folder / "looks.parquet"))).fetchall()
        assert ("steady", "agreement", 1.0) in rows
    (over_answers,) = [line[2] for line in lines if line[:2] == ["duckdb", "looks.duckdb"]]
    with duckdb.connect(str(folder / "looks.duckdb"), read_only=True) as database:
        rows = database.execute(over_answers).fetchall()
        assert {row[0] for row in rows} == {"steady", "drifts"}
        assert {row[0]: row[3] for row in rows} == {"steady": 4 * 12, "drifts": 4 * 12}
        assert {row[0]: row[4] == 1 for row in rows} == {"steady": True, "drifts": False}
        assert database.execute("SELECT count(*) FROM looks").fetchone() == (4 * 2 * 4,)


def test_a_slow_host_and_one_that_is_less_often_right_are_events(tmp_path: Path) -> None:
    """Time by the bar's 95th percentile, and golden answers paired with the baseline, whatever the agreement."""
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(40)), tmp_path)
    cases = find_suite(str(tickets)).cases
    golden = {case.id: dict(as_recorded(case, 0)) for case in cases}
    (tickets / "golden.yaml").write_text(json.dumps(golden), encoding="utf-8")
    bar = parse_bar("[workload]\nquality_margin = 0.05\nagreement_at_least = 0.1\np95_ms_at_most = 900\n", "bar.toml")
    hosts = {
        "slow": (Provider("slow", "https://slow.invalid/v1", "open-1"), as_recorded),
        "wrong": (
            Provider("wrong", "https://wrong.invalid/v1", "open-1"),
            lambda case, n: as_recorded(case, n) if n % 2 else {"content": "neither"},
        ),
    }
    (tmp_path / "history").mkdir()
    for night in range(2):
        start = START + timedelta(days=night)
        out = tmp_path / "history" / f"n{night}"
        record(tickets, out, hosts, bar=bar, ms={"slow": 1500}, start=start, of_history=True)  # type: ignore[arg-type]
    found = {(one.host, one.metric.value) for one in watch(tmp_path / "history").events}
    assert found == {("slow", "in-time"), ("wrong", "right")}


def test_looks_draw_other_cases_by_the_seed() -> None:
    """Without replacement; all of them if there are not more."""
    cases = [Case("s", str(n), {}) for n in range(50)]
    first, second = (sample_of(cases, 20, 3, look) for look in (0, 1))
    assert len({case.id for case in first}) == 20
    assert first != second
    assert first == sample_of(cases, 20, 3, 0)
    assert sample_of(cases, 60, 3, 5) == tuple(cases)


def test_a_failed_look_is_followed_by_the_next_in_time() -> None:
    """Each begins so long after the last one began; the sleep and the clock are passed in."""
    now, slept, failed = [0.0], [], []

    def look() -> None:
        now[0] += 10
        if len(slept) == 1:
            raise InfrastructureError("the disk is full", code="disk")

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds
        if len(slept) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repeat(look, 3600, clock=lambda: now[0], sleep=sleep, failed=failed.append)
    assert slept == [3590, 3590, 3590]
    assert [error.code for error in failed] == ["disk"]


@pytest.mark.parametrize("url", ["http://hooks.example.com/SECRET", "ftp://x/SECRET", "SECRET", "https://"])
def test_a_webhook_that_is_not_safe_is_refused(url: str) -> None:
    """In plain text over a network, or no URL at all; the error does not have it."""
    with pytest.raises(ConfigError) as caught:
        run_loop(partial(post_webhook, url, {}, where="HOOK"))
    assert "SECRET" not in str(caught.value)


def test_a_webhook_that_fails_is_an_error_without_its_url() -> None:
    """A status, or no connection."""
    with stub_server(lambda _: (500, "no")) as (url, _), pytest.raises(InfrastructureError) as caught:
        run_loop(partial(post_webhook, f"{url}/SECRET", {}, where="HOOK"))
    assert "status 500" in str(caught.value)
    with pytest.raises(InfrastructureError) as gone:
        run_loop(partial(post_webhook, f"{url}/SECRET", {}, where="HOOK"))
    assert "SECRET" not in str(caught.value) + str(gone.value)


def test_golden_answers_only_where_the_host_differs_are_no_alarm(tmp_path: Path) -> None:
    """It is wrong in two of a hundred cases, and only these have a golden answer: within the margin, so no event. By
    the two alone it would always be wrong."""
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(100)), tmp_path)
    cases = find_suite(str(tickets)).cases[:2]
    golden = {case.id: dict(as_recorded(case, 0)) for case in cases}
    (tickets / "golden.yaml").write_text(json.dumps(golden), encoding="utf-8")
    bar = parse_bar("[workload]\nquality_margin = 0.05\nagreement_at_least = 0.9\n", "bar.toml")
    host = Provider("host", "https://host.invalid/v1", "open-1")
    (tmp_path / "history").mkdir()
    for night in range(6):
        record(
            tickets,
            tmp_path / "history" / f"n{night}",
            {"host": (host, lambda case, n: {"content": "neither"} if n < 2 else as_recorded(case, n))},
            bar=bar,
            start=START + timedelta(days=night),
            of_history=True,
        )
    found = watch(tmp_path / "history")
    assert found.events == ()
    assert [one.mean for one in found.means if one.metric is WatchMetric.RIGHT] == [pytest.approx(-0.02)] * 6
