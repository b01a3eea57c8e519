"""Log-probabilities that do not belong to the content, or are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.documents import Choices, Json
from trueweight.fleet.faults.fault import Fault, fault

Entries = tuple[Json, ...]


def _each_list(completion: Completion, edit: Callable[[Entries], Sequence[Json]]) -> Completion:
    """The completion with the entries of every choice edited."""
    return completion.each(
        lambda one: replace(one, logprobs=tuple(edit(_copied(one.logprobs)))) if one.logprobs else one
    )


def _copied(entries: Sequence[Json]) -> Entries:
    return tuple({**entry, "top_logprobs": [{**one} for one in entry["top_logprobs"]]} for entry in entries)


def _each_value(completion: Completion, edit: Callable[[float], float]) -> Completion:
    """The completion with every log-probability edited, those of the alternatives too."""

    def edited(entries: Entries) -> Entries:
        for entry in entries:
            for one in (entry, *entry["top_logprobs"]):
                one["logprob"] = edit(one["logprob"])
        return entries

    return _each_list(completion, edited)


@fault("logprobs-legacy", checks=("logprobs-form",), reports=("llama-cpp-python#1787",))
class LogprobsLegacy(Choices):
    """Log-probabilities come as the lists of the legacy completions API."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Write tokens, values and alternatives as lists."""
        entries = (choice.get("logprobs") or {}).get("content")
        if entries:
            choice["logprobs"] = {
                "tokens": [entry["token"] for entry in entries],
                "token_logprobs": [entry["logprob"] for entry in entries],
                "top_logprobs": [{o["token"]: o["logprob"] for o in entry["top_logprobs"]} for entry in entries],
                "text_offset": [0 for _ in entries],
            }


@fault("logprobs-of-names", rows=(20,), checks=("logprobs-bytes",), reports=("lmdeploy#2802",))
class LogprobsOfNames(Choices):
    """Alternatives are the names of tokens in the vocabulary, such as Ġthe, with the bytes of these names."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Decode the sampled token only."""
        for entry in (choice.get("logprobs") or {}).get("content") or ():
            for other in entry["top_logprobs"]:
                if other["token"] != entry["token"]:
                    other["token"] = other["token"].replace(" ", "Ġ").replace("\n", "Ċ")
                    other["bytes"] = list(other["token"].encode())


@fault("logprobs-fewer", checks=("logprobs-spell-content",), reports=("ik_llama.cpp#2358",))
class LogprobsFewer(Fault):
    """One token in three has no log-probability."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Drop every third entry."""
        return _each_list(completion, lambda entries: [one for at, one in enumerate(entries) if at % 3 != 2])


@fault("logprobs-of-first-choice", checks=("logprobs-spell-content",))
class LogprobsOfFirstChoice(Fault):
    """All choices have the log-probabilities of the first one."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Copy them."""
        return completion.edited(logprobs=completion.choices[0].logprobs)


@fault("logprobs-positive", checks=("logprobs-values",))
class LogprobsPositive(Fault):
    """Log-probabilities are sent without their sign."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Send the surprise of each token."""
        return _each_value(completion, lambda value: -value)


@fault("logprobs-as-probabilities", checks=("logprobs-values",))
class LogprobsAsProbabilities(Fault):
    """Probabilities are sent in place of their logarithms."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Send numbers between 0 and 1."""
        return _each_value(completion, lambda value: round(2.718281828**value, 6))


@fault("logprobs-unsorted", checks=("logprobs-values",))
class LogprobsUnsorted(Fault):
    """The alternatives come with the least likely first."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Reverse them."""

        def reversed_lists(entries: Entries) -> Entries:
            for entry in entries:
                entry["top_logprobs"] = sorted(entry["top_logprobs"], key=lambda one: one["logprob"])
            return entries

        return _each_list(completion, reversed_lists)


@fault("logprobs-zero", checks=("logprobs-measured",), reports=("PyRIT#991",))
class LogprobsZero(Fault):
    """Every log-probability is 0."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Fill the field, and compute nothing."""
        return _each_value(completion, lambda _: 0.0)


@fault("logprobs-9999", checks=("logprobs-measured",), reports=("PyRIT#991",))
class Logprobs9999(Fault):
    """Every log-probability is -9999."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take every token for one that is too unlikely to be listed."""
        return _each_value(completion, lambda _: -9999.0)


@fault("logprobs-of-chunk", checks=("logprobs-sampled-listed",), reports=("sglang#30188",))
class LogprobsOfChunk(Fault):
    """All tokens have the alternatives of the first one."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Look them up at the first position."""

        def of_first(entries: Entries) -> Entries:
            for entry in entries:
                entry["top_logprobs"] = entries[0]["top_logprobs"]
            return entries

        return _each_list(completion, of_first)


@fault("logprobs-half-characters", checks=("logprobs-characters",), reports=("ollama#13497",))
class LogprobsHalfCharacters(Choices):
    """Tokens that are part of a character are U+FFFD, without bytes."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Decode each token by itself, and drop the bytes."""
        for entry in (choice.get("logprobs") or {}).get("content") or ():
            entry["token"] = bytes(entry["bytes"]).decode("utf-8", "replace")
            entry["bytes"] = None


@fault("logprobs-more-than-usage", checks=("logprobs-within-usage",))
class LogprobsMoreThanUsage(Fault):
    """Usage counts half of the tokens that have log-probabilities."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count the chunks of two tokens."""
        listed: Any = completion.choices[0].logprobs
        return replace(completion, completion_tokens=len(listed) // 2) if listed and len(listed) > 3 else completion
