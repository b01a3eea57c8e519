"""How a model of the fleet thinks before it answers: how long, where the thought is sent, and what turns it off."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from trueweight.core import digest
from trueweight.core.json_value import JsonObject
from trueweight.fleet import tokenizer
from trueweight.fleet.completion import Completion, CompletionChoice
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.template import message_text

LONGEST_THOUGHT: Final = 4096
"""Tokens after which an endless thought ends at a request without a limit."""
WORD_OFF: Final = "/no_think"
"""The word in a message that turns off the thought of a model that has such a switch."""
_SENTENCE = 12
"""Tokens of a sentence of a thought, the full stop included."""
_EMPTY: Final = "\n\n"
_CIRCLE: Final = " Wait, let me think about that once more from the start."


class ThoughtForm(StrEnum):
    """Where a reply has the thought."""

    CONTENT_FIELD = "reasoning_content"
    FIELD = "reasoning"
    DETAILS = "reasoning_details"
    SUMMARY = "summary"
    """As `DETAILS`, but a summary of the thought, not the thought."""
    ENCRYPTED = "encrypted"
    """As `DETAILS`, but text that only the server can read."""
    HIDDEN = "hidden"
    """Only the token count tells of it."""
    TAGS = "tags"
    """In the content, between ``<think>`` and ``</think>``."""
    CHANNELS = "channels"
    """In the content, in the analysis channel of gpt-oss."""


_IN_CONTENT: Final = {
    ThoughtForm.TAGS: ("<think>", "</think>", "\n\n"),
    ThoughtForm.CHANNELS: (
        "<|channel|>analysis<|message|>",
        "<|end|>",
        "<|start|>assistant<|channel|>final<|message|>",
    ),
}
"""What is written before a thought in the content, after it, and before an answer that follows."""


@dataclass(frozen=True, slots=True)
class Switch:
    """What turns the thought off, or on: a value in the request's body, or a word in its last user message."""

    path: tuple[str, ...] = ()
    value: Any = None
    word: str = ""

    def is_in(self, body: Mapping[str, Any]) -> bool:
        """Whether a request has it."""
        if self.word:
            spoken = [message for message in body["messages"] if message["role"] in {"user", "system"}]
            return any(self.word in message_text(message) for message in spoken)
        found: Any = body
        for key in self.path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found is not None and bool(found == self.value)


@dataclass(frozen=True, slots=True)
class Thinker:
    """How one provider's model thinks.

    Attributes:
        tokens: length of a thought.
        switch: what turns it off; None if nothing does.
        on: what turns it on; None if it thinks without that.
        endless: the thought goes round in circles until the limit of tokens.
        temperature: the only temperature that is accepted; None accepts all.
        samples_at: the temperature of every answer, whatever is requested; None is the requested one.
        limit: the only name of the limit of tokens that is accepted; "" accepts both.
        with_tools_only: requests without a tool are answered without a thought.
        ignores_in_streams: the switch does nothing in streams.
        leaves_empty: a thought that is turned off is empty, and not absent.
    """

    tokens: int
    switch: Switch | None = None
    endless: bool = False
    temperature: float | None = None
    samples_at: float | None = None
    limit: str = ""
    with_tools_only: bool = False
    ignores_in_streams: bool = False
    leaves_empty: bool = False
    on: Switch | None = None

    def thought(self, body: Mapping[str, Any], limit: int | None) -> list[int]:
        """The tokens of the thought before the answer to a request; none if it is turned off.

        Args:
            limit: most tokens of the reply; the thought is cut there.
        """
        if self._is_off(body):
            return tokenizer.encode(_EMPTY) if self.leaves_empty else []
        most = LONGEST_THOUGHT if limit is None else limit
        if self.endless:
            circle = tokenizer.encode(_CIRCLE)
            return (circle * (most // len(circle) + 1))[:most]
        rng = random.Random(digest(["thought", body["messages"]]))
        words = tokenizer.word_tokens()
        stop = tokenizer.encode(".")
        tokens: list[int] = []
        while len(tokens) < min(self.tokens, most):
            tokens += [*rng.choices(words, k=_SENTENCE - 1), *stop]
        return tokens[: min(self.tokens, most)]

    def _is_off(self, body: Mapping[str, Any]) -> bool:
        if (self.with_tools_only and not body.get("tools")) or (self.on is not None and not self.on.is_in(body)):
            return True
        if self.switch is None or (self.ignores_in_streams and body.get("stream")):
            return False
        return self.switch.is_in(body)

    def refuses(self, body: Mapping[str, Any]) -> RefusedError | None:
        """The refusal of a parameter that this model does not take; None if it takes all of the request's."""
        if self.temperature is not None and body.get("temperature") not in (None, self.temperature):
            message = f"Unsupported value: 'temperature' must be {self.temperature:g} with this model."
            return RefusedError(message, param="temperature", code="unsupported_value")
        for name in ("max_tokens", "max_completion_tokens"):
            if self.limit and name != self.limit and body.get(name) is not None:
                message = (
                    f"Unsupported parameter: {name!r} is not supported with this model. Use {self.limit!r} instead."
                )
                return RefusedError(message, param=name, code="unsupported_parameter")
        return None

    @staticmethod
    def text(tokens: Sequence[int]) -> str:
        """The text of a thought, without the half of a character that a limit left at its end."""
        return tokenizer.decode(tokens).rstrip("\ufffd")


def placed(completion: Completion, form: ThoughtForm) -> Completion:
    """The completion as a server has it that sends no thought, or sends it inside the content; else unchanged."""
    if form is ThoughtForm.HIDDEN:
        return completion.edited(reasoning=None)
    if form not in _IN_CONTENT:
        return completion
    made = completion.each(lambda choice: _tagged(choice, *_IN_CONTENT[form]))
    # The marks around a thought are tokens too, as the listed log-probabilities show.
    listed = sum(len(choice.logprobs or ()) for choice in made.choices)
    return replace(made, completion_tokens=max(made.completion_tokens, listed))


def _tagged(choice: CompletionChoice, first: str, last: str, before_answer: str) -> CompletionChoice:
    if not choice.reasoning:
        return choice
    cut = choice.finish_reason == "length" and choice.content is None and not choice.calls
    answered = choice.content is not None or first == "<think>"
    text = f"{first}{choice.reasoning}" + ("" if cut else last + (before_answer if answered else ""))
    logprobs = choice.logprobs
    if logprobs is not None:
        alternatives = logprobs[0]["top_logprobs"] if logprobs else []
        pieces = [tokenizer.token_bytes(token) for token in tokenizer.encode(text)]
        own = ({"token": piece.decode("utf-8", "replace"), "logprob": 0.0, "bytes": list(piece)} for piece in pieces)
        # The sampled token is among those that are listed, if any are, and the others are as good as impossible.
        others = [{**one, "logprob": -30.0} for one in alternatives[:-1]]
        thought = ({**one, "top_logprobs": [one, *others] if alternatives else []} for one in own)
        logprobs = (*thought, *logprobs)
    return replace(choice, content=text + (choice.content or ""), reasoning=None, logprobs=logprobs)


def thought_fields(text: str, form: ThoughtForm) -> JsonObject:
    """The fields of a message, or of a delta, that have a thought or a part of it."""
    match form:
        case ThoughtForm.FIELD:
            return {"reasoning": text}
        case ThoughtForm.DETAILS:
            return {"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "text": text, "index": 0}]}
        case ThoughtForm.SUMMARY:
            return {"reasoning_details": [{"type": "reasoning.summary", "summary": text, "index": 0}]}
        case ThoughtForm.ENCRYPTED:
            sealed = base64.b64encode(text.encode("utf-8", "surrogatepass")[::-1]).decode("ascii")
            return {"reasoning_details": [{"type": "reasoning.encrypted", "data": sealed, "index": 0}]}
        case _:
            return {"reasoning_content": text}
