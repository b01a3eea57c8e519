"""Law 7, on the real command line: a key reaches memory and the wire, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import string
import traceback
from functools import partial
from urllib.parse import quote

import anyio
import pytest
from endpoint import ReceivedRequest, Workspace, endpoint

from trueweight.config import keys_for
from trueweight.core import Case, Exchange, Mode, Provider, Trial
from trueweight.wire import WireSettings, send


async def echoes(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    """The key, in every place and dress that an answer has, another one with each case."""
    key = request.key
    basic = base64.b64encode(f"user:{key}".encode()).decode()
    dresses = {
        "plain": key,
        "url": quote(key, safe=""),
        "json": json.dumps(key),
        "basic": basic,
        "hex": key.encode().hex(),
    }
    body = json.dumps({"choices": [], "error": {"message": f"bad key {key}", **dresses}}).encode()
    head = "HTTP/1.1 {} Words\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n"
    match request.case:
        case "header":
            writer.write(head.format(200, 2, f"X-Echo: {key}\r\nX-Basic: Basic {basic}\r\n").encode() + b"{}")
        case "error":
            writer.write(head.format(400, len(body), "").encode() + body)
        case "redirect":
            writer.write(head.format(307, 0, f"Location: http://elsewhere.example/?k={quote(key)}\r\n").encode())
        case "garbage":
            writer.write(f"{key} is no status line\r\n\r\n".encode())
            writer.close()
        case "reason":
            writer.write(f"HTTP/1.1 500 {key}\r\nContent-Length: 0\r\n\r\n".encode())
        case "name":
            name = re.sub(r"[^A-Za-z0-9-]", "", key)
            writer.write(head.format(200, 2, f"X-{name}: {key}\r\n").encode() + b"{}")
        case _:
            answer = {
                "choices": [{"index": 0, "message": {"role": "assistant", "content": f"It is {key}, {key.upper()}"}}]
            }
            text = json.dumps(answer).encode()
            writer.write(head.format(200, len(text), "").encode() + text)
    await writer.drain()


CASES = ("header", "error", "redirect", "garbage", "reason", "name", "content")


def forms(key: str) -> list[str]:
    """What must be nowhere, whatever its case."""
    basic = base64.b64encode(f"user:{key}".encode()).decode()
    return [key, quote(key), quote(key, safe=""), json.dumps(key)[1:-1], key.encode().hex(), basic[8:-8]]


def made_up(seed: int) -> str:
    """A key as vendors make them, or with every character that a header can carry."""
    rng = random.Random(seed)
    if seed % 2:
        return "sk-" + "".join(rng.choices(string.ascii_letters + string.digits, k=40))
    return "".join(rng.choices(string.ascii_letters + string.digits + string.punctuation, k=30))


@pytest.mark.parametrize(
    ("seed", "as_process"), [(0, False), *(pytest.param(seed, True, marks=pytest.mark.slow) for seed in (0, 1))]
)
def test_a_planted_key_is_in_no_file_and_on_no_screen(workspace: Workspace, seed: int, as_process: bool) -> None:
    """Echoed in bodies, headers, header names, reasons, redirects and garbage: nothing that is left holds it."""
    key = made_up(seed)
    with endpoint(echoes) as place:
        workspace.providers({"p": place.url}, 'api_key_env = "PLANTED"', role="reference")
        workspace.suite(*CASES)
        send = workspace.send_as_process if as_process else workspace.send
        done = send("--retries", 1, env={"PLANTED": key})
        again = send("--retry-errors", "--json", env={"PLANTED": key})
    assert {request.key for request in place.requests} == {key}
    left = {path.name: path.read_bytes().decode("utf-8", "replace") for path in workspace.run.iterdir()}
    left |= {"stdout": done.stdout, "stderr": done.stderr, "again": again.stdout + again.stderr}
    assert len(workspace.records()) > len(CASES)
    for name, text in left.items():
        lowered = text.lower()
        for form in forms(key):
            assert form.lower() not in lowered, name


def test_a_planted_key_is_in_no_traceback() -> None:
    """Not even in one that shows the locals of every frame, as crash reporters do."""
    key = made_up(1)

    def full(_: Exchange) -> None:
        raise OSError("no space")

    with endpoint(echoes) as place:
        case = Case("s", "a", {"messages": [{"role": "user", "content": "content"}]})
        provider = Provider("p", place.url, "m", api_key_env="PLANTED")
        trial = Trial.of(case, provider, 0, Mode.PLAIN)
        keys = keys_for([provider], {"PLANTED": key})
        sending = partial(send, [trial], keys=keys, sink=full, settings=WireSettings(retries=0))
        with pytest.raises(OSError, match="no space") as caught:
            anyio.run(sending)
    inside = [frame for frame in traceback.extract_tb(caught.tb) if "trueweight" in frame.filename]
    assert inside
    for frame, _ in traceback.walk_tb(caught.tb):
        if frame.f_code.co_filename.replace("\\", "/").find("/trueweight/wire/") >= 0:
            shown = {name: repr(value) for name, value in frame.f_locals.items()}
            assert all(key not in text for text in shown.values()), (frame.f_code.co_name, shown.keys())
