"""What all pages need: a template environment without surprises, files of the package, and the content policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trueweight.report.text import visible


@cache
def environment(folder: str, *, limit: int, lines: bool = False) -> Environment:
    """Templates of ``report/<folder>``: everything is escaped, and an undefined name is an error. Each text that a
    template prints shows its unseen characters and is cut.

    It is the same one each time, because it keeps its templates: to compile a run's page takes 0.3 s of processor time.

    Args:
        limit, lines: of `trueweight.report.text.visible`.
    """

    def finalize(value: Any) -> Any:
        is_text = isinstance(value, str) and not isinstance(value, Markup)
        return visible(value, limit=limit, lines=lines) if is_text else value

    return Environment(
        loader=PackageLoader("trueweight.report", folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(folder: str, name: str) -> str:
    """A style sheet or a script of ``report/<folder>``."""
    return resources.files("trueweight.report").joinpath(folder, name).read_text(encoding="utf-8")


def content_policy(style: str, script: str = "") -> Markup:
    """The content security policy of a page: it loads nothing, and runs no script or style but these inline ones."""
    scripts = f"script-src '{_source_hash(script)}'; " if script else ""
    return Markup(  # noqa: S704 - made of constants and base64
        f"default-src 'none'; {scripts}style-src '{_source_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
