"""Trials without a network, a line to a coordinator of this process, and an API that answers each request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx

from trueweight.cluster.batch import BatchResult, BatchTask, send_batch
from trueweight.cluster.coordinator import Coordinator
from trueweight.cluster.cut import Batch
from trueweight.cluster.limits import ProviderLimit
from trueweight.core import Case, Mode, Provider, Role, Severity, Trial
from trueweight.plan import make_plan
from trueweight.wire import Environment, WireSettings
from trueweight.workflow.judge.fingerprint import own_code

PROVIDERS = (
    Provider("ref", "http://ref.test/v1", "m", role=Role.REFERENCE),
    Provider("cand", "http://cand.test/v1", "m"),
)


def cases(number: int) -> tuple[Case, ...]:
    """Plain chat requests whose content is the name of the case."""
    return tuple(
        Case(
            "s",
            f"c{n}",
            {"messages": [{"role": "user", "content": f"c{n}"}], "max_tokens": 10},
            severity=Severity.MUST,
            source="https://e",
            modes=(Mode.PLAIN,),
        )
        for n in range(number)
    )


@cache
def trials(number: int, providers: Sequence[Provider] = PROVIDERS) -> tuple[Trial, ...]:
    """The plan of that many cases."""
    return make_plan(cases(number), providers).trials


@dataclass
class Api:
    """Answers every request, and keeps the host and the content of each."""

    received: list[tuple[str, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    before: Callable[[int], None] = lambda _: None

    async def respond(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1":  # this client's test of itself
            return httpx.Response(200)
        self.before(len(self.received))
        body = json.loads(await request.aread())
        self.received.append((request.url.host, body["messages"][0]["content"]))
        self.keys.add(request.headers.get("authorization", ""))
        message = {"role": "assistant", "content": "Yes."}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        value = {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}
        return httpx.Response(200, json=value)

    def environment(self) -> Environment:
        return Environment(transport=lambda _: httpx.MockTransport(self.respond))


class NearLine:
    """The line to a coordinator on this event loop."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = coordinator

    async def ask(self, method: str, *arguments: Any) -> Any:
        found = getattr(self.coordinator, method)(*arguments)
        return await found if asyncio.iscoroutine(found) else found

    def tell(self, method: str, *arguments: Any) -> None:
        getattr(self.coordinator, method)(*arguments)


def coordinator(settings: WireSettings | None = None, together: int = 0, **limits: ProviderLimit) -> Coordinator:
    """A coordinator with limits by provider; both of `PROVIDERS` may have four requests under way."""
    given = {provider.name: ProviderLimit(4) for provider in PROVIDERS} | limits
    return Coordinator(settings or WireSettings(), given, together)


async def send(
    batch: Batch,
    place: str,
    api: Api,
    line: NearLine,
    environ: Mapping[str, str] | None = None,
    **changes: Any,
) -> BatchResult:
    """What a worker does with a batch of these providers."""
    names = {trial.provider.name for trial in batch.trials}
    task = BatchTask(batch, place, "run", dict.fromkeys(names, 4), WireSettings(), own_code())
    return await send_batch(replace(task, **changes), line, environ or {}, api.environment())
