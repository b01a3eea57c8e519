"""Control text of the model families where it must not appear: markers of tool calls, of turns and of thinking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trueweight.core import Case, Finish, Reply, Span
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import calls_counted, quote
from trueweight.core.example import Example, sample_case, says
from trueweight.protocols import IN_CONTENT, locate, narrow

_MARKERS = re.compile(
    r"""
      </?tool_calls?>                                      # Hermes, Qwen, GLM
    | </?tool_response>
    | </?(?:minimax:)tool_call>                            # MiniMax
    | </?invoke(?:\ name=[^<>\n]{1,80})?>                  # MiniMax, DeepSeek
    | <function=[^<>\n]{1,80}>|</function>                 # Qwen coder, Llama, functionary
    | <parameter=[^<>\n]{1,80}>|<parameter\ name=[^<>\n]{1,80}>|</parameter>    # the second: MiniMax, DeepSeek
    | </?arg_(?:key|value)>                                # GLM
    | \[TOOL_CALLS\]|\[/?AVAILABLE_TOOLS\]|\[TOOL_RESULTS\]|\[ARGS\]|\[CALL_ID\]   # Mistral
    | <\|[A-Za-z][A-Za-z0-9_]{1,40}\|>                     # Kimi, Llama, Qwen, gpt-oss, Phi: those of no turn
    | <｜[^<>｜\n]{1,40}｜>                                # DeepSeek
    | </?(?:start|end)_function_call>                      # Gemma
    | \]<\]\w+\[>\[                                        # MiniMax-Text
    | <\|?tool▁[^<>\n]{1,40}>
    | <\|(?:tool_call|tool_response|channel)>|<(?:tool_call|tool_response|channel)\|>|<\|"\|>   # Gemma 4
    | <｜DSML｜
    | to=(?<![\w.]to=)functions\.[\w.-]{1,64}              # gpt-oss, where its control tokens were dropped
    | \[(?:END_)?TOOL_(?:REQUEST|RESULT)\]                # LM Studio
    | </?(?:seed:|longcat_)tool_call>|</?TOOLCALL>          # Seed, LongCat, Nemotron
    | </?function_calls?>|</?tool_code>                     # DeepSeek, Gemma
    """,
    re.VERBOSE,
)
_THINK = re.compile(
    r"</?(?:mm:|seed:)?think(?:ing)?>|</?thought>|\[/?THINK\]|◁/?think▷|<\|(?:START|END)_THINKING\|>|<\|channel>thought"
    r"|<\|channel\|>analysis<\|message\|>"
)
_HISTORY_ID = re.compile(r"(?<![\w.])functions\.[A-Za-z_][\w-]{0,63}:\d+(?=\s*(?:<\||\{))")


_TURNS: Final = re.compile(
    r"""
      <\|(?!\w{0,40}(?i:call|chan|constrain|func|message|plugin|python|thi|tool))[A-Za-z]\w{1,40}\|>   # most families
    | </?(?:start|end)_of_turn>|<\|turn>|<turn\|>                                # Gemma
    | \[/?INST\]                                                               # Mistral
    | <｜(?:(?:begin|end)▁of▁sentence|User|Assistant)｜>                         # DeepSeek
    | </answer>\s*\Z                                                           # Hunyuan
    | \[\|\w{3,20}\|\]|</?eo[acdhmsq]>|<eo(?:sys|env|turn|text)>                 # EXAONE, InternLM
    | \[UNUSED_TOKEN_\d+\]|<(?:unused|reserved_|extra_id_|extra_|SPECIAL_)\d+>     # tokens of no text: Nemotron, Gemma
    | <(?:unk|pad|bos|eot|EOT|eod|EOD|end_of_utterance|/s)>\s*\Z|\[(?:PAD|UNK|EOS|SEP)\]\s*\Z     # Mistral, Llama 2
    """,
    re.VERBOSE,
)
"""Markers that begin or end a turn, a message or an answer, and no call. Each alternative, here and in those
of calls, begins with one certain character: the search then skips other text, and is some ten times as fast."""
_ROLE: Final = re.compile(r"\A\s*assistant\s*\n")
"""What is left of the beginning of a turn whose tokens were dropped."""


PROFILE_MARKERS: Final = "profile-markers-in-content"
"""The check that a run adds to its cases for the markers of a profile that are not known here."""


def knows_marker(marker: str) -> bool:
    """Whether the checks of all families find a marker, or the beginning of one (``<function=``)."""
    ended = marker + ('"x">' if marker.endswith("name=") else "x>" if marker.endswith("=") else "")
    return any(family.search(ended) for family in (_MARKERS, _ROLE, _TURNS, _THINK))


def find_markers(text: str) -> list[str]:
    """Every control marker in a text, in order."""
    families = (_MARKERS, _ROLE, _TURNS)
    found = sorted((one for family in families for one in _found(family, text)), key=lambda one: one.start())
    return [one[0] for one in found]


def _found(family: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The markers of a family in the first megabyte of a text. Those of turns look like those of calls in brackets, and
    ``</s>`` also ends text that HTML strikes out."""
    for found in family.finditer(text, 0, _SEARCHED):
        other = family is _MARKERS and _TURNS.fullmatch(found[0])
        if not other and not (found[0].startswith("</s>") and "<s>" in text):
            yield found


@check(
    "markers-in-content",
    "The content has no tool-call markers.",
    failure="Tool calls leak into the text as markup in {cases}",
    row=1,
    explains=("turn-markers",),
    source="https://github.com/ollama/ollama/issues/14360",
    why="The call is shown to the user as text and never run.",
    fix="Choose the tool parser that fits the model; look at how it finds the start and end of calls.",
    example=Example(says('<tool_call>{"name":"now"}</tool_call>'), "<tool_call>"),
)
def markers_in_content(case: Case, reply: Reply) -> CheckResult | None:
    """Accepts a marker that is in the request or in the case's answer. Arguments may contain any text.

    Judges replies that were cut too: the generated part of a call must come as a call, with the finish reason length.
    """
    if not reply.content:
        return None
    leaked = _leaked(case, reply.content, _MARKERS)
    if leaked:
        calls = calls_counted(len(reply.calls))
        cut = ", in a reply that was cut (finish reason length)" if reply.finish is Finish.LENGTH else ""
        message = f"the content has {quote(leaked)}, beside {calls}{cut}"
        return Fail(message, "text", quote(leaked), locate(reply, leaked))
    return Pass()


@check(
    "markers-in-reasoning",
    "The reasoning has no tool-call markers.",
    failure="Tool calls leak into the reasoning as markup in {cases}",
    row=2,
    explains=("answer-in-content", "turn-markers"),
    source="https://github.com/vllm-project/vllm/issues/34955",
    why="The call is part of the reasoning and never run.",
    fix="Let the reasoning parser end where the tool parser begins.",
    example=Example(says("x", reasoning="<|tool_call_begin|>"), "<|tool_call_begin|>", says("x", reasoning="hm")),
)
def markers_in_reasoning(case: Case, reply: Reply) -> CheckResult | None:
    """As `markers_in_content`, for reasoning."""
    if not reply.reasoning:
        return None
    leaked = _leaked(case, reply.reasoning, _MARKERS)
    if leaked:
        spans = narrow(reply, Span(0, len(reply.body)), leaked)
        return Fail(f"the reasoning has {quote(leaked)}", "text", quote(leaked), spans)
    return Pass()


@check(
    "turn-markers",
    "Content and reasoning have no markers that begin or end a turn or an answer.",
    failure="Markers of the model's turns leak into the text in {cases}",
    row=1,
    explains=(
        "content-matches",
        "json-equals",
        "logprobs-spell-content",
        "stop-honoured",
        "structured-output",
        "structured-output-bare",
        "structured-output-schema",
    ),
    source="https://github.com/NAVER-Cloud-HyperCLOVA-X/hcx-vllm-plugin/pull/2",
    why="The user reads control text, parsers of the content fail on it, and it comes back in the next prompt.",
    fix="Leave special tokens out when tokens become text, in what a parser flushes at the end too.",
    example=Example(says("It is 4.<|im_end|>"), "<|im_end|>", says("4", reasoning="2+2")),
)
def turn_markers(case: Case, reply: Reply) -> CheckResult | None:
    """As `markers_in_content`, for markers that are no part of a call."""
    texts = [(name, text) for name, text in (("content", reply.content), ("reasoning", reply.reasoning)) if text]
    for name, text in texts:
        leaked = _leaked(case, text, _ROLE) or _leaked(case, text, _TURNS)
        if leaked:
            spans = locate(reply, leaked) or narrow(reply, Span(0, len(reply.body)), leaked)
            return Fail(f"the {name} has {quote(leaked)}", "text", quote(leaked), spans)
    return Pass() if texts else None


@check(
    "think-tags-in-content",
    "The content has no thinking tags.",
    failure="Thinking leaks into the content in {cases}",
    row=34,
    source="https://github.com/vllm-project/vllm/issues/57353",
    why="The user sees reasoning that belongs in its own field, and parsers of the content fail.",
    fix="Use the reasoning parser that fits the model, for streams too.",
    example=Example(says("<think>hm</think>x"), "<think>"),
)
def think_tags_in_content(case: Case, reply: Reply) -> CheckResult | None:
    """Accepts a tag that is in the request or in the answer. A thought between tags is read as reasoning all the same,
    so no other check fails for it."""
    if reply.reasoning_field == IN_CONTENT:
        tag = next((found[0] for found in _THINK.finditer(reply.text)), "")
        spans = narrow(reply, Span(0, len(reply.body)), tag)
        return Fail("the content begins with a thought between tags", "text", quote(tag), spans)
    if not reply.content:
        return None
    leaked = _leaked(case, reply.content, _THINK)
    if leaked:
        return Fail(f"the content has {quote(leaked)}", "text", quote(leaked), locate(reply, leaked))
    return Pass()


@check(
    "history-ids-in-content",
    "The content has no call ids in the model's own format.",
    failure="Call ids in the model's own format leak into the content in {cases}",
    row=38,
    source="https://github.com/vllm-project/vllm/issues/50768",
    why="The server renders the history wrongly, and the model imitates it instead of calling.",
    fix="Render ids of earlier calls in the form that the chat template expects.",
    example=Example(says('functions.weather:0 {"city":"Oslo"}'), "functions.weather:0"),
)
def history_ids_in_content(case: Case, reply: Reply) -> CheckResult | None:
    """Looks for an id such as ``functions.name:0`` before a marker or an object."""
    if not reply.content:
        return None
    leaked = _leaked(case, reply.content, _HISTORY_ID)
    if leaked:
        return Fail(f"the content has {quote(leaked)}", "text or a call", quote(leaked), locate(reply, leaked))
    return Pass()


@check(
    PROFILE_MARKERS,
    "The content has none of the markers that the profile of the model family names.",
    failure="Markers of the model family leak into the content in {cases}",
    row=1,
    source="https://github.com/ollama/ollama/issues/14360",
    on_request=True,
    params={
        "type": "object",
        "properties": {"markers": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}},
        "required": ["markers"],
        "additionalProperties": False,
    },
    why="Control text of the model reaches the user, or a call is shown as text and never run.",
    fix="Choose the parsers for tool calls and reasoning that fit the model.",
    example=Example(says("<<call>>now"), "<<call>>", case=sample_case({PROFILE_MARKERS: {"markers": ["<<call>>"]}})),
)
def profile_markers_in_content(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """As `markers_in_content`, for markers that it does not know. A run adds this check by its profile."""
    if not reply.content:
        return None
    leaked = _leaked(case, reply.content, re.compile("|".join(map(re.escape, params["markers"]))))
    if leaked:
        return Fail(f"the content has {quote(leaked)}", "text", quote(leaked), locate(reply, leaked))
    return Pass()


_SEARCHED = 1024 * 1024
"""Characters of a text in which markers are looked for: many more than any model writes."""


def _leaked(case: Case, text: str, family: re.Pattern[str]) -> str | None:
    """The first marker in the text's first megabyte that is neither in the request nor in the case's answer."""
    allowed: str | None = None
    for found in _found(family, text):
        if allowed is None:
            allowed = "\n".join((*strings_of(case.request), *strings_of(case.answer)))
        if found[0] not in allowed:
            return found[0]
    return None


def strings_of(value: Any) -> list[str]:
    """Every string in a JSON value, keys included."""
    out: list[str] = []
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            out.append(one)
        elif isinstance(one, Mapping):
            stack += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            stack += one
    return out
