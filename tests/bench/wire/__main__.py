"""How true the reported times are, and what they cost: ``python tests/bench/wire``.

One server, in a process of its own, that knows when it was asked and when it wrote each chunk; and contestants, each in
a process of its own, one after the other: trueweight (send and record to disk, as ``trueweight run`` does), directly
and through a proxy, whose place the server takes; trueweight carried by aiohttp, if ``httpx-aiohttp`` is there, and by
httpx's own stack; the ``openai`` SDK as the K2 Vendor Verifier uses it; and ``aiperf`` if there is one (on the PATH, or
named by ``TRUEWEIGHT_AIPERF``). Not a test: it prints a table and asserts nothing.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONTESTANTS = (
    "trueweight",
    "trueweight_proxied",
    "trueweight_httpx-aiohttp",
    "trueweight_httpx",
    "openai_sdk",
    "aiperf_cli",
)


@contextmanager
def server() -> Iterator[str]:
    """The server's address; its process ends with the block."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.stdin.close()
        process.wait()


def truth(url: str) -> dict[str, dict[str, Any]]:
    """Every stream since the last look, by the name that the contestant knows it under."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    streams: dict[str, dict[str, Any]] = json.loads(opener.open(f"{url}/truth").read())["streams"]
    return streams | {str(stream["request_id"]): stream for stream in streams.values() if stream["request_id"]}


def percentile(values: list[float], q: float) -> float:
    """Type 7."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * q
    low = int(at)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (at - low)


def contest(name: str, url: str, streams: int, each: int) -> dict[str, Any] | str:
    """What a contestant reports beside what is true; or why it did not take part."""
    command = [sys.executable, str(HERE / "contestants.py"), name, url, str(streams), str(each)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    true = truth(url)
    errors = []
    for key, reported in found["ttft_ms"].items():
        stream = true[key]
        errors.append(abs(reported - (stream["wrote"][0] - stream["came"]) / 1e6))
    return found | {"errors": errors}


def row(name: str, found: dict[str, Any] | str) -> str:
    """One line of the table."""
    if isinstance(found, str):
        return f"{name:<26} did not take part: {found}"
    errors = found["errors"]
    plain = f"{found['plain_per_s']:>8.0f}" if found.get("plain_per_s") else f"{'':>8}"
    return (
        f"{found['name']:<26} {percentile(errors, 0.5):>7.2f} {percentile(errors, 0.99):>7.2f} "
        f"{found['cpu_us']:>8.0f} {found['chunks_per_s']:>9.0f} {plain} {found['peak_mb']:>7.0f} "
        f"{found.get('note', '')}"
    )


def main() -> None:
    """Run all contestants and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=128)
    parser.add_argument(
        "--each", type=int, default=4, help="streams one after the other in each place; first unmeasured"
    )
    parser.add_argument("--only", action="append", choices=CONTESTANTS)
    options = parser.parse_args()
    machine = f"{platform.platform()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}")
    print(f"{options.streams} streams at 50 chunks/s, {options.each} in a row each, the first of them not counted")
    print(f"{'':<26} {'TTFT error, ms':>15} {'CPU':>8} {'':>9} {'plain':>8} {'peak':>7}")
    print(f"{'':<26} {'p50':>7} {'p99':>7} {'µs/chunk':>8} {'chunks/s':>9} {'req/s':>8} {'MB':>7}")
    for name in options.only or CONTESTANTS:
        with server() as url:
            print(row(name, contest(name, url, options.streams, options.each)), flush=True)


if __name__ == "__main__":
    main()
