"""The contestants of the bench; each prints one line of JSON about itself: ``contestants.py NAME URL STREAMS EACH``."""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

PLAIN = 4000
PLAIN_SLOW = 600
PLAIN_AT_ONCE = 64
CHUNKS = 100
MESSAGES = [{"role": "user", "content": "Say hello."}]


def peak_mb() -> float:
    """The most memory that this process, or any of its children, held."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) / 1024


def report(name: str, cpu: float, wall: float, chunks: int, **more: Any) -> None:
    """Print what was found."""
    rates = {"cpu_us": cpu / chunks * 1e6, "chunks_per_s": chunks / wall, "peak_mb": peak_mb()}
    print(json.dumps({"name": name, **rates, **more}))


def carrier(name: str) -> Any:
    """Makes the transport of that name, for a provider; None stands for the default one."""
    import httpx

    from trueweight.wire.carrier import HttpxTransport

    tls = httpx.create_ssl_context()
    if name == "httpx":
        return lambda _: HttpxTransport(tls)
    if name == "httpx-aiohttp":
        import aiohttp
        from httpx_aiohttp import AiohttpTransport

        def session() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())

        return lambda _: AiohttpTransport(verify=tls, client=session)
    return lambda _: None


def trueweight(url: str, streams: int, each: int, transport: str = "") -> None:
    """Send and record, as ``trueweight run`` does; times are read from the record afterwards."""
    from trueweight.core import PROTOCOLS, Case, Exchange, Mode, Provider, Trial
    from trueweight.store import Manifest, RunDir
    from trueweight.wire import Environment, SendResult, WireSettings, run_loop, send

    PROTOCOLS.all()  # `trueweight run` loads them when it reads providers.toml, long before it sends
    proxied = transport == "proxied"  # the server takes the proxy's place: it ignores the request target
    provider = Provider("bench", "http://provider.invalid/v1" if proxied else f"{url}/v1", "m", timeout=600)

    def trials(count: int, mode: Mode) -> list[Trial]:
        cases = (Case(mode.value, f"c{n}", {"messages": MESSAGES, "max_tokens": CHUNKS}) for n in range(count))
        return [Trial.of(case, provider, 0, mode) for case in cases]

    environment = Environment(transport=carrier(transport), proxies=lambda: {"http": url} if proxied else {})

    def timed(todo: list[Trial], at_once: int, run: RunDir) -> tuple[float, float]:
        settings = WireSettings(concurrency=at_once)

        async def go() -> SendResult:
            return await send(
                todo,
                keys={"bench": "a-key-that-is-looked-for"},
                sink=run.append,
                settings=settings,
                environment=environment,
            )

        cpu, wall = time.process_time(), time.perf_counter()
        result = run_loop(go)
        assert result.recorded == len(todo)
        return time.process_time() - cpu, time.perf_counter() - wall

    with tempfile.TemporaryDirectory() as folder:
        manifest = Manifest("0", 0, 1, 1, (), (provider,), "now")
        todo = trials(streams * each, Mode.STREAM)
        with RunDir.create(Path(folder) / "s", manifest, []) as run:
            cpu, wall = timed(todo, streams, run)
            exchanges = list(run.exchanges())
        count = PLAIN if transport != "httpx" else PLAIN_SLOW
        with RunDir.create(Path(folder) / "few", manifest, []) as run:
            _, tenth = timed(trials(count // 10, Mode.PLAIN), PLAIN_AT_ONCE, run)
        with RunDir.create(Path(folder) / "many", manifest, []) as run:
            _, plain = timed(trials(count, Mode.PLAIN), PLAIN_AT_ONCE, run)

    from datetime import datetime

    from trueweight.protocols import read_reply, timing_of

    order = sorted(exchanges, key=lambda exchange: datetime.fromisoformat(exchange.started_at))
    ttft = {}

    def name_of(exchange: Exchange) -> str:
        return exchange.final.header("x-id") or ""

    for exchange in order[streams:]:
        found = timing_of(exchange, read_reply(exchange)).ttft
        assert found is not None
        ttft[name_of(exchange)] = found / 1e6
    report(
        "trueweight" + (f", {transport}" if transport else ""),
        cpu,
        wall,
        streams * each * CHUNKS,
        ttft_ms=ttft,
        plain_per_s=count / plain,
        note=f"10 x the plain trials took {plain / tenth:.1f} x the time",
    )


async def as_k2vv(url: str, streams: int, each: int) -> dict[str, Any]:
    """An ``AsyncOpenAI`` made and limited as the K2 Vendor Verifier does it; the clock is our addition."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="k", base_url=f"{url}/v1", timeout=600, max_retries=3)
    ttft: dict[str, float] = {}

    async def stream(measured: bool) -> None:
        began = time.perf_counter()
        first, name, text = 0.0, "", []
        async for event in await client.chat.completions.create(
            model="m",
            messages=MESSAGES,
            max_tokens=CHUNKS,
            stream=True,  # type: ignore[arg-type]
        ):
            name = event.id
            if event.choices and event.choices[0].delta.content:
                first = first or time.perf_counter()
                text.append(event.choices[0].delta.content)
        if measured:
            ttft[str(int(name.removeprefix("r")))] = (first - began) * 1e3

    async def plain() -> None:
        done = await client.chat.completions.create(model="m", messages=MESSAGES)  # type: ignore[arg-type]
        done.model_dump()

    async def limited(call: Callable[[], Awaitable[None]], limit: asyncio.Semaphore) -> None:
        async with limit:
            await call()

    cpu, wall = time.process_time(), time.perf_counter()
    limit = asyncio.Semaphore(streams)
    calls = [limited(lambda n=n: stream(n >= streams), limit) for n in range(streams * each)]  # type: ignore[misc]
    await asyncio.gather(*calls)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    began = time.perf_counter()
    limit = asyncio.Semaphore(PLAIN_AT_ONCE)
    await asyncio.gather(*(limited(plain, limit) for _ in range(PLAIN_SLOW)))
    took = time.perf_counter() - began
    return {"cpu": cpu, "wall": wall, "ttft_ms": ttft, "plain_per_s": PLAIN_SLOW / took}


def openai_sdk(url: str, streams: int, each: int) -> None:
    """The ``openai`` SDK."""
    import openai

    found = asyncio.run(as_k2vv(url, streams, each))
    report(f"openai {openai.__version__}", chunks=streams * each * CHUNKS, **found)


_TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
}


def aiperf_cli(url: str, streams: int, each: int) -> None:
    """The ``aiperf`` command, with server token counts and a one-word tokenizer, because it would download one."""
    command = os.environ.get("TRUEWEIGHT_AIPERF") or shutil.which("aiperf")
    if not command:
        raise SystemExit("aiperf is not installed (TRUEWEIGHT_AIPERF names its command)")
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tokenizer.json").write_text(json.dumps(_TOKENIZER))
        (place / "tokenizer_config.json").write_text(
            '{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}'
        )
        (place / "config.json").write_text('{"model_type": "gpt2", "vocab_size": 1}')
        (place / "prompts.jsonl").write_text(json.dumps({"text": MESSAGES[0]["content"]}) + "\n")
        arguments = [
            *("profile", "-m", "m", "--url", url, "--endpoint-type", "chat", "--streaming", "--ui", "none"),
            *("--concurrency", str(streams), "--request-count", str(streams * (each - 1))),
            *("--warmup-request-count", str(streams), "--tokenizer", folder, "--use-server-token-count"),
            *("--input-file", str(place / "prompts.jsonl"), "--custom-dataset-type", "single_turn"),
            *("--output-artifact-dir", str(place / "out")),
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode:
            raise SystemExit(f"aiperf failed: {(done.stdout + done.stderr).strip()[-300:]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = [json.loads(line) for line in (place / "out" / "profile_export.jsonl").read_text().splitlines()]
    measured = [line for line in lines if line["metadata"]["benchmark_phase"] == "profiling"]
    ttft = {line["metadata"]["x_request_id"]: line["metrics"]["time_to_first_token"]["value"] for line in measured}
    starts = [line["metadata"]["request_start_ns"] for line in lines]
    ends = [line["metadata"]["request_end_ns"] for line in lines]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = (max(ends) - min(starts)) / 1e9
    chunks = streams * each * CHUNKS
    report(f"aiperf {version}".strip(), cpu, wall, chunks, ttft_ms=ttft, note="CPU with its start and its end")


if __name__ == "__main__":
    name, url, streams, each = sys.argv[1:]
    if name.startswith("trueweight_"):
        trueweight(url, int(streams), int(each), name.removeprefix("trueweight_"))
    else:
        {"trueweight": trueweight, "openai_sdk": openai_sdk, "aiperf_cli": aiperf_cli}[name](
            url, int(streams), int(each)
        )
