"""ARCHITECTURE.md agrees with the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from trueweight.store import RunFile

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "trueweight"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<what>a[n]? [^|]+?) \| (?P<where>[^|]*?) \| (?P<group>[^|]+?) \|$", re.M)


def test_to_add_x_open_y() -> None:
    """Each folder in the table exists, and its group of entry points is the group of ours in ``pyproject.toml``."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    rows = list(ROW.finditer(PAGE.split("## To add something")[1]))
    named = set()
    for row in rows:
        place, *others = re.findall(r"`([^`]+)`", row["where"])
        assert all((ROOT / "src" / "trueweight" / one).is_file() for one in others), row["what"]
        before, shape, after = place.partition("<api>")
        folders = (
            [ROOT / place]
            if not shape
            else [one for one in (ROOT / before).iterdir() if (one / after.strip("/")).is_dir()]
        )
        assert folders, row["what"]
        assert all(folder.is_dir() for folder in folders), row["what"]
        group = row["group"].strip("`")
        if group == "–":
            continue
        named.add(group)
        modules = [value.split(":")[0].replace(".", "/") for value in groups[group].values()]
        ours = [(ROOT / "src" / module).relative_to(ROOT).as_posix() for module in modules]
        assert any(_within(module, place) for module in ours), (row["what"], place, ours)
    assert named == {group for group in groups if group.startswith("trueweight.")}


def _within(module: str, place: str) -> bool:
    """Whether a module is the folder in the table or lies in it; ``<api>`` stands for any name."""
    pattern = re.escape(place.rstrip("/")).replace("<api>", "[a-z_]+")
    return re.match(rf"{pattern}(/|$)", module) is not None


def test_every_package_is_on_the_map() -> None:
    """The table of packages names each folder of ``src/trueweight``, and no other."""
    table = PAGE.split("## The packages")[1].split("## Laws")[0]
    named = set(re.findall(r"`([a-z_]+)/`", table))
    there = {path.parent.name for path in (ROOT / "src" / "trueweight").glob("*/__init__.py")}
    assert named == there


def test_short_modules_are_entries_of_a_registry() -> None:
    """A module of fewer than 40 lines is one of many alike: a check, a metric, a fault, a command, a format, a section
    of the page, or a part of an API. Anything else is folded into the module that uses it, but for the type of JSON
    values and their text, which half of all modules use."""
    alike = ("catalogue", "faults", "checks", "cli", "formats", "importers", "apis", "page")
    short = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if not path.name.startswith("__") and len(path.read_text("utf-8").splitlines()) < 40
    }
    apis = ("protocols/chat/", "protocols/messages/", "protocols/models/", "protocols/responses/")
    others = {one for one in short if one.split("/")[-2] not in alike and not one.startswith(apis)}
    assert others == {"core/json_value.py"}


def test_no_module_is_long() -> None:
    """A module has at most 350 lines; one that outgrows them has two ideas."""
    long = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > 350
    }
    assert long == set()


def test_the_page_on_run_directories_names_every_file() -> None:
    """A user who finds a file in a run reads what it is."""
    page = (ROOT / "docs" / "run-directory.md").read_text(encoding="utf-8")
    assert [file.value for file in RunFile if f"`{file.value}`" not in page] == []
