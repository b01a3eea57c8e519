"""vLLM in the lab: its own environment, made in steps and checked, and one clear sentence without it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from trueweight.core import ConfigError, InfrastructureError
from trueweight.lab import rungs_of
from trueweight.lab.engines import Settings, find_engine
from trueweight.lab.engines.vllm import MISMATCHED, install, python_of
from trueweight.lab.engines.vllm_server import NEXT_TURN, generation_config


def test_rungs_are_chosen_by_engine_and_dtype() -> None:
    """Both number formats of activations, or one; an unknown one is refused with the valid ones."""
    assert rungs_of("vllm") == ("vllm-fp32", "vllm-bf16")
    assert rungs_of("vllm", "bfloat16") == ("vllm-bf16",)
    with pytest.raises(ConfigError, match="int8") as caught:
        rungs_of("vllm", "int8")
    assert "bfloat16, float32" in caught.value.hint


def test_its_absence_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before anything is made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="not installed") as caught:
        find_engine("vllm").require(lambda _: tmp_path)
    assert "trueweight lab install vllm" in caught.value.hint


def test_the_environment_is_made_in_steps_and_checked(tmp_path: Path) -> None:
    """pip installs, removes what does not match, and the import is tried; a failed step leaves no mark of success."""
    steps: list[Sequence[str]] = []

    def run(words: Sequence[str]) -> int:
        steps.append(words)
        return int(len(steps) == failing)

    python_of(tmp_path).parent.mkdir()
    python_of(tmp_path).touch()
    failing = 3
    with pytest.raises(InfrastructureError, match="import vllm"):
        install(tmp_path, run)
    assert not (tmp_path / "ready").exists()
    failing = 0
    assert install(tmp_path, run) == tmp_path
    assert (tmp_path / "ready").exists()
    assert [step[2] for step in steps[:2]] == ["pip", "pip"]
    assert set(MISMATCHED) <= set(steps[1])


def test_the_command_names_model_port_and_dtype(tmp_path: Path) -> None:
    """The server's own script in the other environment, without variables that would change what it computes."""
    engine = find_engine("vllm")
    command = engine.command(engine.rungs[1], tmp_path / "m.gguf", Settings(18302, 4, 1), {"VLLM_X": "1", "HOME": "h"})
    assert command.words[2:7] == (str(tmp_path / "m.gguf"), "18302", "4", "1", "bfloat16")
    assert dict(command.environ) == {"HOME": "h"}


def test_an_answer_ends_where_the_model_begins_the_next_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the stop text of llama.cpp does it there. The model's own folder stays as it is."""
    tokenizer = SimpleNamespace(encode=lambda text, **_: {NEXT_TURN: [2364]}[text])
    auto = SimpleNamespace(from_pretrained=lambda _: tokenizer)
    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(AutoTokenizer=auto))  # type: ignore[arg-type]
    original = tmp_path / "generation_config.json"
    for ends, expected in ((1, [1, 2364]), ([1, 106], [1, 106, 2364])):
        original.write_text(json.dumps({"eos_token_id": ends, "bos_token_id": 2}))
        written = json.loads((generation_config(tmp_path) / "generation_config.json").read_text())
        assert written == {"eos_token_id": expected, "bos_token_id": 2}
        assert json.loads(original.read_text())["eos_token_id"] == ends
