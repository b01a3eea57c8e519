"""Error objects of the API: status, type, param, code."""

from __future__ import annotations

import json
from typing import Any

from trueweight.fleet.completion import ResponseScript, Write


class RefusedError(Exception):
    """The request is answered with an error object.

    Args:
        message: what is wrong, in one sentence.
        status: HTTP status.
        param: the request field at fault.
        code: short machine-readable name, or None.
        kind: the API's ``type`` of the error.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.kind = kind

    def response(self) -> ResponseScript:
        """The error as an HTTP response."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return json_response({"error": error}, status=self.status)


def json_response(value: Any, *, status: int = 200) -> ResponseScript:
    """One JSON body with its length."""
    return bytes_response(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace"), status=status)


def bytes_response(data: bytes, *, status: int = 200) -> ResponseScript:
    """The bytes of one JSON body with their length."""
    headers = (("content-type", "application/json"), ("content-length", str(len(data))))
    return ResponseScript(status, headers, (Write(data),))
