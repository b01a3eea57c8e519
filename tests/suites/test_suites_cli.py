"""``trueweight suites`` as a user sees it: the screen and the exit code."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from trueweight.cli import main
from trueweight.suites import generated_suites, shipped_suites


def _run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["suites", *args])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_list_names_each_shipped_suite(capsys: pytest.CaptureFixture[str]) -> None:
    """One line per suite: name, cases, title."""
    code, out, _ = _run(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [*shipped_suites(), *generated_suites()]


def test_check_of_good_suites_is_quiet_and_ok(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0 and a line for each."""
    code, out, err = _run(capsys, "check", *shipped_suites())
    assert (code, len(out.splitlines()), err) == (0, len(shipped_suites()), "")


def test_check_prints_every_problem_of_every_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, and the golden text: each problem with its code, file and line, and what would be valid."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("suite: a\ntitle: T\nversion: 1\ncasess: []\n")
    Path("b.jsonl").write_text("{}\n")
    code, out, err = _run(capsys, "check", "a.yaml", "b.jsonl", "c.yaml")
    assert (code, out) == (2, "")
    names = ", ".join(sorted([*shipped_suites(), *generated_suites()]))
    assert err == (
        "error[suite-missing-key]: a.yaml:1: key 'cases' is missing\n"
        "error[suite-unknown-key]: a.yaml:4: unknown key 'casess'\n"
        "  Did you mean 'cases'? Valid: cases, defaults, suite, title, version.\n"
        "error[jsonl-malformed]: b.jsonl:1: 1 malformed line (1); line 1: no 'messages'\n"
        "  Each line is one JSON object: a chat-completions request body with 'messages'.\n"
        "error[suite-not-found]: no suite and no file is called 'c.yaml'\n"
        f"  Valid: {names}. Or a path: .yaml, .yml, .jsonl, .py, or a folder of them.\n"
        "4 problems\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO in a folder")
@pytest.mark.parametrize("name", ["suite.yaml", "suite.jsonl", "suite.py"])
def test_check_of_a_fifo_ends(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    """It has no writer, so reading it would wait for ever: an error that says what the file is."""
    os.mkfifo(tmp_path / name)
    code, out, err = _run(capsys, "check", str(tmp_path / name))
    assert (code, out) == (2, "")
    assert name in err


@pytest.mark.parametrize(
    "line",
    [
        "raise SystemExit(0)",
        "raise SystemExit",
        "raise GeneratorExit",
        "raise BaseException('no')",
        "import asyncio; raise asyncio.CancelledError",
        "raise BaseExceptionGroup('two', [SystemExit(0), KeyboardInterrupt()])",
    ],
)
@pytest.mark.parametrize("place", ["at the top", "in a property"])
def test_no_exception_of_a_python_suite_ends_the_process(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, line: str, place: str
) -> None:
    """Exit 2 with the file and a line, also for exceptions that are no `Exception`."""
    path = tmp_path / "mine.py"
    assert _run(capsys, "new", str(path))[0] == 0
    text = path.read_text(encoding="utf-8")
    if place == "at the top":
        text += f"\n{line}\n"
    else:
        head, rest = text.split("\ndef ", 1)
        signature, body = rest.split(":\n", 1)
        text = f"{head}\ndef {signature}:\n    {line}\n{body}"
    path.write_text(text, encoding="utf-8")
    code, _, err = _run(capsys, "check", str(path))
    assert code == 2, err
    assert "mine.py:" in err
    assert "Traceback" not in err


def test_show_lists_the_cases_of_a_suite(capsys: pytest.CaptureFixture[str]) -> None:
    """A line per case after the suite's own: id, severity, why."""
    code, out, _ = _run(capsys, "show", "tool-calls")
    head, _, cases = out.partition("\n\n")
    assert code == 0
    assert head.startswith("tool-calls: ")
    assert cases.splitlines()[0].split()[:2] == ["single", "SHOULD"]


@pytest.mark.parametrize("name", ["single", "tool-calls/single"])
def test_show_prints_a_case_as_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All of a case, by id or by key, for a person to read and a program to parse."""
    code, out, _ = _run(capsys, "show", "tool-calls", name)
    shown = json.loads(out)
    assert (code, shown["case"], shown["request"]["max_tokens"]) == (0, "tool-calls/single", 256)


def test_show_of_an_unknown_case_names_the_near_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """A typo in a case id costs one glance."""
    code, _, err = _run(capsys, "show", "tool-calls", "singel")
    assert code == 2
    assert "Did you mean 'single'?" in err


def test_text_of_a_suite_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Escape sequences and bidi marks in anyone's suite file are printed as what they are."""
    path = tmp_path / "a.yaml"
    why = r'"\e[2J \u202e ok"'
    path.write_text(f"suite: a\ntitle: T\nversion: 1\ncases: [{{id: x, why: {why}, request: {{messages: []}}}}]\n")
    _, out, _ = _run(capsys, "show", str(path))
    assert r"\x1b[2J \u202e ok" in out
