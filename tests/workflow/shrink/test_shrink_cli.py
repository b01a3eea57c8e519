"""``trueweight shrink`` as a user meets it: what it prints, where it writes, how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import anyio
import pytest

from trueweight.cli import main
from trueweight.core import Provider
from trueweight.suites import find_suite
from trueweight.wire import WireSettings
from trueweight.workflow.send import RunOptions, open_to_send, prepare, send_pending


@pytest.fixture
def run_dir(fleet: Mapping[str, Provider], tmp_path: Path) -> Path:
    """A few enum cases asked of a provider that violates enums."""
    suite = find_suite("property-arguments", examples=14)
    prepared = prepare([fleet["reference"], fleet["violate-enum"]], [suite], RunOptions(passes=1))
    run, _ = open_to_send(prepared, tmp_path / "run", fresh=False)
    with run:
        anyio.run(partial(send_pending, run, prepared.plan.trials, keys={}, settings=WireSettings()))
    return tmp_path / "run"


def _run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_shrink_prints_the_smallest_request_and_writes_it(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sizes, finding, reference, curl, record, case; and the case is a suite that can be checked and run."""
    code, out, err = _run(
        capsys, "shrink", run_dir, "enum-values-0001", "--provider", "violate-enum", "--max-requests", 40
    )
    assert code == 0, err
    assert "tool-arguments-enum" in out
    assert "The reference passes this case." in out
    assert "curl -sS -N -X POST" in out
    assert "still fails" in err
    written = run_dir.with_name("run-enum-values-0001") / "enum-values-0001.yaml"
    assert f"case: {written}" in out
    code, out, _ = _run(capsys, "suites", "check", written)
    assert (code, "no problem" in out) == (0, True)


@pytest.mark.parametrize(
    ("case", "provider", "check", "words"),
    [
        ("no-such", "violate-enum", None, "no case 'no-such'"),
        ("enum-values-0001", "violate", None, "Did you mean 'violate-enum'?"),
        ("enum-values-0001", "violate-enum", "json-equals", "tool-arguments-enum"),
        ("enum-values-0001", "reference", None, "Every check passed there."),
    ],
)
def test_what_cannot_be_shrunk_is_refused_with_what_could_be(
    run_dir: Path, capsys: pytest.CaptureFixture[str], case: str, provider: str, check: str | None, words: str
) -> None:
    """Exit 2, nothing sent, nothing written."""
    more = [] if check is None else ["--check", check]
    code, _, err = _run(capsys, "shrink", run_dir, case, "--provider", provider, *more)
    assert (code, words in err) == (2, True), err
    assert sorted(path.name for path in run_dir.parent.iterdir()) == ["run"]
