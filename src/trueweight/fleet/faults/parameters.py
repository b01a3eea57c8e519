"""Request parameters that are accepted and have no effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trueweight.fleet.answer import Answer, Ask, Response
from trueweight.fleet.declared import tools_of
from trueweight.fleet.errors import RefusedError, json_response
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.model import MODEL


def _with(ask: Ask, **changes: Any) -> Ask:
    return replace(ask, body={**ask.body, **changes})


@fault("stop-ignored", rows=(40,), checks=("stop-honoured",))
class StopIgnored(Fault):
    """Text runs on past a stop sequence."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Go on after it."""
        stop = ask.body.get("stop")
        word = stop if isinstance(stop, str) else next(iter(stop or ()), None)
        if not word or any(choice.calls for choice in answer.choices):
            return answer
        choices = tuple(replace(c, content=f"{c.content or ''}{word} and more", logprobs=None) for c in answer.choices)
        return replace(answer, choices=choices)


@fault("n-ignored", rows=(40,), checks=("n-honoured",))
class NIgnored(Fault):
    """One choice comes, whatever n says."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Keep the first."""
        return replace(answer, choices=answer.choices[:1])


@fault("logprobs-ignored", rows=(40,), checks=("logprobs-honoured",))
class LogprobsIgnored(Fault):
    """No log-probabilities come, though they were asked for."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Drop them."""
        return answer.edited(logprobs=None)


@fault("max-tokens-ignored", rows=(40,), checks=("max-tokens-honoured",))
class MaxTokensIgnored(Fault):
    """Replies are longer than max_tokens allows."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Spend the limit and some more."""
        limit = ask.body.get("max_completion_tokens") or ask.body.get("max_tokens")
        return answer if limit is None else replace(answer, completion_tokens=limit + 40)


@fault("seed-ignored", rows=(40,), checks=("seed-repeats",))
class SeedIgnored(Fault):
    """The seed does not reach the sampler."""

    def request(self, ask: Ask) -> Ask:
        """Forget it."""
        return _with(ask, seed=None) if ask.body.get("seed") is not None and ask.body.get("temperature") else ask


@fault("always-greedy", rows=(43,), checks=("temperature-varies",))
class AlwaysGreedy(Fault):
    """The temperature does not reach the sampler: it is always 0."""

    def request(self, ask: Ask) -> Ask:
        """Take the likeliest token."""
        return _with(ask, temperature=0) if ask.body.get("temperature") else ask


@fault("never-greedy", rows=(43,), checks=("temperature-zero-repeats",))
class NeverGreedy(Fault):
    """A temperature of 0 is taken for none, and none for 1."""

    def request(self, ask: Ask) -> Ask:
        """Treat zero as absent."""
        return (
            _with(ask, temperature=1, seed=None) if ask.body.get("temperature") == 0 and "seed" not in ask.body else ask
        )


@fault("accepts-anything", rows=(40,), checks=("request-refused",))
class AcceptsAnything(Fault):
    """Malformed requests are answered as if they were not."""

    def accept(self, body: Any, objection: Response) -> Any:
        """Answer something simple instead."""
        streamed = isinstance(body, dict) and body.get("stream") is True
        return {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8, "stream": streamed}


@fault("refuses-tools", checks=("request-accepted",))
class RefusesTools(Fault):
    """Requests with tools are refused, and the words do not say why."""

    def refuse(self, ask: Ask) -> Response | None:
        """Be of no help."""
        return RefusedError("Bad request.").response() if tools_of(ask.body) else None


@fault("bare-error", checks=("error-object",))
class BareError(Fault):
    """Refusals have no error object with a message."""

    def refusal(self, response: Response) -> Response:
        """Say it in a word."""
        return json_response({"detail": "bad"}, status=response.status)
