"""The task of a line: from a field, a rule of the user, or the template of its prompt."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.core import ConfigError
from trueweight.core.request import requested_schema
from trueweight.suites.importers.logs import LogLine

SHARED: Final = 40
"""Characters from the beginning that prompts of one template share at least."""
MOST: Final = 20
"""Most tasks that are named; the lines of all others are one task, ``other``."""
LEAST: Final = 3
"""Lines that a template has at least; else its lines are ``other``."""
OTHER: Final = "other"
_WORD: Final = re.compile(r"[a-z0-9]+")
_DULL_WORDS: Final = """
a an the you are is of to and or for in on with your this that it be as will from by not do given please task
assistant helpful ai system user following one each
"""
_DULL: Final = frozenset(_DULL_WORDS.split())


class TaskRule(NamedTuple):
    """A rule of the user: lines in whose messages the pattern is found are of this task."""

    name: str
    pattern: re.Pattern[str]


def parse_rule(text: str) -> TaskRule:
    """A rule written as ``NAME=REGEX``.

    Raises:
        ConfigError: ``workload-task-rule``.
    """
    name, equals, pattern = text.partition("=")
    try:
        if not equals or not pattern or slug(name) != name:
            raise re.error("a name in lower case, '=' and a pattern are needed")
        return TaskRule(name, re.compile(pattern, re.IGNORECASE))
    except re.error as error:
        hint = "Valid: NAME=REGEX, e.g. --task 'triage=classify the ticket'."
        raise ConfigError(f"{text!r}: {error}", code="workload-task-rule", where="--task", hint=hint) from None


def slug(text: str) -> str:
    """A text as the name of a task: lower case, digits and dashes, at most 40 characters."""
    return "-".join(_WORD.findall(text.lower()))[:40].strip("-") or OTHER


def find_tasks(
    lines: Sequence[LogLine],
    *,
    field: str | None = None,
    rules: Sequence[TaskRule] = (),
    private: Callable[[str], str] = str,
) -> list[str]:
    """The task of each line.

    The first that applies: a rule, the field, the template. The templates of two lines are the same if their prompts
    share a long beginning and they offer the same tools and ask for the same schema.

    Args:
        field: a field beside the request, with dots for the levels: ``metadata.task``.
        private: takes personal data out of a text, before it becomes a name.

    Raises:
        ConfigError: ``workload-task-field`` if no line has the field.
    """
    found: list[str | None] = [
        _by_rule(line, rules) or (_by_field(line, field, private) if field else None) for line in lines
    ]
    if field is not None and not any(_by_field(line, field, str) for line in lines):
        hint = f"Valid: {', '.join(sorted(_paths([line.fields for line in lines]))[:20]) or 'none'}."
        message = f"no line has the field {field!r}"
        raise ConfigError(message, code="workload-task-field", where="--task-field", hint=hint)
    left = [at for at, name in enumerate(found) if name is None]
    named = dict(zip(left, _by_template([lines[at] for at in left], private), strict=True))
    names = [named[at] if name is None else name for at, name in enumerate(found)]
    common = {name for name, _ in Counter(names).most_common(MOST)}
    return [name if name in common else OTHER for name in names]


def _by_rule(line: LogLine, rules: Sequence[TaskRule]) -> str | None:
    if not rules:
        return None
    text = "\n".join(_text(message) for message in line.body["messages"])
    return next((rule.name for rule in rules if rule.pattern.search(text)), None)


def _by_field(line: LogLine, field: str, private: Callable[[str], str]) -> str | None:
    value: Any = line.fields
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, list) and value:
        value = value[0]  # tags: the first one
    return slug(private(str(value))) if isinstance(value, str | int) and str(value) else None


def _paths(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Fields that could name a task: those with text, and those one level below."""
    found = set()
    for row in rows[:200]:
        for name, value in row.items():
            inner = value.items() if isinstance(value, Mapping) else ()
            found |= {f"{name}.{key}" for key, part in inner if isinstance(part, str)}
            found |= {name} if isinstance(value, str | list) else set()
    return found


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return " ".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))


def opening(line: LogLine) -> str:
    """What a template would begin with: the first message, the system prompt if there is one."""
    return " ".join(_text(line.body["messages"][0]).split())


class Shape(NamedTuple):
    """The tools on offer, by name; whether JSON is asked for, and the schema's name, "" for one without."""

    tools: tuple[str, ...]
    asks_json: bool
    schema: str


def shape(line: LogLine) -> Shape:
    """What a request offers and asks for."""
    tools = line.body.get("tools") or ()
    names = sorted(str((tool.get("function") or {}).get("name")) for tool in tools if isinstance(tool, Mapping))
    form = line.body.get("response_format") or {}
    named = (form.get("json_schema") or {}).get("name", "") if isinstance(form, Mapping) else ""
    return Shape(tuple(names), requested_schema(line.body) is not None or bool(form), str(named))


def _by_template(lines: Sequence[LogLine], private: Callable[[str], str]) -> list[str]:
    """Sorted by shape and opening, lines of one template follow each other, and share the beginning with the next."""
    openings = [opening(line) for line in lines]
    shapes = [shape(line) for line in lines]
    order = sorted(range(len(lines)), key=lambda at: (shapes[at], openings[at]))
    groups: list[list[int]] = []
    for at in order:
        before = groups[-1][-1] if groups else None
        alike = before is not None and shapes[before] == shapes[at] and _share(openings[before], openings[at])
        groups[-1].append(at) if alike else groups.append([at])
    names: dict[int, str] = {}
    taken: defaultdict[str, int] = defaultdict(int)
    for group in sorted(groups, key=len, reverse=True):
        name = _name([private(openings[at]) for at in group], shapes[group[0]]) if len(group) >= LEAST else OTHER
        if name != OTHER:
            taken[name] += 1
            name = name if taken[name] == 1 else f"{name}-{taken[name]}"
        names |= dict.fromkeys(group, name)
    return [names[at] for at in range(len(lines))]


def _share(one: str, other: str) -> bool:
    return one == other or (len(one) >= SHARED and one[:SHARED] == other[:SHARED])


def _name(openings: Sequence[str], shape_of: Shape) -> str:
    """A name from what the lines share: the schema, the only tool, or the first words of the template."""
    if shape_of.schema:
        return slug(shape_of.schema)
    if len(shape_of.tools) == 1:
        return slug(shape_of.tools[0])
    first, last = min(openings), max(openings)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    words = [word for word in _WORD.findall(first[:same].lower()) if word not in _DULL][:3]
    return slug(" ".join(words))
