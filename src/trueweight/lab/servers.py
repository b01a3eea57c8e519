"""Servers, started and waited for: one process and one port a rung, loopback only."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from trueweight.core import ConfigError, InfrastructureError
from trueweight.lab.engines import HOST, MODEL, LabRung, Settings, find_engine
from trueweight.lab.ladder import REFERENCE, choose
from trueweight.lab.processes import is_running, start_detached
from trueweight.lab.state import Server


def start(rung: LabRung, model: Path, settings: Settings, logs: Path) -> Server:
    """Start a rung's server; it loads its model for some seconds before it answers.

    Raises:
        ConfigError: ``lab-port-taken``.
        InfrastructureError: ``lab-server-died``.
    """
    require_free(settings.port, rung.name)
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{rung.name}.log"
    command = find_engine(rung.engine).command(rung, model, settings, os.environ)
    process = start_detached(command.words, command.environ, log)
    if process is None:
        raise _died(rung.name, log)
    return Server(rung.name, settings.port, settings.slots, settings.threads, str(log), process)


def require_free(port: int, rung: str) -> None:
    """Raise ``lab-port-taken`` unless a server can listen on this port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server itself does: a port in TIME_WAIT after its last user is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"Port {port}, which rung {rung} needs, is taken: {error.strerror}.",
                code="lab-port-taken",
                where="--port",
                hint="Choose another first port, e.g. `trueweight lab up --port 28281`, or end what listens there.",
            ) from error


def wait_until_ready(
    servers: Sequence[Server],
    timeout: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when all of them answer.

    Raises:
        InfrastructureError: ``lab-server-died`` or ``lab-not-ready``, with the last lines of its log.
    """
    deadline = clock() + timeout
    for server in servers:
        while not is_ready(server.port):
            if not is_running(server.process):
                raise _died(server.rung, Path(server.log))
            if clock() >= deadline:
                raise InfrastructureError(
                    f"Server {server.rung} is not ready after {timeout:g} s.",
                    code="lab-not-ready",
                    hint=_tail(server.log),
                )
            sleep(0.1)


def is_ready(port: int) -> bool:
    """Whether the server on this port has loaded its model (it answers 503 until then)."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _died(rung: str, log: Path) -> InfrastructureError:
    return InfrastructureError(f"Server {rung} ended before it was ready.", code="lab-server-died", hint=_tail(log))


def _tail(log: str | Path, lines: int = 8) -> str:
    path = Path(log)
    text = path.read_text("utf-8", errors="replace") if path.exists() else ""
    last = "\n  ".join(text.rstrip().splitlines()[-lines:])
    return f"The end of {path}:\n  {last or '(nothing)'}"


_HEAD = """\
# The trueweight lab: one real model on real engines, at falling precision, on this machine.
# `trueweight lab up` starts them, `trueweight lab down` ends them.
"""


def providers_toml(servers: Iterable[Server]) -> str:
    """Text of a ``providers.toml`` for these servers. F16 is the reference; without it there is none."""
    return _HEAD + "".join("\n" + _entry(server) for server in servers)


def _entry(server: Server) -> str:
    (rung,) = choose([server.rung])
    role = "reference" if rung.name == REFERENCE else "candidate"
    lines = (
        "[[provider]]",
        f'name = "{rung.name}"',
        f'role = "{role}"',
        f'base_url = "{server.base_url}"',
        f'model = "{MODEL}"',
        f'precision = "{rung.precision}"',
        # More at once would only wait in the server's queue, and be timed while it waits.
        f"concurrency = {server.slots}",
        *([f"thinking = {{ off = {rung.thinking_off} }}"] if rung.thinking_off else ()),
    )
    return "\n".join(lines) + "\n"
