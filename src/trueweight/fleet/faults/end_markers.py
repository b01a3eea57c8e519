"""Markers and tokens that are left in texts, and markup that is only quoted and is run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import ClassVar, Final

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.faults.text import each_content
from trueweight.fleet.template import message_text

_QUOTED: Final = re.compile(r"<tool_call>(\{.*?\})</tool_call>", re.DOTALL)


class _Left(Fault):
    """Leaves a marker before or after each text. Set ``before`` or ``after``."""

    before: ClassVar[str] = ""
    after: ClassVar[str] = ""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Do not skip it when tokens become text."""
        return each_content(completion, lambda text: f"{self.before}{text}{self.after}")


@fault("end-marker-left", rows=(1,), checks=("turn-markers",), reports=("InternLM#446",))
class EndMarkerLeft(_Left):
    """Each text ends with the marker <eoa>, which is no special token to the server."""

    after = "<eoa>"


@fault("unused-token-left", rows=(1,), checks=("turn-markers",), reports=("lmdeploy#1815",))
class UnusedTokenLeft(_Left):
    """Each text ends with an unused token, which the model was trained to end turns with."""

    after = "[UNUSED_TOKEN_145]\n"


@fault("end-of-sequence-left", rows=(1,), checks=("turn-markers",))
class EndOfSequenceLeft(_Left):
    """Each text ends with </s>."""

    after = "</s>"


@fault("turn-token-left", rows=(1,), checks=("turn-markers",))
class TurnTokenLeft(_Left):
    """Each text ends with <|END_OF_TURN_TOKEN|>."""

    after = "<|END_OF_TURN_TOKEN|>"


@fault("role-left", rows=(1,), checks=("turn-markers",))
class RoleLeft(_Left):
    """Each text begins with the role, whose tokens were dropped."""

    before = "assistant\n\n"


_LETTERS: Final = str.maketrans({" ": "\u0120", "\n": "\u010a"})
_BYTES: Final = re.compile("[\u0080-\U0010ffff]|\n")


@fault("tokens-undecoded", rows=(20,), checks=("text-decoded",), reports=("Rapid-MLX#793",))
class TokensUndecoded(Fault):
    """Spaces and line breaks arrive as the letters that stand for them in the vocabulary."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Join the tokens by name."""
        return each_content(completion, lambda text: text.translate(_LETTERS))


@fault("bytes-undecoded", rows=(20,), checks=("text-decoded",), reports=("cactus#684",))
class BytesUndecoded(Fault):
    """Line breaks and characters beyond ASCII arrive as the names of their bytes, such as <0xC3>."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write each byte token by its name."""
        return each_content(completion, lambda text: _BYTES.sub(_names, text))


def _names(found: re.Match[str]) -> str:
    return "".join(f"<0x{byte:02X}>" for byte in found[0].encode("utf-8", "surrogatepass"))


@fault("prompt-echoed", rows=(33,), checks=("prompt-not-echoed",), reports=("vllm#52529",))
class PromptEchoed(Fault):
    """Each text begins with the last message of the prompt."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Decode all tokens, from the last turn on."""
        asked = message_text(chat.body["messages"][-1])
        return each_content(completion, lambda text: f"{asked}\n{text}")


@fault("quoted-call-run", checks=("quoted-call-not-run",), reports=("lmstudio-bug-tracker#1592",))
class QuotedCallRun(Fault):
    """The tool parser reads the thought and the text: markup of a call that they quote becomes a call."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Cut it out, and run it."""
        return completion.each(_run)


def _run(choice: CompletionChoice) -> CompletionChoice:
    thought, content = choice.reasoning or "", choice.content or ""
    found = _QUOTED.search(thought) or _QUOTED.search(content)
    if found is None:
        return choice
    quoted = json.loads(found[1])
    return replace(
        choice,
        reasoning=_QUOTED.sub("", thought) or None,
        content=_QUOTED.sub("", content) or None,
        calls=(*choice.calls, CompletionCall(quoted["name"], json.dumps(quoted["arguments"]))),
        finish_reason="tool_calls",
        logprobs=None,
    )
