"""Chat completions made by hand for the tests of checks, and the examples that the checks declare."""

from __future__ import annotations

from typing import Any

from trueweight.checks import run_checks
from trueweight.core import Case, Exchange, Outcome
from trueweight.core.check import CHECKS, all_checks
from trueweight.core.example import SAMPLE_SCHEMA, SAMPLE_STREAM, SAMPLE_TOOLS, Example, sample_case
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import STREAMED_CALL, call, fragment, message, parts, write_sample
from trueweight.protocols.sample import MODELS_CASE, WHOLE_LIST, plain
from trueweight.workflow.explain import sample_exchange

__all__ = ["MODELS_CASE", "OK_PARTS", "OK_STREAM", "SCHEMA", "TOOLS", "WHOLE_LIST", "case", "fragment", "parts"]

case = sample_case
SCHEMA, TOOLS = SAMPLE_SCHEMA, list(SAMPLE_TOOLS)
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
LONG: dict[str, Any] = {"messages": [{"role": "user", "content": "word " * 300}]}


def calls(*arguments: Any, name: str = "weather", finish: str = "tool_calls", **how: Any) -> Exchange:
    """A plain reply with calls of these arguments."""
    made = [call(name, text, id=f"call_{at}") for at, text in enumerate(arguments)]
    return plain(message(finish, tool_calls=made), **how)


def says(content: str | None, finish: str = "stop", **fields: Any) -> Exchange:
    """A plain reply with this content, and more fields of its message."""
    return plain(message(finish, content=content, **fields))


OK_CALL = calls('{"city":"Oslo"}')
OK_TEXT = says("hello")
OK_STREAM = write_sample(SAMPLE_STREAM)
OK_PARTS = STREAMED_CALL


def failed(made: Exchange, asked: Case) -> list[str]:
    """Ids of the checks that fail, without those that another one explains."""
    found = [one for one in run_checks(asked, read_reply(made)) if one.outcome is Outcome.FAIL]
    explained = {name for one in found for name in CHECKS.get(one.check).info.explains}
    return sorted({one.check for one in found} - explained)


def examples() -> dict[str, Example]:
    """The example of every check of one reply."""
    return {info.id: info.example for info in all_checks() if isinstance(info.example, Example)}


def broken(example: Example, api: str | None = None) -> Exchange:
    """The exchange that breaks the requirement, as a server of the check's API sends it."""
    return sample_exchange(example.bad, api)
