"""Regular expressions from schemas and suites, searched for in time that grows with the text and not faster (RE2)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import re2

from trueweight.checks.ecma_regex import NotAPattern, translate
from trueweight.core.steps import OutOfSteps, take_steps

_WORK: Final = 200_000_000
"""Most bytes of text times instructions of the pattern: at worst some seconds."""
_WORK_PER_STEP: Final = 2_500
_MEMORY: Final = 16 * 1024 * 1024
_LONGEST: Final = 20_000
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Unjudged(Exception):  # noqa: N818 - not an error: the schema cannot be evaluated
    """A schema, or a value under it, cannot be evaluated; the message says why."""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of ECMA-262 occurs in a text. Half of a surrogate pair in the text counts as U+FFFD.

    Raises:
        Unjudged: if the text is no pattern, or RE2 cannot express it.
        OutOfSteps: if matching could take too long in a text of this length.
    """
    compiled = _compile(pattern)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = _LONE_SURROGATE.sub("\ufffd", text).encode()
    work = len(data) * compiled.programsize
    if work > _WORK:
        raise OutOfSteps(f"pattern {pattern[:80]!r} is not run on a text of {len(text)} characters")
    take_steps(1 + work // _WORK_PER_STEP)
    return compiled.search(data) is not None


def is_pattern(text: str) -> bool:
    """Whether a text is a regular expression of ECMA-262, expressible in RE2 or not.

    Raises:
        OutOfSteps: if it is too long to read.
    """
    if len(text) > _LONGEST:
        raise OutOfSteps(f"a pattern of {len(text)} characters is not read")
    take_steps(1 + len(text) // 4)
    try:
        translate(text)
    except NotAPattern:
        return False
    return True


@lru_cache(maxsize=128)
def _compile(pattern: str) -> re2._Regexp:
    name = f"pattern {pattern[:80]!r}"
    if len(pattern) > _LONGEST:
        raise Unjudged(f"{name} is too long to run: {len(pattern)} characters")
    try:
        translation = translate(pattern)
    except NotAPattern as problem:
        raise Unjudged(f"{name} is no regular expression of ECMA-262: {problem}") from None
    if translation.inexpressible:
        raise Unjudged(f"{name} is not run, because of {translation.inexpressible}")
    options = re2.Options()
    options.never_capture, options.log_errors, options.max_mem = True, False, _MEMORY
    try:
        return re2.compile(translation.text.encode(), options)
    except re2.error as error:
        raise Unjudged(f"{name} is not one that RE2 can run: {str(error)[:100]}") from None
