"""Joins the content blocks of one message as a careful client does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trueweight.core import Piece, Span, ToolCall
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.fields import as_object, as_text, json_type
from trueweight.protocols.locate import values_of_plain
from trueweight.protocols.messages.events import DELTAS

_MOST_BLOCKS: Final = 1000
_TEXTS: Final = ("text", "thinking")
"""Types of blocks with a text, which is in the field of that name."""


@dataclass(slots=True)
class _Block:
    """A block from its start and the deltas so far.

    Attributes:
        input_text: JSON text of the input that its start has; None if it has none.
        pieces: the parts of its text, or of the JSON text of its input.
        deltas: how many have come.
    """

    index: int | None
    type: str | None
    span: Span
    id: str | None = None
    name: str | None = None
    input_text: str | None = None
    pieces: list[str] = field(default_factory=list)
    deltas: int = 0

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)


class Located(NamedTuple):
    """A block of a plain body: its span, and the JSON text of its input; "" if it has none."""

    span: Span
    input: str = ""


class BlockBuilder:
    """Collects the blocks of one message."""

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        self._anomalies = anomalies
        self._streamed = streamed
        self._blocks: list[_Block] = []
        self._by_index: dict[int, _Block] = {}
        self._content: list[tuple[_Block, Piece]] = []

    def start(
        self, value: Any, index: int | None, span: Span, path: tuple[str | int, ...], *, located: Located | None = None
    ) -> None:
        """Take a block, whole or the beginning of one.

        Args:
            span: its JSON document.
            path: the keys that lead to the block inside its JSON document.
            located: its place in a plain body.
        """
        where = path[0] if len(path) == 1 else f"{path[0]}[{path[1]}]"
        block = as_object(value, str(where), span, self._anomalies)
        if block is None:
            return
        if len(self._blocks) == _MOST_BLOCKS:
            self._anomalies.add(Kind.CALLS_MANY, f"more than {_MOST_BLOCKS} content blocks", span)
            return
        kind = as_text(block.get("type"), f"{where}.type", span, self._anomalies)
        made = _Block(index, kind, span if located is None else located.span)
        self._blocks.append(made)
        if index is not None:
            self._by_index[index] = made
        if kind in _TEXTS:
            self._add_text(made, block.get(kind), span, (*path, kind), str(where))
        elif kind == "tool_use":
            made.id = as_text(block.get("id"), f"{where}.id", span, self._anomalies)
            made.name = as_text(block.get("name"), f"{where}.name", span, self._anomalies)
            if "input" in block:
                made.input_text = self._input(
                    block["input"], "" if located is None else located.input, str(where), span
                )

    def _input(self, value: Any, raw: str, where: str, span: Span) -> str | None:
        if value is None:
            self._anomalies.add(Kind.ARGUMENTS_NULL, f"{where}: the input is null", span)
            return None
        return raw or json.dumps(value, ensure_ascii=False)

    def add(self, value: Any, index: int | None, span: Span) -> bool:
        """Take one delta. Returns whether it has text. A delta of a block that did not start is an anomaly."""
        delta: JsonObject = as_object(value, "delta", span, self._anomalies) or {}
        name, _ = DELTAS.get(str(delta.get("type")), ("", None))
        if not name:
            return False
        block = self._by_index.get(index) if index is not None else self._blocks[-1] if self._blocks else None
        if block is None:
            self._anomalies.add(Kind.FRAGMENT_ORPHAN, f"a delta of block {index}, which did not start", span)
            return False
        block.deltas += 1
        block.span = Span(block.span.start, max(block.span.end, span.end))
        if name == "partial_json" and not isinstance(delta.get(name), str | None):
            self._anomalies.add(Kind.ARGUMENTS_NOT_TEXT, f"delta.partial_json is {json_type(delta[name])}", span)
            return True
        return self._add_text(block, delta.get(name), span, ("delta", name), "delta")

    def _add_text(self, block: _Block, value: Any, span: Span, path: tuple[str | int, ...], where: str) -> bool:
        text = as_text(value, f"{where}.{path[-1]}", span, self._anomalies)
        if text:
            block.pieces.append(text)
            if path[-1] == "text":
                self._content.append((block, Piece(span, len(text), path)))
        return bool(text)

    def _texts(self, kind: str) -> str | None:
        texts = [block.text for block in self._blocks if block.type == kind]
        return "".join(texts) if texts else None

    def content(self) -> str | None:
        """The text of all text blocks; None if there is none."""
        return self._texts("text")

    def pieces(self) -> tuple[Piece, ...]:
        """The pieces of that text, in its order."""
        place = {id(block): at for at, block in enumerate(self._blocks)}
        own = [(place[id(block)], piece) for block, piece in self._content if block.type == "text"]
        return tuple(piece for _, piece in sorted(own, key=lambda one: one[0]))

    def reasoning(self) -> str | None:
        """The text of all thinking blocks; None if there is none."""
        return self._texts("thinking")

    def redacted(self) -> bool:
        """Whether a part of the thought is encrypted."""
        return any(block.type == "redacted_thinking" for block in self._blocks)

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls, in order of their blocks."""
        found = [block for block in self._blocks if block.type == "tool_use"]
        return tuple(self._call(position, block) for position, block in enumerate(found))

    def _call(self, position: int, block: _Block) -> ToolCall:
        arguments = block.text or block.input_text
        if arguments is None:
            self._anomalies.add(Kind.ARGUMENTS_ABSENT, f"call {position}: the block has no input", block.span)
        index = block.index if self._streamed else None
        return ToolCall(position, index, block.id, "function", block.name, arguments, block.span, max(block.deltas, 1))


def located_blocks(body: bytes) -> Mapping[int, Located]:
    """The blocks of a plain body with calls, by position; empty for a body that is too large to search."""
    spans: dict[int, Span] = {}
    inputs: dict[int, str] = {}
    for path, span in values_of_plain(body, b'"tool_use"'):
        if len(path) < 2 or path[0] != "content" or not isinstance(path[1], int):
            continue
        if len(path) == 2:
            spans[path[1]] = span
        elif path[2:] == ("input",):
            inputs[path[1]] = body[span.start : span.end].decode("utf-8", "replace")
    return {at: Located(span, inputs.get(at, "")) for at, span in spans.items()}
