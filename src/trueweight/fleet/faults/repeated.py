"""Streams whose pieces repeat what was sent before. Plain replies are correct."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import ClassVar

from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.arguments import arguments_of, call_parts
from trueweight.fleet.faults.documents import Json
from trueweight.fleet.faults.fault import Fault, fault


@fault("arguments-cumulative", rows=(10,), checks=("tool-arguments-cumulative",), reports=("hermes-agent#35718",))
class ArgumentsCumulative(Fault):
    """Each fragment of a streamed call has all arguments so far."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Send the text so far instead of what is new."""
        out = copy.deepcopy(chunks)
        for parts in call_parts(out):
            so_far = ""
            for _, part in parts:
                so_far += arguments_of(part)
                part["function"]["arguments"] = so_far
        return out


@fault("fragments-twice", rows=(10,), checks=("tool-arguments-once",))
class FragmentsTwice(Fault):
    """Each event of a streamed call is sent twice."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Send chunks with arguments again."""
        out: list[Json] = []
        for chunk in chunks:
            again = any(arguments_of(part) for one in chunk["choices"] for part in one["delta"].get("tool_calls") or ())
            out += [chunk, copy.deepcopy(chunk)] if again else [chunk]
        return out


class _AllText(Fault):
    """Streams have deltas with all text so far. Set ``every``."""

    every: ClassVar[int] = 1
    """One delta with text in so many has it."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Send the text so far instead of what is new."""
        out = copy.deepcopy(chunks)
        texts: defaultdict[int, list[str]] = defaultdict(list)
        for one in (one for chunk in out for one in chunk["choices"] if one["delta"].get("content")):
            sent = texts[one["index"]]
            sent.append(one["delta"]["content"])
            if len(sent) % self.every == 0:
                one["delta"]["content"] = "".join(sent)
        return out


@fault("text-cumulative", rows=(10,), checks=("stream-text-once",))
class TextCumulative(_AllText):
    """Each delta of a stream has all text so far."""


@fault("delta-of-all-text", rows=(10,), checks=("stream-text-once",), reports=("TensorRT-LLM#3280",))
class DeltaOfAllText(_AllText):
    """Now and then a delta has the entire text so far."""

    every = 10


@fault("text-twice", rows=(10,), checks=("stream-text-once",))
class TextTwice(Fault):
    """Each delta of a stream is sent twice."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Send chunks with text again."""
        out: list[Json] = []
        for chunk in chunks:
            again = any(one["delta"].get("content") for one in chunk["choices"])
            out += [chunk, copy.deepcopy(chunk)] if again else [chunk]
        return out
