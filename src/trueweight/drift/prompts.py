"""The prompt bank: natural requests in many languages and shapes, none of which any cache has seen before.

``prompts.json`` holds families (a text with two slots). Each pair of fillers comes once, led by a sentence that names
a person drawn by the run's seed: the same run asks every provider exactly the same words, another seed asks words
that no prefix or answer cache can know. (Names, not numbers: a small model copies a number out before it says anything
of its own, and a copied token is one that no quantisation moves.) A fixed digest, not the seed, says whether a prompt
is for tuning thresholds or for testing, so the two never mix.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from trueweight.core import digest

TUNING_SHARE = 4
"""One prompt in this many is kept for tuning; the rest is for testing."""


class Split(StrEnum):
    """What a prompt may be used for."""

    TUNING = "tuning"
    TEST = "test"


class Prompt(NamedTuple):
    """One request text.

    Attributes:
        id: ``family-a-b``, where a and b are positions of the fillers; the same under every seed.
        language: of the request, or the programming language of the code it asks for.
        kind: prose, dialogue, code, json …
    """

    id: str
    family: str
    language: str
    kind: str
    split: Split
    text: str


@cache
def prompt_bank(seed: int = 0) -> tuple[Prompt, ...]:
    """All prompts, families taking turns, in an order that the seed does not change.

    A prefix of any length is therefore as diverse as the whole, and a longer run asks a shorter one's prompts first.
    """
    bank = json.loads(files(__package__).joinpath("prompts.json").read_text(encoding="utf-8"))
    queues = [_family(entry) for entry in bank["families"]]
    turns = [prompt for turn in itertools.zip_longest(*queues) for prompt in turn if prompt is not None]
    leads = itertools.islice(_leads(bank["lead"], seed), len(turns))
    return tuple(prompt._replace(text=lead + prompt.text) for prompt, lead in zip(turns, leads, strict=True))


def prompts(split: Split, *, seed: int = 0) -> tuple[Prompt, ...]:
    """The prompts of one split, in bank order."""
    return tuple(prompt for prompt in prompt_bank(seed) if prompt.split is split)


def _family(entry: dict[str, Any]) -> list[Prompt]:
    """The prompts of one family without their leads, in the fixed shuffled order of their digests."""
    made = []
    for (i, a), (j, b) in itertools.product(enumerate(entry["a"]), enumerate(entry["b"])):
        key = f"{entry['name']}-{i}-{j}"
        split = Split.TUNING if int(digest(["split", key]), 16) % TUNING_SHARE == 0 else Split.TEST
        # Braces of JSON prompts must survive, hence replace and not format.
        text = entry["text"].replace("{a}", a).replace("{b}", b)
        made.append(Prompt(key, entry["name"], entry["language"], entry["kind"], split, text))
    return sorted(made, key=lambda prompt: digest(["order", prompt.id]))


def _leads(lead: dict[str, Any], seed: int) -> Iterator[str]:
    """Distinct leading sentences without end, for practical purposes: some 20,000, in the seed's own order."""
    slots = list(itertools.product(lead["first"], lead["last"], lead["place"]))
    random.Random(f"leads {seed}").shuffle(slots)
    for first, last, place in slots:
        yield lead["text"].format(first=first, last=last, place=place)
