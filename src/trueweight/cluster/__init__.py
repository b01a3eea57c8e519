"""Sends and judges on several machines: the plan is cut, Ray runs the parts, and one actor keeps the limits of all.

What needs the extra ``trueweight[ray]`` is imported when it is used, by the functions of this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from trueweight.core import ConfigError
from trueweight.store import RunDir, has_exchanges
from trueweight.workflow.judge.judged_trial import TrialJudge
from trueweight.workflow.judge.processes import PoolMaker
from trueweight.workflow.send import Sender

__all__ = ["checked_place", "is_url", "ray_judges", "ray_sender", "sources"]


def is_url(place: str) -> bool:
    """Whether a place is a URL, as opposed to a path of this machine."""
    return "://" in place


def checked_place(place: str) -> str:
    """A place as all machines understand it: a URL, or the absolute path of a directory.

    Raises:
        ConfigError: ``shards-password`` for a URL with a password, which would be in the manifest and in errors.
    """
    if not is_url(place):
        return str(Path(place).absolute())
    if urlsplit(place).password is not None:
        raise ConfigError(
            "the URL has a password",
            code="shards-password",
            where="--shards",
            hint="Valid: a URL without it. The package of the file system reads credentials from the environment.",
        )
    return place


@contextmanager
def ray_sender(place: str, *, together: bool = False, fresh: bool = False) -> Iterator[Sender]:
    """Sends trials on a Ray cluster, to which this process is connected from the first trial to the end of the block.

    Args:
        place, together, fresh: see `trueweight.cluster.engine.RaySender`.

    Raises:
        ConfigError: ``extra-missing`` if the extra is not installed.
        InfrastructureError: ``cluster-unreachable``.
    """
    place = place and checked_place(place)
    engine = _engine()
    with ExitStack() as stack:
        yield engine.RaySender(stack, place, together, fresh)


@contextmanager
def ray_judges() -> Iterator[PoolMaker]:
    """Makes what judges the exchanges of a run on a Ray cluster, to which this process is connected from the first
    exchange to the end of the block.

    Raises:
        ConfigError: ``extra-missing`` if the extra is not installed.
        InfrastructureError: ``cluster-unreachable``.
    """
    engine = _engine()
    from trueweight.cluster.judging import RayJudges

    with ExitStack() as stack:

        def make(run: RunDir, judge: TrialJudge, trials: Sequence[str]) -> RayJudges:
            engine.connect(stack)
            return RayJudges(run, judge, trials)

        yield make


def _engine() -> ModuleType:
    # Ray prints errors of its nodes to standard output, which is that of the command, also with ``--json`` and a file.
    # It reads this when it is imported: no line that matches is printed.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "^")
    try:
        from trueweight.cluster import engine
    except ImportError as error:
        raise _without_extra("--engine ray", error) from None
    return engine


def _without_extra(where: str, error: ImportError) -> ConfigError:
    return ConfigError(
        f"a package is not installed: {error.name}",
        code="extra-missing",
        where=where,
        hint="Valid: pip install 'trueweight[ray]', on every node of a cluster.",
    )


@contextmanager
def sources(place: str, beside: Path) -> Iterator[list[RunDir]]:
    """The runs at a place, open to be read: a run directory, or what the workers of a cluster wrote to a URL or into a
    directory. A directory whose driver was stopped has both.

    Args:
        beside: a run is made from a URL beside this directory, for the time of the block.

    Raises:
        ConfigError: ``run-missing`` if there is none, ``extra-missing`` if a URL needs a package that is missing; as
            `checked_place`.
    """
    path, checked = Path(place), checked_place(place)
    with ExitStack() as stack:
        found: list[RunDir] = []
        if is_url(place) or (path / "shards").is_dir():
            try:
                from trueweight.cluster.record import run_from
            except ImportError as error:
                raise _without_extra(place, error) from None
            found.append(stack.enter_context(run_from(checked, beside)))
        if not is_url(place) and (not found or has_exchanges(path)):
            found.append(stack.enter_context(RunDir.open(path)))
        yield found
