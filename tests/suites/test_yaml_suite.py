"""YAML suites: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from trueweight.core import ConfigError, Mode, Provider, Severity, Trial
from trueweight.suites import find_suite, read_suite

MINIMAL = """\
suite: mine
title: Mine
version: 1
cases:
  - id: one
    why: "Because."
    request: {messages: [{role: user, content: Hi}]}
"""


def _suite(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return str(path)


def _problems(folder: Path, text: str) -> list[str]:
    """All that is said of a suite, without the folder it is in."""
    reading = read_suite(_suite(folder, text))
    return [str(problem).replace(f"{folder}/", "") for problem in reading.problems]


def test_a_minimal_suite_gets_the_defaults_of_the_format(tmp_path: Path) -> None:
    """A case needs id, why and request; the rest has defaults."""
    suite = find_suite(_suite(tmp_path, MINIMAL))
    (case,) = suite.cases
    assert (suite.name, case.key, case.severity, case.modes) == ("mine", "mine/one", Severity.SHOULD, tuple(Mode))
    assert (case.checks, case.answer, case.tags, case.source) == ({}, None, (), "")


@pytest.mark.parametrize(
    ("follows", "api", "modes", "says"),
    [
        ("one", "responses", "[plain]", ""),
        ("three", "responses", "[plain]", "the id of an earlier case of the suite with the same api"),
        ("two", "responses", "[plain]", "the id of an earlier case of the suite with the same api"),
        ("one", "chat", "[plain]", "continues no response"),
        ("one", "responses", "[plain, stream]", "Write modes: [plain] in both cases"),
    ],
)
def test_a_case_may_continue_an_earlier_one(tmp_path: Path, follows: str, api: str, modes: str, says: str) -> None:
    """Through an API that has such requests, and in the mode plain; anything else is refused with its line."""
    request = "request: {messages: [{role: user, content: Hi}]}"
    text = (
        MINIMAL.replace("Because.", "First.")
        + f"""\
    api: responses
    modes: [plain]
  - {{id: two, why: Other., {request}}}
  - id: three
    why: Then.
    follows: {follows}
    api: {api}
    modes: {modes}
    {request}
"""
    )
    problems = _problems(tmp_path, text)
    assert len(problems) == bool(says)
    assert all(says in one and one.startswith("mine.yaml:13") for one in problems)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ("after: one", ""),
        ("after: two", "the id of an earlier case of the suite"),
        ("after: one\n    follows: one", "Write 'follows' alone"),
    ],
)
def test_a_case_may_be_sent_after_an_earlier_one(tmp_path: Path, after: str, says: str) -> None:
    """Through any API; a later or unknown case, or one that it continues too, is refused."""
    text = (
        MINIMAL
        + f"  - id: two\n    why: Then.\n    request: {{messages: [{{role: user, content: Hi}}]}}\n    {after}\n"
    )
    problems = _problems(tmp_path, text)
    assert bool(problems) == bool(says)
    assert not says or any(says in one for one in problems)


def test_defaults_are_added_and_the_case_wins(tmp_path: Path) -> None:
    """Request keys are added behind the case's own, tags joined, the rest replaced; a null takes a default away."""
    text = """\
        suite: mine
        title: Mine
        version: 1
        defaults:
          severity: INFO
          source: https://example.org/spec
          tags: [all]
          modes: [plain]
          request: {temperature: 0, seed: 7, max_tokens: 16}
        cases:
          - id: one
            why: Inherits
            request: {messages: [], stop: null, seed: null, max_tokens: 8}
          - id: two
            why: Overrides
            severity: MUST
            source: https://example.org/bug
            tags: [own]
            modes: [stream]
            request: {messages: []}
        """
    one, two = find_suite(_suite(tmp_path, text)).cases
    assert list(one.request.items()) == [("messages", []), ("stop", None), ("max_tokens", 8), ("temperature", 0)]
    assert (one.severity, one.source, one.tags, one.modes) == (
        "INFO",
        "https://example.org/spec",
        ("all",),
        (Mode.PLAIN,),
    )
    assert (two.severity, two.source, two.tags, two.modes) == (
        "MUST",
        "https://example.org/bug",
        ("all", "own"),
        (Mode.STREAM,),
    )


def test_a_list_of_models_has_no_request_whatever_the_defaults(tmp_path: Path) -> None:
    """It is fetched, so nothing of the defaults' request or modes is for it; its digest is its own."""
    text = """\
        suite: mine
        title: Mine
        version: 1
        defaults: {modes: [stream], request: {temperature: 0}}
        cases:
          - {id: one, why: Fetched., api: models}
          - {id: two, why: Asked., api: chat, request: {messages: []}}
        """
    one, two = find_suite(_suite(tmp_path, text)).cases
    assert (one.api, one.modes, dict(one.request)) == ("models", (Mode.PLAIN,), {})
    assert (two.api, two.modes, dict(two.request)) == (
        "chat", (Mode.STREAM,), {"messages": [], "temperature": 0}
    )  # fmt: skip


def test_a_case_may_say_its_own_stream_options(tmp_path: Path) -> None:
    """They go out as they stand; null sends none, and a plain request never has any."""
    for options, sent in (("null", None), ("{include_usage: false}", {"include_usage": False})):
        text = MINIMAL.replace("{messages", f"{{stream_options: {options}, messages")
        (case,) = find_suite(_suite(tmp_path, text)).cases
        provider = Provider("p", "http://127.0.0.1", "m")
        plain, stream = (json.loads(Trial.of(case, provider, 0, mode).body()) for mode in Mode)
        assert ("stream_options" in stream, stream.get("stream_options")) == (sent is not None, sent)
        assert stream["stream"] is True
        assert not {"stream", "stream_options"} & set(plain)


def test_an_unknown_field_of_a_request_is_a_mistake(tmp_path: Path) -> None:
    """In a case and in the defaults, each with its line; unless ``extra_body`` holds it, and then it is sent."""
    text = MINIMAL.replace("{messages", "{temprature: 1, messages").replace(
        "cases:", "defaults: {request: {top_k: 2}}\ncases:"
    )
    unknown = _problems(tmp_path, text)
    assert [problem.split("\n")[0] for problem in unknown] == [
        "mine.yaml:4: unknown key 'top_k'",
        "mine.yaml:8: case 'one': unknown key 'temprature'",
    ]
    assert "Did you mean 'temperature'?" in unknown[1]
    text = text.replace("temprature: 1", "extra_body: {temprature: 1}").replace("top_k: 2", "extra_body: {top_k: 2}")
    (case,) = find_suite(_suite(tmp_path, text)).cases
    assert set(case.request) == {"messages", "temprature", "top_k"}


def test_a_reworded_why_is_the_same_request(tmp_path: Path) -> None:
    """The digest covers what is sent and nothing else, so that a better sentence costs no new requests."""
    before = find_suite(_suite(tmp_path, MINIMAL)).digest()
    assert find_suite(_suite(tmp_path, MINIMAL.replace("Because", "For a better reason"))).digest() == before
    assert find_suite(_suite(tmp_path, MINIMAL.replace("Hi", "Ho"))).digest() != before


GOLDEN = {
    "unknown key of a case": (
        MINIMAL + "    severty: MUST\n",
        [
            "mine.yaml:8: case 'one': unknown key 'severty'\n"
            "  Did you mean 'severity'? "
            "Valid: after, answer, api, checks, follows, id, keeps_limit, modes, recorded, request, severity, source, "
            "stands_for, tags, task, why."
        ],
    ),
    "value outside a list": (
        MINIMAL + "    severity: HIGH\n    modes: [plain, streem]\n",
        [
            "mine.yaml:8: case 'one': 'severity' is \"HIGH\"\n  Valid: INFO, MUST, SHOULD.",
            "mine.yaml:9: case 'one': 'modes' is \"streem\"\n  Did you mean 'stream'? Valid: plain, stream.",
        ],
    ),
    "wrong types": (
        "suite: 5\ntitle: T\nversion: one\ncases: {}\n",
        [
            "mine.yaml:1: 'suite' must be text, not 5",
            "mine.yaml:3: 'version' must be a whole number, not \"one\"",
            "mine.yaml:4: 'cases' must be a list, not {}",
        ],
    ),
    "missing keys": (
        "suite: mine\nversion: 1\ncases:\n- request: {messages: []}\n- 7\n",
        [
            "mine.yaml:1: key 'title' is missing",
            "mine.yaml:4: case 1: key 'id' is missing",
            "mine.yaml:4: case 1: key 'why' is missing",
            "mine.yaml:5: 'cases' must be a mapping, not 7",
        ],
    ),
    "two cases of one id": (
        MINIMAL + '  - id: one\n    why: "Again."\n    request: {messages: []}\n',
        ["mine.yaml:8: case 'one': this id is taken\n  First used on line 5."],
    ),
    "keys that are the plan's": (
        MINIMAL.replace("{messages", "{model: gpt, stream: true, messages"),
        [
            "mine.yaml:7: case 'one': key 'stream' does not belong here\n"
            "  The plan adds stream to each request, and model and stream_options, which a case may set."
        ],
    ),
    "a list of models with a request": (
        MINIMAL + "    api: models\n    modes: [plain]\n    answer: {content: Hi}\n",
        [
            f"mine.yaml:{line}: case 'one': key {key!r} does not belong here\n  The list of models is fetched as it is."
            for line, key in ((7, "request"), (9, "modes"), (10, "answer"))
        ],
    ),
    "no such endpoint": (
        MINIMAL + "    api: model\n",
        [
            "mine.yaml:8: case 'one': 'api' is 'model'\n"
            "  Did you mean 'models'? Valid: chat, count-tokens, messages, models, responses."
        ],
    ),
    "neither request nor endpoint": (
        MINIMAL.replace("    request: {messages: [{role: user, content: Hi}]}\n", ""),
        ["mine.yaml:5: case 'one': key 'request' is missing"],
    ),
    "stream_options that are none": (
        MINIMAL.replace("{messages", "{stream_options: true, messages"),
        ["mine.yaml:7: case 'one': 'stream_options' must be a mapping or null, not true"],
    ),
    "no messages": (
        MINIMAL.replace("messages:", "metadata:"),
        ["mine.yaml:7: case 'one': key 'messages' is missing"],
    ),
    "an answer of two kinds": (
        MINIMAL + "    answer: {json: {}, content: Hi}\n",
        [
            "mine.yaml:8: case 'one': key 'content' does not belong here\n"
            "  An answer is either json, or calls and content."
        ],
    ),
    "an empty answer": (MINIMAL + "    answer: {}\n", ["mine.yaml:8: case 'one': 'answer' is empty"]),
    "a source that is no link": (
        MINIMAL + "    source: issue 12\n",
        ["mine.yaml:8: case 'one': 'source' is \"issue 12\"\n  A link that starts with https:// or http://."],
    ),
    "an id that is no name": (
        MINIMAL.replace("id: one", "id: One Two"),
        [
            "mine.yaml:5: case 'One Two': 'id' is \"One Two\"\n"
            "  Lower-case letters, digits, '.', '_' and '-', starting with a letter or digit."
        ],
    ),
    "no case": ("suite: mine\ntitle: T\nversion: 1\ncases: []\n", ["mine.yaml:4: 'cases' is empty"]),
    "an empty file": ("", ["mine.yaml:1: the file must be a mapping, not null"]),
    "a tag": (
        MINIMAL.replace('"Because."', "!!python/name:os.system x"),
        [
            "mine.yaml:6: YAML tag 'tag:yaml.org,2002:python/name:os.system'\n"
            "  A suite is data: text, numbers, true, false, null, lists and mappings."
        ],
    ),
    "a key given twice": (
        MINIMAL + "    why: Twice\n",
        ["mine.yaml:8: key 'why' is given twice\n  First on line 6."],
    ),
    "no YAML": (
        "suite: [mine\n",
        ["mine.yaml:2: not YAML: while parsing a flow sequence did not find expected ',' or ']'"],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_an_error_says_where_what_and_what_would_be_valid(name: str, tmp_path: Path) -> None:
    """Every problem of a file is reported, in order of line, in exactly these words."""
    text, expected = GOLDEN[name]
    assert _problems(tmp_path, text) == expected


def test_checks_are_known_and_take_their_parameters(tmp_path: Path) -> None:
    """A check that does not exist, or parameters it does not take, are errors at their line, not silence in a run."""
    checks = """\
    checks:
      tool-call-expect: {call: must}
      tool-call-expected: {call: maybe}
      finish-reason: {oneof: [stop]}
      json-equals:
"""
    problems = _problems(tmp_path, MINIMAL + checks)
    assert [problem.partition("\n")[0] for problem in problems] == [
        "mine.yaml:9: case 'one': unknown check 'tool-call-expect'",
        "mine.yaml:10: case 'one': check tool-call-expected: parameter call: "
        "'maybe' is not one of ['must', 'must-not', 'may']",
        "mine.yaml:11: case 'one': check finish-reason: 'one_of' is a required property",
        "mine.yaml:12: case 'one': 'json-equals' must be a mapping, not null",
    ]
    assert "Did you mean 'tool-call-expected'?" in problems[0]


def test_an_error_shows_a_long_value_cut(tmp_path: Path) -> None:
    """A value of a megabyte makes an error of a line."""
    (problem,) = _problems(tmp_path, MINIMAL + f"    source: {'x' * 1_000_000}\n")
    assert len(problem) < 250


def test_find_suite_raises_the_first_problem_and_counts_the_rest(tmp_path: Path) -> None:
    """One error is raised, and it says how to see the others."""
    path = _suite(tmp_path, MINIMAL + "    severity: HIGH\n    tag: []\n")
    with pytest.raises(ConfigError) as caught:
        find_suite(path)
    assert caught.value.where == f"{path}:8"
    assert caught.value.hint == f"Valid: INFO, MUST, SHOULD. 1 more problem: trueweight suites check {path}"


def test_the_command_that_shows_the_rest_can_be_copied(tmp_path: Path) -> None:
    """A path with a space is quoted."""
    path = _suite(tmp_path, MINIMAL + "    severity: HIGH\n    tag: []\n")
    spaced = Path(path).rename(tmp_path / "my suite.yaml")
    with pytest.raises(ConfigError) as caught:
        find_suite(str(spaced))
    assert caught.value.hint.endswith(f"trueweight suites check '{spaced}'")


def test_a_file_that_is_not_utf8_names_its_line(tmp_path: Path) -> None:
    """Bytes that are no text are an error with a line, not a traceback."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"suite: mine\ntitle: \xff\n")
    (problem,) = read_suite(str(path)).problems
    assert (problem.code, problem.where) == ("suite-encoding", f"{path}:2")
