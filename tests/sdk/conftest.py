"""The official SDKs, imported by the first test that uses them: it takes seconds, and the extra `test` lacks them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from fleet_replies import body_of, served
from trueweight.fleet import running_fleet
from trueweight.fleet.provider import HttpRequest


@pytest.fixture(scope="session")
def openai() -> ModuleType:
    """OpenAI's SDK."""
    found: ModuleType = pytest.importorskip("openai", reason="needs the extra 'sdk'")
    return found


@pytest.fixture(scope="session")
def anthropic() -> ModuleType:
    """Anthropic's SDK."""
    found: ModuleType = pytest.importorskip("anthropic", reason="needs the extra 'sdk'")
    return found


@pytest.fixture(scope="session")
def reference_url() -> Iterator[str]:
    """Base URL of the healthy ``reference``, a server in a child process."""
    with running_fleet(["reference"]) as path:
        (provider,) = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
        yield provider["base_url"]


@pytest.fixture
def sdk(openai: ModuleType, reference_url: str) -> Iterator[Any]:
    """The official client, pointed at ``reference``."""
    with openai.OpenAI(base_url=reference_url, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def client(openai: ModuleType, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The official client, pointed at a provider in this process."""
    provider = served(request.param)

    def respond(sent: httpx.Request) -> httpx.Response:
        response = provider.respond(HttpRequest(sent.method, sent.url.path, {}, sent.read()))
        return httpx.Response(response.status, headers=dict(response.headers), content=body_of(response))

    with (
        httpx.Client(transport=httpx.MockTransport(respond)) as http,
        openai.OpenAI(base_url="http://fleet/v1", api_key="any", max_retries=0, http_client=http) as found,
    ):
        yield found
