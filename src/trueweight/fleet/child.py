"""Run the fleet in a child process, for callers that are synchronous or must not share its interpreter."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trueweight.core import InfrastructureError

READY = "# ready"
"""The last line of the ``providers.toml`` that ``trueweight fleet serve`` prints: every port answers from here on."""

_GRACE = 5.0


@contextlib.contextmanager
def running_fleet(
    names: Iterable[str] | None = None, *, suites: Iterable[str] = (), apis: Iterable[str] = (), port: int = 0
) -> Iterator[Path]:
    """Run ``trueweight fleet serve`` and yield the path of its ``providers.toml``; the process ends with the block.

    The child also ends when this process ends, even by SIGKILL: it watches a pipe that only this process holds open.

    Raises:
        InfrastructureError: if it does not start; quotes its standard error.
    """
    command = [sys.executable, "-m", "trueweight", "fleet", "serve", "--port", str(port), "--until-stdin-closes"]
    for name in names or ():
        command += ["--only", name]
    for suite in suites:
        command += ["--suite", suite]
    for api in apis:
        command += ["--api", api]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory(prefix="trueweight-fleet-") as folder, contextlib.ExitStack() as stack:
        error_file = stack.enter_context((Path(folder) / "stderr").open("w+", encoding="utf-8", errors="replace"))
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own arguments
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=error_file,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        stack.callback(_end, process)
        path = Path(folder) / "providers.toml"
        path.write_text(_read_until_ready(process, Path(error_file.name)), encoding="utf-8")
        yield path


def _read_until_ready(process: subprocess.Popen[str], error_file: Path) -> str:
    """Standard output up to the line that marks the fleet as ready."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if line.strip() == READY:
            return "".join(lines)
    process.wait()
    errors = error_file.read_text(encoding="utf-8", errors="replace").strip()
    raise InfrastructureError(
        f"the fleet did not start (exit code {process.returncode})", code="fleet-failed", hint=errors[-2000:]
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Close the pipe that the child watches; then terminate it, then kill it."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    for signal in (None, process.terminate, process.kill):
        if signal is not None:
            signal()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return


def wait_for_end_of_stdin(then: Callable[[], None]) -> None:
    """Block until the process at the other end of standard input closes it or ends."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    then()
