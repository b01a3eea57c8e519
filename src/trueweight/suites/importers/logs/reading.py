"""Reads a log: each line becomes a request with its recorded answer, or is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trueweight.core import ConfigError, near_miss
from trueweight.core.json_value import JsonObject
from trueweight.core.task import RecordedAnswer
from trueweight.suites.importers import LeftOut, Malformed
from trueweight.suites.importers.batch_lines import OF_SEVERAL, as_batch_line, ids_of_several
from trueweight.suites.importers.chat_shape import as_chat
from trueweight.suites.importers.importer import Numbered, chat_request
from trueweight.suites.importers.logs.formats import LOG_FORMATS, format_of, joined_batch
from trueweight.suites.importers.logs.line import Call, LogLine
from trueweight.suites.importers.logs.rows import log_files, read_rows
from trueweight.suites.importers.recorded_answer import answer_in, model_in, response_in, usage_in
from trueweight.suites.strict_yaml import json_as_yaml

_ODD = (TypeError, AttributeError, KeyError, ValueError, IndexError, RecursionError, ArithmeticError)
"""What a value of another shape than a format has raises: one such line must not end the reading of the others."""
MAX_DEPTH = 60
"""Levels of a request; a suite's file has some around it."""
_REPLY = "the reply to a request of the log, which it is joined to by custom_id"
_NO_REQUEST = "a reply without its request: no line here or in a file beside it has its custom_id and a body"


class ReadLog(NamedTuple):
    """A log that was read.

    Attributes:
        formats: format → rows of it.
        rows: of all files; each is a line, malformed or left out.
        not_sent: field → lines from whose request it is kept out.
    """

    lines: tuple[LogLine, ...]
    malformed: tuple[Malformed, ...]
    left_out: tuple[LeftOut, ...]
    formats: Mapping[str, int]
    rows: int
    not_sent: Mapping[str, int]

    def reasons(self) -> Iterator[str]:
        """Why each line that is no request is none."""
        yield from (line.reason for line in self.left_out)
        yield from (line.reason for line in self.malformed)


def read_log(path: Path, form: str | None = None) -> ReadLog:
    """Read a file or a folder.

    Args:
        form: the name of the format; None recognises it row by row.

    Raises:
        ConfigError: ``log-format`` for an unknown format or one that nothing recognises, ``log-not-found``,
            ``log-unreadable``.
    """
    if form is not None and form not in LOG_FORMATS:
        raise ConfigError(f"unknown log format {form!r}", code="log-format", hint=near_miss(form, LOG_FORMATS))
    malformed: list[Malformed] = []
    rows: list[tuple[Numbered, str]] = []
    left_out: list[LeftOut] = []
    for file in log_files(path):
        for item in read_rows(file):
            if isinstance(item, Malformed):
                malformed.append(item)
                continue
            name = form or format_of(item.value)
            if name is None:
                left_out.append(LeftOut(item.path, item.line, "no known format of log has such a line"))
                continue
            try:
                rows += [(Numbered(item.path, item.line, row), name) for row in LOG_FORMATS[name].rows(item.value)]
            except _ODD as error:
                malformed.append(_not_of(item, name, error))
    if not rows:
        found = malformed[0].reason if malformed else "its lines have none of the fields that the formats have"
        hint = f"Valid: {', '.join(LOG_FORMATS)}. Name one with --format."
        raise ConfigError(f"no request can be read: {found}", code="log-format", where=str(path), hint=hint)
    lines: list[LogLine] = []
    for line in _lines(_joined(rows, path)):
        match line:
            case LogLine():
                lines.append(line)
            case Malformed():
                malformed.append(line)
            case _:
                left_out.append(line)
    return ReadLog(
        tuple(lines),
        tuple(malformed),
        tuple(left_out),
        Counter(name for _, name in rows),
        len(lines) + len(malformed) + len(left_out),
        Counter(field for line in lines for field in line.not_sent),
    )


def _joined(rows: Sequence[tuple[Numbered, str]], path: Path) -> Iterator[tuple[Numbered, str] | LeftOut]:
    """The rows, those of a batch with their other half, which may be in a file beside the log."""
    rows = [
        (item._replace(value=as_batch_line(item.value)) if name == "openai-batch" else item, name)
        for item, name in rows
    ]
    batch = [item.value for item, name in rows if name == "openai-batch"]
    beside: list[Mapping[str, Any]] = []
    if batch and not path.is_dir():
        others = sorted(one for one in path.parent.glob("*.jsonl") if one != path)
        beside = [as_batch_line(item.value) for one in others for item in read_rows(one) if isinstance(item, Numbered)]
    requests = {str(row["custom_id"]) for row in batch if "body" in row and "custom_id" in row}
    whole, several = joined_batch(batch, beside), ids_of_several((*batch, *beside))
    for item, name in rows:
        if name != "openai-batch":
            yield item, name
            continue
        if "custom_id" not in item.value:
            yield LeftOut(item.path, item.line, "a line of a batch without custom_id")
            continue
        named = str(item.value["custom_id"])
        if named in several:
            yield LeftOut(item.path, item.line, OF_SEVERAL)
        elif "body" not in item.value and (named in requests or "body" not in whole[named]):
            yield LeftOut(item.path, item.line, _REPLY if named in requests else _NO_REQUEST)
        else:
            yield item._replace(value=whole[named]), name


def _lines(rows: Iterator[tuple[Numbered, str] | LeftOut]) -> Iterator[LogLine | Malformed | LeftOut]:
    for row in rows:
        if isinstance(row, LeftOut):
            yield row
            continue
        item, name = row
        try:
            call = LOG_FORMATS[name].read(item.value)
            found = LeftOut(item.path, item.line, call) if isinstance(call, str) else _line(item, call)
        except _ODD as error:
            found = _not_of(item, name, error)
        yield found


def _not_of(item: Numbered, name: str, error: Exception) -> Malformed:
    return Malformed(item.path, item.line, f"not a line of {name}: {type(error).__name__}")


def _line(item: Numbered, call: Call) -> LogLine | Malformed | LeftOut:
    if call.failed:
        return LeftOut(item.path, item.line, "the request failed when it was recorded")
    shape = as_chat(call.body, call.url)
    if isinstance(shape, str):
        return LeftOut(item.path, item.line, shape)
    request = chat_request(item, shape.body)
    if isinstance(request, Malformed):
        return request
    response = response_in(call.response)
    tokens = usage_in(response)
    if tokens is not None:
        call = call._replace(
            input_tokens=tokens.input,
            cached_input_tokens=tokens.cached,
            cache_write_input_tokens=tokens.cache_write,
            output_tokens=tokens.output,
            cost=tokens.cost if call.cost is None else call.cost,
        )
    answer = answer_in(response) or answer_in(call.answer)
    stated = shape.body.get("model")
    recorded = None
    if answer is not None:
        recorded = RecordedAnswer(
            answer=answer,
            model=model_in(response) or call.model or (stated if isinstance(stated, str) else ""),
            ms=call.ms,
            ttft_ms=call.ttft_ms,
            input_tokens=call.input_tokens,
            cached_input_tokens=call.cached_input_tokens,
            cache_write_input_tokens=call.cache_write_input_tokens,
            output_tokens=call.output_tokens,
            cost=call.cost,
            at=call.at,
        )
    not_sent = tuple(dict.fromkeys([*request.not_sent, *shape.dropped]))
    body = _without_names(request.body)
    if problem := _unusable([body, None if recorded is None else recorded.answer]):
        return Malformed(item.path, item.line, problem)
    return LogLine(item.path, item.line, body, recorded, call.fields, not_sent)


def _unusable(value: Any) -> str:
    """Why a suite cannot have these values; "" if it can."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH} levels"
        inner = [part for one in level for part in (one.values() if isinstance(one, Mapping) else one)]
        level = [part for part in inner if isinstance(part, Mapping | list | tuple)]
    body = value[0]
    if not all(isinstance(tool, Mapping) for tool in body.get("tools") or ()):
        return "'tools' is not a list of objects"
    try:
        json_as_yaml(value)
    except (ValueError, UnicodeEncodeError):
        return "half of a surrogate pair, or a number that JSON does not have"
    return ""


def _without_names(body: JsonObject) -> JsonObject:
    """The body without the names of the authors of its messages. The name of a tool's result stays."""
    messages = [
        {key: part for key, part in one.items() if key != "name" or one.get("role") in ("tool", "function")}
        for one in body["messages"]
    ]
    return {**body, "messages": messages}
