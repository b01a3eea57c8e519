"""The tool-call parser guesses types from looks instead of reading the schema."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.arguments import each_text
from trueweight.fleet.faults.fault import Fault, fault

_DIGITS = re.compile(r"-?[0-9]{1,300}")


@fault("coerce-types", rows=(7,), checks=("tool-arguments-types", "argument-coerced"))
class CoerceTypes(Fault):
    """Text that looks like a number, a boolean or null becomes one: ``"02134"`` arrives as ``2134``."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Convert every text that can be converted."""
        return each_text(completion, _guess)


def _guess(text: str) -> Any:
    if _DIGITS.fullmatch(text):
        return int(text)
    try:
        value = json.loads(text.lower())
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if value is None or isinstance(value, bool | float) else text
