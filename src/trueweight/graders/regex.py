"""``regex``: the content matches a pattern; what its groups capture is as expected."""

from __future__ import annotations

from typing import Any, Final

from trueweight.core import Case, ConfigError, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import Options, Score, grader
from trueweight.core.task import Answer

_PATTERN: Final = {"type": "string", "minLength": 1, "maxLength": 2000}


def _search(pattern: str, text: str) -> Any:
    """The first match, in time that is linear in the text (RE2).

    Raises:
        ConfigError: ``bad-grader-options`` if RE2 does not accept the pattern.
    """
    import re2  # takes milliseconds, which commands without this grader do not need

    try:
        return re2.search(pattern, text)
    except re2.error as error:
        hint = "Valid: the syntax of RE2, which has no look-around and no back references."
        raise ConfigError(f"pattern {quote(pattern)}: {error}", code="bad-grader-options", hint=hint) from None


def _groups(found: Any) -> list[str]:
    return [group or "" for group in found.groups()]


def _expect(answer: Answer, options: Options) -> Any:
    found = _search(options["pattern"], str(answer.get("content", "")))
    return None if found is None else {"pattern": options["pattern"], "groups": _groups(found)}


@grader(
    "regex",
    "1 if the pattern is found in the content and its groups capture the expected texts; else 0.",
    expected={
        "type": "object",
        "properties": {"pattern": _PATTERN, "groups": {"type": "array", "items": {"type": "string"}}},
        "required": ["pattern"],
        "additionalProperties": False,
    },
    options={
        "type": "object",
        "properties": {"pattern": _PATTERN},
        "required": ["pattern"],
        "additionalProperties": False,
    },
    expect=_expect,
)
def regex(_: Case, reply: Reply, expected: Any) -> Score:
    """A pattern without groups only has to be found. With one group, the capture is the answer in a word."""
    found = _search(expected["pattern"], reply.content or "")
    want = expected.get("groups", [])
    wanted = want[0] if len(want) == 1 else ""
    if found is None:
        return Score(0.0, "the pattern is not found", "(none)" if wanted else "", wanted, readable=False)
    got = _groups(found)
    read = got[0] if len(want) == 1 else ""
    if not want or got == want:
        return Score(1.0, read=read, wanted=wanted)
    return Score(0.0, f"the pattern captures {quote(got)}", read, wanted)
