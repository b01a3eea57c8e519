"""A registry for each kind of extension: checks, metrics, graders, report formats, protocols, importers.

A kind has a group of entry points. Each entry point names a module, or a package of which every module is imported.
Importing a module registers what it declares. The extensions that trueweight ships are registered in the same way::

    [project.entry-points."trueweight.checks"]
    mine = "my_package.my_checks"
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from trueweight.core.errors import ConfigError, near_miss

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

T = TypeVar("T")

_OURS = "trueweight"


class Registry(Generic[T]):
    """The items of one kind, by name.

    Args:
        kind: the word for one item in errors, e.g. ``check``.
        group: the group of entry points, e.g. ``trueweight.checks``.
    """

    # An attribute of the class: a module may declare items of several kinds, and the first registry that needs it
    # imports it for all of them.
    _loading: ClassVar[str] = _OURS

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self.group = group
        self._found: dict[str, T] = {}
        self._origins: dict[str, str] = {}
        self._sorted: dict[str, T] | None = None

    def add(self, name: str, item: T) -> T:
        """Register an item.

        Raises:
            ConfigError: ``registry-duplicate`` if the name is taken.
        """
        if name in self._found:
            raise ConfigError(
                f"two {self.kind}s are named {name!r}: one in {self._origins[name]}, one in {self._loading}",
                code="registry-duplicate",
                where=self._loading,
                hint=f"Rename one of them: the name of a {self.kind} is unique among all installed packages.",
            )
        self._found[name] = item
        self._origins[name] = self._loading
        self._sorted = None
        return item

    def all(self) -> Mapping[str, T]:
        """Every item, by name, sorted by name. The first call imports all modules of the group.

        Raises:
            ConfigError: ``plugin-broken`` if a module cannot be imported, ``installation-incomplete`` if the entry
                points of trueweight itself are missing.
        """
        if self._sorted is None:
            self._load()
            self._sorted = dict(sorted(self._found.items()))
        return self._sorted

    def get(self, name: str) -> T:
        """One item.

        Raises:
            ConfigError: ``unknown-KIND`` if no item has this name, with the nearest name.
        """
        found = self.all().get(name)
        if found is None:
            kind = self.kind.replace(" ", "-")
            raise ConfigError(f"unknown {self.kind} {name!r}", code=f"unknown-{kind}", hint=near_miss(name, self.all()))
        return found

    def origin(self, name: str) -> str:
        """The distribution package that declares an item: ``trueweight``, or the package that adds it."""
        self.get(name)
        return self._origins[name]

    def _load(self) -> None:
        from importlib.metadata import entry_points  # takes 20 ms, which commands without checks do not need

        # trueweight first, so that the error about a name used twice points at the other package.
        found = ((_package(point), point) for point in entry_points(group=self.group))
        points = sorted(found, key=lambda one: (one[0] != _OURS, one[0], one[1].name))
        if not points or points[0][0] != _OURS:
            raise ConfigError(
                f"trueweight's own {self.kind}s are not registered: it has no entry points of {self.group!r}",
                code="installation-incomplete",
                hint="Install trueweight again, e.g. 'pip install .' in its checkout: its metadata is out of date.",
            )
        for package, point in points:
            before, Registry._loading = Registry._loading, package
            try:
                _import_all(point.value)
            except ConfigError:
                raise
            except Exception as error:
                raise ConfigError(
                    f"the {self.kind} module {point.value!r} cannot be imported: {type(error).__name__}: {error}",
                    code="plugin-broken",
                    where=f"package {self._loading}",
                    hint=f"Fix or uninstall {self._loading}; its entry point is {point.name!r} in {self.group!r}.",
                ) from error
            finally:
                Registry._loading = before


def _package(point: EntryPoint) -> str:
    return _name_of(point.dist) if point.dist is not None else "an unnamed package"


@lru_cache(64)
def _name_of(package: Distribution) -> str:
    return package.name  # reads all of its metadata, a millisecond


def _import_all(name: str) -> None:
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        importlib.import_module(f"{name}.{found.name}")
