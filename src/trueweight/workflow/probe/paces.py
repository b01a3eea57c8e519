"""The pace of each provider at its last probe, kept in this user's cache for the expected time of a later dry run.

Nothing else is read from it: what a run sends and judges comes from its own probe.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from trueweight.core import Provider
from trueweight.core.probe import Probe
from trueweight.plan import Pace, measured_paces
from trueweight.store import read_cached, write_cached
from trueweight.workflow.judge.cache import cache_folder

_FOLDER: Final = "paces"


def keep_paces(providers: Iterable[Provider], probe: Probe) -> None:
    """Keep the pace of each of these providers that the probe measured."""
    paces = measured_paces(probe)
    for provider in providers:
        path = _file(provider)
        if path is not None and provider.name in paces:
            write_cached(path, msgspec.json.encode(paces[provider.name]))


def last_paces(providers: Iterable[Provider]) -> dict[str, Pace]:
    """Provider → its pace at the last probe of this user; one that was never probed is left out."""
    found: dict[str, Pace] = {}
    for provider in providers:
        path = _file(provider)
        data = None if path is None else read_cached(path)
        with suppress(msgspec.MsgspecError):
            if data is not None:
                found[provider.name] = msgspec.json.decode(data, type=Pace)
    return found


def _file(provider: Provider) -> Path | None:
    """A file for each address and model: another name of the same entry has the same pace. None without a cache."""
    folder = cache_folder()
    if folder is None:
        return None
    named = msgspec.json.encode([provider.base_url, dict(provider.base_urls), provider.model], order="deterministic")
    return folder / _FOLDER / f"{sha256(named).hexdigest()[:40]}.zst"
