"""The HTTP surface, the child process, and what is said about names and ports that cannot be."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from trueweight.config import load_providers
from trueweight.core import ConfigError, InfrastructureError, Role
from trueweight.fleet import MODEL, Fleet, members_named, running_fleet
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.provider import LARGEST

ASK = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}


def test_http_errors_are_error_objects(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """Unknown paths are 404, wrong methods 405, not JSON 400: each with an error object."""
    base = fleet_urls["reference"]
    replies = {
        404: http.get(f"{base}/nothing"),
        405: http.get(f"{base}/chat/completions"),
        400: http.post(f"{base}/chat/completions", content=b"{not json"),
        413: http.post(f"{base}/chat/completions", content=b"x" * (LARGEST + 1)),
    }
    for status, reply in replies.items():
        assert reply.status_code == status
        assert reply.json()["error"]["message"]
    assert replies[405].headers["allow"] == "POST"


def test_lone_surrogate_survives(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """A lone surrogate in the request is legal JSON; the reply that repeats it is valid UTF-8 and says the same."""
    body = (
        '{"model": "trueweight-tiny", "messages": [{"role": "user", "content": "{\\"a\\": \\"\\ud83d\\"}"}],'
        ' "response_format": {"type": "json_object"}}'
    )
    for extra in ("", ', "stream": true'):
        reply = http.post(f"{fleet_urls['reference']}/chat/completions", content=body[:-1] + extra + "}")
        assert reply.status_code == 200
        assert "\\ud83d" in reply.content.decode("utf-8")


def test_fleet_in_process_demands_its_key() -> None:
    """Started with a key, it answers 401 without it; the same seed gives the same first text."""

    async def texts() -> list[object]:
        async with Fleet(["reference"], known=KnownAnswers(), seed=7, api_key="k") as fleet:
            url = f"{fleet.endpoints[0].base_url}/chat/completions"
            async with httpx.AsyncClient() as client:
                assert (await client.post(url, json=ASK)).status_code == 401
                reply = await client.post(url, json=ASK, headers={"authorization": "Bearer k"})
                return [reply.json()["choices"][0]["message"]["content"]]

    assert asyncio.run(texts()) == asyncio.run(texts())


def test_providers_toml_is_a_valid_config() -> None:
    """What ``fleet serve`` prints is accepted by the loader: eight providers, one of them the reference."""
    with running_fleet() as path:
        providers = load_providers(path, environ={})
        ports = {provider.base_url for provider in providers}
    assert [provider.name for provider in providers] == [entry.name for entry in members_named()]
    assert [provider.name for provider in providers if provider.role is Role.REFERENCE] == ["reference"]
    assert len(ports) == 9


def test_child_ends_with_its_block() -> None:
    """After the block nothing listens any more."""
    with running_fleet(["twin"]) as path:
        (provider,) = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
        assert httpx.post(f"{provider['base_url']}/chat/completions", json=ASK).status_code == 200
    assert not path.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{provider['base_url']}/models")


def test_child_ends_when_its_parent_is_killed() -> None:
    """A parent that dies without a word takes its fleet with it."""
    script = (
        "import time\nfrom trueweight.fleet import running_fleet\n"
        "with running_fleet(['twin']) as path:\n    print(path.read_text(), flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        lines = []
        for line in parent.stdout:
            lines.append(line)
            if line.startswith("# ready"):
                break
        os.kill(parent.pid, signal.SIGKILL)
    (provider,) = tomllib.loads("".join(lines))["provider"]
    for _ in range(200):
        try:
            httpx.get(f"{provider['base_url']}/models")
        except httpx.TransportError:
            return
    pytest.fail("the fleet outlived its parent")


def test_unknown_name_suggests_the_near_miss() -> None:
    """A mistyped provider is an error with the one that was meant."""
    with pytest.raises(ConfigError) as caught:
        Fleet(["refrence"])
    assert "'reference'" in caught.value.hint


def test_child_that_cannot_start_says_why() -> None:
    """The child's own complaint is in the error."""
    with pytest.raises(InfrastructureError) as caught, running_fleet(["nobody"]):
        pass
    assert "unknown-fleet-provider" in caught.value.hint


def test_taken_port_is_named() -> None:
    """Two fleets on one port: the second says which port, and what to do."""

    async def twice() -> None:
        async with Fleet(["twin"], known=KnownAnswers()) as first:
            await Fleet(["twin"], known=KnownAnswers(), port=first.endpoints[0].port).__aenter__()

    with pytest.raises(InfrastructureError) as caught:
        asyncio.run(twice())
    assert "--port 0" in caught.value.hint


def test_own_suite_is_known(tmp_path: Path) -> None:
    """``--suite`` teaches the fleet the answers of a user's own suite."""
    suite = tmp_path / "mine.yaml"
    suite.write_text(
        "suite: mine\ntitle: Mine\nversion: 1\ncases:\n  - id: one\n    why: It is known.\n    severity: MUST\n"
        "    source: https://example.com\n    request:\n"
        "      messages: [{role: user, content: what is my answer}]\n"
        "    checks:\n      content-matches: {equals: forty-two}\n    answer: {content: forty-two}\n",
        encoding="utf-8",
    )
    with running_fleet(["reference"], suites=[str(suite)]) as path:
        (provider,) = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
        ask = {"model": MODEL, "messages": [{"role": "user", "content": "what is my answer"}]}
        reply = httpx.post(f"{provider['base_url']}/chat/completions", json=ask).json()
    assert reply["choices"][0]["message"]["content"] == "forty-two"
