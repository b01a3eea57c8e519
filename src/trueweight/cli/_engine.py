"""``--engine`` and ``--shards``: this machine or a cluster, and where a cluster records.

Nothing here imports more than click and the core before it is used, so that ``--help`` stays fast.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from trueweight.core import ConfigError, Provider

if TYPE_CHECKING:
    from trueweight.workflow.judge.processes import PoolMaker
    from trueweight.workflow.send import Sender

LOCAL: Final = "local"
RAY: Final = "ray"

engine_option = click.option(
    "--engine",
    type=click.Choice([LOCAL, RAY]),
    default=LOCAL,
    show_default=True,
    help="Where the work is done: on this machine, or on a Ray cluster (RAY_ADDRESS). Requires trueweight[ray].",
)
shards_option = click.option(
    "--shards",
    metavar="URL",
    help="With --engine ray: where the workers record, e.g. s3://bucket/run. `trueweight merge URL` judges from it.  "
    "[default: the run directory, which all nodes must have]",
)


def needs_keys(engine: str, *, probing: bool) -> bool:
    """Whether this machine needs the keys of the providers: not where it does not probe and a cluster sends."""
    return probing or engine == LOCAL


def keys_here(engine: str, providers: Iterable[Provider], *, probing: bool) -> Mapping[str, str]:
    """The keys that this machine needs: those of all providers, or none where it does not probe and a cluster sends,
    whose nodes have them.

    Raises:
        ConfigError: as `trueweight.config.keys_for`.
    """
    from trueweight.config import keys_for

    return keys_for(providers, os.environ) if needs_keys(engine, probing=probing) else {}


@contextmanager
def chosen_sender(engine: str, shards: str | None, *, fresh: bool = False, together: bool = False) -> Iterator[Sender]:
    """Sends the trials of a run.

    Args:
        engine, shards: as the options have them.
        fresh: what an earlier run left at the URL is deleted.
        together: all workers send during the whole run, for a measurement of load.

    Raises:
        ConfigError: ``shards-alone`` for ``--shards`` without a cluster; as `trueweight.cluster.ray_sender`.
    """
    if engine == LOCAL:
        if shards is not None:
            hint = "Valid: --engine ray --shards URL, or neither."
            raise ConfigError("--shards needs --engine ray", code="shards-alone", where="--shards", hint=hint)
        from trueweight.workflow.send import send_pending

        yield send_pending
        return
    from trueweight.cluster import ray_sender

    with ray_sender(shards or "", together=together, fresh=fresh) as sender:
        yield sender


@contextmanager
def chosen_pool(engine: str) -> Iterator[PoolMaker | None]:
    """Makes what judges the exchanges of a run; None for this machine.

    Raises:
        ConfigError: as `trueweight.cluster.ray_judges`.
    """
    if engine == LOCAL:
        yield None
        return
    from trueweight.cluster import ray_judges

    with ray_judges() as pool:
        yield pool
