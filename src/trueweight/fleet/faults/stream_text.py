"""Streams whose text is not that of the plain reply. Plain replies are correct."""

from __future__ import annotations

import copy
from dataclasses import replace

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest, Completion, CompletionChoice
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of

_LEAST = 12
"""Characters of a text, below which nothing is changed."""
_HELD = 8
"""Characters of a thought that a parser holds back."""
_LINES = 3
"""Line breaks of a text, below which none is lost."""


class _StreamedText(Fault):
    """Changes the text of streams that call nothing. Override ``text``."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """The text that the stream has."""
        return text

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Change it in every choice."""
        if not chat.streamed:
            return completion
        return completion.each(lambda one: self._changed(chat, one))

    def _changed(self, chat: ChatRequest, choice: CompletionChoice) -> CompletionChoice:
        text = choice.content or ""
        if choice.calls or len(text) < _LEAST or text.lstrip().startswith(("{", "[")):
            return choice
        changed = self.text(chat, text)
        return choice if changed == text else replace(choice, content=changed, logprobs=None)


@fault("stream-first-token-lost", rows=(34,), checks=("stream-text-whole",), reports=("vllm#30866",))
class StreamFirstTokenLost(_StreamedText):
    """Streams lack the first token of a text if the request offers tools."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Hold it back to see whether it begins a call, and forget it."""
        return text[4:] if tools_of(chat.body) else text


@fault("stream-end-lost", rows=(34,), checks=("stream-text-whole",))
class StreamEndLost(_StreamedText):
    """Streams lack the last piece of a text."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Never flush what is held back."""
        return text[:-6]


@fault("stream-middle-lost", rows=(34,), checks=("stream-text-whole",))
class StreamMiddleLost(_StreamedText):
    """Streams lack a piece in the middle of a text."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Drop a chunk."""
        middle = len(text) // 2
        return text[: middle - 3] + text[middle + 2 :]


@fault("stream-marker-left", rows=(34,), checks=("stream-text-whole", "turn-markers"), reports=("vllm#58127",))
class StreamMarkerLeft(_StreamedText):
    """Streams end with the marker that ends an answer."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Flush what was held back as a marker."""
        return f"{text}\n</answer>"


@fault("stream-marker-in-reasoning", rows=(1,), checks=("turn-markers",), reports=("hcx-vllm-plugin#2",))
class StreamMarkerInReasoning(Fault):
    """Streams have the marker that ends a turn as a last piece of reasoning, after the content."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Send it after the last chunk with content."""
        last = max((at for at, chunk in enumerate(chunks) if _has_content(chunk)), default=None)
        if last is None:
            return chunks
        (choice, *_) = chunks[last]["choices"]
        again = {**choice, "delta": {"reasoning_content": "<|im_end|>"}, "finish_reason": None}
        return [*chunks[: last + 1], {**chunks[last], "choices": [again]}, *chunks[last + 1 :]]


def _has_content(chunk: JsonObject) -> bool:
    return any(choice["delta"].get("content") and not choice["finish_reason"] for choice in chunk["choices"])


@fault("stream-greeting", rows=(34,), checks=("stream-text-whole",))
class StreamGreeting(_StreamedText):
    """Streams begin with words that are not in the plain reply."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Put the words of a warm-up before it."""
        return f"assistant\n\n{text}"


@fault("stream-without-spaces", rows=(34,), checks=("stream-text-whole",))
class StreamWithoutSpaces(_StreamedText):
    """Streams lack the spaces between words."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Strip each token."""
        return text.replace(" ", "")


@fault("stream-without-line-breaks", rows=(34,), checks=("stream-text-whole",))
class StreamWithoutLineBreaks(_StreamedText):
    """Streams lack the line breaks of a text."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Take a line break for the end of an event."""
        return text.replace("\n", "") if text.count("\n") >= _LINES else text


@fault("stream-out-of-order", rows=(34,), checks=("stream-text-order",), reports=("vllm#28635",))
class StreamOutOfOrder(_StreamedText):
    """Words of a stream change places."""

    def text(self, chat: ChatRequest, text: str) -> str:
        """Send the second half first, by words."""
        words = text.split(" ")
        middle = len(words) // 2
        return " ".join([*words[middle:], *words[:middle]])


class _Thoughts(Fault):
    """Moves thoughts of streams into the content. Override ``moves``."""

    def moves(self, chat: ChatRequest, choice: CompletionChoice) -> bool:
        """Whether the thought of this choice is moved."""
        return True

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Move them."""
        if not chat.streamed:
            return completion
        return completion.each(lambda one: _moved(one) if self.moves(chat, one) else one)


def _led(choice: CompletionChoice) -> CompletionChoice:
    """The choice with its thought, if it has one, at the beginning of its content too."""
    if not choice.reasoning:
        return choice
    return replace(choice, content=f"{choice.reasoning}{choice.content or ''}", logprobs=None)


def _moved(choice: CompletionChoice) -> CompletionChoice:
    return replace(_led(choice), reasoning=None)


@fault("stream-thought-after-results", rows=(34,), checks=("stream-thought-apart",), reports=("vllm#39885",))
class StreamThoughtAfterResults(_Thoughts):
    """After tool results the thought of a stream is in the content."""

    def moves(self, chat: ChatRequest, choice: CompletionChoice) -> bool:
        """Where the last message is a result."""
        return bool(chat.body["messages"][-1]["role"] == "tool")


@fault("stream-thought-before-call", rows=(34,), checks=("stream-thought-apart",), reports=("Rapid-MLX#447",))
class StreamThoughtBeforeCall(_Thoughts):
    """In streams a thought stands in the content before the call."""

    def moves(self, chat: ChatRequest, choice: CompletionChoice) -> bool:
        """Where there is a call."""
        return bool(choice.calls)


@fault("stream-thought-in-pieces", rows=(34,), checks=("stream-thought-apart",), reports=("vllm#29408",))
class StreamThoughtInPieces(Fault):
    """Now and then a piece of the thought comes as content in streams."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Send each third piece so, as a parser does that looks at one delta at a time."""
        chunks = copy.deepcopy(chunks)
        pieces = 0
        for delta in (choice["delta"] for chunk in chunks for choice in chunk["choices"]):
            if delta.get("reasoning_content"):
                pieces += 1
                if pieces % 3 == 0:
                    delta["content"] = delta.pop("reasoning_content")
        return chunks


@fault("stream-thought-lost", rows=(33,), checks=("stream-thought-present",))
class StreamThoughtLost(Fault):
    """Streams have no thought. Plain replies have it in its own field."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Drop what has no field in a delta."""
        return completion.edited(reasoning=None) if chat.streamed else completion


@fault("stream-thought-end-lost", rows=(33,), checks=("stream-thought-whole",), reports=("vllm#41691",))
class StreamThoughtEndLost(Fault):
    """Streams lack the last words of the thought."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Forget what the parser held when the thought ended."""
        if not chat.streamed:
            return completion
        return completion.each(lambda choice: replace(choice, reasoning=_without_end(choice.reasoning)))


def _without_end(thought: str | None) -> str | None:
    return thought[:-_HELD] if thought is not None and len(thought) > 2 * _HELD else thought


@fault("thought-in-second-choice", checks=("choices-thought-apart",), reports=("dynamo#11997",))
class ThoughtInSecondChoice(Fault):
    """All choices but the first have their thought in the content."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Parse the first one only."""
        first, *others = completion.choices
        return replace(completion, choices=(first, *map(_moved, others)))


@fault("thought-in-both", checks=("thought-once",), reports=("Rapid-MLX#799",))
class ThoughtInBoth(Fault):
    """A thought stands in the content as well."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write it into both fields."""
        return completion.each(_led)
