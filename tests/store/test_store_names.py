"""Run-directory files only through ``store``: no other module spells their names."""

from __future__ import annotations

import ast
from pathlib import Path

import trueweight
from trueweight.store import RunFile

ROOT = Path(trueweight.__file__).parent
OTHER_FILES = {
    "lab/models.py": "its manifest is a list of downloaded models",
    "cli/init.py": "its bar.toml is the user's, before there is a run",
    "cli/ping.py": "the same bar, whose first lines name suites",
    "workflow/start.py": "the same bar",
}


def test_no_other_module_spells_the_name_of_a_run_file() -> None:
    """A string that is exactly such a name, anywhere outside ``store``."""
    names = {file.value for file in RunFile}
    sources = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}
    found = [
        f"{path}:{node.lineno} {node.value!r}"
        for path, source in sources.items()
        if path.parts[0] != "store" and str(path) not in OTHER_FILES and any(name in source for name in names)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert found == []
