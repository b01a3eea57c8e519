"""The prompt bank: natural requests in many languages and shapes, none of which any cache has seen before.

``prompts.json`` holds families (a text with two slots). Each pair of fillers comes once, led by a sentence that names
a person drawn by the run's seed: one run sends exactly the same text to every provider, and another seed
makes texts that no prefix or answer cache contains. (Names, not numbers: a small model often copies a number before it
writes anything else, and quantisation does not change a copied token.) A fixed digest, not the seed, decides whether a
prompt is for tuning thresholds or for testing, so the two never mix.

``steady.json`` holds a second bank of the same make for sampled texts: short conversations whose next answer is nearly
given by the turns before it.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Iterator
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


class DriftPrompt(NamedTuple):
    """One request text.

    Attributes:
        id: ``family-a-b``, where a and b are positions of the fillers; the same under every seed.
        language: of the request, or the programming language of the requested code.
        kind: prose, dialogue, code, json …
        shots: earlier turns, as pairs of request and answer; the lead is put before the first.
    """

    id: str
    family: str
    language: str
    kind: str
    split: Split
    text: str
    shots: tuple[tuple[str, str], ...] = ()

    @property
    def messages(self) -> list[dict[str, str]]:
        """The messages of the request."""
        turns = [one for request, answer in self.shots for one in (("user", request), ("assistant", answer))]
        return [{"role": role, "content": content} for role, content in (*turns, ("user", self.text))]

    def with_lead(self, lead: str) -> DriftPrompt:
        """A copy with this lead before the first text."""
        if not self.shots:
            return self._replace(text=lead + self.text)
        (first, answer), *rest = self.shots
        return self._replace(shots=((lead + first, answer), *rest))


VARIANTS = 7
"""Variants of each question: as many as there are distinct leads for."""


@cache
def prompt_bank(seed: int = 0, variant: int = 0) -> tuple[DriftPrompt, ...]:
    """All prompts, families taking turns, in an order that the seed does not change.

    So a prefix of any length is as diverse as the whole, and a longer run begins with the prompts of a shorter one.
    Variants of one question, 0 to ``VARIANTS - 1``, differ in the lead alone: unrelated words, by which rounding
    changes while the question stays the same.
    """
    turns = _turns("prompts.json")
    first = variant * (len(turns) + len(_turns("steady.json")))
    return tuple(_with_leads(turns, itertools.islice(_leads(seed), first, first + len(turns))))


@cache
def steady_bank(seed: int = 0) -> tuple[DriftPrompt, ...]:
    """The same of conversations whose next answer is nearly given; no lead of these is one of the others'."""
    turns = _turns("steady.json")
    taken = len(prompt_bank(seed))
    return tuple(_with_leads(turns, itertools.islice(_leads(seed), taken, taken + len(turns))))


def prompts(split: Split, *, seed: int = 0, steady: bool = False, variant: int = 0) -> tuple[DriftPrompt, ...]:
    """The prompts of one split, in bank order; the steady ones have no variants."""
    bank = steady_bank(seed) if steady else prompt_bank(seed, variant)
    return tuple(prompt for prompt in bank if prompt.split is split)


def _read(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return value


def _turns(name: str) -> list[DriftPrompt]:
    """The prompts of a file's families in turns, without their leads."""
    queues = [_family(entry) for entry in _read(name)["families"]]
    return [prompt for turn in itertools.zip_longest(*queues) for prompt in turn if prompt is not None]


def _with_leads(turns: Iterable[DriftPrompt], leads: Iterable[str]) -> Iterator[DriftPrompt]:
    return (prompt.with_lead(lead) for prompt, lead in zip(turns, leads, strict=True))


def _family(entry: dict[str, Any]) -> list[DriftPrompt]:
    """The prompts of one family without their leads, in the fixed shuffled order of their digests."""
    made = []
    for (i, a), (j, b) in itertools.product(enumerate(entry["a"]), enumerate(entry["b"])):
        key = f"{entry['name']}-{i}-{j}"
        split = Split.TUNING if int(digest(["split", key]), 16) % TUNING_SHARE == 0 else Split.TEST
        text = _filled(entry["text"], a, b)
        shots = tuple((_filled(request, a, b), answer) for request, answer in entry.get("shots", ()))
        made.append(DriftPrompt(key, entry["name"], entry["language"], entry["kind"], split, text, shots))
    return sorted(made, key=lambda prompt: digest(["order", prompt.id]))


def _filled(text: str, a: str, b: str) -> str:
    """With its slots filled. Braces of JSON must survive, hence replace and not format."""
    return text.replace("{a}", a).replace("{b}", b)


def _leads(seed: int) -> Iterator[str]:
    """Distinct leading sentences without end, for practical purposes: some 20,000, in the seed's own order."""
    lead = _read("prompts.json")["lead"]
    slots = list(itertools.product(lead["first"], lead["last"], lead["place"]))
    random.Random(f"leads {seed}").shuffle(slots)
    for first, last, place in slots:
        yield lead["text"].format(first=first, last=last, place=place)
