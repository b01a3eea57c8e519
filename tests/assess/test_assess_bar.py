"""A bar says what it demands, or the file is refused with the place, what is valid, and the near miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueweight.assess import Bar, Limit, Rule, load_bar
from trueweight.core import ConfigError, Role, Severity
from trueweight.core.bar_outcome import Side

GOOD = """
[[require]]
metric = "schema_accuracy"
at_least = 0.98

[[require]]
metric = "ttft"
at_most = 800
side = "value"
providers = ["a"]

[[require]]
metric = "tool_call_f1"
versus = "reference"
at_least = -0.02

[findings]
MUST = 0
"""


def load(folder: Path, text: str) -> Bar:
    """Load a bar from a text."""
    path = folder / "bar.toml"
    path.write_text(text, encoding="utf-8")
    return load_bar(path)


def test_a_bar_is_what_its_file_says(tmp_path: Path) -> None:
    """Rules and limits with their defaults: the near side, candidates only."""
    assert load(tmp_path, GOOD) == Bar(
        (
            Rule("schema_accuracy", at_least=0.98),
            Rule("ttft", at_most=800.0, side=Side.VALUE, providers=("a",), role=None),
            Rule("tool_call_f1", at_least=-0.02, versus_reference=True),
        ),
        (Limit(Severity.MUST, 0),),
    )


def test_the_digest_is_of_the_demand(tmp_path: Path) -> None:
    """Comments, order and spelling leave the digest as it is; a number does not."""
    head, *rest = GOOD.strip().split("\n\n")
    shuffled = "# written in haste\n" + "\n\n".join([*reversed(rest), head.replace("0.98", "0.980")])
    assert load(tmp_path, shuffled).digest() == load(tmp_path, GOOD).digest()
    assert load(tmp_path, GOOD.replace("0.98", "0.97")).digest() != load(tmp_path, GOOD).digest()


def test_roles_are_chosen_by_name(tmp_path: Path) -> None:
    """``role`` takes a role or ``any``."""
    text = '[[require]]\nmetric = "ttft"\nat_most = 1\nrole = "{}"\n'
    roles = [load(tmp_path, text.format(name)).rules[0].role for name in ("any", "reference", "candidate")]
    assert roles == [None, Role.REFERENCE, Role.CANDIDATE]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[require]]\nmetric = "schema_acuracy"\nat_least = 0.9', 2, "Did you mean 'schema_accuracy'?"),
        ('[[require]]\nmetric = "ttft"\nat_leest = 0.9', 3, "Did you mean 'at_least'?"),
        ('[[require]]\nmetric = "ttft"', 1, "neither at_least nor at_most"),
        ('[[require]]\nmetric = "ttft"\nat_least = 1\nat_most = 2', 1, "both at_least and at_most"),
        ('[[require]]\nmetric = "ttft"\nat_most = "800 ms"', 3, "not a number"),
        ('[[require]]\nmetric = "ttft"\nat_most = nan', 3, "not a number"),
        ('[[require]]\nmetric = "ttft"\nat_most = true', 3, "not a number"),
        (f'[[require]]\nmetric = "ttft"\nat_most = {"9" * 400}', 3, "out of range"),
        (f'[[require]]\nmetric = "ttft"\nat_most = {"9" * 5000}', 3, "too many digits"),
        ("[[require]]\nat_most = 1", 1, "has no metric"),
        ('[[require]]\nmetric = "success_rate"\nat_least = 98', 3, "not a proportion"),
        ('[[require]]\nmetric = "success_rate"\nat_least = 1.0', 3, "no number of cases proves it"),
        ('[[require]]\nmetric = "ttft_p95"\nat_most = 1\nversus = "reference"', 4, "is not compared"),
        ('[[require]]\nmetric = "ttft"\nat_most = 1\nside = "nere"', 4, "Did you mean 'near'?"),
        ('[[require]]\nmetric = "ttft"\nat_most = 1\nproviders = "a"', 4, "not a list of strings"),
        ("[findings]\nMUST = -1", 2, "MUST = -1: out of range"),
        ("[findings]\nMUST = 1.5", 2, "not a whole number"),
        ("[findings]\nbeyond_reference = 1", 2, "not true or false"),
        ("[[require]]\nmetric = 3\nat_most = 1", 2, "not a string"),
        ('[[require]]\nmetric = "ttft"\nat_most = 1\nproviders = [1]', 4, "not a list of strings"),
        ('[[require]]\nmetric = "ttft"\nat_most = 1\nversus = "refrence"', 4, "Did you mean 'reference'?"),
        ("[findings]\nMUSTS = 0", 2, "Did you mean 'MUST'?"),
        ('[[requires]]\nmetric = "ttft"', 1, "Did you mean 'require'?"),
        ("", 1, "has no threshold"),
        ("[[require]\n", 1, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    """Each mistake: file, line, and words that name it or what was probably meant."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.where == f"{tmp_path / 'bar.toml'}:{line}"
    assert said in str(caught.value)


def test_a_bar_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 are refused by name."""
    with pytest.raises(ConfigError, match="cannot read the file"):
        load_bar(tmp_path / "none.toml")
    (tmp_path / "bar.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_bar(tmp_path / "bar.toml")
