"""The registry: names are unique, unknown names get the nearest one, and every failure to load is one clear error."""

from __future__ import annotations

from importlib.metadata import DistributionFinder, PathDistribution
from pathlib import Path

import pytest

from trueweight.core import ConfigError
from trueweight.core.registry import Registry

GROUP = "trueweight.things"
MODULE = "from trueweight_things import THINGS\n\nTHINGS.add({name!r}, {name!r})\n"


def install(site: Path, package: str, **modules: str) -> None:
    """Put a distribution into ``site`` whose entry points are these modules, each of which adds one thing."""
    info = site / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"[{GROUP}]", *(f"{name} = {package}_{name}" for name in modules)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for name, text in modules.items():
        (site / f"{package}_{name}.py").write_text(text)


@pytest.fixture
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[str]:
    """A registry of things, whose distributions are those in ``tmp_path / "site"`` alone."""
    site = tmp_path / "site"
    site.mkdir()
    registry: Registry[str] = Registry("thing", GROUP)
    monkeypatch.syspath_prepend(site)
    shared = type("Shared", (), {"THINGS": registry})
    monkeypatch.setitem(__import__("sys").modules, "trueweight_things", shared)

    def find(_: object, context: DistributionFinder.Context) -> list[PathDistribution]:
        return [PathDistribution(info) for info in sorted(site.glob("*.dist-info"))]

    monkeypatch.setattr("importlib.metadata.MetadataPathFinder.find_distributions", classmethod(find))
    return registry


def test_things_of_all_packages_are_there_in_order_with_their_package(things: Registry[str], tmp_path: Path) -> None:
    """Sorted by name, whichever package adds them."""
    install(tmp_path / "site", "trueweight", b=MODULE.format(name="b"), d=MODULE.format(name="d"))
    install(tmp_path / "site", "other", a=MODULE.format(name="a"))
    assert list(things.all()) == ["a", "b", "d"]
    assert [things.origin(name) for name in things.all()] == ["other", "trueweight", "trueweight"]


def test_an_unknown_name_gets_the_nearest_one(things: Registry[str], tmp_path: Path) -> None:
    """The error says what kind of thing is unknown."""
    install(tmp_path / "site", "trueweight", e=MODULE.format(name="json-equals"))
    with pytest.raises(ConfigError, match="Did you mean 'json-equals'") as error:
        things.get("json-equal")
    assert error.value.code == "unknown-thing"


def test_a_name_that_is_taken_is_reported_against_the_added_package(things: Registry[str], tmp_path: Path) -> None:
    """Ours is loaded first, whatever the packages are called."""
    install(tmp_path / "site", "trueweight", f=MODULE.format(name="f"))
    install(tmp_path / "site", "another", g=MODULE.format(name="f"))
    with pytest.raises(ConfigError, match="one in trueweight, one in another") as error:
        things.all()
    assert error.value.code == "registry-duplicate"


def test_a_module_that_cannot_be_imported_is_reported_with_its_package(things: Registry[str], tmp_path: Path) -> None:
    """With the exception, and without its traceback."""
    install(tmp_path / "site", "trueweight", h=MODULE.format(name="h"))
    install(tmp_path / "site", "broken", i="1 / 0\n")
    with pytest.raises(ConfigError, match="ZeroDivisionError") as error:
        things.all()
    assert error.value.code == "plugin-broken"
    assert "package broken" in str(error.value)


def test_an_installation_without_our_own_is_an_error(things: Registry[str], tmp_path: Path) -> None:
    """Old metadata would leave out everything of ours without a word."""
    install(tmp_path / "site", "other", j=MODULE.format(name="j"))
    with pytest.raises(ConfigError, match="Install trueweight again") as error:
        things.all()
    assert error.value.code == "installation-incomplete"
