"""JSON values: the type of those whose keys are not ours, their text, and digests that are the same on any machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

JsonObject = dict[str, Any]
"""A JSON object as it was parsed. Our files have classes instead."""


_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def compact_json(value: Any) -> str:
    """JSON text with keys in the given order, no spaces, and only the escapes that JSON requires.

    Raises:
        ValueError: if the value holds NaN or an infinity, which JSON does not have.
    """
    return _compact(value)


def canonical_json(value: Any) -> str:
    """JSON text with sorted keys, no spaces, and only the escapes that JSON requires.

    Raises:
        ValueError: if the value holds NaN or an infinity, which JSON does not have.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value, as 64 hexadecimal digits."""
    # surrogatepass: JSON can express a lone surrogate, and a case may send one.
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
