"""Record a panel of real engines: ``python tests/bench/drift/panel_record.py NAME --url http://127.0.0.1:18281/v1``.

Each engine answers the same requests once: every question in two variants, the first token's 20 likeliest tokens, and
with ``--texts`` for the first variant twelve tokens at temperature 0. The answers are kept, one line a reply;
`prove.py` reads it and sends nothing. Resumes where it stopped. Without NAME it merges the files into the kept one.
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
from panel import PANEL

from trueweight.drift.prompts import Split, prompts

TUNING = (0, 30)
"""Prompts on which the tolerances were set."""
TEST = (200, 300)
"""Prompts that no earlier version was tuned or tested on."""
VARIANTS = 2
TEXT_TOKENS = 12


def requests(*, texts: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key of each reply, and its request. Variants of one question are far apart, as the program asks them."""
    found = []
    for split, (first, last) in ((Split.TUNING, TUNING), (Split.TEST, TEST)):
        for variant in range(VARIANTS):
            for prompt in prompts(split, variant=variant)[first:last]:
                body = {
                    "messages": prompt.messages,
                    "max_tokens": TEXT_TOKENS if texts and variant == 0 else 1,
                    "temperature": 0,
                    "logprobs": True,
                    "top_logprobs": 20,
                }
                found.append((f"{split.value}/{prompt.id}/{variant}", body))
    random.Random(1).shuffle(found)
    yield from found


def kept(reply: dict[str, Any]) -> dict[str, Any]:
    """What the proof needs of a reply."""
    choice = reply["choices"][0]
    positions = choice["logprobs"]["content"]
    tops = [
        sorted(((one["token"], one["logprob"]) for one in p["top_logprobs"]), key=lambda x: -x[1]) for p in positions
    ]
    return {
        "top": [[token, round(value, 5)] for token, value in tops[0]],
        "text": choice["message"]["content"],
        "pieces": [p["token"] for p in positions],
        "margins": [round(top[0][1] - top[1][1], 4) for top in tops],
        "prompt_tokens": reply["usage"]["prompt_tokens"],
    }


def main() -> None:
    """Ask for what is not in the file yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--url")
    parser.add_argument("--model", default="gemma-3-270m")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--texts", action="store_true", help="ask for texts as well")
    parser.add_argument("--replace-texts", action="store_true", help="ask again for first variants kept without a text")
    arguments = parser.parse_args()
    if arguments.name is None:
        merge(arguments.out, PANEL)
        return
    path = arguments.out / f"{arguments.name}.jsonl"
    done = {json.loads(line)["key"] for line in path.read_text("utf-8").splitlines()} if path.exists() else set()
    if arguments.replace_texts:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        lines = [one for one in lines if not one["key"].endswith("/0") or len(one["pieces"]) > 1]
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines), "utf-8")
        done = {one["key"] for one in lines}
    todo = [one for one in requests(texts=arguments.texts) if one[0] not in done]
    with httpx.Client(timeout=300) as client, path.open("a", encoding="utf-8") as file:

        def ask(one: tuple[str, dict[str, Any]]) -> dict[str, Any]:
            response = client.post(f"{arguments.url}/chat/completions", json={"model": arguments.model, **one[1]})
            response.raise_for_status()
            return {"key": one[0], **kept(response.json())}

        with ThreadPoolExecutor(arguments.at_once) as pool:
            for reply in pool.map(ask, todo):
                file.write(json.dumps(reply, ensure_ascii=False) + "\n")
                file.flush()
    print(f"{arguments.name}: {len(todo)} new replies")


def merge(folder: Path, target: Path) -> None:
    """All engines' files as one compressed file, the same bytes for the same replies."""
    lines = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in sorted(path.read_text("utf-8").splitlines()):
            lines.append(json.dumps({"engine": path.stem, **json.loads(line)}, ensure_ascii=False, sort_keys=True))
    with target.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        file.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
