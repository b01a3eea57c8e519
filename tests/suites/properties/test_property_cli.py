"""One's own property suite from the command line: begun, checked, listed, shown; and the guide as it is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trueweight.cli import main
from trueweight.suites import find_suite, suite_path
from trueweight.suites.properties.suite_file import write_starter

GUIDE = suite_path("agentic").with_name("README.md")


def _run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A starter in an empty directory."""
    monkeypatch.chdir(tmp_path)
    write_starter(Path("my_prompts.py"))
    return Path("my_prompts.py")


def test_a_new_suite_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """New, check, list and show, in this order; a second new overwrites nothing."""
    monkeypatch.chdir(tmp_path)
    assert _run(capsys, "suites", "new", "my_prompts.py")[0] == 0
    code, out, _ = _run(capsys, "suites", "check", "my_prompts.py")
    assert (code, out) == (0, "my_prompts.py: my_prompts, 60 cases, no problem\n")
    code, out, _ = _run(capsys, "suites", "list", "my_prompts.py")
    assert (code, out.split()[:3]) == (0, ["my_prompts", "60", "cases"])
    code, out, _ = _run(capsys, "suites", "show", "my_prompts.py", "--examples", 3)
    shown = [json.loads(text) for text in re.findall(r"^\{\n.*?^\}", out, re.S | re.M)]
    assert [one["case"].split("/")[0] for one in shown] == ["my_prompts"] * 3
    code, _, err = _run(capsys, "suites", "new", "my_prompts.py")
    assert (code, "the file exists" in err) == (2, True)
    code, _, err = _run(capsys, "suites", "new", "my_prompts.txt")
    assert (code, "does not end in .py" in err) == (2, True)


def test_an_error_is_shown_with_its_line(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a user sees it: file, line, what; exit 2 and no traceback."""
    with mine.open("a", encoding="utf-8") as file:
        file.write("\n\n@prompts(n=st.integers())\ndef broken(n):\n    return nothing_here\n")
    line = mine.read_text("utf-8").count("\n")
    code, _, err = _run(capsys, "suites", "check", "my_prompts.py")
    assert code == 2
    assert f"my_prompts.py:{line}: NameError: name 'nothing_here' is not defined" in err
    assert "Traceback" not in err


def test_the_guides_property_can_be_appended_as_it_is_written(mine: Path) -> None:
    """And the case that the guide shrinks is one that a server which eats white space fails."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    with mine.open("a", encoding="utf-8") as file:
        file.write("\n\n" + code)
    cases = {case.id: case for case in find_suite("my_prompts.py").cases}
    assert len(cases) == 75
    (shrunk,) = re.findall(r"trueweight shrink my-run (\S+)", GUIDE.read_text("utf-8"))
    assert cases[shrunk].checks["tool-call-matches"]["calls"][0]["arguments"]["name"].count("\n") > 1


def test_the_guide_names_what_there_is() -> None:
    """Every shipped generated suite, with the number of cases that it yields, and every name it says is public."""
    from trueweight.suites import properties
    from trueweight.suites.find import generated_summaries

    text = GUIDE.read_text("utf-8")
    for name, count, _ in generated_summaries():
        assert f"| `{name}` | {count:,} |" in text
    for name in re.findall(r"^\| `([a-z_]+)\(", text, re.M):
        assert name in properties.__all__


def test_a_suite_run_twice_draws_the_same_and_a_seed_changes_it(mine: Path) -> None:
    """What the manifest's digest is for."""
    assert find_suite(str(mine)).digest() == find_suite(str(mine)).digest()
    assert find_suite(str(mine), seed=1).digest() != find_suite(str(mine)).digest()
