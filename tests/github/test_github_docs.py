"""The files that docs/bar.md and docs/nightly.md show are valid."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from runner import ROOT

from trueweight.assess import load_bar
from trueweight.config import load_providers
from trueweight.core import Role

DOCS = "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("bar.md", "nightly.md"))


def block(containing: str) -> str:
    """The fenced block of TOML with these words in it."""
    found = [one for one in re.findall(r"```toml\n(.*?)```", DOCS, flags=re.S) if containing in one]
    assert len(found) == 1, containing
    return textwrap.dedent(found[0])


def test_the_bar_of_the_docs_is_a_bar(tmp_path: Path) -> None:
    """Three rules and a limit."""
    (tmp_path / "bar.toml").write_text(block("versus ="), encoding="utf-8")
    bar = load_bar(tmp_path / "bar.toml")
    assert [rule.metric for rule in bar.rules] == ["schema_accuracy", "tool_call_f1", "ttft"]
    assert bar.limits[0].beyond_reference


def test_the_nightly_providers_are_three_whose_keys_the_workflow_passes(tmp_path: Path) -> None:
    """Ten minutes are too few to find a variable that nobody passes on."""
    (tmp_path / "providers.toml").write_text(block("CANDIDATE_B_API_KEY"), encoding="utf-8")
    text = (ROOT / ".github" / "workflows" / "verify.yml").read_text(encoding="utf-8")
    passed = set(re.findall(r"secrets\.(\w+)", text))
    providers = load_providers(tmp_path / "providers.toml", environ=dict.fromkeys(passed, "a-key-of-this-test"))
    assert [provider.role for provider in providers] == [Role.REFERENCE, Role.CANDIDATE, Role.CANDIDATE]
    assert {provider.api_key_env for provider in providers} == passed
    assert set(re.findall(r'providers = \["([\w-]+)"\]', DOCS)) <= {one.name for one in providers}
