"""The list of models on the real command line: fetched, recorded, shown, replayed."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

from endpoint import ReceivedRequest, Workspace, answer_ok, endpoint, reply

from trueweight.suites import find_suite

LIST = {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "us"}]}
SUITE = """\
suite: s
title: t
version: 1
cases:
- id: models
  why: test
  severity: SHOULD
  api: models
  checks: {models-list: {}, http-json: {}, request-accepted: {}}
- id: chat
  why: test
  modes: [plain]
  request: {messages: [{role: user, content: chat}], max_tokens: 9}
"""
QUIETLY = ("--concurrency", 1, "--quiet")


def fetches(request: ReceivedRequest) -> bool:
    """Whether the request is for the list of models."""
    return request.head.startswith("GET /v1/models HTTP/1.1\r\n")


async def sound(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    """A server that has both."""
    await (reply(writer, LIST) if fetches(request) else answer_ok(request, writer))


async def locked(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    """A gateway whose key may use the model and not list the models."""
    await (reply(writer, {"error": {"message": "no"}}, 403) if fetches(request) else answer_ok(request, writer))


def prepare(workspace: Workspace, url: str, *lines: str) -> None:
    """One provider, and the suite."""
    workspace.providers({"p": url}, *lines)
    (workspace.path / "s.yaml").write_text(SUITE, encoding="utf-8")


def command(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    """Any other command, in the shop."""
    return workspace.trueweight(*words)


def exchanges(workspace: Workspace) -> dict[str, Any]:
    """The recorded exchanges by case."""
    return {record["case"]: record for record in workspace.records()}


def cell(workspace: Workspace, case: str) -> str:
    """How a case came out."""
    cases = workspace.summary()["cases"]
    return str(next(one for one in cases if one["case"] == f"s/{case}")["cells"]["p"]["plain"]["outcome"])


def test_the_list_is_fetched_with_the_key_and_nothing_else(workspace: Workspace) -> None:
    """GET, no body and no type of one, even if the provider's entry adds to bodies; the key is not recorded."""
    with endpoint(sound) as served:
        prepare(workspace, served.url, 'api_key_env = "A_KEY"', "extra_body = { top_k = 1 }")
        done = workspace.send(*QUIETLY, env={"A_KEY": "sk-something-secret"})
    assert done.returncode == 0, done.stderr
    [request] = [one for one in served.requests if fetches(one)]
    assert request.body == {}
    assert request.key == "sk-something-secret"
    assert "content-type" not in request.head.lower()
    record = exchanges(workspace)["models"]["request"]
    assert (record["method"], record["url"], record["body"]) == ("GET", f"{served.url}/models", "")
    assert "sk-something-secret" not in json.dumps(record)
    assert cell(workspace, "models") == "pass"


def test_it_costs_nothing_and_takes_no_part_in_speed(workspace: Workspace) -> None:
    """The forecast counts a request without tokens; times are those of the completion alone."""
    with endpoint(sound) as served:
        prepare(workspace, served.url, "price = { input = 1.0, output = 1.0 }")
        assert workspace.send(*QUIETLY).returncode == 0
    metrics = workspace.summary()["providers"]["p"]["metrics"]
    assert (metrics["e2e"]["n"], metrics["e2e"]["of"]) == (1, 2)
    assert metrics["success_rate"]["n"] == 2


def test_a_key_that_may_not_list_models_may_still_ask_one(workspace: Workspace) -> None:
    """A 403 there does not end the run; it is no answer, so no check judges it."""
    with endpoint(locked) as served:
        prepare(workspace, served.url)
        done = workspace.send(*QUIETLY)
    assert done.returncode == 0, done.stderr
    assert len(served.requests) == 2
    assert exchanges(workspace)["chat"]["attempts"][-1]["status"] == 200
    assert exchanges(workspace)["models"]["attempts"][-1]["failure"]["kind"] == "auth"


def test_it_is_shown_with_its_curl_and_replayed(workspace: Workspace) -> None:
    """``show`` prints the list and a command without a body; ``replay`` fetches it again and finds it the same."""
    with endpoint(sound) as served:
        prepare(workspace, served.url)
        assert workspace.send(*QUIETLY).returncode == 0
        trial = exchanges(workspace)["models"]["trial"]
        shown = command(workspace, "show", "out", trial).stdout
        again = command(workspace, "replay", "out", trial, "--out", "again")
    assert f"curl -sS -N -X GET {served.url}/models" in shown
    assert "--data-raw" not in shown
    assert '"owned_by": "us"' in shown
    assert again.returncode == 0, again.stderr
    assert "not the recorded one" not in again.stdout
    assert "the two replies say the same" in again.stdout


async def misnamed(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    """A list under another name."""
    await (reply(writer, {"models": LIST["data"]}) if fetches(request) else answer_ok(request, writer))


def test_shrinking_it_writes_a_case_that_fetches_it(workspace: Workspace) -> None:
    """There is nothing to make smaller, and the file has the same request again."""
    with endpoint(misnamed) as served:
        prepare(workspace, served.url)
        assert workspace.send(*QUIETLY).returncode == 0
        shrunk = command(workspace, "shrink", "out", "models", "--provider", "p")
    assert shrunk.returncode == 0, shrunk.stderr
    assert "fails 3 of 3" in shrunk.stdout
    (case,) = find_suite(str(workspace.path / "out-models" / "models.yaml")).cases
    assert case.api == "models"
    assert "models-list" in case.checks
