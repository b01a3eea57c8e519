"""JSON as YAML reads it: the one spelling in which no text can mean anything but itself."""

from __future__ import annotations

import json
import re
from typing import Any

# Characters that JSON may hold as they are and YAML may not.
_UNREADABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def json_as_yaml(value: Any) -> str:
    """A JSON value as text that both readers take for the same value.

    Raises:
        ValueError: for half of a surrogate pair, which YAML cannot say, or for NaN, which JSON cannot.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair stands in it, which a YAML suite cannot say") from None
    return _UNREADABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"
