"""From a name or a path to a suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueweight.core import ConfigError
from trueweight.suites import find_suite, read_suite, shipped_suites

YAML = "suite: {name}\ntitle: T\nversion: 1\ncases: [{{id: one, why: w, request: {{messages: []}}}}]\n"
LINE = '{"messages": []}\n'


def test_shipped_suites_are_found_by_name() -> None:
    """The two suites of the first release are there, under their own names."""
    assert {"structured-output", "tool-calls"} <= set(shipped_suites())
    assert all(find_suite(name).name == name for name in shipped_suites())
    assert not [problem for name in shipped_suites() for problem in read_suite(name).problems]


def test_a_shipped_name_comes_before_a_path_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``--suite tool-calls`` means does not depend on the folder one stands in; ``./tool-calls`` is the folder."""
    (tmp_path / "tool-calls").mkdir()
    (tmp_path / "tool-calls" / "a.yaml").write_text(YAML.format(name="a"))
    monkeypatch.chdir(tmp_path)
    assert len(find_suite("tool-calls").cases) > 1
    assert [case.key for case in find_suite("./tool-calls").cases] == ["a/one"]


def test_an_unknown_name_gets_the_near_miss_and_what_else_would_do(tmp_path: Path) -> None:
    """A typo in a name costs one glance."""
    with pytest.raises(ConfigError) as caught:
        find_suite("tool-cals")
    assert str(caught.value).startswith(
        "no suite and no file is called 'tool-cals'\n  Did you mean 'tool-calls'? Valid: "
    )
    assert caught.value.hint.endswith("Or a path: .yaml, .yml, .jsonl, .py, or a folder of them.")


def test_a_file_of_another_kind_is_refused_with_the_kinds_there_are(tmp_path: Path) -> None:
    """A file is read by what its name says, and by nothing else."""
    path = tmp_path / "prompts.txt"
    path.write_text("Say hello.")
    with pytest.raises(ConfigError) as caught:
        find_suite(str(path))
    assert str(caught.value) == f"{path}: not a kind of suite: 'prompts.txt'\n  Valid: .yaml, .yml, .jsonl, .py."


def test_a_folder_is_one_suite_of_all_its_files(tmp_path: Path) -> None:
    """YAML and JSONL files count, sorted by name; other files and folders inside are left alone."""
    folder = tmp_path / "My Suites"
    folder.mkdir()
    (folder / "b.yaml").write_text(YAML.format(name="beta"))
    (folder / "a.jsonl").write_text(LINE * 2)
    (folder / "c.YML").write_text(YAML.format(name="gamma"))
    (folder / "README.md").write_text("not a suite")
    (folder / "d.yaml").mkdir()
    suite = find_suite(str(folder))
    assert suite.name == "my-suites"
    assert [case.key for case in suite.cases] == ["a/line-0001", "a/line-0002", "beta/one", "gamma/one"]


def test_two_files_with_one_key_are_refused(tmp_path: Path) -> None:
    """A key means one case in a run, whichever file it came from."""
    (tmp_path / "a.yaml").write_text(YAML.format(name="same"))
    (tmp_path / "b.yaml").write_text(YAML.format(name="same"))
    (problem,) = read_suite(str(tmp_path)).problems
    assert str(problem) == (
        f"{tmp_path}/b.yaml: case 'same/one' is taken\n"
        f"  First in {tmp_path}/a.yaml. Give one of the suites another name."
    )


def test_a_folder_reports_the_problems_of_all_its_files(tmp_path: Path) -> None:
    """One broken file does not hide the next one's problems."""
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.jsonl").write_text("x")
    assert [problem.where for problem in read_suite(str(tmp_path)).problems] == [
        f"{tmp_path}/a.yaml:1",
        f"{tmp_path}/b.jsonl:1",
    ]


def test_a_folder_without_suites_is_refused(tmp_path: Path) -> None:
    """A wrong folder is an error, not a run of nothing."""
    with pytest.raises(ConfigError, match="no suite in this folder"):
        find_suite(str(tmp_path))


def test_an_installed_suite_is_read_once_and_as_its_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an installed package, where no mistakes are looked for, the cases are those of the file."""
    (tmp_path / "_suites").mkdir()
    (tmp_path / "_suites" / "mine.yaml").write_text(YAML.format(name="mine"))
    monkeypatch.setattr("trueweight.suites.find._PACKAGE", tmp_path)
    found = find_suite("mine")
    assert found is find_suite("mine")
    assert found.digest() == find_suite(str(tmp_path / "_suites" / "mine.yaml")).digest()
    assert found.origin == "mine"
