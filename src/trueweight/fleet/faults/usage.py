"""Token counts that are missing, everywhere, zero, or wrong."""

from __future__ import annotations

from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.documents import Documents, Json
from trueweight.fleet.faults.fault import Fault, fault


@fault("usage-missing", rows=(23,), checks=("usage-present",))
class UsageMissing(Fault):
    """Streams have no usage, although the request wants it."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Ignore include_usage."""
        return [{key: chunk[key] for key in chunk if key != "usage"} for chunk in chunks if chunk["choices"]]


@fault("usage-everywhere", rows=(23,), checks=("usage-once",))
class UsageEverywhere(Fault):
    """Every chunk of a stream carries usage."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Count as it goes."""
        usage = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), None)
        return [{**chunk, "usage": usage} for chunk in chunks] if usage else chunks


@fault("usage-unasked", rows=(23,), checks=("usage-unasked",))
class UsageUnasked(Fault):
    """Streams end with a chunk for usage even if the request does not want it."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Take include_usage for true."""
        return replace(chat, body={**chat.body, "stream_options": {"include_usage": True}})


@fault("usage-zero", rows=(23,), checks=("usage-not-zero",))
class UsageZero(Fault):
    """Replies count zero completion tokens."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count nothing."""
        return replace(completion, completion_tokens=0)


@fault("usage-total-wrong", rows=(24,), checks=("usage-adds-up",))
class UsageTotalWrong(Documents):
    """Total tokens are those of the completion alone."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Forget the prompt."""
        if document.get("usage"):
            document["usage"] = {**document["usage"], "total_tokens": document["usage"]["completion_tokens"]}


@fault("usage-wrong-streamed", rows=(24,), checks=("usage-same-streamed",))
class UsageWrongStreamed(Fault):
    """Streams count more completion tokens than plain replies for the same answer."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count chunks of the tool parser as well."""
        return replace(completion, completion_tokens=completion.completion_tokens + 7) if chat.streamed else completion


@fault("usage-of-one-choice", checks=("usage-of-all-choices",), reports=("llama.cpp#27318",))
class UsageOfOneChoice(Fault):
    """Usage counts the tokens of one choice only."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Report those of the last choice."""
        return replace(completion, completion_tokens=completion.completion_tokens // len(completion.choices))


@fault("usage-reasoning-beyond", checks=("usage-reasoning-within",), reports=("sglang#39826",))
class UsageReasoningBeyond(Documents):
    """More reasoning tokens than completion tokens are reported."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Count one token more."""
        usage = document.get("usage")
        if usage:
            details = {"reasoning_tokens": usage["completion_tokens"] + 1}
            document["usage"] = {**usage, "completion_tokens_details": details}


@fault("usage-without-cached", checks=("usage-cached-within",), reports=("CLIProxyAPI#1643",))
class UsageWithoutCached(Documents):
    """Prompt tokens lack those that were cached."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Subtract four fifths as cached."""
        usage = document.get("usage")
        if usage:
            cached = usage["prompt_tokens"] * 4 // 5
            prompt = usage["prompt_tokens"] - cached
            counts = {"prompt_tokens": prompt, "total_tokens": prompt + usage["completion_tokens"]}
            document["usage"] = {**usage, **counts, "prompt_tokens_details": {"cached_tokens": cached}}


@fault("usage-cached-unsaid", checks=("usage-same-streamed",))
class UsageCachedUnsaid(Fault):
    """Prompt tokens of streams lack those that were cached, and no field says how many."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Subtract three quarters."""
        return replace(completion, prompt_tokens=completion.prompt_tokens // 4) if chat.streamed else completion


@fault("usage-without-thought", checks=("usage-covers-thought",))
class UsageWithoutThought(Fault):
    """Completion tokens lack those of the thought."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count the answer alone."""
        answer = max(completion.completion_tokens - (completion.reasoning_tokens or 0), 1)
        return replace(completion, completion_tokens=answer, reasoning_tokens=None)


@fault("usage-counts-chunks", checks=("usage-covers-text", "logprobs-within-usage"))
class UsageCountsChunks(Fault):
    """Completion tokens are the number of chunks."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count chunks of eight tokens."""
        thought = completion.reasoning_tokens
        return replace(
            completion,
            completion_tokens=max(completion.completion_tokens // 8, 1),
            reasoning_tokens=None if thought is None else thought // 8,
        )
