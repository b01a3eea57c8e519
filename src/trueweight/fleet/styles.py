"""How a healthy server may write the same answer: everything here is allowed by the API and must not be flagged."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _letters(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(_ALPHABET, k=size))


@dataclass(frozen=True, slots=True)
class Style:
    """One server's handwriting.

    Attributes:
        reply_id, call_id: make an id; the call's gets name and position.
        tokens_per_chunk: content tokens in one delta.
        whole_calls: a call comes in one delta, name and arguments together.
        role_alone: the role has a first delta for itself.
        finish_alone: the finish reason has a last chunk for itself.
        usage_everywhere_null: other chunks say ``usage: null`` when usage was asked for.
        content_null: ``content: null`` stands beside calls; else it is an empty string.
        newline: line end of events.
        comment_every: a comment line goes before every n-th event; 0 is never.
        extra: unknown fields at the top of replies and chunks.
        extra_choice: unknown fields in each choice.
        reverse_keys: top-level keys come in another order.
        content_type: of streamed replies.
    """

    reply_id: Callable[[random.Random], str] = lambda rng: "chatcmpl-" + _letters(rng, 29)
    call_id: Callable[[random.Random, str, int], str] = lambda rng, _name, _at: "call_" + _letters(rng, 24)
    tokens_per_chunk: int = 1
    whole_calls: bool = False
    role_alone: bool = True
    finish_alone: bool = True
    usage_everywhere_null: bool = True
    content_null: bool = True
    newline: str = "\n"
    comment_every: int = 0
    extra: Mapping[str, Any] = field(default_factory=lambda: {"system_fingerprint": "fp_trueweight"})
    extra_choice: Mapping[str, Any] = field(default_factory=dict)
    reverse_keys: bool = False
    content_type: str = "text/event-stream; charset=utf-8"


PLAIN = Style()

OTHER = Style(
    reply_id=lambda rng: f"{rng.getrandbits(128):032x}",
    call_id=lambda _rng, name, at: f"functions.{name}:{at}",
    tokens_per_chunk=4,
    whole_calls=True,
    role_alone=False,
    finish_alone=False,
    usage_everywhere_null=False,
    content_null=False,
    newline="\r\n",
    comment_every=5,
    extra={"service_tier": "default", "prompt_logprobs": None, "kv_transfer_params": None},
    extra_choice={"stop_reason": None, "matched_stop": None},
    reverse_keys=True,
    content_type="text/event-stream",
)
