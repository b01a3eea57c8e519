"""``trueweight profiles``, run in process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from in_process import trueweight
from trueweight.assess import load_bar


def test_list_names_each_family_and_variant(tmp_path: Path) -> None:
    """A line for each profile; the same as JSON."""
    listed = trueweight("profiles", "list", cwd=tmp_path)
    assert listed.returncode == 0
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert {"gpt-oss", "kimi-k2", "kimi-k2/thinking"} <= set(names)
    rows = json.loads(trueweight("profiles", "list", "--json", cwd=tmp_path).stdout)
    assert [row["name"] for row in rows] == names


@pytest.mark.parametrize("name", ["kimi-k2/2.5", "moonshotai/Kimi-K2.6"])
def test_show_takes_a_name_or_a_model_id(tmp_path: Path, name: str) -> None:
    """Both print the same profile: what is known, one fact a line, with its sources."""
    shown = trueweight("profiles", "show", name, cwd=tmp_path)
    assert shown.returncode == 0
    assert "kimi-k2/2.5: Kimi K2.5 and K2.6" in shown.stdout
    assert 'off {"thinking": {"type": "disabled"}}' in shown.stdout
    assert "temperature 0     refused" in shown.stdout
    assert "source            https://" in shown.stdout


def test_show_writes_a_bar_that_loads(tmp_path: Path) -> None:
    """``--bar`` prints the vendor's thresholds as a file that ``run --bar`` reads; without any it is an error."""
    printed = trueweight("profiles", "show", "minimax", "--bar", cwd=tmp_path)
    path = tmp_path / "bar.toml"
    path.write_text(printed.stdout, encoding="utf-8")
    assert [rule.metric for rule in load_bar(path).rules] == ["success_rate", "k2vv_trigger_f1", "schema_accuracy"]
    without = trueweight("profiles", "show", "gemma", "--bar", cwd=tmp_path)
    assert without.returncode == 2
    assert "profile-no-bar" in without.stderr


def test_show_prints_a_file_to_start_from(tmp_path: Path) -> None:
    """``--toml`` prints the file itself; as a user's own file it is the same profile."""
    path = tmp_path / "kimi-k3.toml"
    path.write_text(trueweight("profiles", "show", "kimi-k3", "--toml", cwd=tmp_path).stdout, encoding="utf-8")
    shipped, own = (trueweight("profiles", "show", name, "--json", cwd=tmp_path) for name in ("kimi-k3", path))
    assert own.stdout == shipped.stdout


def test_an_unknown_name_has_its_near_miss(tmp_path: Path) -> None:
    """Exit code 2, and the nearest names."""
    shown = trueweight("profiles", "show", "gptoss", cwd=tmp_path)
    assert shown.returncode == 2
    assert "Did you mean 'gpt-oss'?" in shown.stderr
