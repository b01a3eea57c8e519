"""The record of the servers that ``lab up`` started: the only ones that ``lab down`` may end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from trueweight.core import ConfigError
from trueweight.lab.places import write_json
from trueweight.lab.processes import Identity

FORMAT = "trueweight.lab-running/1"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started.

    Attributes:
        process: who it is, so that no other process is ever taken for it.
        slots: requests it answers at once.
        threads: processor threads it computes with.
    """

    rung: str
    port: int
    slots: int
    threads: int
    log: str
    process: Identity

    @property
    def base_url(self) -> str:
        """What a provider's ``base_url`` is."""
        return f"http://127.0.0.1:{self.port}/v1"


def read_servers(path: Path) -> tuple[Server, ...]:
    """The recorded servers; empty if there is no record.

    Raises:
        ConfigError: ``lab-state-broken`` if the record cannot be read: guessing could end a stranger's process.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r} instead of {FORMAT!r}")
        return tuple(Server(**{**entry, "process": _identity(**entry["process"])}) for entry in value["servers"])
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"The lab's record of its servers cannot be read: {error}",
            code="lab-state-broken",
            where=str(path),
            hint="End any server of the lab yourself, then delete this file.",
        ) from error


def _identity(pid: int, started: str, **_: object) -> Identity:
    """Records of earlier versions have the command line too."""
    return Identity(pid, started)


def write_servers(path: Path, servers: Iterable[Server]) -> None:
    """Put these servers on record, and no others."""
    write_json(path, {"format": FORMAT, "servers": [asdict(server) for server in servers]})
