"""The healthy model: turns a valid request into a completion. Styles and faults are applied after it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueweight.core import digest
from trueweight.fleet import tokenizer
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.constrain import Sampler, UnsatisfiableError, make_instance
from trueweight.fleet.decide import decide_calls, document_for, documents_in
from trueweight.fleet.decode import Sampling, Text, recite, write
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import Network
from trueweight.fleet.template import last_user_text, prompt_tokens, tools_of
from trueweight.fleet.thinking import Thinker

_CALL_MARKUP = 4
"""Tokens of a call besides its name and arguments."""

_ANY_OBJECT = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "number": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class HealthyModel:
    """A network, the answers of the cases in the suites that it was given, and how it thinks, if it does."""

    network: Network
    known: KnownAnswers
    thinker: Thinker | None = None

    def completion(self, chat: ChatRequest) -> Completion:
        """Complete a valid request.

        Raises:
            RefusedError: if a schema in it cannot be enforced, or the thinker does not take one of its parameters.
        """
        refused = None if self.thinker is None else self.thinker.refuses(chat.body)
        if refused is not None:
            raise refused
        sampling = Sampling.of(self._as_sampled(chat.body))
        prompt = prompt_tokens(chat.body)
        known = self.known.find(chat.body, chat.api)
        choices, billed, thought = [], 0, 0
        for at in range(chat.body.get("n") or 1):
            try:
                choice, tokens, thinking = self._choice(chat.body, prompt, sampling, _randomness(chat, at), known)
            except UnsatisfiableError as problem:
                raise RefusedError(
                    f"The schema cannot be enforced: {problem}", param="schema", code="unsupported_schema"
                ) from problem
            choices.append(choice)
            billed += tokens
            thought += thinking
        return Completion(tuple(choices), len(prompt), billed, thought if thought or self.thinker else None)

    def _as_sampled(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        fixed = None if self.thinker is None else self.thinker.samples_at
        return body if fixed is None else {**body, "temperature": fixed}

    def _choice(
        self,
        body: Mapping[str, Any],
        prompt: Sequence[int],
        sampling: Sampling,
        rng: random.Random,
        known: Mapping[str, Any] | None,
    ) -> tuple[CompletionChoice, int, int]:
        """One choice, its tokens and those of its thought, which comes first: the answer has the rest of the limit."""
        limit = sampling.max_tokens
        tokens = self._thought(body, known, limit)
        if not tokens:
            return *self._answer_choice(body, prompt, sampling, rng, known), 0
        if limit is not None and len(tokens) >= limit:
            return CompletionChoice(None, "length", reasoning=Thinker.text(tokens[:limit])), limit, limit
        rest = sampling if limit is None else replace(sampling, max_tokens=limit - len(tokens))
        choice, billed = self._answer_choice(body, prompt, rest, rng, known)
        return replace(choice, reasoning=tokenizer.decode(tokens)), billed + len(tokens), len(tokens)

    def _thought(self, body: Mapping[str, Any], known: Mapping[str, Any] | None, limit: int | None) -> list[int]:
        """The tokens of the thought: the known one of the case, or one that the model thinks by habit."""
        reasoning = str(known.get("reasoning") or "") if known is not None else ""
        off = body.get("reasoning_effort") == "none"
        if reasoning and not off:
            return tokenizer.encode(reasoning)
        return [] if self.thinker is None else self.thinker.thought(body, limit)

    def _answer_choice(
        self,
        body: Mapping[str, Any],
        prompt: Sequence[int],
        sampling: Sampling,
        rng: random.Random,
        known: Mapping[str, Any] | None,
    ) -> tuple[CompletionChoice, int]:
        """Calls or text, and the number of tokens."""
        calls = _allowed(body, _calls_of(known)) if known is not None else ()
        if not calls and (known is None or _must_call(body)):
            calls = decide_calls(body, self.network, prompt, sampling, rng)
        if calls:
            return _limited(calls, known.get("content") if known is not None else None, sampling)
        text = self._text(body, prompt, sampling, rng, _document_of(known))
        choice = CompletionChoice(text.text, text.finish_reason, logprobs=text.logprobs, stopped_at=text.stopped_at)
        return choice, text.billed

    def _text(
        self,
        body: Mapping[str, Any],
        prompt: Sequence[int],
        sampling: Sampling,
        rng: random.Random,
        known: str | None,
    ) -> Text:
        """The text: the known answer, the requested document, or what the network writes."""
        if known is not None:
            return recite(self.network, prompt, known, sampling)
        wanted = body.get("response_format") or {}
        if wanted.get("type") in {"json_object", "json_schema"}:
            sampler = Sampler(self.network, self.network.start(prompt), sampling.temperature, rng)
            document = json.dumps(_document(wanted, last_user_text(body["messages"]), sampler), ensure_ascii=False)
            return recite(self.network, prompt, document, sampling)
        return write(self.network, prompt, sampling, rng)


def _document(wanted: Mapping[str, Any], text: str, sampler: Sampler) -> Any:
    """The document for a response format: the one in the prompt if it fits, else one that the network makes."""
    if wanted["type"] == "json_object":
        spelled = next((found for found in documents_in(text) if isinstance(found, Mapping)), None)
        return make_instance(_ANY_OBJECT, sampler) if spelled is None else spelled
    schema = wanted["json_schema"]["schema"]
    spelled = document_for(schema, text)
    return make_instance(schema, sampler) if spelled is None else spelled


def _randomness(chat: ChatRequest, choice: int) -> random.Random:
    """The same for the same seed and messages; different each time if there is no seed."""
    seed = chat.body.get("seed")
    if seed is None:
        return random.Random(f"{chat.rng.getrandbits(64)}:{choice}")
    return random.Random(digest([seed, chat.body["messages"], choice]))


def _calls_of(known: Mapping[str, Any]) -> tuple[CompletionCall, ...]:
    return tuple(
        CompletionCall(call["name"], json.dumps(call.get("arguments", {}), ensure_ascii=False))
        for call in known.get("calls", ())
    )


def _document_of(known: Mapping[str, Any] | None) -> str | None:
    """The text of a known answer; None if it has none."""
    if known is None:
        return None
    if "json" in known:
        return json.dumps(known["json"], ensure_ascii=False)
    content = known.get("content")
    return None if content is None else str(content)


def _must_call(body: Mapping[str, Any]) -> bool:
    return bool(tools_of(body)) and (body.get("tool_choice") or "auto") not in ("auto", "none")


def _allowed(body: Mapping[str, Any], calls: tuple[CompletionCall, ...]) -> tuple[CompletionCall, ...]:
    """Those known calls that ``tool_choice`` and ``parallel_tool_calls`` allow."""
    choice = body.get("tool_choice") or "auto"
    if choice == "none":
        return ()
    if isinstance(choice, Mapping):
        calls = tuple(call for call in calls if call.name == choice["function"]["name"])
    return calls[:1] if body.get("parallel_tool_calls") is False else calls


def _limited(
    calls: tuple[CompletionCall, ...], content: str | None, sampling: Sampling
) -> tuple[CompletionChoice, int]:
    """Calls under ``max_tokens``: what does not fit is cut, and the finish reason is ``length``."""
    limit = sampling.max_tokens
    content_tokens = tokenizer.encode(content or "")
    total = len(content_tokens) + 1
    kept: list[CompletionCall] = []
    for call in calls:
        head = len(tokenizer.encode(call.name)) + _CALL_MARKUP
        arguments = tokenizer.encode(call.arguments)
        room = None if limit is None else limit - total - head
        if room is not None and room < len(arguments):
            if room > 0:
                kept.append(replace(call, arguments=tokenizer.decode(arguments[:room]).rstrip("\ufffd")))
            shown = tokenizer.decode(content_tokens[:limit]).rstrip("\ufffd") if content is not None else None
            return CompletionChoice(shown, "length", tuple(kept)), limit or 0
        kept.append(call)
        total += head + len(arguments)
    return CompletionChoice(content, "tool_calls", tuple(kept)), total
