"""Each token is decoded for itself, so characters that take several tokens do not survive the stream."""

from __future__ import annotations

import copy
from functools import lru_cache

from trueweight.core.json_value import JsonObject
from trueweight.fleet import tokenizer
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.fault import Fault, fault


@fault("split-code-points", rows=(20,), checks=("text-whole-characters",))
class SplitCodePoints(Fault):
    """In streams a character of several tokens becomes as many U+FFFD. Plain replies are sound."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Decode token by token, in content and in arguments."""
        out = copy.deepcopy(chunks)
        for chunk in out:
            for choice in chunk.get("choices") or ():
                delta = choice["delta"]
                if delta.get("content"):
                    delta["content"] = _torn(delta["content"])
                for part in delta.get("tool_calls") or ():
                    function = part.get("function") or {}
                    if function.get("arguments"):
                        function["arguments"] = _torn(function["arguments"])
        return out


@lru_cache(maxsize=4096)
def _torn(text: str) -> str:
    return "".join(char if char.isascii() else "\ufffd" * _tokens(char) or char for char in text)


def _tokens(char: str) -> int:
    """How many tokens a character is torn into; 0 if it is one token."""
    tokens = len(tokenizer.encode(char))
    return tokens if tokens > 1 else 0
