"""Reads YAML as JSON, from parse events. The result has JSON values only, each with its line.

It is stricter than a YAML loader, which hides mistakes: ``no``, ``02134`` and dates stay text; keys are text; tags,
merge keys, duplicate keys and a second document are errors; an alias counts as all the values that it stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import yaml

from trueweight.core import ConfigError
from trueweight.core.json_value import JsonObject

Path: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 100
MAX_VALUES = 500_000
"""Most values in one file, aliases expanded."""

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"(true|True|TRUE)|(false|False|FALSE)")
_INT = re.compile(r"-?(0|[1-9][0-9]{0,999})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(NamedTuple):
    """A JSON value and the line (from 1) on which each part of it starts."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest value around it that has one."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Anchor:
    value: Any
    size: int
    complete: bool


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet."""

    value: JsonObject | list[Any]
    path: Path
    anchor: str | None
    size_before: int
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    name: str
    lines: dict[Path, int] = field(default_factory=dict)
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    size: int = 0
    root: Any = None
    documents: int = 0

    def refuse(self, event: Any, message: str, code: str, hint: str = "") -> ConfigError:
        return ConfigError(message, code=code, where=f"{self.name}:{event.start_mark.line + 1}", hint=hint)

    def feed(self, event: Any) -> None:
        """Take the next parse event."""
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise self.refuse(event, "a second YAML document", "yaml-documents", "One file holds one suite.")
            case yaml.ScalarEvent() | yaml.AliasEvent() if self._wants_key():
                self._take_key(event)
            case yaml.ScalarEvent():
                self._check_tag(event)
                self._grow(event, 1)
                value = _scalar(event)
                if event.anchor:
                    self.anchors[event.anchor] = _Anchor(value, 1, complete=True)
                self._place(event, value)
            case yaml.AliasEvent():
                self._place(event, self._resolve(event))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self.stack.pop()
                if done.anchor:
                    self.anchors[done.anchor] = _Anchor(done.value, self.size - done.size_before, complete=True)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _take_key(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self.refuse(event, f"alias *{event.anchor} used as a key", "yaml-key", "A key is plain text.")
        self._check_tag(event)
        top, key = self.stack[-1], str(event.value)
        plain = not event.style
        if plain and key == "<<":
            raise self.refuse(
                event, "merge key '<<'", "yaml-merge", "Spell the keys out, or use the suite's 'defaults'."
            )
        if key in top.value:
            first = self.lines.get((*top.path, key), 0)
            raise self.refuse(event, f"key {key!r} is given twice", "yaml-duplicate-key", f"First on line {first}.")
        top.key = key
        self.lines[(*top.path, key)] = event.start_mark.line + 1

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            hint = "A suite is data: text, numbers, true, false, null, lists and mappings."
            raise self.refuse(event, f"YAML tag {event.tag!r}", "yaml-tag", hint)

    def _grow(self, event: Any, by: int) -> None:
        self.size += by
        if self.size > MAX_VALUES:
            raise self.refuse(event, f"more than {MAX_VALUES:,} values, aliases expanded", "yaml-too-large")

    def _resolve(self, event: Any) -> Any:
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            raise self.refuse(event, f"alias *{event.anchor} has no anchor before it", "yaml-alias")
        if not anchor.complete:
            raise self.refuse(event, f"alias *{event.anchor} is inside its own anchor", "yaml-alias")
        self._grow(event, anchor.size)
        return anchor.value

    def _open(self, event: Any) -> None:
        if self._wants_key():
            raise self.refuse(event, "a list or mapping used as a key", "yaml-key", "A key is plain text.")
        self._check_tag(event)
        if len(self.stack) >= MAX_DEPTH:
            raise self.refuse(event, f"nested deeper than {MAX_DEPTH} levels", "yaml-too-deep")
        before = self.size
        self._grow(event, 1)
        value: JsonObject | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place(event, value)
        if event.anchor:
            self.anchors[event.anchor] = _Anchor(value, 0, complete=False)
        self.stack.append(_Open(value, path, event.anchor, before))

    def _place(self, event: Any, value: Any) -> Path:
        """Add a value at the current place. Returns its path."""
        if not self.stack:
            self.root = value
            self.lines[()] = event.start_mark.line + 1
            return ()
        top = self.stack[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            self.lines[path] = event.start_mark.line + 1
            return path
        assert top.key is not None
        path = (*top.path, top.key)
        top.value[top.key] = value
        top.key = None
        return path


def _scalar(event: Any) -> Any:
    """The value of a scalar. Quoted and block scalars are text; a plain scalar may be a JSON literal."""
    text = str(event.value)
    if event.style:
        return text
    if _NULL.fullmatch(text):
        return None
    if literal := _BOOL.fullmatch(text):
        return literal.group(1) is not None
    if _INT.fullmatch(text):
        return int(text)
    # 1e999 is a JSON number that a float cannot hold: it stays text and does not become infinity.
    if _FLOAT.fullmatch(text) and abs(float(text)) != float("inf"):
        return float(text)
    return text


def parse_yaml(text: str, name: str) -> Document:
    """Read one YAML document as a JSON value.

    Args:
        name: the name of the file in errors.

    Raises:
        ConfigError: at ``name:line``, if it is not YAML, or uses a feature that JSON does not have.
    """
    builder = _Builder(name)
    for event in _events(text, name):
        builder.feed(event)
    return Document(builder.root, builder.lines)


def _events(text: str, name: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        problem = " ".join(part for part in (error.context, error.problem) if part)
        if "nesting depth" in problem:  # newer versions of libyaml have a limit too
            raise ConfigError(f"nested deeper than {MAX_DEPTH} levels", code="yaml-too-deep", where=where) from None
        raise ConfigError(f"not YAML: {problem}", code="yaml-syntax", where=where) from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"not YAML: {reason}", code="yaml-syntax", where=name) from None


# Characters that JSON may contain without an escape and YAML may not.
_UNREADABLE = re.compile(
    "[\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ue000-\uf8ff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
"""Control, bidi and zero-width characters and odd spaces: in the file and in its preview they are escapes."""


def json_as_yaml(value: Any) -> str:
    """A JSON value as text that is both JSON and YAML, with the same value in both.

    Raises:
        ValueError: for half of a surrogate pair, which YAML cannot express, or for NaN, which JSON cannot.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("it contains half of a surrogate pair, which YAML cannot express") from None
    return _UNREADABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"
