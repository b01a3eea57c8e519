"""Agent histories: sixty tools, long conversations, and questions that need a tool or need none"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from trueweight.suites.properties import (
    CatalogueTool,
    Prompt,
    arguments,
    ask_for_tool,
    call,
    call_message,
    catalogue_tools,
    conversations,
    expect,
    expect_calls,
    expect_no_call,
    offered,
    prompts,
    result_message,
    tool_results,
)

HISTORIES = st.one_of(conversations(turns=(0, 4)), conversations(turns=(0, 29)), conversations(turns=(15, 29)))
OTHERS = st.one_of(offered(10, 20), offered(10, 59), offered(40, 59))
MODES = ("stream",)
SOURCE = "https://github.com/MoonshotAI/K2-Vendor-Verifier"
TAGS = ("agentic", "tools")

NO_TOOL = (
    "Thank you, that is all. No tool is needed, just say goodbye.",
    "In one sentence: what is a tool call? Answer in words, without calling any tool.",
    "Write a haiku about rain. No tool is needed.",
    "Which of these is a fruit: apple, hammer, cloud? Just answer in words.",
    "Explain to a child why the sky is blue, without calling any tool.",
    "What is 17 + 25? You know that yourself, no tool is needed.",
    "Give me three names for a cat. Just answer in words.",
    "Was that polite of me? Do not call anything, tell me what you think.",
    "Please summarise our conversation in one sentence. No tool is needed.",
    "Say the word 'ready' and nothing else, without calling any tool.",
)
MAYBE = (
    "I wonder about {words}.",
    "Could you help me with {words} later?",
    "What would you do about {words}?",
    "Hm, {words}.",
    "Let us talk about {words}.",
)


@st.composite
def work(draw: DrawFn) -> tuple[CatalogueTool, dict[str, Any], str]:
    """A tool, its arguments, and the words that ask for exactly them."""
    tool = draw(catalogue_tools())
    given = draw(arguments(tool.parameters))
    return tool, given, draw(ask_for_tool(tool, given))


def on_offer(tool: CatalogueTool, others: Sequence[CatalogueTool], place: int) -> list[dict[str, Any]]:
    """The other tools, with this one among them."""
    names = [other.definition for other in others if other.name != tool.name]
    place = min(place, len(names))
    return [*names[:place], tool.definition, *names[place:]]


@prompts(
    examples=2200,
    source=SOURCE,
    modes=MODES,
    tags=(*TAGS, "must-call"),
    history=HISTORIES,
    wanted=work(),
    others=OTHERS,
    place=st.integers(0, 59),
)
def should_call(
    history: list[dict[str, Any]], wanted: tuple[CatalogueTool, dict[str, Any], str], others: Any, place: int
) -> Prompt:
    """After any history, a question that one of many tools answers is answered by calling it, as it was asked."""
    tool, given, question = wanted
    messages = [*history, {"role": "user", "content": question}]
    return expect_calls([call(tool.name, given)], messages=messages, tools=on_offer(tool, others, place))


@prompts(
    examples=900,
    source=SOURCE,
    modes=MODES,
    tags=(*TAGS, "must-not-call"),
    history=HISTORIES,
    question=st.sampled_from(NO_TOOL),
    others=OTHERS,
)
def should_not_call(history: list[dict[str, Any]], question: str, others: Any) -> Prompt:
    """A question that says that no tool is needed is answered in words, however many tools are on offer."""
    messages = [*history, {"role": "user", "content": question}]
    return expect_no_call(messages=messages, tools=[tool.definition for tool in others])


@prompts(
    examples=500,
    source=SOURCE,
    modes=MODES,
    tags=(*TAGS, "must-not-call"),
    history=HISTORIES,
    wanted=work(),
    result=tool_results(),
    others=OTHERS,
    place=st.integers(0, 59),
)
def answer_after_result(
    history: list[dict[str, Any]],
    wanted: tuple[CatalogueTool, dict[str, Any], str],
    result: Any,
    others: Any,
    place: int,
) -> Prompt:
    """When the one tool that was asked for has answered, the model answers too, in words."""
    tool, given, question = wanted
    asked = [{"role": "user", "content": question}, call_message(tool.name, given, "call_last")]
    messages = [*history, *asked, result_message(result, "call_last")]
    return expect_no_call(messages=messages, tools=on_offer(tool, others, place))


@prompts(
    examples=400,
    severity="INFO",
    source=SOURCE,
    modes=MODES,
    tags=(*TAGS, "may-call"),
    history=HISTORIES,
    form=st.sampled_from(MAYBE),
    about=catalogue_tools(),
    others=OTHERS,
)
def may_call(history: list[dict[str, Any]], form: str, about: CatalogueTool, others: Any) -> Prompt:
    """A question on the edge between calling and talking: only agreement with the reference is measured."""
    question = form.format(words=about.definition["function"]["description"].rstrip(".").lower())
    tools = [tool.definition for tool in others]
    return expect(
        {"tool-call-expected": {"call": "may"}},
        messages=[*history, {"role": "user", "content": question}],
        tools=tools,
        temperature=0,
    )
