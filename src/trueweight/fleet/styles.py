"""Ways in which a healthy server may write the same completion: the API allows all of them, so no check may fail."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trueweight.fleet.rewriting import Edit
from trueweight.fleet.thinking import ThoughtForm

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _letters(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(_ALPHABET, k=size))


@dataclass(frozen=True, slots=True)
class Style:
    """How one server writes its responses.

    Attributes:
        reply_id, call_id: make an id; the call's gets name and position.
        tokens_per_chunk: content tokens in one delta.
        whole_calls: a call comes in one delta, name and arguments together.
        role_alone: the role has a first delta for itself.
        finish_alone: the finish reason has a last chunk for itself.
        usage_everywhere_null: other chunks have ``usage: null`` if usage was requested.
        content_null: ``content`` is null beside calls; else it is an empty string.
        newline: line end of events.
        comment_every: a comment line goes before every n-th event; 0 is never.
        extra: unknown fields at the top of replies and chunks.
        extra_choice: unknown fields in each choice.
        reverse_keys: top-level keys come in another order.
        content_type: of streamed replies.
        bytes_per_write: a stream is written in pieces of so many bytes, wherever they fall; 0 is one event a write.
        data_space: ``data: {`` rather than ``data:{``.
        event_lines: further lines of each event, before its data.
        first_comment: comment lines before the first event.
        extra_message: unknown fields in each message and delta.
        no_calls: the value of ``tool_calls`` without calls; absent if None.
        terse: optional fields are left out instead of being null.
        usage_with_finish: usage is on the last chunk that has a choice.
        usage_extra: unknown fields of usage.
        spaced: JSON with spaces after its commas and colons.
        thought: where the reply has the model's thought.
        counts_thoughts: usage has the tokens of the thought apart.
        caches: in streams the beginning of a prompt comes from a cache (Responses, Messages).
        interleaved_calls: events of parallel calls come in turn (Responses).
        stores: responses are stored, and can be continued, unless a request has store false (Responses).
        done_after_last: ``[DONE]`` follows the last event (Responses).
        ascii: JSON with escapes for all characters beyond ASCII.
        indent: spaces of indentation of a plain body; None is one line.
        before_body, after_body: white space around a plain body.
        last_lines: lines after the event that ends a stream.
        edits: changes of the written documents, in order.
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
    bytes_per_write: int = 0
    data_space: bool = True
    event_lines: tuple[str, ...] = ()
    first_comment: tuple[str, ...] = ()
    extra_message: Mapping[str, Any] = field(default_factory=dict)
    no_calls: tuple[()] | None = None
    terse: bool = False
    usage_with_finish: bool = False
    usage_extra: Mapping[str, Any] = field(default_factory=dict)
    spaced: bool = False
    thought: ThoughtForm = ThoughtForm.CONTENT_FIELD
    counts_thoughts: bool = True
    caches: bool = False
    interleaved_calls: bool = False
    stores: bool = True
    done_after_last: bool = False
    ascii: bool = False
    indent: int | None = None
    before_body: str = ""
    after_body: str = ""
    last_lines: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()


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
    stores=False,
)

HEALTHY_STYLES: Mapping[str, tuple[str, Style]] = {
    "chopped": (
        "a stream comes in pieces of seven bytes, wherever they fall",
        Style(bytes_per_write=7, spaced=True, usage_everywhere_null=False),
    ),
    "terse": (
        "all optional fields are absent",
        Style(terse=True, usage_everywhere_null=False, extra={}, finish_alone=False, data_space=False),
    ),
    "chatty": (
        "null and unknown fields everywhere, empty lists of calls, timings",
        Style(
            call_id=lambda rng, _name, _at: "chatcmpl-tool-" + _letters(rng, 32).lower(),
            extra={"system_fingerprint": None, "service_tier": None, "timings": {"prompt_ms": 1.5}},
            extra_choice={"stop_reason": None, "token_ids": None},
            extra_message={"reasoning_content": None, "audio": None, "annotations": [], "function_call": None},
            no_calls=(),
            interleaved_calls=True,
            usage_extra={"prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": 0}},
        ),
    ),
    "gateway": (
        "comments first, named events, usage beside the finish reason, ids of nine letters",
        Style(
            reply_id=lambda rng: f"gen-{rng.getrandbits(32)}-{_letters(rng, 20)}",
            call_id=lambda rng, _name, _at: _letters(rng, 9),
            first_comment=(": PROCESSING", ": PROCESSING"),
            event_lines=("event: message", "retry: 3000"),
            extra={"provider": "Example"},
            extra_choice={"native_finish_reason": "end"},
            content_null=False,
            usage_with_finish=True,
            usage_extra={"cost": 0.0001, "is_byok": False},
            comment_every=3,
            done_after_last=True,
            caches=True,
        ),
    ),
    "whole": (
        "the whole answer in one delta, with its role and its finish reason",
        Style(tokens_per_chunk=10**9, whole_calls=True, role_alone=False, finish_alone=False, usage_with_finish=True),
    ),
}
