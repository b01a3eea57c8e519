"""Reads a file of a run that is one JSON value, with every field's type checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from trueweight.core import InfrastructureError
from trueweight.store.decode import CORRUPT, problem_of
from trueweight.store.files import read_plain

T = TypeVar("T")


def read_json_file(path: Path, kind: type[T], *, without: str) -> T | None:
    """The value in a file of a run directory; None if there is no such file.

    Args:
        without: what a judgement lacks without this file, for the hint of an error.

    Raises:
        ConfigError: as `read_plain`.
        InfrastructureError: ``run-corrupt`` if it is not JSON, or a field of it has a wrong type.
    """
    if not os.path.lexists(path):
        return None
    try:
        return msgspec.json.decode(read_plain(path), type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        field, problem = problem_of(error)
        place = "" if field == "$" else f"at {field}: "
        raise InfrastructureError(
            f"this file of the run is damaged: {place}{problem}",
            code=CORRUPT,
            where=str(path),
            hint=f"Restore it from a copy, or delete it: without it {without}.",
        ) from None
