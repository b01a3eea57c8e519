"""JSON Schema validation: nothing fetched, nothing crashed on, nothing run without a bound."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from trueweight.checks.json_schema import validate
from trueweight.checks.patterns import matches
from trueweight.core.judging import JudgingProblem
from trueweight.core.steps import OutOfSteps, budget, take_steps


def test_the_dialect_is_the_schemas_own_or_2020_12() -> None:
    """``prefixItems`` is a keyword of 2020-12 and none of draft 7."""
    schema = {"prefixItems": [{"type": "string"}]}
    assert validate(schema, [1]).valid is False
    assert validate(schema | {"$schema": "http://json-schema.org/draft-07/schema#"}, [1]).valid is True
    assert validate(schema | {"$schema": "https://example.org/none"}, [1]).valid is False


def test_format_is_asserted_only_when_asked() -> None:
    """By default a format is a note."""
    schema = {"format": "ipv4"}
    assert validate(schema, "x").valid is True
    assert validate(schema, "x", assert_format=True).valid is False


@pytest.mark.parametrize("ref", ["http://127.0.0.1:9/a.json", "file:///etc/hostname", "#/$defs/none"])
def test_a_reference_outside_is_never_followed(ref: str) -> None:
    """No network, no file: what is not in the schema cannot be judged by."""
    judged = validate({"$ref": ref}, 1)
    assert judged.valid is None
    assert "refers to" in judged.reason


def test_references_inside_are_followed() -> None:
    """Recursion by ``$ref`` works."""
    tree = {"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "additionalProperties": {"$ref": "#/$defs/t"}}}}
    assert validate(tree, {"a": {"b": {}}}).valid is True
    assert validate(tree, {"a": {"b": 1}}).valid is False


@pytest.mark.parametrize("schema", [{"type": "strin"}, {"$ref": "#"}, 7, {"pattern": "("}, {"minLength": float("nan")}])
def test_a_schema_that_cannot_be_judged_by_is_said(schema: object) -> None:
    """Invalid, endless and foreign schemas give no verdict, and a reason."""
    judged = validate(schema, "x")
    assert judged.valid is None
    assert judged.reason


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|aa)+$", "(x*)*y", "^([a-z]+)*$", "^((a{0,9}){0,9}){0,9}$", "^(\\w+\\s?)*$"]
)
def test_a_pattern_that_explodes_in_other_engines_is_judged(pattern: str) -> None:
    """Where other engines double their time with each character, matching takes time that grows with the text."""
    text = "a" * 50_000 + "!"
    assert matches(pattern, text) is False
    assert validate({"pattern": pattern}, text).valid is False
    names = {"patternProperties": {pattern: {}}, "additionalProperties": False}
    assert validate(names, {text: 1}).valid is False
    evaluated = {"allOf": [{"patternProperties": {pattern: {}}}], "unevaluatedProperties": False}
    assert validate(evaluated, {text: 1}).valid is False


def test_a_pattern_is_not_run_on_a_text_that_is_too_long_for_it() -> None:
    """Its instructions times the bytes of the text have a bound, which is counted and not timed."""
    with pytest.raises(OutOfSteps, match="not run on a text of 500000 characters"):
        matches("^((a{0,9}){0,9}){0,9}$", "a" * 500_000)
    assert validate({"pattern": "^((a{0,9}){0,9}){0,9}$"}, "a" * 500_000).problem is JudgingProblem.LIMIT


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(?<n>a)\k<n>", r"\p{Emoji}", r"\Z", r"\u12", "a{20000}",
        "[\\ud800]", "(?i:a)",
    ],
)  # fmt: skip
def test_what_linear_time_cannot_express_is_not_judged(pattern: str) -> None:
    """It is a pattern, so the format ``regex`` holds; but no text is judged by it, and the reason says so."""
    judged = validate({"pattern": pattern}, "ab")
    assert (judged.valid, judged.problem) == (None, JudgingProblem.SCHEMA)
    assert "is not run, because of" in judged.reason
    assert validate({"format": "regex"}, pattern, assert_format=True).valid is True


@pytest.mark.parametrize(
    "text", ["(?a)(?u)", "(", ")", "[", "a**", "*", "a{2,1}", "[z-a]", "a\\", "(?P<n>a)", "(?>a)", r"\u{110000}", "^*"]
)
def test_what_is_no_pattern_of_ecma_262_breaks_the_format_regex(text: str) -> None:
    """Whatever Python's own engine says of it, raises, or takes."""
    assert validate({"format": "regex"}, text, assert_format=True).valid is False
    assert validate({"pattern": text}, "a").problem is JudgingProblem.SCHEMA


def test_a_count_without_end_is_a_pattern() -> None:
    """ECMA-262 has no largest count. Python's engine raises OverflowError at it."""
    assert validate({"format": "regex"}, "a{99999999999}", assert_format=True).valid is True


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d{5}$", "02134", True),
        (r"^\d{5}$", "02134\n", False),
        (r"^[a-z]+@[a-z]+\.[a-z]{2,}$", "a@b.de", True),
        (r"^[^$]+$", "a$b", False),
        (r"\$", "a$b", True),
        (r"(foo|bar)", "a bar", True),
        (r"^a{2,3}$", "aaaa", False),
        (r"^a{1500,2500}$", "a" * 2500, True),
        (r"^a{1500,2500}$", "a" * 2501, False),
        (r"^a{1500,}$", "a" * 1499, False),
        (r"^\w+$", "é", False),
        (r"^\d$", "٣", False),
        (r"^\s$", "\ufeff", True),
        (r"^[^\S]$", "\u2003", True),
        ("^.$", "\u2028", False),
        ("^.$", "😀", True),
        (r"^\ud83d\ude00$", "😀", True),
        (r"^\u{1f600}$", "😀", True),
        (r"^\p{Lu}\p{Script=Greek}\p{Letter}$", "Ωαa", True),
        ("^[]$", "", False),
        ("^[^]$", "\n", True),
        (r"^a{$", "a{", True),
        (r"^[[:a]]$", "a]", True),
        (r"^[\d-x]+$", "1-x", True),
        (r"^(?<year>\d{4})-(?<month>\d\d)$", "2020-11", True),
        (r"^a\/b\-c$", "a/b-c", True),
        ("^\ufffd$", "\ud800", True),
    ],
)
def test_common_patterns_match_as_in_ecma(pattern: str, text: str, found: bool) -> None:
    """``$`` is the very end, classes and escapes are left alone."""
    assert matches(pattern, text) is found


def test_uniqueness_is_that_of_json() -> None:
    """1 is 1.0 and not true; objects do not depend on the order of their members; thousands of items are judged."""
    assert validate({"uniqueItems": True}, [1, 1.0]).valid is False
    assert validate({"uniqueItems": True}, [True, 1, "1", [1], [True], {}, [], None, 0, False]).valid is True
    assert validate({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]).valid is False
    assert validate({"uniqueItems": True}, [{"a": n} for n in range(5000)]).valid is True


@pytest.mark.parametrize(
    ("divisor", "number", "valid"),
    [
        (0.01, 19.99, True),
        (0.01, 10**350, True),
        (0.01, float("inf"), False),
        (1, float("-inf"), False),
        (1e-300, 1e308, True),
        (3, 10**399, False),
        (0.1, 1.05, False),
        (2, 4.0, True),
    ],
)
def test_a_multiple_is_exact_in_decimals(divisor: float, number: float, valid: bool) -> None:
    """No number overflows, and what is beyond a double is a finding and no error."""
    assert validate({"multipleOf": divisor}, number).valid is valid


def nested(depth: int, leaf: object) -> object:
    for _ in range(depth):
        leaf = {"a": leaf}
    return leaf


TREE = {"properties": {"a": {"$ref": "#"}}}
BRANCHES = {"oneOf": [{"required": ["a"], **TREE}, {**TREE}, {"type": "null"}]}
PAIRS = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(30)}
MANY = {
    "a recursive reference to a long leaf": (
        {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "object", **TREE}]},
        nested(100, "x" * 1_000_000),
    ),
    "two recursive branches": (BRANCHES, nested(100, 1)),
    "a tree of and": ({"$defs": PAIRS | {"d30": {}}, "$ref": "#/$defs/d0"}, 1),
    "unevaluated properties at every level": (
        {"allOf": [{"$ref": "#/$defs/b"}], "unevaluatedProperties": False, "$defs": {"b": TREE}},
        nested(100, {"z": 1}),
    ),
    "a dialect named in the schema": (
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **BRANCHES},
        nested(100, 1),
    ),
    "unique objects": ({"uniqueItems": True}, [{"a": n} for n in range(100_000)]),
    "wrong items": ({"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, list(range(100_000))),
    "an array that no branch fits": ({"anyOf": [{"items": {"type": "string"}}] * 3}, list(range(100_000))),
    "members that are not allowed": ({"additionalProperties": False}, {str(n): n for n in range(100_000)}),
    "long names": ({"propertyNames": {"maxLength": 3}}, {"x" * 100_000 + str(n): n for n in range(20)}),
}


@pytest.mark.parametrize("what", MANY)
def test_a_validation_takes_bounded_steps_and_memory(what: str) -> None:
    """Two judgings agree, because steps are counted; no message is as long as the value."""
    schema, value = MANY[what]
    tracemalloc.start()
    judged = validate(schema, value)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert judged == validate(schema, value)
    assert peak < 40_000_000
    assert all(len(one.message) + len(one.path) <= 600 for one in judged.violations)
    if judged.valid is None:
        assert judged.problem is JudgingProblem.LIMIT


def test_the_budget_of_a_reply_holds_over_all_its_validations() -> None:
    """When it is spent, further validations say so instead of taking as long again."""
    schema, value = {"items": {"type": "integer"}}, list(range(4_000))
    with budget(30_000):
        judged = [validate(schema, value).valid for _ in range(4)]
    assert judged[0] is True
    assert judged[-1] is None


def test_equal_texts_are_validated_once_and_take_the_same_steps() -> None:
    """What is kept of one reply gives the next one the same verdict, and the same rest of its budget."""
    schema, value = {"items": {"type": "integer"}}, [*range(99), "x"]
    text, left = json.dumps(value), []
    for _ in range(2):
        with budget(30_000) as steps:
            assert validate(schema, value, text=text) == validate(schema, value)
            left.append(steps.taken)
    assert left[0] == left[1] > 0
    with budget(left[0] // 2 - 1):
        assert validate(schema, value, text=text).problem is JudgingProblem.LIMIT


@pytest.mark.parametrize("schema", [True, {}, {"type": "integer"}])
def test_a_kept_verdict_is_that_of_a_spent_budget_too(schema: object) -> None:
    """After a budget is spent, a value gets the same verdict whether an earlier reply had it or not."""
    found = []
    for text in ("", "7", "7"):
        if text:
            validate(schema, 7, text=text)
        with budget(1):
            with pytest.raises(OutOfSteps):
                take_steps(2)
            found.append(validate(schema, 7, text=text))
    assert found[0] == found[1] == found[2]
