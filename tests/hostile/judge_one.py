"""Judges the named replies at a size, and prints for each what it took: ``judge_one.py SIZE [--once] NAME…``.

Each is recorded first. What is measured begins with reading its line, as `judge` does.
"""

# ruff: noqa: T201
from __future__ import annotations

import ctypes
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostile_apis import API_REPLIES
from hostile_replies import REPLIES, HostileReply

from trueweight.core import Attempt, Case, Exchange, Failure, FailureKind, Mode, Provider, RequestRecord, Stamp
from trueweight.core.steps import rare_garbage_collection, return_large_blocks
from trueweight.store.log import ExchangeLog
from trueweight.workflow.judge import judge_exchange

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "pattern": "^[a-z]+$"},
        "digit": {"type": "string", "format": "regex"},
        "price": {"type": "number", "multipleOf": 0.01},
        "tree": {"anyOf": [{"$ref": "#"}, {"type": "array", "uniqueItems": True, "items": {"$ref": "#"}}]},
    },
    "required": ["city"],
}
REQUEST = {
    "messages": [{"role": "user", "content": "Where? " * 50}],
    "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
    "stop": ["END"],
    "n": 2,
    "logprobs": True,
    "max_tokens": 100,
}
CHECKS = {
    "tool-call-expected": {"call": "must"},
    "tool-call-matches": {"calls": [{"name": "get_weather", "arguments": {"city": "a  b"}}]},
    "content-matches": {"pattern": "^(a+)+$", "contains": ["zzz"]},
    "json-equals": {"value": {"a": 1}},
    "graded": {"grader": "number", "expected": {"value": 3}},
    "structured-output": {"assert_format": True},
}
CASE = Case("s", "c", REQUEST, checks=CHECKS)
PROVIDER = Provider("p", "http://127.0.0.1:9/v1", "m")
ALL_REPLIES = {**REPLIES, **API_REPLIES}


def exchange_of(reply: HostileReply) -> Exchange:
    headers = (("content-type", reply.content_type), ("content-encoding", reply.encoding or "identity"))
    stamps = tuple(Stamp(at, at) for at in range(0, max(1, len(reply.body)), 65_536))
    failure = None if reply.status == 200 else Failure(FailureKind.CLIENT_ERROR, "refused")
    attempt = Attempt(0, 0, None, 1, 10**9, reply.status, "HTTP/1.1", headers, reply.body, stamps, failure)
    request = RequestRecord("POST", "http://127.0.0.1:9/v1/chat/completions", (), "{}")
    mode = Mode.STREAM if reply.streamed else Mode.PLAIN
    return Exchange("t", "p", "s", "c", 0, mode, "2026-01-01T00:00:00.000000+00:00", request, (attempt,), api=reply.api)


def resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


@contextmanager
def recorded(exchange: Exchange) -> Iterator[ExchangeLog]:
    """A record of this exchange, open for reading."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exchanges.jsonl.zst"
        path.touch()
        log = ExchangeLog(path)
        log.start_writing()
        log.append(exchange)
        log.close()
        log = ExchangeLog(path)
        yield log
        log.close()


def measure_reply(case: Case, reply: HostileReply, *, once: bool = True) -> dict[str, object]:
    """CPU seconds and peak of memory of judging a recorded reply; why checks raised; whether a second one agrees."""
    with recorded(exchange_of(reply)) as log:
        del reply
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what the last reply left free is not to be used again unseen
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        began = time.process_time()
        seen = judge_exchange(case, PROVIDER, log.read("t")).observation
        seconds = time.process_time() - began
        memory = resident("VmHWM") - before
        same = once or judge_exchange(case, PROVIDER, log.read("t")).observation == seen
    raised = [one.reason for one in seen.not_judged if one.problem.value == "raised"]
    return {"seconds": round(seconds, 2), "memory": memory, "raised": raised, "same": same}


if __name__ == "__main__":
    size, once = int(sys.argv[1]), "--once" in sys.argv
    return_large_blocks()
    with rare_garbage_collection():  # as `judge` does
        for name in (word for word in sys.argv[2:] if word != "--once"):
            found = measure_reply(CASE, ALL_REPLIES[name](size), once=once)
            print(json.dumps({"name": name, **found}), flush=True)
