"""Property suites: write a function, and get any number of cases with known answers.

A property takes values of strategies, builds its *target* first (the calls, the JSON document), then the prompt that
requests exactly it. Everything a suite needs is here; ``suites/README.md`` shows how to write a suite::

    from hypothesis import strategies as st
    from trueweight.suites.properties import call, expect_calls, prompts, tool

    CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    FORECAST = tool("get_forecast", CITY)

    @prompts(examples=20, city=st.sampled_from(["Lisbon", "Kyoto", "São Paulo"]))
    def forecast(city):
        '''A city arrives unchanged.'''
        return expect_calls([call("get_forecast", {"city": city})], messages=f"Forecast for {city}?", tools=[FORECAST])
"""

from trueweight.suites.properties.asks import (
    ask_for_call,
    ask_for_calls,
    ask_for_document,
    ask_for_tool,
    call,
    spelled,
)
from trueweight.suites.properties.catalogue import CatalogueTool, catalogue
from trueweight.suites.properties.conversations import (
    call_message,
    conversations,
    result_message,
    system_prompts,
    tool_results,
)
from trueweight.suites.properties.declare import Prompt, expect, expect_calls, expect_json, expect_no_call, prompts
from trueweight.suites.properties.documents import documents
from trueweight.suites.properties.instances import arguments
from trueweight.suites.properties.schemas import COMMON, FAMILIES, schemas
from trueweight.suites.properties.texts import MARKERS, integers, numbers, texts
from trueweight.suites.properties.tools import catalogue_tools, offered, tool, tools

__all__ = [
    "COMMON",
    "FAMILIES",
    "MARKERS",
    "CatalogueTool",
    "Prompt",
    "arguments",
    "ask_for_call",
    "ask_for_calls",
    "ask_for_document",
    "ask_for_tool",
    "call",
    "call_message",
    "catalogue",
    "catalogue_tools",
    "conversations",
    "documents",
    "expect",
    "expect_calls",
    "expect_json",
    "expect_no_call",
    "integers",
    "numbers",
    "offered",
    "prompts",
    "result_message",
    "schemas",
    "spelled",
    "system_prompts",
    "texts",
    "tool",
    "tool_results",
    "tools",
]
