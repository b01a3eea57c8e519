"""The message of any response that is not a success, whatever wrote it: the API, a gateway, a proxy, a web server."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from trueweight.core import Attempt
from trueweight.protocols.anomalies import Anomalies
from trueweight.protocols.body import unpack
from trueweight.protocols.errors import failed_base

_READ = 256 * 1024
"""Bytes of the body that are read. An error is short; what is longer is no error."""
_MESSAGE = (
    "message",
    "msg",
    "detail",
    "error_description",
    "status_msg",
    "error_msg",
    "title",
    "description",
    "reason",
)
_CODE = ("code", "type", "status", "error_code", "errorCode", "status_code", "reason")
_STATUSES = ("code", "status", "status_code", "statusCode")
_INSIDE = ("error", "errors", "base_resp", "detail", "response")
_TITLE = re.compile(r"<title[^>]*>(.{1,400}?)</title", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style|head)\b.{0,100000}?</\1\s*>|<!--.{0,20000}?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,2000}>")


class ErrorText(NamedTuple):
    """What a response says.

    Attributes:
        message: in the server's words, on one line; "" if there are none.
        codes: machine-readable names of the error, such as ``insufficient_quota``.
        param: the request field that it names; "" if none.
        page: whether the body is an HTML page.
        failed: whether a JSON body reports an error, also under a success status.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    param: str = ""
    page: bool = False
    failed: bool = False


def read_error(attempt: Attempt) -> ErrorText:
    """The message of a response, in the shapes that APIs, gateways and web servers use. Raises for no body."""
    anomalies = Anomalies()
    text = unpack(attempt, anomalies).data[:_READ].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if is_page(text):
        return ErrorText(_page_text(text), page=True)
    try:
        value = json.loads(_first_event(text))
    except (ValueError, RecursionError):
        return ErrorText(_line(text))
    return _of_json(value)


def is_page(text: str) -> bool:
    """Whether a text is an HTML page, by its beginning."""
    start = text[:1024].lstrip("\ufeff \t\r\n").lower()
    return start.startswith(("<!doctype html", "<html", "<head", "<body")) or ("<html" in start and start[:1] == "<")


def _first_event(text: str) -> str:
    """The data of the first event with data, if the text is a stream; else the text."""
    if not text.startswith(("data:", "event:", ":")):
        return text
    return next((line[5:].strip() for line in text.splitlines() if line.startswith("data:")), "")


def _of_json(value: Any) -> ErrorText:
    if isinstance(value, str):
        return ErrorText(_line(value))
    objects = list(_objects(value, 4))
    message = next((_line(found) for one in objects for key in _MESSAGE if (found := _text(one.get(key)))), "")
    if not message:  # {"error": "no such model"}
        message = next((_line(found) for one in objects for key in _INSIDE if (found := _text(one.get(key)))), "")
    codes = tuple(
        dict.fromkeys(_line(str(one[key]))[:80] for one in objects for key in _CODE if _is_code(one.get(key)))
    )
    param = next((one["param"] for one in objects if isinstance(one.get("param"), str)), "")
    return ErrorText(message, codes, _line(param)[:80], failed=isinstance(value, Mapping) and _reports_error(value))


def _reports_error(value: Mapping[str, Any]) -> bool:
    failed = value.get("success") is False or any(_is_error_status(value.get(key)) for key in _STATUSES)
    failed = failed or failed_base(value) is not None or value.get("object") == "error"
    return failed or bool(value.get("error") or value.get("errors"))


def _is_error_status(value: Any) -> bool:
    """Whether a field holds an HTTP status of an error, as gateways write it into a body that they send with 200."""
    return _is_code(value) and str(value).isdecimal() and 400 <= int(str(value)[:4]) < 600


def _objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The object and those inside it that may hold its error, the innermost first."""
    if isinstance(value, list | tuple):
        for one in value[:4]:
            yield from _objects(one, depth - 1)
    elif isinstance(value, Mapping) and depth > 0:
        for key in _INSIDE:
            yield from _objects(value.get(key), depth - 1)
        yield value


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else ""


def _is_code(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value) != ""


def _page_text(text: str) -> str:
    """The title of a page and the beginning of its text."""
    title = _TITLE.search(text)
    shown = _line(html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text))))
    head = _line(html.unescape(title[1])) if title else ""
    return head if not shown or (shown.startswith(head) and len(shown) < len(head) + 8) else f"{head} {shown}".strip()


def _line(text: str) -> str:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(whole[:4000].split())[:500]
