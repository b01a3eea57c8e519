"""The lab as a ``providers.toml``."""

from __future__ import annotations

from collections.abc import Iterable

from trueweight.lab.ladder import MODEL, REFERENCE, choose
from trueweight.lab.state import Server

_HEAD = """\
# The trueweight lab: one real model on real llama.cpp servers, at falling precision, on this machine.
# `trueweight lab up` starts them, `trueweight lab down` ends them.
"""


def providers_toml(servers: Iterable[Server]) -> str:
    """Text of a ``providers.toml`` for these servers. F16 is the reference; without it there is none."""
    return _HEAD + "".join("\n" + _entry(server) for server in servers)


def _entry(server: Server) -> str:
    (rung,) = choose([server.rung])
    role = "reference" if rung == REFERENCE else "candidate"
    lines = (
        "[[provider]]",
        f'name = "{rung.name}"',
        f'role = "{role}"',
        f'base_url = "{server.base_url}"',
        f'model = "{MODEL}"',
        f'precision = "{rung.precision}"',
        # More at once would only wait in the server's queue, and be timed while it waits.
        f"concurrency = {server.slots}",
    )
    return "\n".join(lines) + "\n"
