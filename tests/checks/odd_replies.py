"""Replies that are drawn to break parsers: a whole response in which some fields have the oddest values of JSON text.

Values are JSON text and no Python values, because Python cannot hold what the text can: a name twice, ``1e999``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from trueweight.checks import run_paired_checks
from trueweight.core import PROTOCOLS, Case, Exchange, Mode, Provider
from trueweight.core.check import all_checks
from trueweight.core.example import Example
from trueweight.core.judging import JudgingProblem
from trueweight.core.reply_digest import ReplyDigest, digest_choices
from trueweight.protocols.chat.sample import call
from trueweight.protocols.messages import sample as messages
from trueweight.protocols.responses import sample as responses
from trueweight.protocols.sample import MODELS_CASE, SSE_TYPE, exchange
from trueweight.workflow.judge import judge_exchange

Path = tuple[str | int, ...]

ODD = (
    # Numbers at and beyond doubles and 64 bits.
    "0", "-0.0", "-1", "1e308", "1.7976931348623159e308", "1e999", "-1e999", "5e-324", "1e-999", "NaN", "Infinity",
    "-Infinity", "9007199254740993", "9223372036854775808", "1" + "0" * 309, "9" * 399, "9" * 5000, "0." + "3" * 5000,
    # Text.
    '""', '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\\ud83d"', '"\\ufeff\\uffff"', '"\x7f\\u2028"', '"1e999"',
    '"' + "[" * 5000 + '"', '"a{99999999999}"', '"(?a)(?u)"', '"^((a{0,9}){0,9}){0,9}$"', '"(?P<n>"', '"\\\\"',
    '"%s{0}"',
    # Other types, names twice, and nesting up to the limit and beyond it.
    "null", "true", "false", "[]", "{}", "[null]", "[[]]", "[{}]", '[{"index":null}]', '{"a":1,"a":2}', '{"":{}}',
    '{"\\ud800":"\\ud800"}', '{"__proto__":1,"$ref":"#","__class__":[]}', "[" * 100 + "]" * 100, "[" * 4000,
    '{"a":' * 100 + "1e999" + "}" * 100, "[" + "0," * 3000 + "0]", "[" + "{}," * 2000 + "1e999]", "tru", "'x'", "",
)  # fmt: skip
"""Values as JSON text; a few are not JSON."""

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1, "pattern": "^[a-z]+$"},
        "digit": {"type": "string", "format": "regex"},
        "price": {"type": "number", "multipleOf": 0.01, "minimum": -5, "exclusiveMaximum": 1e300},
        "count": {"type": "integer", "multipleOf": 3, "maximum": 9},
        "unit": {"enum": ["C", 1, None, 1.5]},
        "tags": {"type": "array", "uniqueItems": True, "contains": {"type": "string"}, "maxContains": 2},
        "tree": {"anyOf": [{"$ref": "#"}, {"type": "array", "items": {"$ref": "#"}}]},
        "kind": {"const": 1},
        "when": {"format": "date-time"},
    },
    "required": ["city"],
    "patternProperties": {"^x": {"type": "number"}},
    "propertyNames": {"maxLength": 20},
    "unevaluatedProperties": False,
}
FIELDS = tuple(SCHEMA["properties"])
REQUEST: Mapping[str, Any] = {
    "messages": [{"role": "user", "content": "Where is it? " * 20}],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}},
    "stop": ["END"],
    "n": 2,
    "logprobs": True,
    "top_logprobs": 2,
    "max_tokens": 100,
    "seed": 1,
    "temperature": 0,
    "stream_options": {"include_usage": True},
}
PROVIDER = Provider("p", "http://127.0.0.1:9/v1", "m")


def _named() -> dict[str, Mapping[str, Any]]:
    """The checks that run only where a case names them, with the parameters of their own examples."""
    found: dict[str, Mapping[str, Any]] = {}
    for info in all_checks():
        example = info.example
        cases = [example.case] if isinstance(example, Example) else [trial.case for trial in example.bad]
        named = [one.checks[info.id] for one in cases if info.on_request and info.id in one.checks]
        found |= dict.fromkeys([info.id], named[0]) if named else {}
    return found | {
        "structured-output": {"schema": SCHEMA, "assert_format": True},
        "tool-call-matches": {"calls": [{"name": "weather", "arguments": {"city": "a", "price": 1.5}}]},
        "json-equals": {"value": {"city": [1.5, None]}},
    }


NAMED = _named()
REFUSED = {name: params for name, params in NAMED.items() if name == "request-refused"}
OTHERS = {name: params for name, params in NAMED.items() if name != "request-refused"}
COMPLETIONS = (
    Case("s", "all", dict(REQUEST), checks=OTHERS),
    Case("s", "refused", dict(REQUEST), checks=REFUSED),
    Case("s", "simple", {"messages": REQUEST["messages"], "tools": REQUEST["tools"], "tool_choice": "none"}),
)
CASES = {
    "chat": COMPLETIONS,
    "models": (MODELS_CASE,),
    "count-tokens": (Case("s", "count", {"messages": REQUEST["messages"]}, checks=OTHERS, api="count-tokens"),),
    "messages": COMPLETIONS,
    "responses": COMPLETIONS,
}
"""By API: each check that its replies may get runs for one of these."""

_USAGE = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
_DETAILS = {"prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 3}}
_LOGPROB = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [{"token": "a", "logprob": -0.5}]}
_TEXT = {"content": "{}", "refusal": None, "reasoning": "so", "reasoning_content": "so", "role": "assistant"}
_TEXT |= {"reasoning_details": [{"type": "reasoning.text", "text": "so"}], "function_call": None}


def _response(kind: str, where: str, **names: Any) -> dict[str, Any]:
    message = {**_TEXT, "tool_calls": [{"index": 0, **call("weather", '{"city":"a"}')}]}
    choice = {"index": 0, where: message, "finish_reason": "tool_calls", "logprobs": {"content": [_LOGPROB]}}
    fields = {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice], "error": None}
    return {**fields, "usage": {**_USAGE, **_DETAILS, "cost": 0.5}, "system_fingerprint": "f", **names}


_OF_RESPONSES = responses.response(
    responses.reasoning("so", encrypted_content="Zm9v", summary=[{"type": "summary_text", "text": "so"}]),
    responses.message("{}", content=[{"type": "output_text", "text": "{}", "annotations": [], "logprobs": [_LOGPROB]}]),
    responses.function_call("weather", '{"city":"a"}'),
)

_OF_MESSAGES = messages.message(
    messages.thinking("so"),
    messages.text("{}"),
    messages.tool_use(given={"city": "a"}),
    {"type": "redacted_thinking", "data": "Zm9v"},
    stop="tool_use",
    usage={
        "input_tokens": 9,
        "output_tokens": 9,
        "cache_read_input_tokens": 1,
        "cache_creation_input_tokens": 1,
        "output_tokens_details": {"thinking_tokens": 3},
    },
)

WHOLE: Mapping[tuple[str, Mode], Any] = {
    ("chat", Mode.PLAIN): _response("chat.completion", "message"),
    ("chat", Mode.STREAM): _response("chat.completion.chunk", "delta"),
    ("models", Mode.PLAIN): {
        "object": "list",
        "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "us", "max_model_len": 9}],
    },
    ("count-tokens", Mode.PLAIN): {"input_tokens": 9, "error": None},
    ("messages", Mode.PLAIN): _OF_MESSAGES,
    ("messages", Mode.STREAM): {
        "type": "content_block_delta",
        "index": 0,
        "message": _OF_MESSAGES,
        "content_block": messages.tool_use(given={"city": "a"}),
        "delta": {"type": "text_delta", "text": "{}", "stop_reason": "tool_use", "stop_sequence": "END"},
        "usage": _OF_MESSAGES["usage"],
        "error": None,
    },
    ("responses", Mode.PLAIN): _OF_RESPONSES,
    ("responses", Mode.STREAM): responses.events(_OF_RESPONSES)[-1],
}
"""By API and mode: a response with every field."""


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """The place of every value in a document, the document itself included."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from paths(one, (*at, name))


def replaced(value: Any, odd: Mapping[Path, str], at: Path = ()) -> str:
    """The document as JSON text, with these texts in these places."""
    if at in odd:
        return odd[at]
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{replaced(v, odd, (*at, k))}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(replaced(one, odd, (*at, number)) for number, one in enumerate(value)) + "]"
    return json.dumps(value)


def in_text(odd: str, field: str | None) -> str:
    """A JSON string that holds a document: the value itself, or an object with it in one field."""
    return json.dumps(odd if field is None else f'{{"city":"a","{field}":{odd}}}')


def exchange_of(texts: Sequence[str], api: str, mode: Mode, status: int = 200) -> Exchange:
    """A reply of these documents: the first one, or a stream of all."""
    if mode is Mode.PLAIN:
        return exchange(texts[0].encode("utf-8", "surrogatepass"), api=api, status=status)
    events = [f"data: {text}\n\n".encode("utf-8", "surrogatepass") for text in (*texts, "[DONE]")]
    body = b"".join(events)
    cuts = tuple(range(7, len(body), 4096))
    return exchange(body, api=api, mode=mode, status=status, content_type=SSE_TYPE, cuts=cuts)


def judged(made: Exchange, found: set[str], cases: Sequence[Case] = ()) -> None:
    """Judge a reply by these cases, else by all of its API, alone and beside healthy replies.

    Args:
        found: gets the ids of the checks that gave a result.

    Raises:
        AssertionError: if a check or a reader raises.
    """
    for case in cases or CASES[made.api]:
        one = judge_exchange(case, PROVIDER, made)
        raised = [part for part in one.observation.not_judged if part.problem is JudgingProblem.RAISED]
        assert not raised, raised
        assert one.reply is not None
        found |= {finding.check for finding in one.observation.findings}
        digests = list(digest_choices("odd", case, made.mode, 0, one.reply)) if made.api == "chat" else []
        for results in run_paired_checks([*digests, *HEALTHY], HEALTHY).values():
            assert not [result for result in results if result.problem is JudgingProblem.RAISED]
            found |= {result.check for result in results}


def altered(made: Exchange, odd: str, number: int) -> Exchange | None:
    """The reply with an odd value in one field of one document; None if it has no document. ``number`` chooses them."""
    body, attempt = made.final.body, made.final
    blocks = body.split(b"\n\n") if made.mode is Mode.STREAM or body.startswith((b"data:", b"event:")) else [body]
    found: list[tuple[int, bytes, Any]] = []
    for at, block in enumerate(blocks):
        name, mark, _ = block.partition(b"data: ")
        prefix = name + mark if mark and (not name or name.startswith(b"event: ")) else b""
        with suppress(ValueError):
            found.append((at, prefix, json.loads(block[len(prefix) :])))
    if not found:
        return None
    at, prefix, value = found[number % len(found)]
    places = list(paths(value))
    text = replaced(value, {places[number % len(places)]: odd}).encode("utf-8", "surrogatepass")
    blocks[at] = prefix + text
    attempts = (*made.attempts[:-1], replace(attempt, body=b"\n\n".join(blocks), stamps=attempt.stamps[:1]))
    return replace(made, attempts=attempts)


def _healthy() -> Iterator[ReplyDigest]:
    for mode in Mode:
        made = exchange_of([replaced(WHOLE["chat", mode], {})], "chat", mode)
        for case in CASES["chat"][:1]:
            for repeat in range(2):
                yield from digest_choices(f"{mode}{repeat}", case, mode, repeat, PROTOCOLS.get("chat").read(made))


HEALTHY = tuple(_healthy())

odd_texts = (
    st.sampled_from(ODD)
    | st.floats().map(json.dumps)
    | st.integers(-(10**400), 10**400).map(str)
    | st.text(st.characters(), max_size=20).map(json.dumps)
    | st.builds(lambda depth, text: "[" * depth + text + "]" * depth, st.integers(1, 140), st.sampled_from(ODD))
)


@st.composite
def odd_replies(draw: st.DrawFn) -> Exchange:
    """A reply with up to four odd fields in each of up to three documents, in any API, mode and status."""
    api, mode = draw(st.sampled_from(sorted(WHOLE)))
    whole = WHOLE[api, mode]
    texts = []
    for _ in range(draw(st.integers(1, 1 if mode is Mode.PLAIN else 3))):
        places = draw(st.lists(st.sampled_from(list(paths(whole))), max_size=4))
        odd = {place: draw(odd_texts) for place in places}
        for place in places:
            if place and place[-1] in ("content", "arguments") and draw(st.booleans()):
                odd[place] = in_text(odd[place], draw(st.sampled_from([None, *FIELDS])))
        texts.append(replaced(whole, odd))
    return exchange_of(texts, api, mode, draw(st.sampled_from([200, 200, 200, 400, 500])))
