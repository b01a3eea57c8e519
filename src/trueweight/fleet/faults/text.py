"""Text that is damaged, repeats itself, or differs from what the request wants."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import replace

from trueweight.core.request import token_limit
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults.fault import Fault, fault

_LOOPS = 60
_LONG_TOOLS = 10_000
"""Characters of the JSON of long tools."""


def each_content(completion: Completion, edit: Callable[[str], str]) -> Completion:
    """The answer with the content of every choice edited that has neither calls nor log-probabilities, which would no
    longer belong to it."""

    def edited(one: CompletionChoice) -> CompletionChoice:
        if not one.content or one.calls or one.logprobs is not None:
            return one
        return replace(one, content=edit(one.content))

    return completion.each(edited)


def _is_json(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))


@fault("history-ids-raw", rows=(38,), checks=("history-ids-in-content",))
class HistoryIdsRaw(Fault):
    """Earlier calls are rendered wrongly, and the model imitates them in text instead of calling."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Where the history has calls, write the next one as text."""
        earlier = [call for message in chat.body["messages"] for call in message.get("tool_calls") or ()]
        if not earlier:
            return completion
        name = earlier[-1]["function"]["name"]
        text = f'functions.{name}:{len(earlier)} {{"again": true}}'
        return completion.edited(content=text, calls=(), finish_reason="stop", logprobs=None)


@fault("silent-with-long-tools", checks=("reply-not-empty",), reports=("llamacpp-rocm#127",))
class SilentWithLongTools(Fault):
    """Where the descriptions of the tools are long, the reply ends at once, without content or calls."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """End the turn."""
        if len(json.dumps(chat.body.get("tools") or [])) < _LONG_TOOLS:
            return completion
        return completion.edited(content="", calls=(), finish_reason="stop", logprobs=None)


@fault("document-encoded-twice", rows=(32,), checks=("structured-encoded-once",), reports=("ai-sdk-ollama#440",))
class DocumentEncodedTwice(Fault):
    """With a response_format the document comes inside of a JSON string."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Encode what is encoded."""
        return each_content(completion, json.dumps) if chat.body.get("response_format") else completion


@fault("fences-shortened", rows=(32,), checks=("json-equals",), reports=("GLM-4.5#52",))
class FencesShortened(Fault):
    """With a response_format three backticks in a text become one."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Strip the fence of a document wherever it is."""
        if not chat.body.get("response_format"):
            return completion
        return each_content(completion, lambda text: text.replace("```", "`"))


@fault("invisible-characters", checks=("text-visible",))
class InvisibleCharacters(Fault):
    """Zero-width characters mark the text."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Put one after the first word."""
        return each_content(completion, lambda text: text if _is_json(text) else text.replace(" ", " \u200b", 1))


@fault("endless-loop", rows=(43,), checks=("text-no-loop",))
class EndlessLoop(Fault):
    """The text repeats one piece until the limit."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Never get out of the loop."""
        if any(choice.calls for choice in completion.choices):
            return completion
        limit = token_limit(chat.body) or 4 * _LOOPS
        looped = completion.edited(content="and then again " * _LOOPS, finish_reason="length", logprobs=None)
        return replace(looped, completion_tokens=limit * len(looped.choices))


@fault("round-in-circles", rows=(43,), checks=("text-repetition",))
class RoundInCircles(Fault):
    """The same sentence repeats many times."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Say it six times."""
        circle = "As I said before, it is what it is, and that is all there is to say. "
        going = each_content(completion, lambda text: text if _is_json(text) else circle * 6)
        words = sum(len((one.content or "").split()) for one in going.choices)
        return replace(going, completion_tokens=max(completion.completion_tokens, 2 * words))


@fault("stream-first-word-lost", rows=(34,), checks=("stream-text-whole", "stream-same-text"))
class StreamFirstWordLost(Fault):
    """Streams lack the first word of a text. Plain replies are correct."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Begin behind the first space."""
        if not chat.streamed:
            return completion
        return each_content(completion, lambda text: text if _is_json(text) else text.partition(" ")[2] or text)


@fault("other-language", rows=(43,), checks=("text-script",))
class OtherLanguage(Fault):
    """The text contains a word of another script."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Let the sampler slip once."""
        return each_content(completion, lambda text: text if _is_json(text) else text.replace(" ", " однако ", 1))


@fault("other-words", checks=("content-matches", "graded"))
class OtherWords(Fault):
    """Text differs from what the request wants."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Say the same thing always."""
        return each_content(completion, lambda text: text if _is_json(text) else "I would rather not say")


@fault("other-values", checks=("json-equals",))
class OtherValues(Fault):
    """Documents have the right form and wrong values."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Change every number and text."""
        return each_content(completion, _changed)


def _changed(text: str) -> str:
    try:
        return json.dumps(_walk(json.loads(text)), ensure_ascii=False)
    except ValueError:
        return text


def _walk(value: object) -> object:
    if isinstance(value, dict):
        return {key: _walk(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return value[::-1] + "x" if isinstance(value, str) else value + 1 if isinstance(value, int) else value


@fault("entities-in-text", rows=(8,), checks=("text-escaped",), reports=("probe#448",))
class EntitiesInText(Fault):
    """Signs in the content arrive as HTML entities."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Escape every text."""
        return each_content(completion, lambda text: text if _is_json(text) else html.escape(text, quote=False))


@fault("blanks-to-the-limit", rows=(43,), checks=("structured-blank-run",), reports=("omlx#2990",))
class BlanksToTheLimit(Fault):
    """Documents run on in white space until the limit."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Never write the second key."""

        def blank(one: CompletionChoice) -> CompletionChoice:
            if not one.content or not _is_json(one.content):
                return one
            return replace(one, content=one.content[:2] + " " * 2000, finish_reason="length", logprobs=None)

        return completion.each(blank)


@fault("keys-in-other-order", rows=(32,), checks=("structured-key-order",))
class KeysInOtherOrder(Fault):
    """Documents have their keys in alphabetical order, backwards."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Sort them."""
        return each_content(completion, _sorted_keys)


def _sorted_keys(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict):
        return text
    return json.dumps(dict(sorted(value.items(), reverse=True)), ensure_ascii=False)


@fault("format-beats-tools", rows=(28,), checks=("call-before-format",), reports=("ollama-python#546",))
class FormatBeatsTools(Fault):
    """With a response_format no tool is called, even if tool_choice requires a call."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write a document in place of the calls."""
        if not chat.body.get("response_format"):
            return completion
        return _each_calling(completion, lambda _: '{"answer": "done"}')


@fault("harmony-in-text", rows=(1,), checks=("markers-in-content",))
class HarmonyInText(Fault):
    """Calls of gpt-oss stay in the text, without their control tokens."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Drop the control tokens only."""
        return _each_calling(completion, lambda call: f"commentary to=functions.{call.name} json{call.arguments}")


def _each_calling(completion: Completion, write: Callable[[CompletionCall], str]) -> Completion:
    """The completion with a text in place of the calls of each choice that has some, made from the first call."""

    def edited(one: CompletionChoice) -> CompletionChoice:
        return replace(one, content=write(one.calls[0]), calls=(), finish_reason="stop") if one.calls else one

    return completion.each(edited)


@fault("numbers-as-text", rows=(7,), checks=("structured-types",))
class NumbersAsText(Fault):
    """Numbers in documents come as text, those of an enum too."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Treat every value as a word."""
        return each_content(completion, _with_numbers_as_text)


def _with_numbers_as_text(text: str) -> str:
    if not _is_json(text):
        return text
    try:
        value = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return text
    return json.dumps(value, ensure_ascii=False)
