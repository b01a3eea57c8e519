"""The stream's parser miscounts what it has sent: a piece of the arguments is lost or added."""

from __future__ import annotations

import copy

from trueweight.core import digest
from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.arguments import Parts, arguments_of, call_parts
from trueweight.fleet.faults.fault import Fault, fault


@fault("broken-fragments", rows=(11,), checks=("tool-arguments-json",))
class BrokenFragments(Fault):
    """Streamed arguments lose their first character, lose their last one, or gain a quote at the end.

    Which of them depends on the tool. Plain replies are correct.
    """

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Break the arguments of each call; the tool's name says how."""
        out = copy.deepcopy(chunks)
        for parts in call_parts(out):
            spoken: Parts = [(at, part) for at, part in parts if arguments_of(part)]
            if not spoken:
                continue
            name = next((part["function"]["name"] for _, part in parts if part["function"].get("name")), "")
            (_, first), (_, last) = spoken[0], spoken[-1]
            match int(digest([self.name, name])[:8], 16) % 3:
                case 0:
                    first["function"]["arguments"] = arguments_of(first)[1:]
                case 1:
                    last["function"]["arguments"] = arguments_of(last)[:-1]
                case _:
                    last["function"]["arguments"] = arguments_of(last) + '"'
        return out
