"""JSONL suites: each line an OpenAI chat-completions request body, as the K2 Vendor Verifier keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from trueweight.core import Case, ConfigError, Mode, Severity
from trueweight.suites.reading import Reading, shown

MAX_LINE_BYTES = 32 * 1024 * 1024
MAX_LISTED = 20

_ADDED_BY_THE_PLAN = ("model", "stream", "stream_options")


def read_jsonl_suite(path: Path) -> Reading:
    """Read a file of request bodies; one case a line, ``line-0001`` onwards, blank lines skipped.

    The file's model is ignored, as is everything that the plan adds. A role of ``_input`` is read as ``system``. A case
    asks in the mode that its line's ``stream`` says, or in both if it says nothing.

    Malformed lines are all listed in one problem: no line is dropped in silence.
    """
    name = suite_name(path.stem)
    cases: list[Case] = []
    bad: list[tuple[int, str]] = []
    for number, raw in _lines(path):
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


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
            if len(raw) > MAX_LINE_BYTES:
                # The rest of the file would be read as lines that it does not have.
                yield number, raw
                return
            text = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if text.strip():
                yield number, text


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_LINE_BYTES:
        raise ValueError(f"longer than {MAX_LINE_BYTES // 2**20} MiB; nothing after it was read")
    try:
        body = _DECODER.decode(raw.rstrip().decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(body, dict):
        raise ValueError(f"not a JSON object: {shown(body)}")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("'messages' must be a list of objects" if "messages" in body else "no 'messages'")
    if not isinstance(body.get("stream", False), bool):
        raise ValueError(f"'stream' must be true or false, not {shown(body['stream'])}")
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_no_constant
)


def _case(suite: str, file: str, number: int, body: dict[str, Any]) -> Case:
    request = {key: value for key, value in body.items() if key not in _ADDED_BY_THE_PLAN}
    request["messages"] = [
        {**message, "role": "system"} if message.get("role") == "_input" else message for message in body["messages"]
    ]
    modes = tuple(Mode)
    if "stream" in body:
        modes = (Mode.STREAM if body["stream"] else Mode.PLAIN,)
    return Case(
        suite=suite,
        id=f"line-{number:04d}",
        request=request,
        why=f"Line {number} of {file}: a bare request; only general checks apply.",
        severity=Severity.SHOULD,
        tags=("jsonl",),
        modes=modes,
        checks=_implied_checks(request),
    )


def _implied_checks(request: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a request demands by its own words, with no knowledge of what it is for."""
    checks: dict[str, dict[str, Any]] = {}
    choice = request.get("tool_choice")
    if choice == "none":
        checks["tool-call-expected"] = {"call": "must-not"}
    elif choice == "required" or isinstance(choice, dict):
        checks["tool-call-expected"] = {"call": "must"}
    form = request.get("response_format")
    # With tools on offer the reply may be a call, which no response_format governs.
    if isinstance(form, dict) and form.get("type") in {"json_object", "json_schema"} and not request.get("tools"):
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
