"""What a weak model writes through a sound server is blamed on no server: only checks that a model can break fail."""

from __future__ import annotations

import pytest
from check_samples import LONG, calls, case, says
from handmade import call, chunk, message, plain, stream, usage_chunk

from trueweight.checks import run_checks
from trueweight.core import Case, Exchange, Outcome
from trueweight.core.check import CHECKS
from trueweight.protocols import read_reply
from trueweight.protocols.messages import sample as messages

HISTORY = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "functions.now:0", "function": {"name": "now"}}]},
    {"role": "tool", "tool_call_id": "functions.now:0", "content": "12:00"},
]
AGAIN = plain(
    message(
        "tool_calls",
        tool_calls=[{"id": "functions.now:0", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
    )
)
WEAK: dict[str, tuple[Exchange, Case]] = {
    "no answer": (says(""), case()),
    "a thought and no answer": (says("", reasoning_content="Hm, let me see."), case()),
    "a thought in the content": (says("<think>hm</think>It is 4."), case()),
    "a thought said twice": (
        says("So it is four, as I said before.", reasoning_content="So it is four, as I said before."),
        case(),
    ),
    "an unclosed thought": (says("<think>hm"), case()),
    "a call as text": (says('<tool_call>{"name": "now"}</tool_call>'), case()),
    "a call without its markers": (says('functions.now:0 {"a": 1}'), case()),
    "an id that the model counts wrongly": (AGAIN, case(messages=HISTORY)),
    "a tool that is not there": (calls("{}", name="wether"), case()),
    "arguments that end early": (calls('{"city":"Os'), case()),
    "arguments in single quotes": (calls("{'city': 'Oslo'}"), case()),
    "arguments as a text in a text": (calls('"{\\"city\\":\\"Oslo\\"}"'), case()),
    "arguments twice": (calls('{"city":"Oslo"}{"city":"Oslo"}'), case()),
    "a key twice": (calls('{"city":"Oslo","city":"Rome"}'), case()),
    "NaN": (calls('{"city":"Oslo","days":NaN}'), case()),
    "half a character in arguments": (calls('{"city":"Oslo\\ud83d"}'), case()),
    "bytes that are no character": (says("It is \ufffd."), case()),
    "another type": (calls('{"city":"Oslo","days":"3"}'), case()),
    "a word outside the enum": (calls('{"city":"Oslo","unit":"K"}'), case()),
    "no required argument": (calls("{}"), case()),
    "a name and no arguments": (calls(""), case()),
    "another name and no arguments": (calls("", name="wether"), case()),
    "a name and no arguments, streamed": (
        stream([chunk(tool_calls=[call("weather", "", index=0)]), chunk("tool_calls"), usage_chunk()]),
        case(),
    ),
    "input that goes on after its end": (
        messages.stream(messages.events(messages.tool_use(given='{"city":"Oslo"}, "required"'), stop="tool_use")),
        case(),
    ),
    "no argument after an empty call": (calls("{}", "{}"), case()),
    "a loop": (says("so " * 300, "length", usage=(10, 300)), case(max_tokens=300)),
    "white space without end": (says('{"city":' + " " * 300, "length"), case(max_tokens=5)),
    "a word in another script": (says("Good morning, Привет"), case()),
    "a short reply to a long prompt": (says("ok", usage=(400, 1)), case(**LONG)),
    "a token again and again": (
        stream([*(chunk(content="ha") for _ in range(40)), chunk("stop"), usage_chunk(10, 41)]),
        case(),
    ),
    "no thought": (says("4"), case({"reasoning-present": {}})),
}


@pytest.mark.parametrize("name", WEAK)
def test_no_reply_of_a_weak_model_is_blamed_on_the_server(name: str) -> None:
    """Each check that fails is one that a model can break, so that the reference decides who is to blame."""
    made, asked = WEAK[name]
    failed = [one.check for one in run_checks(asked, read_reply(made)) if one.outcome is Outcome.FAIL]
    assert [check for check in failed if CHECKS.get(check).info.engine] == []
