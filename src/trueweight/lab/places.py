"""Where the lab keeps its files, and the one lock on them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from trueweight.core import ConfigError


@dataclass(frozen=True, slots=True)
class Places:
    """The lab's folders. Nothing is written anywhere else, least of all into installed packages.

    Attributes:
        cache: models and logs; may be deleted whenever the lab is down.
        state: what is running; must outlive a cleaned cache, or servers could not be ended any more.
    """

    cache: Path
    state: Path

    @classmethod
    def of_user(cls) -> Places:
        """The user's own folders, as their platform has them (``XDG_CACHE_HOME`` and ``XDG_STATE_HOME`` count)."""
        cache = Path(platformdirs.user_cache_dir("trueweight")) / "lab"
        return cls(cache, Path(platformdirs.user_state_dir("trueweight")) / "lab")

    @property
    def models(self) -> Path:
        """Model files and their manifest."""
        return self.cache / "models"

    @property
    def logs(self) -> Path:
        """One log file a server, of its last start."""
        return self.cache / "logs"

    @property
    def running(self) -> Path:
        """The record of the servers that were started."""
        return self.state / "running.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lab for oneself: two ``lab up`` at once would race for ports and files. Waits for the other.

        Raises:
            ConfigError: ``lab-platform`` where there are no such locks (Windows).
        """
        try:
            import fcntl  # Here, so that the command line can list its commands on any system.
        except ImportError as error:
            raise ConfigError("The lab runs on Linux and macOS only.", code="lab-platform") from error
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state / "lock").open("a") as handle:
            # The kernel releases the lock when the process ends, even by SIGKILL, so a stale lock cannot remain.
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def write_json(path: Path, value: Any) -> None:
    """Replace the file with this value in one step: a reader sees the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, sort_keys=True)
            file.write("\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
