"""YAML as a spelling of JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import ConfigError
from trueweight.suites import strict_yaml
from trueweight.suites.strict_yaml import parse_yaml


def _values(characters: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    text = st.text(characters, max_size=40)
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=20,
    )


@given(_values(st.characters(exclude_categories=["C", "Zl", "Zp"], include_characters='\n\t\r\b"\\')))
def test_json_text_is_yaml_that_means_the_same(value: Any) -> None:
    """A JSON document means what JSON says (but for \\u escapes of surrogate pairs, which YAML does not have)."""
    assert parse_yaml(json.dumps(value, ensure_ascii=False), "f").value == value


@given(_values(st.characters(exclude_categories=["Cs"])))
def test_what_yaml_writes_is_read_back(value: Any) -> None:
    """What a YAML library writes for a JSON value is read as that value."""
    assert parse_yaml(yaml.safe_dump(value), "f").value == value


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("02134", "02134"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("12:30", "12:30"),
        ("2031-02-28", "2031-02-28"),
        ("no", "no"),
        ("On", "On"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("1e3", 1000.0),
        ("-18.5", -18.5),
        ("9007199254740993", 9007199254740993),
        ("~", None),
        ("", None),
        ("null", None),
        ("true", True),
        ('"true"', "true"),
        ("'5'", "5"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_plain_scalars_are_json_or_text(plain: str, value: Any, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what JSON would read as a literal is one; all else is text, with the C parser and without it."""
    monkeypatch.setattr(strict_yaml, "_LOADER", loader)
    got = parse_yaml(f"key: {plain}", "f").value["key"]
    assert (got, type(got)) == (value, type(value))


def test_every_value_has_its_line() -> None:
    """A path leads to the line where its value stands; one without a line of its own to that of what holds it."""
    document = parse_yaml("a:\n  b: [1, 2]\n  c:\n    - x\n    - y: 3\n", "f")
    assert [document.line(path) for path in [("a",), ("a", "b", 1), ("a", "c", 1, "y"), ("a", "c", 0, "z")]] == [
        1,
        2,
        5,
        4,
    ]


def test_an_alias_stands_for_its_anchor() -> None:
    """Anchors are a convenience, and work."""
    assert parse_yaml("one: &x {n: [1]}\ntwo: *x\n", "f").value == {"one": {"n": [1]}, "two": {"n": [1]}}


_LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", "yaml-tag", 2),
        ("a: !!str 5\n", "yaml-tag", 1),
        ("a: !custom {}\n", "yaml-tag", 1),
        ("!secret a: 1\n", "yaml-tag", 1),
        ("a: 1\nb: 2\na: 3\n", "yaml-duplicate-key", 3),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "yaml-merge", 3),
        ("a: *nowhere\n", "yaml-alias", 1),
        ("a: &x [1, *x]\n", "yaml-alias", 1),
        ("a: &x k\n*x : 1\n", "yaml-key", 2),
        ("? [a, b]\n: 1\n", "yaml-key", 1),
        ("a: 1\n---\nb: 2\n", "yaml-documents", 2),
        ("a: [1\nb: 2\n", "yaml-syntax", 2),
        ("a: \x00\n", "yaml-syntax", None),
        ("a:\n\t- b\n", "yaml-syntax", 2),
        ("[" * 5000, "yaml-too-deep", 1),
        ("a: " + "{b: " * 5000, "yaml-too-deep", 1),
        (_LAUGHS, "yaml-too-large", 6),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_hostile_yaml_is_refused(
    text: str, code: str, line: int | None, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags, merges, duplicates, bombs and depth are errors that name the line; none runs, expands or recurses."""
    monkeypatch.setattr(strict_yaml, "_LOADER", loader)
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    assert caught.value.code == code
    assert caught.value.where == ("f.yaml" if line is None else f"f.yaml:{line}")
