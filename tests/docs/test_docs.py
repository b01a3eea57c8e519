"""README and docs are true: links lead to files, commands parse, files in them are read, and the site builds."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import click
import pytest

from trueweight.assess import parse_bar
from trueweight.cli import cli
from trueweight.config import load_providers
from trueweight.core import FailureKind
from trueweight.core.check import CHECKS
from trueweight.core.grader import GRADERS
from trueweight.core.schemas import load_schema, schema_names
from trueweight.suites import shipped_suites

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "suites").glob("*.md")),
]
MADE = ("checks.md", "commands.md", "failures.md", "formats.md", "graders.md", "suites.md", "words.md")
"""Pages that are made while the site builds."""


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), flags=re.S | re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    """Links to other sites are not followed."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^ *```.*?^ *```", "", text, flags=re.S | re.M)):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.M)
            assert anchor in {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}, (
                target
            )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_has_the_options_that_it_is_given(page: Path) -> None:
    """In blocks for the shell and in tables. Placeholders in capitals and ``…`` stand for names."""
    inline = re.findall(r"`(trueweight [^`]+)`", page.read_text(encoding="utf-8"))
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    for line in [*inline, *(line for line in lines if line.startswith("trueweight "))]:
        parse(line)


def parse(line: str) -> None:
    """Look each option of a command line up, without calling anything.

    Raises:
        AssertionError: for a command or an option that does not exist.
    """
    words = shlex.split(line.partition(" > ")[0].partition(" && ")[0], comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-") and words[0].islower():
        found = command.get_command(context, words[0].rstrip(","))
        assert found is not None, line
        command, words = found, words[1:]
        if line.endswith(("`,", ",")):
            break
    options = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    options |= {"--help"}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in options, line


def test_every_file_that_is_shown_is_read(tmp_path: Path) -> None:
    """Providers and bars in TOML."""
    kinds: defaultdict[str, int] = defaultdict(int)
    for page in PAGES:
        for block in blocks(page, "toml"):
            text = re.sub(r"^   ", "", block, flags=re.M) if block.startswith("   ") else block
            if "[[provider]]" in text:
                (tmp_path / "providers.toml").write_text(text, encoding="utf-8")
                names = re.findall(r'api_key_env = "(\w+)"', text)
                load_providers(tmp_path / "providers.toml", environ=dict.fromkeys(names, "a-key-of-this-test"))
                kinds["providers"] += 1
            elif "[[require]]" in text:
                parse_bar(text, page.name)
                kinds["bar"] += 1
    assert kinds["providers"] >= 3 and kinds["bar"] >= 2


def test_the_readme_is_short() -> None:
    """What it is, the picture, two commands, one example of each main use, where to read on."""
    assert len((ROOT / "README.md").read_bytes()) < 8_000


def test_the_reference_has_every_entry_of_the_registries() -> None:
    """Each check with its requirement and source, each grader, suite, command, kind of failure and file format."""
    made = reference_pages()
    assert set(made) == set(MADE)
    for info in (entry.info for entry in CHECKS.all().values()):
        own = made["checks.md"].partition(f"\n## {info.id}\n")[2].partition("\n## ")[0]
        assert "**Source:**" in own and re.search("A reply that breaks it|Replies that break it", own), info.id
    assert all(f"\n## {name}\n" in made["graders.md"] for name in GRADERS.all())
    assert all(f"\n## {name}\n" in made["suites.md"] for name in shipped_suites())
    assert all(f"\n## trueweight {name}\n" in made["commands.md"] for name in cli.list_commands(click.Context(cli)))
    assert all(f"| `{kind.value}` | " in made["failures.md"] for kind in FailureKind)
    for name in schema_names():
        assert f"\n## {name}\n" in made["formats.md"]
        assert all(f"| `{field}` |" in made["formats.md"] for field in load_schema(name).get("properties", {}))
    assert "|  |\n" not in made["failures.md"]


def reference_pages() -> dict[str, str]:
    """The pages that docs/reference.py makes."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[str, str] = module.pages()
    return pages


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("sphinx") is None, reason="needs the extra 'docs'")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Generated pages included; each check, command and suite is on its page."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(ROOT / "docs"), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    for name in MADE:
        assert (tmp_path / "site" / "reference" / name).with_suffix(".html").is_file()
    assert 'id="schema-accuracy"' in (tmp_path / "site" / "metrics.html").read_text(encoding="utf-8")
    assert 'id="tool-index-present"' in (tmp_path / "site" / "reference" / "checks.html").read_text(encoding="utf-8")
