"""What all pages need: a template environment without surprises, files of the package, and the content policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import partial
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def environment(folder: str, *, printed: Callable[[str], str]) -> Environment:
    """Templates of ``report/<folder>``: everything is escaped, and an undefined name is an error.

    Args:
        printed: is applied to each text that a template prints, to show unseen characters and to cut it.
    """
    return Environment(
        loader=PackageLoader("trueweight.report", folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=partial(_finalize, printed),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(printed: Callable[[str], str], value: Any) -> Any:
    return printed(value) if isinstance(value, str) and not isinstance(value, Markup) else value


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
