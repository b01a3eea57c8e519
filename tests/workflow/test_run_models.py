"""The list of models, asked over the wire on the real command line: fetched, on record, shown, replayed."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

from endpoint import Asked, Shop, endpoint, fine, reply

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


def fetches(asked: Asked) -> bool:
    """Whether it is the list of models that is asked for."""
    return asked.head.startswith("GET /v1/models HTTP/1.1\r\n")


async def sound(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A server that has both."""
    await (reply(writer, LIST) if fetches(asked) else fine(asked, writer))


async def locked(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A gateway whose key may ask the model and not list what there is."""
    await (reply(writer, {"error": {"message": "no"}}, 403) if fetches(asked) else fine(asked, writer))


def prepare(shop: Shop, url: str, *lines: str) -> None:
    """One provider, and the suite."""
    shop.providers({"p": url}, *lines)
    (shop.path / "s.yaml").write_text(SUITE, encoding="utf-8")


def command(shop: Shop, *words: str) -> subprocess.CompletedProcess[str]:
    """Any other command, in the shop."""
    return shop.trueweight(*words)


def exchanges(shop: Shop) -> dict[str, Any]:
    """What is on record, by case."""
    return {record["case"]: record for record in shop.records()}


def cell(shop: Shop, case: str) -> str:
    """How a case came out."""
    cases = shop.summary()["cases"]
    return str(next(one for one in cases if one["case"] == f"s/{case}")["cells"]["p"]["plain"]["outcome"])


def test_the_list_is_fetched_with_the_key_and_nothing_else(shop: Shop) -> None:
    """GET, no body and no type of one, whatever the provider's entry adds to bodies; the key is not on record."""
    with endpoint(sound) as served:
        prepare(shop, served.url, 'api_key_env = "A_KEY"', "extra_body = { top_k = 1 }")
        done = shop.send(*QUIETLY, env={"A_KEY": "sk-something-secret"})
    assert done.returncode == 0, done.stderr
    [asked] = [one for one in served.asked if fetches(one)]
    assert asked.body == {}
    assert asked.key == "sk-something-secret"
    assert "content-type" not in asked.head.lower()
    record = exchanges(shop)["models"]["request"]
    assert (record["method"], record["url"], record["body"]) == ("GET", f"{served.url}/models", "")
    assert "sk-something-secret" not in json.dumps(record)
    assert cell(shop, "models") == "pass"


def test_it_costs_nothing_and_takes_no_part_in_speed(shop: Shop) -> None:
    """The forecast counts a request without tokens; times are those of the completion alone."""
    with endpoint(sound) as served:
        prepare(shop, served.url, "price = { input = 1.0, output = 1.0 }")
        assert shop.send(*QUIETLY).returncode == 0
    metrics = shop.summary()["providers"]["p"]["metrics"]
    assert (metrics["e2e"]["n"], metrics["e2e"]["of"]) == (1, 2)
    assert metrics["success_rate"]["n"] == 2


def test_a_key_that_may_not_list_models_may_still_ask_one(shop: Shop) -> None:
    """A 403 there does not end the run; it is no answer, so no check judges it."""
    with endpoint(locked) as served:
        prepare(shop, served.url)
        done = shop.send(*QUIETLY)
    assert done.returncode == 0, done.stderr
    assert len(served.asked) == 2
    assert exchanges(shop)["chat"]["attempts"][-1]["status"] == 200
    assert exchanges(shop)["models"]["attempts"][-1]["failure"]["kind"] == "auth"


def test_it_is_shown_with_its_curl_and_replayed(shop: Shop) -> None:
    """``show`` prints the list and a command without a body; ``replay`` fetches it again and finds it the same."""
    with endpoint(sound) as served:
        prepare(shop, served.url)
        assert shop.send(*QUIETLY).returncode == 0
        trial = exchanges(shop)["models"]["trial"]
        shown = command(shop, "show", "out", trial).stdout
        again = command(shop, "replay", "out", trial, "--out", "again")
    assert f"curl -sS -N -X GET {served.url}/models" in shown
    assert "--data-raw" not in shown
    assert '"owned_by": "us"' in shown
    assert again.returncode == 0, again.stderr
    assert "not the recorded one" not in again.stdout
    assert "the two replies say the same" in again.stdout


async def misnamed(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A list under another name."""
    await (reply(writer, {"models": LIST["data"]}) if fetches(asked) else fine(asked, writer))


def test_shrinking_it_writes_a_case_that_fetches_it(shop: Shop) -> None:
    """There is nothing to make smaller, and the file asks again what was asked."""
    with endpoint(misnamed) as served:
        prepare(shop, served.url)
        assert shop.send(*QUIETLY).returncode == 0
        shrunk = command(shop, "shrink", "out", "models", "--provider", "p")
    assert shrunk.returncode == 0, shrunk.stderr
    assert "fails 3 of 3" in shrunk.stdout
    (case,) = find_suite(str(shop.path / "out-models" / "models.yaml")).cases
    assert case.api == "models"
    assert "models-list" in case.checks
