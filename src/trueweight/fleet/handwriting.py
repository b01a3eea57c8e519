"""Handwritings of honest servers: each differs from the plain style in one thing that is allowed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from trueweight.core.json_value import JsonObject
from trueweight.fleet.rewriting import (
    call_index_in_body,
    calls_counted_from,
    calls_in_one_chunk,
    calls_woven,
    content_beside_calls,
    each_delta,
    each_document,
    each_fragment,
    each_message,
    each_usage,
    empty_after_each,
    finish_absent,
    in_letters,
    logprobs_as,
    merged_last,
    usage_beside,
    usage_twice,
    written_anew,
)
from trueweight.fleet.rewriting_hosts import (
    all_fields_null,
    bytes_null,
    call_id_everywhere,
    choices_together,
    empty_fields_absent,
    filter_notes,
    filter_notes_late,
    lines_before_text,
    message_beside_delta,
    native_reasons,
    text_beside_delta,
    text_beside_finish,
    thought_in_both_fields,
    usage_in_metrics,
)
from trueweight.fleet.styles import Style
from trueweight.fleet.thinking import ThoughtForm

Handwriting = tuple[str, Style]


def _hex(rng: random.Random, size: int) -> str:
    return f"{rng.getrandbits(4 * size):0{size}x}"


def _reply_ids() -> Iterator[tuple[str, Handwriting]]:
    forms: Mapping[str, Callable[[random.Random], str]] = {
        "uuid": lambda rng: f"{_hex(rng, 8)}-{_hex(rng, 4)}-4{_hex(rng, 3)}-a{_hex(rng, 3)}-{_hex(rng, 12)}",
        "number": lambda rng: str(rng.getrandbits(60)),
        "cmpl": lambda rng: f"cmpl-{_hex(rng, 32)}",
        "colons": lambda rng: f"gen:{_hex(rng, 8)}:0",
    }
    for name, form in forms.items():
        yield f"id-{name}", (f"ids of replies such as {form(random.Random(0))[:14]}…", Style(reply_id=form))


def _call_ids() -> Iterator[tuple[str, Handwriting]]:
    forms: Mapping[str, Callable[[random.Random, str, int], str]] = {
        "toolu": lambda rng, _name, _at: f"toolu_{_hex(rng, 24)}",
        "uuid": lambda rng, _name, _at: f"{_hex(rng, 8)}-{_hex(rng, 4)}-{_hex(rng, 12)}",
        "nine": lambda rng, _name, _at: _hex(rng, 9),
        "name": lambda rng, name, at: f"{name}_{_hex(rng, 6)}_{at}",
        "number": lambda rng, _name, _at: str(rng.getrandbits(50)),
        "signed": lambda rng, _name, _at: f"call_{_hex(rng, 8)}__sig__{_hex(rng, 40)}",
    }
    for name, form in forms.items():
        yield f"call-id-{name}", (f"ids of calls such as {form(random.Random(0), 'f', 0)[:14]}…", Style(call_id=form))


def _json() -> Iterator[tuple[str, Handwriting]]:
    yield "escapes", ("JSON in ASCII, all other characters escaped", Style(ascii=True))
    yield "spaced", ("JSON with spaces", Style(spaced=True))
    yield "indented", ("plain bodies with line breaks and indentation", Style(indent=2))
    yield "reversed", ("keys in another order", Style(reverse_keys=True))
    yield "held-open", ("white space before a plain body, while the model writes", Style(before_body=" \n" * 40))
    yield "ends-with-newline", ("a line break after a plain body", Style(after_body="\r\n"))
    counts = {"prompt_tokens": float, "completion_tokens": float, "total_tokens": float}
    yield "counts-with-point", ("token counts as 12.0", Style(edits=(each_usage(counts),)))
    yield "created-with-point", ("created as 1700000000.0", Style(edits=(each_document("created", 1700000000.0),)))
    yield "created-zero", ("created is 0", Style(edits=(each_document("created", 0),)))


def _events() -> Iterator[tuple[str, Handwriting]]:
    yield "cr-lf", ("events with CR LF", Style(newline="\r\n"))
    yield "no-space", ("data: without a space after it", Style(data_space=False))
    yield "comments", ("a keep-alive comment before every event", Style(comment_every=1))
    yield "comments-first", ("comments before the first event", Style(first_comment=(": ping",) * 3))
    yield "comment-empty", ("empty comments before the first event", Style(first_comment=(":",) * 20))
    yield "named-events", ("each event has a name", Style(event_lines=("event: completion.chunk",)))
    yield "numbered-events", ("each event has an id and a time to retry", Style(event_lines=("id: 7", "retry: 100")))
    yield "letters-of-bytes", ("a stream comes byte by byte in threes", Style(bytes_per_write=3))
    yield "charset", ("another spelling of the content type", Style(content_type="text/event-stream;charset=UTF-8"))
    yield "comment-last", ("a comment after the end", Style(last_lines=(": bye",)))


def _deltas() -> Iterator[tuple[str, Handwriting]]:
    yield "one-delta", ("the whole text in one delta", Style(tokens_per_chunk=10**9))
    yield "two-tokens", ("two tokens in each delta", Style(tokens_per_chunk=2))
    yield "in-letters", ("each letter is a delta", Style(edits=(in_letters,)))
    yield "role-with-text", ("the role beside the first text", Style(role_alone=False))
    yield "finish-with-text", ("the finish reason beside the last text", Style(finish_alone=False))
    yield "empty-deltas", ("an empty delta after each", Style(edits=(empty_after_each({}),)))
    yield "empty-texts", ("an empty content after each delta", Style(edits=(empty_after_each({"content": ""}),)))
    yield "null-texts", ("a null content after each delta", Style(edits=(empty_after_each({"content": None}),)))
    role = each_message({"role": "assistant"})
    yield "role-everywhere", ("the role in every delta", Style(edits=(role,)))
    yield "finish-absent", ("no finish reason before the last chunk", Style(edits=(finish_absent,)))
    yield "merged-end", ("last text, finish reason and usage in one chunk", Style(edits=(merged_last,)))


def _nulls() -> Iterator[tuple[str, Handwriting]]:
    yield "content-empty", ("an empty content beside calls", Style(content_null=False))
    absent = Style(edits=(content_beside_calls(None),))
    yield "content-absent", ("no content beside calls", absent)
    yield "content-newline", ("a line break as the content beside calls", Style(edits=(content_beside_calls("\n\n"),)))
    yield "calls-null", ("tool_calls is null without calls", Style(extra_message={"tool_calls": None}))
    yield "calls-empty", ("tool_calls is empty without calls", Style(no_calls=()))
    yield "legacy-null", ("function_call is null", Style(extra_message={"function_call": None}))
    yield "thought-null", ("reasoning is null", Style(extra_message={"reasoning": None, "reasoning_content": None}))
    yield "refusal-empty", ("the refusal is an empty text", Style(extra_message={"refusal": ""}))
    yield (
        "audio-null",
        ("audio is null, annotations are empty", Style(extra_message={"audio": None, "annotations": []})),
    )
    yield "logprobs-empty", ("logprobs without entries", Style(edits=(logprobs_as({"content": None}),)))
    yield "tier-null", ("service tier and fingerprint are null", Style(extra={"service_tier": None}))
    yield "tier-default", ("a service tier and no fingerprint", Style(extra={"service_tier": "default"}))
    yield "error-null", ("error is null", Style(extra={"error": None}))
    yield "terse-fields", ("optional fields are absent", Style(terse=True, extra={}, usage_everywhere_null=False))


def _extras() -> Iterator[tuple[str, Handwriting]]:
    timings: JsonObject = {"timings": {"prompt_ms": 1.5, "predicted_n": 3}, "x_groq": {"id": "r"}, "citations": []}
    yield "timings", ("timings and metrics beside the reply", Style(extra=timings))
    yield "filters", ("results of content filters in each choice", Style(extra_choice={"content_filter_results": {}}))
    yield "stop-reasons", ("the engine's reason in each choice", Style(extra_choice={"stop_reason": 151645}))
    yield "alias", ("the model under the name of its deployment", Style(edits=(each_document("model", "org/m-fp8"),)))
    yield "padding", ("padding against timing attacks", Style(extra={"obfuscation": "x" * 12}))
    yield "index-in-body", ("an index in the calls of a plain body", Style(edits=(call_index_in_body,)))
    signed = each_fragment({"extra_content": {"signature": "x"}}, first=True)
    yield "signatures", ("a signature in each call", Style(edits=(signed,)))


def _hosts() -> Iterator[tuple[str, Handwriting]]:
    yield "filter-notes", ("results of a content filter, first those of the prompt", Style(edits=(filter_notes,)))
    yield "filter-notes-late", ("results of a content filter between the deltas", Style(edits=(filter_notes_late,)))
    empty = logprobs_as({"token_logprobs": [], "top_logprobs": [], "tokens": []})
    legacy = Style(edits=(empty,), terse=True)
    yield "logprobs-legacy-empty", ("empty lists of log-probabilities in the legacy form", legacy)
    yield "text-beside-delta", ("each delta's text beside it, with the token's id", Style(edits=(text_beside_delta,)))
    yield "usage-in-metrics", ("usage in a field of the host's own too", Style(edits=(usage_in_metrics,)))
    yield "all-fields-null", ("every field of a delta, null where it has nothing", Style(edits=(all_fields_null,)))
    waiting = Style(first_comment=(": keep-alive",), before_body="\n\n\n", usage_with_finish=True, content_null=False)
    yield "waits-in-lines", ("comments and empty lines while the request waits", waiting)
    yield (
        "pings",
        (
            "CR LF, a ping between events, a role everywhere",
            Style(newline="\r\n", comment_every=2, edits=(each_message({"role": "assistant"}),)),
        ),
    )


def _seen_in_2026() -> Iterator[tuple[str, Handwriting]]:
    """From issues and results of other verifiers of this year."""
    status: JsonObject = {"input_sensitive": False, "base_resp": {"status_code": 0, "status_msg": ""}}
    named = Style(extra=status, extra_message={"name": "Some Model", "audio_content": ""})
    yield "status-of-host", ("a status of the host's own, and a name in each message", named)
    yield "call-id-everywhere", ("the call's id in every fragment", Style(edits=(call_id_everywhere,)))
    yield "choice-seed", ("the seed in each choice", Style(extra_choice={"seed": 17823}))
    kinds: JsonObject = {
        "prompt_tokens_details": {"text_tokens": 12, "image_tokens": None, "cached_tokens": 0},
        "completion_tokens_details": {"text_tokens": 4, "reasoning_tokens": 0},
    }
    yield "usage-by-kind", ("token counts by kinds of content", Style(usage_extra=kinds))
    costs: JsonObject = {"cost": 1e-5, "cost_details": {"upstream_inference_cost": None}, "is_byok": False}
    writes = {"prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "video_tokens": 0}}
    yield "usage-cost-details", ("usage with the parts of its cost", Style(usage_extra={**costs, **writes}))
    yield "fingerprint-empty", ("an empty fingerprint", Style(extra={"system_fingerprint": ""}))
    yield "logprobs-refusal", ("no log-probabilities of a refusal", Style(edits=(logprobs_as(_NO_LOGPROBS),)))
    finish = Style(edits=(text_beside_finish,))
    yield "finish-with-empty-text", ("a role and an empty text beside the finish reason", finish)


_NO_LOGPROBS: Final[JsonObject] = {"content": [], "refusal": None}


def _engines() -> Iterator[tuple[str, Handwriting]]:
    own = {"token_ids": None, "stop_reason": None}
    nulls: JsonObject = {"prompt_logprobs": None, "prompt_token_ids": None, "kv_transfer_params": None}
    yield "engine-nulls", ("an engine's own fields, null", Style(extra_choice=own, extra=nulls))
    matched = Style(
        extra={"metadata": {"weight_version": "default"}},
        extra_choice={"matched_stop": 151645},
        edits=(each_delta({"role": None, "content": None, "reasoning_content": None}),),
    )
    yield "matched-stop", ("the token that ended the text, and a null role", matched)
    empty = each_delta({"reasoning_content": None, "tool_calls": []})
    inside = Style(extra_choice={"disaggregated_params": None}, edits=(empty,))
    yield "no-calls-everywhere", ("an empty list of calls in each delta", inside)
    build: JsonObject = {"system_fingerprint": "b4501-667d7284", "timings": {"cache_n": 0}, "__verbose": None}
    yield "build-named", ("the build as the fingerprint, and timings", Style(extra=build))
    gateway: JsonObject = {"provider": "host", "citations": None}
    processing = (": PROCESSING",) * 2
    routed = Style(extra=gateway, first_comment=processing, edits=(native_reasons,))
    yield "routed", ("a gateway's comments, and the reason of the host behind it", routed)
    tier = each_document("service_tier", "on_demand")  # of chat completions alone: the Responses API lists its tiers
    yield "tier-own", ("a service tier of the host's own", Style(edits=(tier,)))
    nothing = usage_beside({"index": 0, "delta": {}})
    yield "usage-with-empty-delta", ("usage beside an empty delta", Style(edits=(nothing,)))
    yield "message-beside-delta", ("all text so far beside each delta", Style(edits=(message_beside_delta,)))
    yield "empty-absent", ("empty fields of first deltas are absent", Style(edits=(empty_fields_absent,)))
    yield "bytes-null", ("null for the bytes of tokens in ASCII", Style(edits=(bytes_null,)))
    yield "choices-together", ("deltas of several choices in one chunk", Style(edits=(choices_together,)))
    none = {"prompt_tokens_details": {"cached_tokens": None}, "completion_tokens_details": {"reasoning_tokens": None}}
    yield "details-null", ("null for the parts of token counts", Style(usage_extra=none))


def _usage() -> Iterator[tuple[str, Handwriting]]:
    details = {"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}, "completion_tokens_details": None}
    yield "usage-details", ("usage in detail", Style(usage_extra=details))
    yield "usage-cost", ("usage with its cost", Style(usage_extra={"cost": 0.001, "is_byok": False}))
    yield "usage-times", ("usage with times", Style(usage_extra={"queue_time": 0.01, "total_time": 0.2}))
    yield "usage-hits", ("usage with hits and misses", Style(usage_extra={"prompt_cache_hit_tokens": 0}))
    yield "usage-with-finish", ("usage beside the finish reason", Style(usage_with_finish=True))
    yield "usage-twice", ("usage beside the finish reason, and after it", Style(edits=(usage_twice,)))
    role = usage_beside({"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None})
    yield "usage-with-role", ("usage beside an empty delta with a role", Style(edits=(role,)))
    yield "usage-absent", ("no usage: null on other chunks", Style(usage_everywhere_null=False))


def _calls() -> Iterator[tuple[str, Handwriting]]:
    yield "whole-calls", ("each call in one chunk", Style(whole_calls=True))
    yield "calls-together", ("all calls in one chunk", Style(whole_calls=True, edits=(calls_in_one_chunk,)))
    yield "calls-woven", ("fragments of several calls in turns", Style(edits=(calls_woven,)))
    yield "calls-from-one", ("calls are counted from 1", Style(edits=(calls_counted_from(1),)))
    yield "id-everywhere", ("the call's type in every fragment", Style(edits=(each_fragment({"type": "function"}),)))
    blank = each_fragment({"id": ""}, later=True)
    yield "id-blank-later", ("an empty id in the fragments that continue a call", Style(edits=(blank,)))
    compact = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    yield "arguments-compact", ("arguments without spaces", Style(edits=(written_anew(compact),)))
    indented = partial(json.dumps, ensure_ascii=False, indent=2)
    yield "arguments-indented", ("arguments with line breaks", Style(edits=(written_anew(indented),)))
    yield "arguments-escaped", ("arguments in ASCII", Style(edits=(written_anew(json.dumps),)))
    yield "arguments-letters", ("each letter of the arguments is a fragment", Style(edits=(in_letters,)))


def _thoughts() -> Iterator[tuple[str, Handwriting]]:
    for form in (ThoughtForm.FIELD, ThoughtForm.DETAILS, ThoughtForm.HIDDEN):
        yield f"thought-{form.value.replace('_', '-')}", (f"a thought as {form.value}", Style(thought=form))
    yield "thought-twice", ("a thought under both names", Style(edits=(thought_in_both_fields,)))
    beside = each_delta({"content": None, "reasoning_content": None})
    yield "thought-beside-null", ("null content beside a thought, and the reverse", Style(edits=(beside,)))
    yield "thought-then-lines", ("two line breaks between thought and text", Style(edits=(lines_before_text,)))
    yield "thought-not-counted", ("thoughts are not counted apart", Style(counts_thoughts=False))


def _all() -> Iterator[tuple[str, Handwriting]]:
    groups = (
        _reply_ids,
        _call_ids,
        _json,
        _events,
        _deltas,
        _nulls,
        _extras,
        _hosts,
        _seen_in_2026,
        _engines,
        _usage,
        _calls,
        _thoughts,
    )
    for group in groups:
        yield from group()


HANDWRITINGS: Final[Mapping[str, Handwriting]] = dict(_all())
"""Name → what is special, and the style. A provider of the fleet is ``writes-NAME``."""
WITH_THOUGHTS: Final = frozenset(name for name, _ in _thoughts())
"""Names of those that are about thoughts: their model has to think."""
