"""Responses to a request for the list of models, without a server. For the examples of checks, and for tests."""

from __future__ import annotations

from typing import Any

from trueweight.core import Case, Exchange
from trueweight.protocols.sample import plain

MODELS_CASE = Case("s", "c", {}, api="models")


def listed(*models: Any, **changes: Any) -> Exchange:
    """An exchange in which this list of models was fetched."""
    return fetched({"object": "list", "data": list(models)} | changes)


def fetched(document: Any, **how: Any) -> Exchange:
    """An exchange in which this document is the reply to the request for the list of models."""
    return plain(document, api="models", **how)


WHOLE_LIST = listed({"id": "m", "object": "model", "created": 1_700_000_000, "owned_by": "us"})
