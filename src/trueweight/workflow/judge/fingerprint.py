"""A digest of all code that judging and drawing run: what was made is used again only while it is the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

import trueweight
from trueweight.core import PROTOCOLS
from trueweight.core.check import CHECKS
from trueweight.core.grader import GRADERS
from trueweight.metrics import all_metrics

_OURS: Final = "trueweight."
_LIBRARIES: Final = ("google-re2", "jinja2", "jsonschema", "msgspec", "numpy", "rapidfuzz", "scipy")
"""Those whose results reach a judgement, or the page that shows it."""
_SUFFIXES: Final = frozenset({".py", ".toml", ".yaml", ".json", ".j2", ".css", ".js"})


def code_fingerprint() -> str | None:
    """The digest of trueweight's own files, of the modules of plugins, and of the versions of Python and libraries.

    None if a plugin's code is in no file, so that a change of it cannot be seen.
    """
    found = sha256(own_code().encode())
    items: list[tuple[str, object]] = list(all_metrics().items())
    items += [*CHECKS.all().items(), *GRADERS.all().items(), *PROTOCOLS.all().items()]
    for name, item in items:
        found.update(f"\n{type(item).__qualname__} {name}".encode())
        for module in sorted(set(foreign_modules(item))):
            code = _module_digest(module)
            if code is None:
                return None
            found.update(code.encode())
    return found.hexdigest()


@cache
def own_code() -> str:
    """The digest of trueweight's own files, and of the versions of Python and of the libraries."""
    found = sha256(sys.version.encode())
    for name in _LIBRARIES:
        found.update(f"\n{name} {version(name)}".encode())
    root = Path(trueweight.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            found.update(f"\n{path.relative_to(root).as_posix()}\n".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def foreign_modules(item: object) -> Iterator[str]:
    """The modules of others in which an item, or a function of it, is defined."""
    parts = [getattr(item, one.name) for one in fields(item)] if is_dataclass(item) else []
    for part in (item, *filter(callable, parts)):
        name = getattr(part, "__module__", None) or type(part).__module__
        if not name.startswith(_OURS):
            yield name


@cache
def _module_digest(name: str) -> str | None:
    """Of all files of the package that has the module, because the module may use them; None if it is in no file."""
    top = name.partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None) or getattr(sys.modules.get(name), "__file__", None)
    if file is None or not Path(file).is_file():
        return None
    path = Path(file)
    found = sha256()
    for one in sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else (path,):
        found.update(f"{one}\n".encode())
        found.update(one.read_bytes())
    return found.hexdigest()
