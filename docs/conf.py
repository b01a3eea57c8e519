"""Sphinx builds the documentation site: `pip install '.[docs]' && sphinx-build -W docs _docs`.

The reference pages of checks, commands, suites and failure kinds are made from the registries while it builds
(`reference.py`), so they cannot say anything that the installed trueweight does not.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

from trueweight import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "trueweight"
author = "The maintainers of trueweight"
release = version = __version__
extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"trueweight {release}"
html_copy_source = False
html_show_sourcelink = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
copybutton_prompt_text = "$ "


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx looks for pages, and let links to other files of the repository work."""
    from reference import write_reference

    write_reference(HERE / "reference")
    app.connect("source-read", _link_files)


def _link_files(_: Sphinx, page: str, source: list[str]) -> None:
    """A link to a file outside this folder works in a checkout; on the site the file is offered for download."""

    def link(found: re.Match[str]) -> str:
        text, target = found[1].replace("`", ""), found[2]
        is_file = (HERE / page).parent.joinpath(target).is_file()
        return f"{{download}}`{text} <{target}>`" if is_file else f"`{text}`"

    source[0] = re.sub(r"(?<!!)\[([^\]]*)\]\((\.\./[^)]+)\)", link, source[0])
