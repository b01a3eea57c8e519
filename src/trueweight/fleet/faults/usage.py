"""Token counts that are missing, everywhere, zero, or wrong."""

from __future__ import annotations

import copy
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.documents import Documents, Json, without
from trueweight.fleet.faults.fault import Fault, fault


@fault("usage-missing", rows=(23,), checks=("usage-present",))
class UsageMissing(Fault):
    """Streams have no usage, although the request wants it."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Ignore include_usage."""
        return [without(chunk, "usage") for chunk in chunks if chunk["choices"]]


@fault("usage-in-choice", rows=(23,), checks=("usage-present",), reports=("pi#2017",))
class UsageInChoice(Fault):
    """Streams have their usage inside of the choice that ends."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Move it there, and send no chunk for usage alone."""
        usage = next((chunk["usage"] for chunk in chunks if chunk.get("usage")), None)
        out = [copy.deepcopy(without(chunk, "usage")) for chunk in chunks if chunk["choices"]]
        for choice in (one for chunk in out for one in chunk["choices"] if one.get("finish_reason")):
            choice["usage"] = usage
        return out


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


@fault("usage-negative", rows=(24,), checks=("usage-counts",), reports=("litellm#18750",))
class UsageNegative(Documents):
    """The text tokens of a prompt are what is left after its cached tokens, and that is below 0."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Subtract the cached tokens from a count without them."""
        if document.get("usage"):
            details = document["usage"].get("prompt_tokens_details") or {}
            counts = {"cached_tokens": 0, **details, "text_tokens": -3327}
            document["usage"] = {**document["usage"], "prompt_tokens_details": counts}


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


@fault("usage-without-cached", checks=("usage-cached-within", "usage-cached-once"), reports=("CLIProxyAPI#1643",))
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


@fault("usage-swapped", rows=(24,), checks=("usage-parts-apart",))
class UsageSwapped(Fault):
    """Prompt and completion tokens are swapped."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write each count into the other field."""
        return replace(
            completion, prompt_tokens=completion.completion_tokens, completion_tokens=completion.prompt_tokens
        )


@fault("usage-prompt-in-completion", rows=(24,), checks=("usage-parts-apart",))
class UsagePromptInCompletion(Fault):
    """Completion tokens are those of the whole sequence, prompt included."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count from the start of the prompt."""
        return replace(completion, completion_tokens=completion.prompt_tokens + completion.completion_tokens)


@fault("usage-completion-in-prompt", rows=(24,), checks=("usage-parts-apart",))
class UsageCompletionInPrompt(Fault):
    """Prompt tokens are counted when the answer has been added to the conversation."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count to the end of the answer."""
        return replace(completion, prompt_tokens=completion.prompt_tokens + completion.completion_tokens)


@fault("usage-constant", rows=(24,), checks=("usage-parts-apart",), reports=("deepsparse#1496",))
class UsageConstant(Fault):
    """Prompt tokens are the number of fields that the tokenizer returns."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count ids and mask."""
        return replace(completion, prompt_tokens=2)


class _Cached(Documents):
    """In streams the beginning of the prompt comes from a cache, in blocks of four tokens, and a count is wrong.

    Attributes:
        share: one block in so many is cached.
        in_prompt, in_total: how many times too often the cached tokens are in each count; -1 if it lacks them.
    """

    share = 1
    in_prompt = 0
    in_total = 0

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Count as the class does."""
        usage = document.get("usage")
        if usage:
            prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
            cached = prompt // 4 // self.share * 4 if chat.streamed else 0
            document["usage"] = {
                **usage,
                "prompt_tokens": prompt + self.in_prompt * cached,
                "total_tokens": prompt + completion + self.in_total * cached,
                "prompt_tokens_details": {"cached_tokens": cached},
            }


@fault("usage-cached-twice", rows=(24,), checks=("usage-cached-once",))
class UsageCachedTwice(_Cached):
    """Cached tokens are added to prompt tokens that have them already."""

    in_prompt = in_total = 1


@fault("usage-cached-left-out", rows=(24,), checks=("usage-cached-once",))
class UsageCachedLeftOut(_Cached):
    """Prompt tokens are those that were not cached; more of them are left."""

    share = 3
    in_prompt = in_total = -1


@fault("usage-total-with-cached", rows=(24,), checks=("usage-adds-up",))
class UsageTotalWithCached(_Cached):
    """Total tokens have the cached ones twice."""

    in_total = 1
