"""The fleet on real sockets: one loopback port per provider, one event loop for all."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import random
import socket
import time
from collections.abc import Generator, Iterable, Sequence
from types import TracebackType
from typing import NamedTuple

import uvicorn

from trueweight.core import DEFAULT_API, InfrastructureError
from trueweight.fleet.app import FleetApp
from trueweight.fleet.known import KnownAnswers, shipped_answers
from trueweight.fleet.network import MODEL
from trueweight.fleet.provider import FleetProvider
from trueweight.fleet.raw import RawServer
from trueweight.fleet.roster import FleetMember, members_named
from trueweight.fleet.thinking import Switch

HOST = "127.0.0.1"
BASE_PORT = 18181


class Endpoint(NamedTuple):
    """A provider and its port."""

    member: FleetMember
    port: int

    @property
    def base_url(self) -> str:
        """What goes into ``base_url`` of ``providers.toml``."""
        return f"http://{HOST}:{self.port}/v1"


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers: the process that started the fleet handles signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Fleet:
    """Async context manager: the providers answer inside it. Sockets are bound on entry, so port 0 gives real ports.

    Args:
        names: the providers to serve; None is the default eight.
        port: first port; the others follow in the roster's order. 0 takes free ones.
        suites: further suites, by name or path, whose answers are known.
        known: answers to know instead of reading suites.
        seed: of everything random; None takes entropy.
        api_key: the required key; None accepts any key, and none.
        apis: the APIs that ``providers.toml`` names; all are served in any case.

    Raises:
        ConfigError: for an unknown name or a bad suite.
        InfrastructureError: if a port is taken.
    """

    def __init__(
        self,
        names: Iterable[str] | None = None,
        *,
        port: int = 0,
        suites: Iterable[str] = (),
        known: KnownAnswers | None = None,
        seed: int | None = None,
        api_key: str | None = None,
        apis: Sequence[str] = (DEFAULT_API,),
    ) -> None:
        self._apis = tuple(apis)
        self._members = members_named(names)
        self._port = port
        self._known = shipped_answers(suites) if known is None else known
        self._seed = seed if seed is not None else int.from_bytes(os.urandom(8), "big")
        self._key = api_key
        self._sockets: list[socket.socket] = []
        self._server: _Server | None = None
        self._raw: list[RawServer] = []
        self._task: asyncio.Task[None] | None = None
        self.endpoints: tuple[Endpoint, ...] = ()

    async def __aenter__(self) -> Fleet:
        self._sockets = _bind(self._members, self._port)
        ports = [sock.getsockname()[1] for sock in self._sockets]
        self.endpoints = tuple(map(Endpoint, self._members, ports))
        made = {
            port: FleetProvider(
                member,
                self._known,
                rng=random.Random(f"{self._seed}:{member.name}"),
                clock=time.time,
                api_key=self._key,
            )
            for member, port in self.endpoints
        }
        raw = {endpoint.port for endpoint in self.endpoints if endpoint.member.server == "raw"}
        by_port = dict(zip(ports, self._sockets, strict=True))
        self._raw = [RawServer(made[port], by_port[port]) for port in raw]
        for server in self._raw:
            await server.start()
        config = uvicorn.Config(
            FleetApp({port: provider for port, provider in made.items() if port not in raw}),
            lifespan="off",
            log_level="critical",
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        served = [sock for port, sock in by_port.items() if port not in raw]
        self._task = asyncio.create_task(self._server.serve(served))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)
        if self._task.done():
            await self._task
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
        for server in self._raw:
            await server.stop()
        for sock in self._sockets:
            sock.close()

    def providers_toml(self) -> str:
        """A ``providers.toml`` for the endpoints that are being served."""
        return providers_toml(self.endpoints, self._apis)


def providers_toml(endpoints: Sequence[Endpoint], apis: Sequence[str] = (DEFAULT_API,)) -> str:
    """The text of a ``providers.toml``: every provider claims the same model at the same precision."""
    named = "" if tuple(apis) == (DEFAULT_API,) else f"api = {json.dumps(list(apis))}\n"
    blocks = ["# The embedded fleet: simulated providers on this machine's loopback."]
    for endpoint in endpoints:
        member = endpoint.member
        blocks.append(
            f"[[provider]]  # {member.summary}\n"
            f'name = "{member.name}"\n'
            f'role = "{member.role.value}"\n'
            f'base_url = "{endpoint.base_url}"\n{named}'
            f'model = "{MODEL}"\n'
            f'precision = "fp32"\n'
            f"price = {{ input = {member.price.input:.2f}, output = {member.price.output:.2f} }}" + _thinking(member)
        )
    return "\n\n".join(blocks) + "\n"


def _thinking(member: FleetMember) -> str:
    """The line with the switch of a member that thinks; those that ignore every switch declare one, as a host would."""
    if member.thinker is None:
        return ""
    on = member.thinker.on
    switch = on or member.thinker.switch or Switch(("enable_thinking",), value=False)
    path, found = (("message",), switch.word) if switch.word else (switch.path, switch.value)
    value = json.dumps(found)
    for key in reversed(path):
        value = f"{{ {key} = {value} }}"
    return f"\nthinking = {{ {'off' if on is None else 'on'} = {value} }}"


def _bind(members: Sequence[FleetMember], port: int) -> list[socket.socket]:
    """One listening socket for each entry, all or none."""
    sockets: list[socket.socket] = []
    try:
        for at, _ in enumerate(members):
            # asyncio turns Nagle's delay off only where the protocol is named; with it a reply takes 40 ms.
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HOST, port + at if port else 0))
            sock.listen(256)
    except OSError as problem:
        for sock in sockets:
            sock.close()
        if problem.errno != errno.EADDRINUSE:
            raise
        raise InfrastructureError(
            f"port {port + len(sockets) - 1} is taken",
            code="port-taken",
            where="--port",
            hint="Choose another base with --port, or --port 0 for free ones.",
        ) from problem
    return sockets
