"""JSON of requests, replies and schemas, whose keys are not ours: typed as far as JSON is."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
"""A JSON object as it was parsed. Our files have classes instead."""
