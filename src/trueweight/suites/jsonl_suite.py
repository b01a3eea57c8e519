"""JSONL suites: each line an OpenAI chat-completions request body, as the K2 Vendor Verifier keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trueweight.core import Case, ConfigError, Severity
from trueweight.core.json_value import JsonObject
from trueweight.suites.lines import MAX_LINE_BYTES, TOO_LONG, not_json, numbered_lines
from trueweight.suites.request_fields import field_problems, with_extra_body
from trueweight.suites.request_lines import Reading, case_request, modes_of, refuse_constant, shown, with_known_roles

MAX_LISTED = 20
"""Most numbers of malformed lines that an error lists."""


def read_jsonl_suite(path: Path) -> Reading:
    """Read a file of request bodies: one case per line, ``line-0001`` onwards. Blank lines are skipped.

    The keys that the protocol adds, such as the model, are ignored. A field that the API does not define is a mistake,
    unless ``extra_body`` holds it. The role ``_input`` is read as ``system``. A case
    is sent in the mode that the ``stream`` of its line requests, or in both modes if the line has no ``stream``.

    All malformed lines are listed in one problem.
    """
    name = suite_name(path.stem)
    cases: list[Case] = []
    bad: list[tuple[int, str]] = []
    for number, raw in numbered_lines(path):
        try:
            body = _parse(raw)
        except ValueError as error:
            bad.append((number, str(error)))
        except RecursionError:
            bad.append((number, "nested too deeply"))
        else:
            cases.append(_case(name, path.name, number, body))
    title = f"Requests of {path.name}"
    return Reading(name, title, tuple(cases), tuple(_problems(path, bad, empty=not cases)))


def suite_name(stem: str) -> str:
    """A file's or folder's name as a suite's name: lower case, and a dash for all that a key should not hold."""
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._") or "unnamed"


def _parse(raw: bytes) -> JsonObject:
    if len(raw) > MAX_LINE_BYTES:
        raise ValueError(TOO_LONG)
    try:
        body = _DECODER.decode(raw.rstrip().decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(not_json(error)) from None
    if not isinstance(body, dict):
        raise ValueError(f"not a JSON object: {shown(body)}")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("'messages' must be a list of objects" if "messages" in body else "no 'messages'")
    if not isinstance(body.get("stream", False), bool):
        raise ValueError(f"'stream' must be true or false, not {shown(body['stream'])}")
    for problem in field_problems(body):
        raise ValueError(f"{problem.message}. {problem.hint}".strip())
    return with_extra_body(body)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    out = dict(pairs)
    if len(out) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} is given twice")
    return out


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"a number of {len(digits)} digits") from None


def _float(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"{shown(digits)} is too large a number")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=refuse_constant
)


def _case(suite: str, file: str, number: int, body: JsonObject) -> Case:
    request = {**case_request(body), "messages": with_known_roles(body["messages"])}
    return Case(
        suite=suite,
        id=f"line-{number:04d}",
        request=request,
        why=f"Line {number} of {file}: a bare request; only general checks apply.",
        severity=Severity.SHOULD,
        tags=("jsonl",),
        modes=modes_of(body),
        checks=_implied_checks(request),
    )


def _implied_checks(request: JsonObject) -> dict[str, JsonObject]:
    """The checks that the request's own ``tool_choice`` and ``response_format`` require."""
    checks: dict[str, JsonObject] = {}
    choice = request.get("tool_choice")
    if choice == "none":
        checks["tool-call-expected"] = {"call": "must-not"}
    elif choice == "required" or isinstance(choice, dict):
        checks["tool-call-expected"] = {"call": "must"}
    form = request.get("response_format")
    # With tools on offer the reply may be a call, which no response_format governs.
    if isinstance(form, dict) and form.get("type") in ("json_object", "json_schema") and not request.get("tools"):
        checks["structured-output"] = {}
    return checks


def _problems(path: Path, bad: list[tuple[int, str]], *, empty: bool) -> Iterator[ConfigError]:
    if bad:
        lines = ", ".join(str(number) for number, _ in bad[:MAX_LISTED])
        more = f" and {len(bad) - MAX_LISTED} more" if len(bad) > MAX_LISTED else ""
        noun = "line" if len(bad) == 1 else "lines"
        first, reason = bad[0]
        message = f"{len(bad)} malformed {noun} ({lines}{more}); line {first}: {reason}"
        hint = "Each line is one JSON object: a chat-completions request body with 'messages'."
        yield ConfigError(message, code="jsonl-malformed", where=f"{path}:{first}", hint=hint)
    elif empty:
        yield ConfigError("no request in the file", code="suite-empty", where=str(path))
