"""The ladder: one model at falling precision, on all engines."""

from __future__ import annotations

from collections.abc import Sequence

from trueweight.core import ConfigError, near_miss
from trueweight.lab.engines import LabRung, engines, find_engine

BASE_PORT = 18281
REFERENCE = "f16"
"""Name of the rung that the others are compared with."""


def rungs() -> tuple[LabRung, ...]:
    """Every rung of every engine, in the order of their ports."""
    return tuple(rung for engine in engines() for rung in engine.rungs)


def choose(names: Sequence[str] = ()) -> tuple[LabRung, ...]:
    """The rungs of these names in ladder order, or the default ones.

    Raises:
        ConfigError: ``lab-unknown-rung``, with the near miss.
    """
    ladder = rungs()
    if not names:
        return tuple(rung for rung in ladder if rung.by_default)
    wanted = {name.lower() for name in names}
    known = {rung.name for rung in ladder}
    for name in sorted(wanted - known):
        raise ConfigError(
            f"The lab has no rung {name!r}.",
            code="lab-unknown-rung",
            where="--only",
            hint=near_miss(name, known),
        )
    return tuple(rung for rung in ladder if rung.name in wanted)


def rungs_of(engine: str | None, dtype: str | None = None) -> tuple[str, ...]:
    """Names of an engine's rungs, all or those with this number format of activations.

    Raises:
        ConfigError: ``unknown-engine``, or ``lab-unknown-dtype``.
    """
    own = rungs() if engine is None else find_engine(engine).rungs
    known = sorted({rung.options["dtype"] for rung in own if "dtype" in rung.options})
    found = tuple(rung.name for rung in own if dtype is None or rung.options.get("dtype") == dtype)
    if not found:
        raise ConfigError(
            f"No rung has activations of type {dtype!r}.",
            code="lab-unknown-dtype",
            where="--dtype",
            hint=f"Valid: {', '.join(known)}, of engine vllm." if known else "Valid with --engine vllm only.",
        )
    return found


def port_of(rung: LabRung, base: int = BASE_PORT) -> int:
    """The rung's own port: fixed, whichever others run."""
    engine = find_engine(rung.engine)
    return base + engine.first_port + list(engine.rungs).index(rung)
