"""The engines of the lab, one file each: which rungs it has, how its model files are made, and how it is started.

An engine registers itself with ``add_engine``; the entry-point group is ``trueweight.engines``.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trueweight.core.registry import Registry
from trueweight.lab.weights import Weights, write_gguf

HOST = "127.0.0.1"
"""Servers listen on the loopback interface only."""
MODEL = "gemma-3-270m"
"""Name of the model, in requests and in file names."""
CONTEXT = 8192
"""Tokens a slot can hold, prompt and answer together."""
STOP = "\nUser:\n"
"""A base model does not end its turn; it would go on to write the user's next one."""


@dataclass(frozen=True, slots=True)
class LabRung:
    """One way to serve the model.

    Attributes:
        name: of the provider, and on the command line.
        engine: name of its engine.
        weights: number format of the matrices; names the model file too.
        precision: what the provider declares in ``providers.toml``.
        options: what this rung changes in its engine's settings; the engine says what it knows.
        by_default: whether it runs when no rungs are named.
        thinking_off: the fields of a request that turn its thinking off, as TOML; empty if there are none.
    """

    name: str
    engine: str
    weights: str
    precision: str
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    by_default: bool = False
    thinking_off: str = ""


def template_of(rung: LabRung) -> Path:
    """The rung's chat template: ``chat.jinja``, unless its option ``template`` names another."""
    return Path(__file__).parents[1] / f"{rung.options.get('template', 'chat')}.jinja"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs.

    Attributes:
        port: where it listens.
        slots: requests that it answers at once.
        threads: processor threads that it computes with.
    """

    port: int
    slots: int
    threads: int


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a process."""

    words: Sequence[str]
    environ: Mapping[str, str]


Finder = Callable[[str], Path | None]
"""From a package's import name to its folder; None if it is not installed."""


class Engine(Protocol):
    """What the lab needs from an engine. A server is ready when ``GET /health`` answers 200."""

    @property
    def name(self) -> str:
        """Name of the engine, for example ``llama.cpp``."""

    @property
    def rungs(self) -> Sequence[LabRung]:
        """Its rungs. A rung's place is its port, so new ones go to the end."""

    @property
    def first_port(self) -> int:
        """Port of its first rung, counted from the lab's first port. Each engine has 20 ports."""

    @property
    def startup(self) -> float:
        """Seconds within which a server must be ready."""

    def require(self, finder: Finder) -> None:
        """Raise ``ConfigError`` with the command that installs what is missing."""

    def maker(self) -> str:
        """Name and version of what writes the model files; a file made by another version is made again."""

    def file_name(self, rung: LabRung) -> str:
        """Name of the rung's model file. Rungs that differ only in settings share it."""

    def write(self, weights: Weights, rung: LabRung, path: Path) -> None:
        """Write the rung's model file."""

    def command(self, rung: LabRung, model: Path, settings: Settings, environ: Mapping[str, str]) -> Command:
        """How to start the rung's server, given the caller's environment."""


class GgufFiles:
    """The model files of engines that read GGUF: one for each type of weights, whichever engine asks for it."""

    __slots__ = ()

    def maker(self) -> str:
        """See `Engine`: the package that quantises."""
        return f"gguf {importlib.metadata.version('gguf')}"

    def file_name(self, rung: LabRung) -> str:
        """See `Engine`."""
        return f"{MODEL}-{rung.weights.lower()}.gguf"

    def write(self, weights: Weights, rung: LabRung, path: Path) -> None:
        """See `Engine`; takes seconds."""
        write_gguf(weights, rung.weights, path)


_REGISTRY: Registry[Engine] = Registry("engine", "trueweight.engines")


def add_engine(engine: Engine) -> None:
    """Register an engine."""
    _REGISTRY.add(engine.name, engine)


def engines() -> tuple[Engine, ...]:
    """Every engine, in the order of their ports."""
    return tuple(sorted(_REGISTRY.all().values(), key=lambda engine: engine.first_port))


def find_engine(name: str) -> Engine:
    """The engine of this name.

    Raises:
        ConfigError: ``unknown-engine``.
    """
    return _REGISTRY.get(name)
