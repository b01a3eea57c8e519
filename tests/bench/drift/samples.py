"""The recorded answers as facts: read from a record, kept in one small file, read again."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trueweight.drift.facts import Facts, Token, facts_of
from trueweight.drift.prompts import Split, prompts
from trueweight.protocols import read_reply
from trueweight.store import RunDir

KEPT = Path(__file__).with_name("recorded.jsonl.gz")
Answers = dict[str, Facts]
"""Prompt id → one answer to it."""


class Samples:
    """``samples[variant, kind, repeat]`` → prompt → answer."""

    def __init__(self, rows: Iterator[dict[str, Any]]) -> None:
        self._found: defaultdict[tuple[str, str, int], Answers] = defaultdict(dict)
        for row in rows:
            self._found[row["variant"], row["kind"], row["repeat"]][row["prompt"]] = _facts(row)

    def __getitem__(self, key: tuple[str, str, int]) -> Answers:
        return self._found[key]

    def keys(self) -> list[tuple[str, str, int]]:
        """All (variant, kind, repeat) there are."""
        return sorted(self._found)


def of_split(split: Split) -> set[str]:
    """Ids of the prompts of a split, of both banks."""
    return {prompt.id for steady in (False, True) for prompt in prompts(split, steady=steady)}


SPENT, SPENT_STEADY = 100, 60
"""The first test prompts of either bank: what was tuned after they were looked at is tested on the others."""


def test_prompts() -> dict[str, set[str]]:
    """``first``: those that were looked at before thresholds were last set; ``fresh``: the others; ``all``."""
    looked_at = (*prompts(Split.TEST)[:SPENT], *prompts(Split.TEST, steady=True)[:SPENT_STEADY])
    known = {prompt.id for prompt in looked_at}
    whole = of_split(Split.TEST)
    return {"first": known, "fresh": whole - known, "all": whole}


def read_kept() -> Samples:
    """The file that stands beside this one."""
    return Samples(_kept_rows())


def _kept_rows() -> Iterator[dict[str, Any]]:
    with gzip.open(KEPT, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _key(row: dict[str, Any]) -> tuple[str, str, int, str]:
    return row["variant"], row["kind"], row["repeat"], row["prompt"]


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """A record's answers, one row each; failures are left out (there should be none on loopback)."""
    with RunDir.open(path) as run:
        for exchange in run.exchanges():
            facts = facts_of(exchange, read_reply(exchange) if exchange.judgeable else None)
            if isinstance(facts, Facts):
                prompt, kind = exchange.case.split("@")[0].split("~")
                yield _row(exchange.provider, kind, exchange.repeat, prompt, facts)


def keep(path: Path) -> int:
    """Merge a record into the small file; its number of rows. What the file has already stays as it is."""
    merged = {_key(row): row for row in (*rows_of(path), *_kept_rows())}
    rows = [merged[key] for key in sorted(merged)]
    text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for row in rows)
    KEPT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return len(rows)


def _row(variant: str, kind: str, repeat: int, prompt: str, facts: Facts) -> dict[str, Any]:
    row: dict[str, Any] = {
        "variant": variant,
        "kind": kind,
        "repeat": repeat,
        "prompt": prompt,
        "text": facts.text,
        "tokens": [facts.input_tokens],
    }
    if facts.top:
        # Bytes as Latin-1, the shortest text that JSON can hold them in.
        row["top"] = [[token.key.decode("latin-1"), round(token.logprob, 5)] for token in facts.top]
        row["margins"] = [round(margin, 4) for margin in facts.margins]
        row["pieces"] = list(facts.pieces)
    return row


def _facts(row: dict[str, Any]) -> Facts:
    return Facts(
        text=row["text"],
        top=tuple(Token(key.encode("latin-1"), value) for key, value in row.get("top", ())),
        margins=tuple(row.get("margins", ())),
        pieces=tuple(row.get("pieces", ())),
        input_tokens=row["tokens"][0],
    )
