"""Request parameters that are accepted and have no effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript
from trueweight.fleet.errors import RefusedError, json_response
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.network import MODEL
from trueweight.fleet.template import tools_of


def _with(chat: ChatRequest, **changes: Any) -> ChatRequest:
    """The request with these parameters; those that are None are left out."""
    body = {key: value for key, value in {**chat.body, **changes}.items() if key not in changes or value is not None}
    return replace(chat, body=body)


@fault("stop-ignored", rows=(40,), checks=("stop-honoured",))
class StopIgnored(Fault):
    """Text continues after a stop sequence."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Add the stop sequence and more text."""
        stop = chat.body.get("stop")
        word = stop if isinstance(stop, str) else next(iter(stop or ()), None)
        if not word or any(choice.calls for choice in completion.choices):
            return completion
        choices = tuple(
            replace(c, content=f"{c.content or ''}{word} and more", logprobs=None) for c in completion.choices
        )
        return replace(completion, choices=choices)


@fault("n-ignored", rows=(40,), checks=("n-honoured",))
class NIgnored(Fault):
    """The reply has one choice even if n is larger."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Keep the first."""
        return replace(completion, choices=completion.choices[:1])


@fault("logprobs-ignored", rows=(40,), checks=("logprobs-honoured",))
class LogprobsIgnored(Fault):
    """The reply has no log-probabilities, although the request wants them."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Drop the log-probabilities."""
        return completion.edited(logprobs=None)


@fault("max-tokens-ignored", rows=(40,), checks=("max-tokens-honoured",))
class MaxTokensIgnored(Fault):
    """Replies are longer than max_tokens allows."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Spend the limit and some more."""
        limit = chat.body.get("max_completion_tokens") or chat.body.get("max_tokens")
        return completion if limit is None else replace(completion, completion_tokens=limit + 40)


@fault("seed-ignored", rows=(40,), checks=("seed-repeats",))
class SeedIgnored(Fault):
    """The seed does not reach the sampler."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Remove the seed."""
        return _with(chat, seed=None) if chat.body.get("seed") is not None and chat.body.get("temperature") else chat


@fault("always-greedy", rows=(43,), checks=("temperature-varies",))
class AlwaysGreedy(Fault):
    """The temperature does not reach the sampler: it is always 0."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Take the likeliest token."""
        return _with(chat, temperature=0) if chat.body.get("temperature") else chat


@fault("never-greedy", rows=(43,), checks=("temperature-zero-repeats",))
class NeverGreedy(Fault):
    """A temperature of 0 is read as absent, and becomes 1."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Treat zero as absent."""
        return (
            _with(chat, temperature=1, seed=None)
            if chat.body.get("temperature") == 0 and "seed" not in chat.body
            else chat
        )


@fault("accepts-anything", rows=(40,), checks=("request-refused",))
class AcceptsAnything(Fault):
    """Malformed requests get a normal reply."""

    def accept(self, body: Any, objection: ResponseScript) -> Any:
        """Answer a simple request in its place."""
        streamed = isinstance(body, dict) and body.get("stream") is True
        return {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8, "stream": streamed}


@fault("refuses-tools", checks=("request-accepted",))
class RefusesTools(Fault):
    """Requests with tools are refused without a reason."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send an error without details."""
        return RefusedError("Bad request.").response() if tools_of(chat.body) else None


@fault("bare-error", checks=("error-object",))
class BareError(Fault):
    """Refusals have no error object with a message."""

    def refusal(self, response: ResponseScript) -> ResponseScript:
        """Send another JSON object."""
        return json_response({"detail": "bad"}, status=response.status)


@fault("seed-freezes", rows=(40,), checks=("parameter-acts",), reports=("ollama#5044",))
class SeedFreezes(Fault):
    """A seed turns the temperature off."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Decode greedily if there is a seed."""
        return _with(chat, temperature=0) if chat.body.get("seed") is not None else chat


@fault("penalties-ignored", rows=(40,), checks=("parameter-acts",))
class PenaltiesIgnored(Fault):
    """Penalties do not reach the sampler."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Remove them."""
        return _with(chat, frequency_penalty=None, presence_penalty=None)


@fault("min-tokens-ignored", rows=(40,), checks=("min-tokens-honoured",))
class MinTokensIgnored(Fault):
    """min_tokens is accepted, and does nothing."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Remove it."""
        return _with(chat, min_tokens=None)


@fault("logit-bias-ignored", rows=(40,), checks=("parameter-acts",))
class LogitBiasIgnored(Fault):
    """logit_bias is accepted, and does nothing."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Remove it."""
        return _with(chat, logit_bias=None)


@fault("n-copies", rows=(43,), checks=("choices-vary",))
class NCopies(Fault):
    """All choices are copies of one."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Generate once."""
        return replace(completion, choices=completion.choices[:1] * len(completion.choices))


@fault("effort-none-thinks", rows=(40,), checks=("effort-none-obeyed",), reports=("FreeToken#2",))
class EffortNoneThinks(Fault):
    """A reasoning_effort of none is accepted, and the model thinks."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Think all the same."""
        if chat.body.get("reasoning_effort") != "none":
            return completion
        return completion.edited(reasoning="The user wants an answer, and so I think about it.")
