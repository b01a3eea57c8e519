"""Drawing is the same everywhere: by seed and number, whatever else the process does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

from trueweight.core import ConfigError, digest
from trueweight.suites import find_suite, generated_suites, suite_path
from trueweight.suites.properties.choices import ChoiceTree
from trueweight.suites.properties.draw import draw_from_choices, draw_from_seed, seed_of

# The same with Hypothesis 6.140, 6.152 and 6.170. A change here changes what everybody's runs ask.
DIGESTS = {
    "agentic": "68144f6e7fe7be84a361af55aedd2ffd54b21bb79ee33161763b2b2fba89ee94",
    "property-arguments": "496921408653211bca7d7343875dcf7f83ee3127fc0ba22edcb425dda190e5b3",
    "property-structured": "360364eb9343e459259f556a2ae556663ae6a79138b0a07afee262ea4865b926",
}
ANYTHING = st.lists(
    st.one_of(
        st.integers(),
        st.integers(max_value=5),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text("abc"),
        st.binary(max_size=4),
        st.tuples(st.booleans(), st.sampled_from("xyz")),
        st.builds(dict, a=st.none(), b=st.characters(min_codepoint=97, max_codepoint=122)),
        st.lists(st.integers(0, 3), unique=True),
    ),
    max_size=6,
)


def digest_of(name: str, *, examples: int = 60, hash_seed: str = "0") -> str:
    """The digest of a suite as another process draws it."""
    program = f"from trueweight.suites import find_suite as f; print(f({name!r}, examples={examples}).digest())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_every_generated_suite_has_its_digest_here() -> None:
    """So that none can be added without one."""
    assert set(DIGESTS) == set(generated_suites())


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_a_shipped_suite_draws_the_same_bytes_as_ever(name: str) -> None:
    """On this machine, in this order of drawing, the digest is the one that was written down."""
    assert find_suite(name, examples=60).digest() == DIGESTS[name]


@pytest.mark.slow
def test_another_process_with_other_hashes_draws_the_same(tmp_path: Path) -> None:
    """Neither hash randomisation nor what was drawn or imported before moves a byte."""
    assert digest_of("property-arguments", hash_seed="1") == digest_of("property-arguments", hash_seed="77")
    assert digest_of("property-arguments", hash_seed="5") == DIGESTS["property-arguments"]


def test_fewer_examples_are_the_beginnings_of_more() -> None:
    """Case n is the same case however many are drawn, so a larger run goes on where a smaller one stopped."""
    few = {case.id: case.request for case in find_suite("property-structured", examples=10).cases}
    many = {case.id: case.request for case in find_suite("property-structured", examples=40).cases}
    assert len(few) == 10
    assert len(many) == 40
    assert all(many[name] == request for name, request in few.items())


def test_another_seed_draws_other_cases() -> None:
    """And the same seed the same."""
    first, again, other = (find_suite("property-structured", examples=12, seed=seed) for seed in (3, 3, 4))
    assert first.digest() == again.digest() != other.digest()


def test_all_requests_are_distinct() -> None:
    """However small a property's space is beside the number of its cases."""
    cases = find_suite("agentic", examples=120).cases
    assert len(cases) == 120
    assert len({digest(case.request) for case in cases}) == 120
    assert len({case.id for case in cases}) == 120


@pytest.mark.parametrize("seed", range(40))
def test_the_same_choices_draw_the_same_value(seed: int) -> None:
    """Replaying all of a draw's choices gives its value; replaying none of them the simplest there is."""
    drawn = draw_from_seed(ANYTHING, seed)
    assert draw_from_choices(ANYTHING, drawn.choices).value == drawn.value
    assert draw_from_choices(ANYTHING, ChoiceTree(0)).value == []


def test_seeds_do_not_run_into_each_other() -> None:
    """("a", 12) is not ("a1", 2)."""
    assert len({seed_of("a", 12), seed_of("a1", 2), seed_of("a", 1, 2), seed_of("a", "1", "2")}) == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("import nothing_of_the_kind\n", 1, "nothing_of_the_kind"),
        ("x = 1\nx = = 2\n", 2, "not Python"),
        ("X = 1\n", None, "no property"),
        ("{head}@prompts(a=st.integers())\ndef p(b):\n    return 1\n", 3, "no strategy for b"),
        ("{head}@prompts(a=3)\ndef p(a):\n    return 1\n", 3, "not a strategy"),
        ("{head}@prompts(a=st.integers())\ndef p(a):\n    return 1\n", 3, "not a Prompt"),
        ("{head}@prompts(a=st.integers())\ndef p(a):\n    b = a\n    return b.x\n", 6, "no attribute 'x'"),
        ("{head}@prompts(a=st.nothing())\ndef p(a):\n    return None\n", 3, "it draws no case"),
        ("{head}@prompts(a=st.booleans())\ndef p(a):\n    return expect({}, messages=str(a))\n", 3, "only 2 distinct"),
        (
            "{head}@prompts(a=st.integers())\ndef p(a):\n    return expect({'no-such': {}}, messages=str(a))\n",
            3,
            "no-such",
        ),
        (
            "{head}@prompts(a=st.integers())\ndef p(a):\n    return expect({}, messages=str(a), model='m')\n",
            3,
            "'model'",
        ),
        (
            "{head}@prompts(a=st.integers())\ndef p(a):\n    return expect({}, messages=str(a), x=1)\n",
            3,
            "unknown key 'x'",
        ),
        (
            "{head}@prompts(a=st.integers())\ndef p(a):\n    return expect({}, messages=str(a), stop={1})\n",
            3,
            "cannot be sent",
        ),
        (
            "{head}@prompts(a=st.integers())\ndef p(a):\n    return expect({}, messages='', extra_body={'x': {a}})\n",
            3,
            "cannot be sent",
        ),
        ("{head}@prompts(examples=0, a=st.integers())\ndef p(a):\n    return 1\n", 3, "examples = 0"),
        ("{head}@prompts(severity='BAD', a=st.integers())\ndef p(a):\n    return 1\n", 3, "BAD"),
    ],
)
def test_an_error_points_at_its_line(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    """File and line of the user's own code, whatever went wrong in it."""
    head = "from hypothesis import strategies as st\nfrom trueweight.suites.properties import expect, prompts\n"
    path = tmp_path / "mine.py"
    path.write_text(text.replace("{head}", head), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        find_suite(str(path))
    assert words in str(caught.value)
    assert caught.value.where == (str(path) if line is None else f"{path}:{line}")


def test_a_python_file_that_is_no_suite_is_not_run_with_its_folder(tmp_path: Path) -> None:
    """A folder may hold scripts: only files that speak of trueweight.suites.properties are suites."""
    (tmp_path / "script.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text(suite_path("property-structured").read_text("utf-8"), encoding="utf-8")
    assert len(find_suite(str(tmp_path), examples=5).cases) == 5
