"""A long run, killed three times: ``python tests/soak [TRIALS]``, 100,000 by default.

``trueweight run`` against a server on this machine, ended by ``kill -9`` at a fifth, a half and four fifths of its
trials, and begun again each time with the same command. At the end every trial must be on record exactly once, each
with an answer, and no process may ever have held more memory than the limit. Exit code 1 if not.
"""

# ruff: noqa: T201
from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trueweight.store.framed_lines import FramedLines

SERVER = Path(__file__).parent.parent / "bench" / "wire" / "server.py"
CASES = 500
LIMIT_MB = 300
KILLS = (0.2, 0.5, 0.8)


def prepare(folder: Path, port: str) -> None:
    """``providers.toml`` and a suite."""
    (folder / "providers.toml").write_text(
        f'[[provider]]\nname = "soak"\nbase_url = "http://127.0.0.1:{port}/v1"\nmodel = "m"\napi_key_env = "SOAK_KEY"\n'
    )
    lines = ["suite: soak", "title: soak", "version: 1", "cases:"]
    for number in range(CASES):
        request = json.dumps({"messages": [{"role": "user", "content": f"Question {number}?"}], "max_tokens": 9})
        lines += [
            f"- id: c{number}",
            "  why: soak",
            "  modes: [plain]",
            "  severity: INFO",
            "  source: https://e.example",
        ]
        lines += [f"  request: {request}"]
    (folder / "soak.yaml").write_text("\n".join(lines) + "\n")


def peak_mb(pid: int) -> float:
    """The most resident memory that a process has held so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def lines_in(path: Path) -> int:
    """Exchanges of the record; of one that is still written, those that are on disk."""
    return sum(1 for _ in heads_in(path)) if path.exists() else 0


def heads_in(path: Path) -> Iterator[str]:
    """The beginning of each exchange's line."""
    lines = FramedLines(path)
    for line in lines.scan():
        if line.data.startswith(b'{"v":2,"trial"'):
            yield line.data[:80].decode()
    lines.close()


def session(folder: Path, repeats: int, stop_at: int | None) -> tuple[float, float, int]:
    """One process: its peak memory, its seconds, and its exit code (killed at ``stop_at`` lines: -9)."""
    command = ["run", "--providers", "providers.toml", "--suite", "soak.yaml", "--out", "out", "--quiet"]
    command += ["--repeats", str(repeats), "--concurrency", "64"]
    began, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(
        [sys.executable, "-m", "trueweight", *command],
        cwd=folder,
        env={**os.environ, "SOAK_KEY": "a-key-that-is-looked-for"},
    )
    while process.poll() is None:
        time.sleep(0.25)
        try:
            peak = max(peak, peak_mb(process.pid))
        except (OSError, ValueError):
            break
        if stop_at is not None and lines_in(folder / "out" / "exchanges.jsonl.zst") >= stop_at:
            process.kill()
            break
    return peak, time.perf_counter() - began, process.wait()


def main(trials: int = 100_000) -> int:
    """Run it and say how it went."""
    repeats = max(1, trials // CASES)
    planned = repeats * CASES
    machine = f"{platform.platform()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    print(f"{machine}, Python {platform.python_version()}\n{planned} trials, killed at {KILLS}")
    server = subprocess.Popen([sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None and server.stdout is not None
    peaks = []
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder, server.stdout.readline().strip())
            for share in (*KILLS, None):
                peak, took, code = session(folder, repeats, None if share is None else round(share * planned))
                peaks.append(peak)
                found = lines_in(folder / "out" / "exchanges.jsonl.zst")
                print(f"exit {code:>3} after {took:6.1f} s: {found:>7} on record, peak {peak:.0f} MB", flush=True)
            heads = list(heads_in(folder / "out" / "exchanges.jsonl.zst"))
            size = (folder / "out" / "exchanges.jsonl.zst").stat().st_size
    finally:
        server.stdin.close()
        server.wait()
    ids = Counter(head.split('"')[5] for head in heads)
    ok = sum('"outcome":"ok"' in head for head in heads)
    once = len(ids) == planned and set(ids.values()) == {1} and ok == planned
    verdict = "each exactly once" if once else "WRONG"
    print(f"{len(ids)} different trials, {ok} answered, {size / 1e6:.0f} MB of record: {verdict}")
    print(f"peak {max(peaks):.0f} MB of {LIMIT_MB} allowed: {'held' if max(peaks) < LIMIT_MB else 'NOT HELD'}")
    return 0 if once and max(peaks) < LIMIT_MB and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
