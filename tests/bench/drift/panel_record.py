"""Record a panel of real engines: ``python tests/bench/drift/panel_record.py NAME --url http://127.0.0.1:18281/v1``.

Each engine answers the same requests once, as the program sends them: every question in two variants, eight tokens at
temperature 0, the 20 likeliest tokens at each. The places are kept up to where the answers to both variants part;
`prove.py` reads them and sends nothing. Resumes where it stopped. Without NAME it merges the files into the kept one.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from panel import PANEL, read_lines

from trueweight.drift.prompts import Split, prompts
from trueweight.drift.script import PLACES_TOKENS

TUNING = (0, 120)
"""Prompts on which all that decides was set."""
TEST = (400, 550)
"""Prompts that no earlier version was tuned or tested on."""
VARIANTS = 2


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Key of each reply, and its request. Variants of one question are far apart, as the program asks them."""
    found = []
    for split, (first, last) in ((Split.TUNING, TUNING), (Split.TEST, TEST)):
        for variant in range(VARIANTS):
            for prompt in prompts(split, variant=variant)[first:last]:
                body = {"messages": prompt.messages, "max_tokens": PLACES_TOKENS, "temperature": 0}
                found.append((f"{split.value}/{prompt.id}/{variant}", body | {"logprobs": True, "top_logprobs": 20}))
    random.Random(1).shuffle(found)
    yield from found


def kept(reply: dict[str, Any]) -> dict[str, Any]:
    """What the proof needs of a reply: at each place the chosen token and the likeliest ones."""
    positions = reply["choices"][0]["logprobs"]["content"]
    return {
        "places": [
            [_key(place), [[_key(one), round(one["logprob"], 4)] for one in place["top_logprobs"]]]
            for place in positions
        ]
    }


def _key(token: dict[str, Any]) -> str:
    """A token's bytes as JSON can hold them, each as one character."""
    raw = bytes(token["bytes"]) if token.get("bytes") else token["token"].encode()
    return raw.decode("latin-1")


def usable(one: dict[str, Any], two: dict[str, Any]) -> list[dict[str, Any]]:
    """An engine's answers to both variants, without the places after they part, which nothing can be compared with.

    Of tokens that are spelled alike none is kept, as in the program.
    """
    pairs = list(zip(one["places"], two["places"], strict=False))
    alike = next((at for at, places in enumerate(pairs) if places[0][0] != places[1][0]), len(pairs))
    made = []
    for line in (one, two):
        cut = [
            [chosen, sorted(([t, x] for t, x in top if sum(t == u for u, _ in top) == 1), key=lambda entry: -entry[1])]
            for chosen, top in line["places"][: alike + 1]
        ]
        made.append({**line, "places": cut})
    return made


def main() -> None:
    """Ask for what is not in the file yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--url")
    parser.add_argument("--model", default="gemma-3-270m")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--at-once", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.name is None:
        merge(arguments.out, PANEL)
        return
    path = arguments.out / f"{arguments.name}.jsonl"
    done = {json.loads(line)["key"] for line in path.read_text("utf-8").splitlines()} if path.exists() else set()
    todo = [one for one in requests() if one[0] not in done]
    with httpx.Client(timeout=300) as client, path.open("a", encoding="utf-8") as file:

        def ask(one: tuple[str, dict[str, Any]]) -> dict[str, Any]:
            response = client.post(f"{arguments.url}/chat/completions", json={"model": arguments.model, **one[1]})
            response.raise_for_status()
            return {"key": one[0], **kept(response.json())}

        with ThreadPoolExecutor(arguments.at_once) as pool:
            for reply in pool.map(ask, todo):
                file.write(json.dumps(reply) + "\n")
                file.flush()
    print(f"{arguments.name}: {len(todo)} new replies")


def merge(folder: Path, target: Path) -> None:
    """All engines' files as one compressed file, the same bytes for the same replies; earlier texts stay."""
    lines = [json.dumps(one, sort_keys=True) for one in read_lines(target) if "places" not in one]
    for path in sorted(folder.glob("*.jsonl")):
        found = {one["key"]: one for one in map(json.loads, path.read_text("utf-8").splitlines())}
        for key in sorted(found):
            other = f"{key[:-1]}1"
            if key.endswith("/0") and other in found:
                both = usable(found[key], found[other])
                lines += [json.dumps({"engine": path.stem, **one}, sort_keys=True) for one in both]
    with target.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        file.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
