"""The list of models: its own checks and those of HTTP judge it, and none of a completion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check_samples import MODELS_CASE, WHOLE_LIST
from handmade import exchange

from trueweight.checks import all_checks, run_checks
from trueweight.core import Case, Exchange, Outcome
from trueweight.protocols import read_reply
from trueweight.protocols.sample import fetched, listed, plain

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "us"}
CHAT_ONLY = {info.id for info in all_checks()} - {
    "models-list", "models-fields", "http-json", "json-portable", "body-utf8", "content-encoding", "content-type",
    "error-object", "request-accepted", "request-answered",
}  # fmt: skip


def found(made: Exchange, asked: Case = MODELS_CASE) -> dict[str, Outcome]:
    """The outcome of every check that judges it."""
    return {one.check: one.outcome for one in run_checks(asked, read_reply(made))}


def failing(made: Exchange, asked: Case = MODELS_CASE) -> set[str]:
    """Checks that fail."""
    return {check for check, outcome in found(made, asked).items() if outcome is Outcome.FAIL}


def test_a_list_of_models_is_no_completion() -> None:
    """It has no anomaly, no check fails, and no check of completions judges it."""
    assert read_reply(WHOLE_LIST).anomalies == ()
    assert set(found(WHOLE_LIST).values()) == {Outcome.PASS}
    assert not set(found(WHOLE_LIST)) & CHAT_ONLY


def test_a_completion_is_no_list_of_models() -> None:
    """Checks of the list are silent about replies to any other request."""
    chat = Case("s", "c", {"messages": []})
    assert not {"models-list", "models-fields"} & set(found(plain({"data": 7}), chat))


@pytest.mark.parametrize(
    ("made", "checks"),
    [
        (listed(MODEL, MODEL | {"max_model_len": 8192, "permission": [], "root": "x"}), set()),
        (listed(MODEL, models=[{"name": "m", "model": "m"}]), set()),
        (fetched({"data": [MODEL]}), set()),
        (listed(MODEL | {"created": 1.5}), set()),
        (listed({"id": "m"}), {"models-fields"}),
        (listed(MODEL | {"created": "2026-01-01"}), {"models-fields"}),
        (listed(), {"models-list"}),
        (fetched({"object": "list", "data": None}), {"models-list"}),
        (fetched({"models": [MODEL]}), {"models-list"}),
        (listed(MODEL, MODEL | {"id": ""}), {"models-list"}),
        (listed("m"), {"models-list"}),
        (fetched([MODEL]), {"http-json"}),
    ],
)
def test_each_way_to_break_a_list_is_named(made: Exchange, checks: set[str]) -> None:
    """By one check each; what other servers add is no breach."""
    assert failing(made) == checks


def test_a_server_that_lists_nothing_may_say_so() -> None:
    """A 404 or 405 with an error object is UNSUPPORTED; without one, or with another status, it is a failure."""
    said: dict[str, Any] = {"error": {"message": "no such path"}}
    for status, body, outcome in (
        (404, said, Outcome.UNSUPPORTED),
        (405, said, Outcome.UNSUPPORTED),
        (404, "not found", Outcome.FAIL),
        (400, said, Outcome.FAIL),
    ):
        assert found(fetched(body, status=status))["request-accepted"] is outcome
    not_json = exchange(b"404 page not found\n", status=404, content_type="text/plain")
    assert failing(not_json) == {"request-accepted", "error-object"}


def test_evidence_is_the_model_that_breaks_the_requirement() -> None:
    """Not the whole list, which may be long."""
    many = [MODEL | {"id": f"m{at}"} for at in range(50)]
    for broken, check in ((MODEL | {"id": None}, "models-list"), ({"id": "lone"}, "models-fields")):
        made = listed(*many, broken, *many)
        [finding] = [one for one in run_checks(MODELS_CASE, read_reply(made)) if one.check == check]
        [span] = finding.spans
        assert json.loads(made.final.body[span.start : span.end]) == broken


def test_a_case_of_another_endpoint_is_another_question() -> None:
    """Its digest differs from that of an empty chat request, whose digest is what it always was."""
    empty = Case("s", "c", {})
    assert MODELS_CASE.api == "models"
    assert empty.request_digest() != MODELS_CASE.request_digest()
    assert empty.request_digest() == "4c25afca64a6215bfde7d9c9d2dd0ed25c957b41631a93890a27b6d2303949f2"
