"""Responses whose object or items are wrong, plain and streamed alike."""

from __future__ import annotations

import copy

from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.documents import Json
from trueweight.fleet.faults.fault import Fault, fault

_API = "responses"


class Objects(Fault):
    """Changes the whole response, of a plain reply or of the last event. Override ``whole``."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Change the response in place."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Change the body."""
        body = copy.deepcopy(body)
        self.whole(chat, body)
        return body

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Change the response of the last event."""
        last = copy.deepcopy(chunks[-1])
        self.whole(chat, last["response"])
        return [*chunks[:-1], last]


@fault("responses-object-unnamed", api=_API, checks=("responses-shape",))
class ObjectUnnamed(Objects):
    """The response has neither object nor created_at."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Leave them out."""
        response.pop("object")
        response.pop("created_at")


@fault("responses-items-bare", api=_API, checks=("responses-items",))
class ItemsBare(Objects):
    """Items have no id, and messages no status."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Leave them out."""
        for item in response["output"]:
            item.pop("id")
            item.pop("status")


@fault("responses-item-completed-though-cut", api=_API, checks=("responses-item-status",))
class ItemCompletedThoughCut(Objects):
    """The item that a limit cut is completed, in an incomplete response."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Write the same status for each item."""
        for item in response["output"]:
            item["status"] = "completed"


@fault("responses-cut-without-reason", api=_API, checks=("responses-incomplete",))
class CutWithoutReason(Objects):
    """An incomplete response does not say why."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Leave the reason out."""
        response["incomplete_details"] = None


@fault("responses-cut-said-completed", api=_API, checks=("finish-reason", "responses-item-constant"))
class CutSaidCompleted(Objects):
    """A response that max_output_tokens cut is completed."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Forget the finish reason of the engine."""
        response["status"], response["incomplete_details"] = "completed", None
        for item in response["output"]:
            item["status"] = "completed"

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Name the last event alike."""
        out = super().chunks(chat, chunks)
        return [*out[:-1], {**out[-1], "type": "response.completed"}]


@fault("responses-reasoning-last", api=_API, checks=("responses-reasoning-first",))
class ReasoningLast(Objects):
    """The thought is the last item."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Append it when the answer is complete."""
        response["output"].sort(key=lambda item: item["type"] == "reasoning")


@fault("responses-usage-flat", api=_API, checks=("responses-usage",))
class UsageFlat(Objects):
    """Usage has no details."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Keep the counts."""
        response["usage"] = {key: value for key, value in response["usage"].items() if not key.endswith("_details")}


@fault("responses-usage-missing", api=_API, checks=("responses-usage",))
class ResponsesUsageMissing(Objects):
    """Responses have no usage."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Leave it null, as it was when the response began."""
        response["usage"] = None


@fault("responses-cached-apart", api=_API, checks=("usage-cached-within", "usage-cached-once"))
class CachedApart(Objects):
    """Input tokens exclude the cached ones, as those of Messages do."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Subtract four fifths."""
        usage = response["usage"]
        cached = usage["input_tokens"] * 4 // 5
        counts = {"input_tokens": usage["input_tokens"] - cached, "total_tokens": usage["total_tokens"] - cached}
        response["usage"] = {**usage, **counts, "input_tokens_details": {"cached_tokens": cached}}


@fault("responses-reasoning-beside", api=_API, checks=("responses-usage-reasoning",))
class ReasoningBeside(Objects):
    """Output tokens exclude those of the thought, and the total has them."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Subtract them."""
        usage = response["usage"]
        thought = usage["output_tokens_details"]["reasoning_tokens"]
        response["usage"] = {**usage, "output_tokens": usage["output_tokens"] - thought}


@fault("responses-stored", api=_API, checks=("responses-store",))
class Stored(Objects):
    """The response says that it is stored, whatever was requested."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Write the default."""
        response["store"] = True


@fault("responses-no-logprobs", api=_API, checks=("responses-logprobs",))
class NoLogprobs(Objects):
    """Log probabilities are accepted and left out."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Leave them out of the text."""
        for item in response["output"]:
            for part in item.get("content", ()):
                part.pop("logprobs", None)

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave them out of every event."""
        out = copy.deepcopy(super().chunks(chat, chunks))
        for one in out:
            for holder in (one, one.get("part") or {}, *(one.get("item") or {}).get("content", ())):
                holder.pop("logprobs", None)
        return out


@fault("responses-settings-missing", api=_API, checks=("responses-settings",))
class SettingsMissing(Objects):
    """The response has neither tools nor the choice of them."""

    def whole(self, chat: ChatRequest, response: Json) -> None:
        """Leave them out."""
        response.pop("tools")
        response.pop("tool_choice")
