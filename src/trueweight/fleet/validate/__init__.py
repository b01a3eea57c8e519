"""Validate a chat-completions request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.fleet.errors import RefusedError
from trueweight.fleet.validate.messages import check_messages
from trueweight.fleet.validate.numbers import check_numbers
from trueweight.fleet.validate.tools import check_response_format, check_tools

__all__ = ["check_request"]


def check_request(body: Any) -> Mapping[str, Any]:
    """The body, if it is a request.

    Raises:
        RefusedError: with status 400 and the field at fault.
    """
    if not isinstance(body, Mapping):
        raise RefusedError("The request body must be a JSON object.")
    if not isinstance(body.get("model"), str):
        raise RefusedError("You must provide a model parameter.", param="model")
    for check in (check_messages, check_numbers, check_tools, check_response_format):
        check(body)
    return body
