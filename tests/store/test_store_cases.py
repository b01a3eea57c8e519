"""The lines of cases: what is written is what is read, and a wrong field is named."""

from __future__ import annotations

import json

import pytest

from trueweight.core import Case, InfrastructureError, Mode, Severity
from trueweight.store.cases import decode_cases, encode_cases

CASE = Case(
    "s",
    "a",
    {"messages": [{"role": "user", "content": "\ud800é"}]},
    why="because",
    severity=Severity.MUST,
    source="https://example.com",
    tags=("x",),
    modes=(Mode.STREAM,),
    checks={"graded": {"by": "text"}},
    answer={"content": "yes"},
)


def test_what_is_written_is_what_is_read() -> None:
    """In order, with lone surrogates, and with the API where the case names one."""
    cases = [CASE, Case("s", "models", {}, api="models")]
    data = encode_cases(cases)
    assert data.isascii()
    assert list(decode_cases(data, where="")) == cases


def test_the_first_runs_call_the_api_endpoint() -> None:
    """Their lines are read."""
    line = json.loads(encode_cases([CASE])) | {"endpoint": "models"}
    assert next(decode_cases(json.dumps(line).encode(), where="")).api == "models"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"severity": "BAD"}, "at $.severity: Invalid enum value 'BAD'"),
        ({"modes": "plain"}, "at $.modes: Expected array, got str"),
        ({"tags": [1]}, "at $.tags[0]: Expected str, got int"),
        ({"request": []}, "at $.request: Expected object, got array"),
        ({"checks": {"x": 1}}, "at $.checks[...]: Expected object, got int"),
        ({"answer": "yes"}, "at $.answer: Expected object | null, got str"),
        ({"api": 1}, "at $.api: Expected str | null, got int"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(spoil: dict[str, object], says: str) -> None:
    """The error has the file, the line, the field and what is wrong with it."""
    good = encode_cases([CASE])
    data = good + json.dumps(json.loads(good) | spoil).encode() + b"\n"
    with pytest.raises(InfrastructureError) as caught:
        list(decode_cases(data, where="cases.jsonl"))
    assert (caught.value.code, caught.value.where) == ("run-corrupt", "cases.jsonl:2")
    assert says in caught.value.message


@pytest.mark.parametrize("line", [b"{", b"[]", b"3", b"{}", b"[" * 100_000, b"\xff"])
def test_garbage_is_an_error(line: bytes) -> None:
    """However the line is damaged, there is no traceback."""
    with pytest.raises(InfrastructureError, match="not a case"):
        list(decode_cases(line, where=""))
