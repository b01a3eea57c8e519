"""A cluster of two nodes on this machine, of which one is killed in the middle of a run and another one joins; and a
storage server. The summary is that of one machine, and each trial is on record once."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import fsspec
import pytest

from in_process import trueweight
from trueweight.cluster.record import manifest_at
from trueweight.cluster.shards import ShardFolder, run_name
from trueweight.core import Exchange, Stamp
from trueweight.core.summary_json import encode_summary
from trueweight.fleet import running_fleet
from trueweight.redaction import know_variables
from trueweight.store import RunDir
from trueweight.workflow.finish import judge
from trueweight.workflow.judge.judged_trial import TrialJudge, pack, unpack

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default")]  # Ray and moto have warnings of their own
PORT = 5557
KEY = "sk-cluster-test-0123456789abcdef"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
    "AWS_DEFAULT_REGION": "us-east-1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "FLEET_KEY": KEY,
}


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set for the whole module: the nodes of the cluster take theirs from this process."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of a local S3 server."""
    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with variables(ENVIRONMENT):
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=PORT, verbose=False)
        server.start()
        try:
            s3fs.S3FileSystem().mkdir("bucket")
            yield "s3://bucket"
        finally:
            server.stop()


class Nodes:
    """A head, on which the driver is, and one node that can be killed."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._size = {"num_cpus": 1, "object_store_memory": 80 * 1024 * 1024, "include_dashboard": False}
        quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}
        head = {**self._size, "_system_config": quick}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._other = self.join()
        self.address: str = self._cluster.address

    def join(self) -> Any:
        """A new node."""
        return self._cluster.add_node(**self._size)

    def kill_one(self) -> None:
        """The end of the second node, without a word; then a third one joins."""
        self._cluster.remove_node(self._other, allow_graceful=False)
        self._other = self.join()

    def stop(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def nodes(bucket: str) -> Iterator[Nodes]:
    made = Nodes()
    try:
        with variables({"RAY_ADDRESS": made.address}):
            yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def fleet() -> Iterator[Path]:
    """Two healthy providers and one with a fault, each of which takes 600 requests a minute."""
    with running_fleet(["reference", "twin", "no-strict"]) as providers:
        text = providers.read_text(encoding="utf-8")
        paced = re.sub(r"(?m)^(\[\[provider\]\].*)$", r"\1\nrequests_per_minute = 600", text)
        assert paced.count("requests_per_minute") == 3
        providers.write_text(paced, encoding="utf-8")
        yield providers


def wait_for_batches(place: str, number: int, process: subprocess.Popen[str]) -> None:
    """Return when so many batches have been recorded in part, or the process has ended."""
    while process.poll() is None:
        manifest = manifest_at(place)
        if manifest is not None and len(ShardFolder(place, run_name(manifest)).batches()) >= number:
            return
        time.sleep(0.2)


def without_times(run: RunDir, directory: Path) -> bytes:
    """The summary of a run as if each exchange had taken no time and every client had been idle."""

    def still(exchange: Exchange) -> Exchange:
        attempts = tuple(
            replace(one, waited=0, t_send=0, t_connected=None, t_headers=1, t_done=2, stamps=(Stamp(2, 0),))
            for one in exchange.attempts
        )
        at = "2026-01-01T00:00:00.000000+00:00"
        return replace(exchange, attempts=attempts, started_at=at, client_limited=False)

    import msgspec

    manifest = msgspec.structs.replace(run.manifest, started_at="2026-01-01T00:00:00.000000+00:00", options={})
    with RunDir.create(directory, manifest, run.cases().values()) as copy:
        for exchange in sorted(run.exchanges(), key=lambda one: one.trial):
            copy.append(still(exchange))
    with RunDir.open(directory) as copy:
        return encode_summary(judge(copy))


def test_a_node_that_dies_changes_nothing_of_the_summary(
    nodes: Nodes, bucket: str, fleet: Path, tmp_path: Path
) -> None:
    """One of two nodes is killed midway and a third one joins: each trial is on record once, the summary is that of one
    machine but for times, every worker's health is on record, and `merge` makes the same run from the URL alone."""
    command = ("run", "--providers", fleet, "--suite", "tool-calls", "--limit", 40, "--no-probe", "--quiet")
    place = f"{bucket}/killed"
    words = [sys.executable, "-m", "trueweight", *map(str, command), "--engine", "ray", "--shards", place]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*words, "--out", "many"], cwd=tmp_path, text=True, **pipes) as driver:
        wait_for_batches(place, 2, driver)
        assert driver.poll() is None
        nodes.kill_one()
        printed, said = driver.communicate()
    assert driver.returncode in (0, 1), said
    assert printed.splitlines() == [f"report: {Path('many', 'report.html')}"]  # and no line of Ray's on the dead node
    one = trueweight(*command, "--out", "one", cwd=tmp_path)
    assert one.returncode == driver.returncode, one.stderr

    with RunDir.open(tmp_path / "many") as many, RunDir.open(tmp_path / "one") as alone:
        assert set(many.trials()) == set(alone.trials())
        trials = Counter(exchange.trial for exchange in many.exchanges())
        assert set(trials.values()) == {1}
        assert without_times(many, tmp_path / "a") == without_times(alone, tmp_path / "b")
        starts = sorted(datetime.fromisoformat(one.started_at) for one in many.exchanges() if one.provider == "twin")
    fastest = min((later - first).total_seconds() for first, later in zip(starts, starts[30:], strict=False))
    assert fastest > 2.5  # thirty starts of ten a second take three, whichever workers send them
    sessions = json.loads((tmp_path / "many" / "client.json").read_text("utf-8"))["sessions"]
    files = fsspec.filesystem("s3").find(place)
    blocks = {re.sub(r"-\w+-\d+\.jsonl\.zst$", "", name.rpartition("/")[2]) for name in files if ".jsonl" in name}
    assert len(blocks) >= 3  # processes, one on each of three nodes
    assert len({session["worker"] for session in sessions}) >= 5
    assert all(session["clock_error_ms"] < 1000 and session["samples"] for session in sessions)

    merged = trueweight("merge", place, "--out", "merged", "--quiet", cwd=tmp_path)
    assert merged.returncode == driver.returncode, merged.stderr
    for name in ("summary.json", "client.json"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_a_cluster_judges_to_the_last_digit(
    nodes: Nodes, fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`judge --engine ray` and this process write the same bytes. Where a node dies, its blocks are judged on another
    one, and none is left to the driver."""
    command = ("run", "--providers", fleet, "--suite", "tool-calls,structured-output", "--limit", 20, "--no-probe")
    assert trueweight(*command, "--quiet", "--out", "run", cwd=tmp_path).returncode in (0, 1)
    summary = tmp_path / "run" / "summary.json"
    here = summary.read_bytes()
    summary.unlink()
    done = trueweight("judge", "run", "--engine", "ray", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert summary.read_bytes() == here

    from trueweight.cluster import judging
    from trueweight.cluster.engine import cluster

    monkeypatch.setattr(judging, "_BLOCK", 4)
    monkeypatch.setattr(judging, "_AHEAD", 1_000)
    with cluster(), RunDir.open(tmp_path / "run") as run:
        judge_here = TrialJudge(run.manifest, run.cases())
        pool = judging.RayJudges(run, judge_here, run.trials())
        found = []
        for trial in run.trials():
            found.append(pool.take(trial))
            if len(found) == 1:
                nodes.kill_one()
        pool.close()
        expected = [unpack(pack(judge_here.judge(run.read(trial))), judge_here) for trial in run.trials()]
    assert found == expected


def test_workers_load_a_provider_together(nodes: Nodes, bucket: str, fleet: Path, tmp_path: Path) -> None:
    """An open loop of 30 requests a second is sent by two workers by one schedule: the starts on record, by the common
    clock, are those of one machine. A closed loop has no more requests under way than its level."""
    entries = re.sub(r"requests_per_minute = \d+\n", "", fleet.read_text(encoding="utf-8")).split("[[provider]]")
    (twin,) = (one for one in entries if 'name = "twin"' in one)
    (tmp_path / "providers.toml").write_text(f"[[provider]]{twin}", encoding="utf-8")
    command = ("load", "--providers", "providers.toml", "--suite", "text", "--plain", "--no-probe", "--requests", 60)
    options = ("--rate", 30, "--arrivals", "constant", "--engine", "ray", "--shards", f"{bucket}/load")
    done = trueweight(*command, *options, "--out", "load", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "load" / "load.json").read_text("utf-8"))
    assert [point["attempted"] for point in result["points"]] == [60]
    with RunDir.open(tmp_path / "load" / "rate-30") as run:
        starts = sorted(datetime.fromisoformat(one.started_at) for one in run.exchanges())
    gaps = sorted((later - first).total_seconds() for first, later in pairwise(starts))
    assert gaps[len(gaps) // 2] == pytest.approx(1 / 30, abs=0.005)  # intended starts, however late the real ones
    sessions = json.loads((tmp_path / "load" / "rate-30" / "client.json").read_text("utf-8"))["sessions"]
    assert [session["load"]["rate"] for session in sessions] == [15.0] * 2
    closed = trueweight(*command, "--concurrency", 3, "--engine", "ray", "--out", "closed", cwd=tmp_path)
    assert closed.returncode == 0, closed.stderr
    with RunDir.open(tmp_path / "closed" / "concurrency-3") as run:
        spans = [span for one in run.exchanges() for span in under_way(one)]
    assert 2 <= max(itertools.accumulate(change for _, change in sorted(spans))) <= 3


def under_way(exchange: Exchange) -> list[tuple[float, int]]:
    """When a request began to be under way and when it no longer was."""
    origin = datetime.fromisoformat(exchange.started_at).timestamp()
    return [(origin + exchange.final.t_send / 1e9, 1), (origin + exchange.final.t_done / 1e9, -1)]


def test_a_finished_run_is_resumed_without_a_request(nodes: Nodes, bucket: str, fleet: Path, tmp_path: Path) -> None:
    """The driver's machine is lost: its directory is made from the URL, and the same command sends nothing. Another run
    is not mixed with the one that is at the URL."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 2, "--no-probe", "--quiet")
    command = (*command, "--engine", "ray", "--shards", f"{bucket}/resumed")
    assert trueweight(*command, "--out", "run", cwd=tmp_path).returncode in (0, 1)
    again = trueweight(*command, "--out", "other", cwd=tmp_path)
    assert again.returncode == 2
    assert "shards-other-run" in again.stderr
    assert trueweight("merge", f"{bucket}/resumed", "--out", "lost", "--quiet", cwd=tmp_path).returncode in (0, 1)
    before = (tmp_path / "lost" / "exchanges.jsonl.zst").read_bytes()
    assert trueweight(*command, "--out", "lost", cwd=tmp_path).returncode in (0, 1)
    assert (tmp_path / "lost" / "exchanges.jsonl.zst").read_bytes() == before


def test_errors_are_tried_again_through_the_same_url(nodes: Nodes, bucket: str, tmp_path: Path) -> None:
    """With --retry-errors: the blocks of the first attempt are there, and the later exchange of a trial counts."""
    broken = threading.Event()
    broken.set()
    with answering(broken) as url:
        entry = f'[[provider]]\nname = "p"\nbase_url = "{url}"\nmodel = "m"\n'
        (tmp_path / "providers.toml").write_text(entry, encoding="utf-8")
        command = (
            "run",
            "--providers",
            "providers.toml",
            "--suite",
            "text",
            "--limit",
            3,
            "--no-probe",
            "--retries",
            0,
        )
        command = (*command, "--quiet", "--engine", "ray", "--shards", f"{bucket}/errors", "--out", "run")
        assert trueweight(*command, cwd=tmp_path).returncode == 3
        broken.clear()
        done = trueweight(*command, "--retry-errors", cwd=tmp_path)
        assert done.returncode in (0, 1), done.stderr
    merged = trueweight("merge", f"{bucket}/errors", "--out", "merged", "--quiet", cwd=tmp_path)
    assert merged.returncode in (0, 1), merged.stderr
    for name in ("run", "merged"):
        with RunDir.open(tmp_path / name) as run:
            assert {one.final.status for one in run.exchanges()} == {200}


@contextmanager
def answering(broken: threading.Event) -> Iterator[str]:
    """An endpoint that answers 503 while ``broken`` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            message = {"role": "assistant", "content": "Yes."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
            self.send_response(503 if broken.is_set() else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_directory_that_all_nodes_have_needs_no_url(nodes: Nodes, fleet: Path, tmp_path: Path) -> None:
    """Workers record in the run directory; afterwards it looks like that of one machine."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 2, "--no-probe", "--quiet")
    done = trueweight(*command, "--engine", "ray", "--out", "run", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    one = trueweight(*command, "--out", "one", cwd=tmp_path)
    assert one.returncode == done.returncode
    files = [sorted(file.name for file in (tmp_path / name).iterdir()) for name in ("run", "one")]
    assert files[0] == files[1]


def test_a_budget_is_kept_by_all_workers_together(nodes: Nodes, fleet: Path, tmp_path: Path) -> None:
    """Forty requests are allowed: forty are sent by all workers together, and the rest is said to be unsent."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 12, "--no-probe")
    done = trueweight(*command, "--max-requests", 40, "--engine", "ray", "--out", "run", cwd=tmp_path)
    assert "--max-requests 40 reached" in done.stderr
    with RunDir.open(tmp_path / "run") as run:
        assert sum(len(exchange.attempts) for exchange in run.exchanges()) == 40


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:6379", "ray://127.0.0.1:10001"])
def test_an_address_without_a_cluster_is_an_error_at_once(
    address: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray alone would try for minutes. The URL stays free for the command with the right address."""
    monkeypatch.setenv("RAY_ADDRESS", address)
    (tmp_path / "providers.toml").write_text('[[provider]]\nname = "p"\nbase_url = "http://127.0.0.1:1"\nmodel = "m"\n')
    command = ("run", "--providers", "providers.toml", "--suite", "text", "--no-probe", "--out", "out")
    done = trueweight(*command, "--engine", "ray", "--shards", f"{bucket}/nowhere", cwd=tmp_path)
    assert done.returncode == 3
    assert f"error[cluster-unreachable]: RAY_ADDRESS={address}: the cluster cannot be reached" in done.stderr
    assert manifest_at(f"{bucket}/nowhere") is None


@pytest.mark.parametrize("lines", ["{key}", "first {key}\nmiddle\nlast {key}", ""])
def test_no_key_is_in_the_error_of_a_batch(lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what Ray says the error has the first line and the last one, without keys."""
    from trueweight.cluster import engine

    monkeypatch.setenv("A_KEY_OF_A_WORKER", KEY)
    know_variables(["A_KEY_OF_A_WORKER"])
    message = engine._failed("a batch failed", lines.format(key=KEY)).message
    stars = "*" * len(KEY)
    assert message == {"{key}": f"a batch failed: {stars}", "": "a batch failed"}.get(
        lines, f"a batch failed: first {stars} … last {stars}"
    )
