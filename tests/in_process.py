"""The command line inside the test's process, which saves its start-up: for tests without signals and limits."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

from trueweight.cli import _invoke


@contextlib.contextmanager
def _inside(cwd: Path, env: Mapping[str, str]) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    before = Path.cwd()
    out, err = io.StringIO(), io.StringIO()
    os.chdir(cwd)
    try:
        with (
            mock.patch.dict(os.environ, env, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            yield out, err
    finally:
        os.chdir(before)


def trueweight(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``main`` to its end in that directory, without a terminal; the result looks like that of a process.

    Args:
        env: variables beside those of this process, e.g. ``COLUMNS`` (200 otherwise).
    """
    words = [str(argument) for argument in arguments]
    with _inside(cwd, {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **(env or {})}) as (out, err):
        code = _invoke(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
