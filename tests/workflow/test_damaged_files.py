"""Files of a run beside its record: a damaged one is an error that says where, what is wrong and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from in_process import trueweight
from trueweight.core import Case, ConfigError, ExitCode, InfrastructureError, Price, Provider
from trueweight.core.preference import LlmJudgeScope
from trueweight.core.probe import Probe, ProviderProbe
from trueweight.store import RunDir, RunFile, SessionRecord, SuiteRecord, read_client, write_client
from trueweight.workflow.drift import investigation_of
from trueweight.workflow.judge.preferences import read_scope
from trueweight.workflow.probe import read_probe
from trueweight.workflow.probe.record import encode_probe
from trueweight.workflow.send import RunOptions, prepare

HOST = Provider("host", "http://127.0.0.1:1/v1", "m", price=Price(1.0, 2.0))
ENTRY = ProviderProbe(
    provider="host", api="chat", base_url=HOST.base_url, model="m", fingerprint="f", at="2026-11-30T00:00:00Z"
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of nothing, with a session of this machine and a probe."""
    path = tmp_path / "run"
    prepared = prepare([HOST], [], RunOptions(passes=1, seed=0))
    with RunDir.create(path, prepared.manifest, prepared.cases) as made:
        write_client(made, (SessionRecord(started_at="2026-11-30T00:00:00Z"),))
        made.write_text(RunFile.PROBE, encode_probe(Probe(providers=(ENTRY,))))
    return path


def _client(path: Path) -> object:
    with RunDir.open(path) as opened:
        return read_client(opened)


READERS: dict[str, tuple[RunFile, Callable[[Path], object]]] = {
    "client": (RunFile.CLIENT, _client),
    "probe": (RunFile.PROBE, read_probe),
    "judged": (RunFile.LLM_JUDGED, read_scope),
}
DAMAGES = {"empty": b"", "cut": b'{"format": "trueweight.pro', "of another kind": b"[]", "no JSON": b"\x00\xff{"}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(name: str, damage: str, run: Path) -> None:
    """And what a judgement lacks without it."""
    file, read = READERS[name]
    file.of(run).write_bytes(DAMAGES[damage])
    with pytest.raises(InfrastructureError, match="this file of the run is damaged") as caught:
        read(run)
    assert caught.value.code == "run-corrupt"
    assert str(caught.value.where).endswith(file.value)
    assert "delete it: without it" in caught.value.hint


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_regular_file_is_refused_and_a_missing_one_is_none(name: str, run: Path) -> None:
    """A link to itself, a folder; and without the file there is nothing to say."""
    file, read = READERS[name]
    path = file.of(run)
    path.unlink(missing_ok=True)
    assert read(run) in ((), None, LlmJudgeScope())
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="not a regular file"):
        read(run)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="not a regular file"):
        read(run)


def test_the_field_with_a_wrong_type_is_named(run: Path) -> None:
    """By its path in the file."""
    path = RunFile.PROBE.of(run)
    value = json.loads(path.read_text("utf-8"))
    value["providers"][0]["status"] = "no"
    path.write_text(json.dumps(value), "utf-8")
    with pytest.raises(InfrastructureError, match=r"at \$\.providers\[0\]\.status: Expected int"):
        read_probe(run)


@pytest.mark.parametrize(
    ("file", "commands"),
    [(RunFile.PROBE, ("judge", "report", "show", "gate")), (RunFile.CLIENT, ("report",)), (RunFile.CASES, ("judge",))],
)
def test_the_commands_end_with_the_code_of_a_damaged_record(
    file: RunFile, commands: tuple[str, ...], run: Path, tmp_path: Path
) -> None:
    """3, and no traceback. Of what a command does not read it says nothing."""
    file.of(run).write_text("{", "utf-8")
    more = {"gate": ("--baseline", run)}
    for command in commands:
        done = trueweight(command, run, *more.get(command, ()), cwd=tmp_path, env={"TRUEWEIGHT_CACHE": ""})
        assert done.returncode == ExitCode.INFRASTRUCTURE, (command, done.stderr)
        assert f"error[run-corrupt]: {file.of(run)}" in done.stderr


@pytest.mark.parametrize("value", ["no", {"settings": 1, "ladder": None}, {"settings": {}}, {"ladder": None}])
def test_settings_of_drift_of_a_wrong_type_are_named(value: object, tmp_path: Path) -> None:
    """The manifest keeps them as any JSON; `judge` ended with a traceback."""
    prepared = prepare([HOST], [], RunOptions(passes=1, seed=0))
    manifest = structs.replace(prepared.manifest, options={**prepared.manifest.options, "drift": value})
    with (
        RunDir.create(tmp_path / "run", manifest, prepared.cases) as opened,
        pytest.raises(InfrastructureError, match="the settings of drift are damaged"),
    ):
        investigation_of(opened)


def test_cases_that_are_missing_are_noticed(tmp_path: Path) -> None:
    """A file that is cut after a line: the exchanges of the other cases would be left out without a word."""
    cases = [Case("s", name, {"messages": [{"role": "user", "content": name}]}, why="w") for name in "ab"]
    prepared = prepare([HOST], [], RunOptions(passes=1, seed=0))
    manifest = structs.replace(prepared.manifest, suites=(SuiteRecord("s", "d" * 64, 2),))
    with RunDir.create(tmp_path / "run", manifest, cases) as opened:
        assert len(opened.cases()) == 2
        path = RunFile.CASES.of(opened.path)
        path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n")
        with pytest.raises(InfrastructureError, match="1 of the 2 cases of the run are here"):
            opened.cases()
