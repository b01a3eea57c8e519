"""The ladder: one model at falling precision, each rung a file and the arguments its server runs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trueweight.core import ConfigError, near_miss

MODEL = "gemma-3-270m"
BASE_PORT = 18281


@dataclass(frozen=True, slots=True)
class LabRung:
    """One way to run the model.

    Attributes:
        name: of the provider, and on the command line.
        quantisation: type of the weights, as ``llama-quantize`` spells it; names the file too.
        precision: what the provider declares in ``providers.toml``.
        server_args: what this rung adds to the server's command line.
        by_default: whether it runs when no rungs are named.
    """

    name: str
    quantisation: str
    precision: str
    server_args: tuple[str, ...] = ()
    by_default: bool = False

    @property
    def file(self) -> str:
        """Name of the model file. Rungs that differ only in server arguments share it."""
        return f"{MODEL}-{self.quantisation.lower()}.gguf"


def _weights(quantisation: str, *, by_default: bool = False) -> LabRung:
    return LabRung(quantisation.lower(), quantisation, quantisation, by_default=by_default)


def _kv_cache(kind: str) -> LabRung:
    args = ("--cache-type-k", kind, "--cache-type-v", kind)
    return LabRung(f"f16-kv-{kind}", "F16", f"F16, KV cache {kind.upper()}", args)


# A rung's place is its port, so new ones go to the end. Q4_K_M is missing on purpose: the source file was one, so
# re-quantising to it would nearly restore the original and flatter that rung.
_LADDER = (
    _weights("F16", by_default=True),
    _weights("Q8_0", by_default=True),
    _weights("Q4_0", by_default=True),
    _weights("Q2_K", by_default=True),
    _weights("Q6_K"),
    _weights("Q5_K_M"),
    _weights("Q3_K_M"),
    _kv_cache("q8_0"),
    _kv_cache("q4_0"),
)

REFERENCE = _LADDER[0]


def rungs() -> tuple[LabRung, ...]:
    """Every rung there is, in the order of their ports; the first is the reference."""
    return _LADDER


def choose(names: Sequence[str] = ()) -> tuple[LabRung, ...]:
    """The rungs of these names in ladder order, or the default ones.

    Raises:
        ConfigError: ``lab-unknown-rung``, with the near miss.
    """
    if not names:
        return tuple(rung for rung in _LADDER if rung.by_default)
    wanted = {name.lower() for name in names}
    known = {rung.name for rung in _LADDER}
    for name in sorted(wanted - known):
        raise ConfigError(
            f"The lab has no rung {name!r}.",
            code="lab-unknown-rung",
            where="--only",
            hint=near_miss(name, known),
        )
    return tuple(rung for rung in _LADDER if rung.name in wanted)


def port_of(rung: LabRung, base: int = BASE_PORT) -> int:
    """The rung's own port: fixed, whichever others run."""
    return base + _LADDER.index(rung)
