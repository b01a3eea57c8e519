"""``trueweight compare`` refuses what it cannot compare; test_cli_demo.py compares real records."""

from __future__ import annotations

from pathlib import Path

from command_line import Cli


def test_what_is_no_run_is_refused(cli: Cli, tmp_path: Path) -> None:
    """A wrong directory is a usage error in words."""
    done = cli("compare", "nowhere", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
