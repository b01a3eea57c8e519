"""Time to write an exchange as a line and to read it back, for four kinds of reply, or for the exchanges of a run.

    python tests/bench/store [RUN]

CPU time of this process, the least of several rounds, in microseconds per exchange.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from trueweight.core import Attempt, Exchange, Mode, RequestRecord, Stamp
from trueweight.store import RunDir, decode_exchange, encode_exchange

ROUNDS = 7
EACH = 200


def exchange(body: bytes, chunks: int) -> Exchange:
    """An exchange with a reply of that body, which arrived in so many chunks of one size."""
    stamps = tuple(Stamp(10**8 + 10**6 * n, len(body) * n // chunks) for n in range(chunks))
    headers = tuple((f"X-Header-{n}", "value of a usual length") for n in range(12))
    attempt = Attempt(0, 10, None, 10**8, 10**9, 200, "HTTP/1.1", headers, body, stamps)
    request = RequestRecord("POST", "http://host/v1/chat/completions", headers[:4], '{"messages":[]}' * 40)
    return Exchange("0" * 20, "p", "s", "c", 0, Mode.STREAM, "2026-01-02T03:04:05.000006+00:00", request, (attempt,))


def event(text: str) -> bytes:
    """One event of a stream."""
    return b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"' + text.encode() + b'"}}]}\n\n'


KINDS: dict[str, list[Exchange]] = {
    "plain, 0.6 kB": [exchange(event("word ") * 10, 1)] * EACH,
    "stream of 200 events": [exchange(event("word ") * 200, 200)] * EACH,
    "the same, not ASCII": [exchange(event("wörter ") * 200, 200)] * EACH,
    "the same, not UTF-8": [exchange(event("word ") * 200 + b"\xff", 200)] * EACH,
}


def least(call: Callable[[], object]) -> float:
    """Seconds of CPU time in the fastest round."""
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        took.append(time.process_time() - start)
    return min(took)


def row(name: str, exchanges: Sequence[Exchange]) -> str:
    """One line of the table."""
    lines = [encode_exchange(one) for one in exchanges]
    writing = least(lambda: [encode_exchange(one) for one in exchanges]) / len(lines) * 1e6
    reading = least(lambda: [decode_exchange(line) for line in lines]) / len(lines) * 1e6
    size = sum(len(line) for line in lines) / len(lines) / 1000
    return f"{name:24}{len(lines):>8}{size:>9.1f}{writing:>10.1f}{reading:>10.1f}"


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    kinds = KINDS
    if arguments:
        with RunDir.open(Path(arguments[0])) as run:
            kinds = {Path(arguments[0]).name: list(run.exchanges())}
    print(f"{'exchanges':24}{'n':>8}{'kB':>9}{'write µs':>10}{'read µs':>10}")  # noqa: T201
    for name, exchanges in kinds.items():
        print(row(name, exchanges))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
