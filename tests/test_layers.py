"""The layers of the design, as contracts of import-linter in ``pyproject.toml``. ``lint-imports`` runs them too."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
ONLY_IN = {"httpx": {"wire"}, "ray": {"cluster"}, "fsspec": {"cluster"}, "rich": {"cli"}}
"""Packages of others, and those of ours that may import them; `report` has one exception, which its contract names."""


def test_the_import_contracts_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Every contract; what is broken is in the output."""
    status = lint_imports(config_filename=str(PYPROJECT), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("module", ONLY_IN)
def test_a_contract_on_one_package_names_all_others(module: str) -> None:
    """A new package that is missing in the list of a contract could import what only one package may."""
    contracts = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if module in one.get("forbidden_modules", ())]
    source = PYPROJECT.parent / "src" / "trueweight"
    ours = {path.stem for path in source.glob("*.py")} | {path.parent.name for path in source.glob("*/__init__.py")}
    named = {one.removeprefix("trueweight.") for one in contract["source_modules"]}
    assert named == ours - ONLY_IN[module] - {"__init__", "__main__"}
