"""The reference pages, made from the registries of checks, graders, commands, suites, file formats and failures."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from trueweight.cli import cli
from trueweight.core import FailureKind
from trueweight.core.check import CHECKS, CheckInfo
from trueweight.core.errors import ExitCode
from trueweight.core.grader import GRADERS
from trueweight.core.schemas import load_schema, schema_names
from trueweight.report.words.terms import TERMS
from trueweight.suites import find_suite, shipped_suites
from trueweight.workflow.explain import explain

_MADE = "<!-- made by docs/reference.py: change the registry, not this page -->\n\n"


def pages() -> dict[str, str]:
    """Name of the file → its Markdown."""
    return {
        "checks.md": _checks(),
        "graders.md": _graders(),
        "formats.md": _formats(),
        "commands.md": _commands(),
        "suites.md": _suites(),
        "failures.md": _failures(),
        "words.md": _words(),
    }


def write_reference(folder: Path) -> None:
    """Write each page that is not already as it must be: Sphinx reads again only what changed."""
    folder.mkdir(exist_ok=True)
    for name, page in pages().items():
        path, text = folder / name, _MADE + page
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _checks() -> str:
    infos = sorted((entry.info for entry in CHECKS.all().values()), key=lambda info: info.id)
    lines = ["# Checks", "", f"{len(infos)} checks, each with a reply that breaks it.", ""]
    lines += ["| check | requirement | severity | API | caused by |", "|---|---|---|---|---|"]
    lines += [
        f"| [`{info.id}`](#{info.id}) | {_cell(info.requirement)} | {info.severity} | {info.protocol or 'any'} "
        f"| {'serving' if info.engine else 'model or serving'} |"
        for info in infos
    ]
    return "\n".join([*lines, *(line for info in infos for line in _check(info))]) + "\n"


def _check(info: CheckInfo) -> Iterator[str]:
    yield from ("", f"## {info.id}", "", _text(info.requirement), "")
    if info.why:
        yield f"- **Why:** {_text(info.why)}"
    if info.fix:
        yield f"- **What to look at:** {_text(info.fix)}"
    if info.on_request:
        yield "- **Runs** on cases that name it (on request)"
    if info.source:
        yield f"- **Source:** {_source(info.source)}"
    _, title, example = re.split(r"\n\n(A reply that breaks it|Replies that break it together)", explain(info.id))
    head, *shown = example.split("\n")
    yield from ("", f"{title}{head}", "", "````text", *(line[:400] for line in shown), "````")


def _graders() -> str:
    found = [entry for entry in GRADERS.all().values() if entry.id]
    lines = ["# Graders", "", f"{len(found)} graders: whether an answer is right, as a score from 0 to 1.", ""]
    for one in sorted(found, key=lambda grader: grader.id):
        lines += [f"## {one.id}", "", _text(one.definition), ""]
        decides = "decides whether an answer is good enough" if one.decides else "is shown, and decides nothing"
        lines += [f"- Its score {decides}."]
        for title, schema in (("What a case expects", one.expected), ("Options of a task", one.options)):
            if schema.get("properties"):
                lines += ["", f"{title}:", "", *_fields(schema, {})]
        lines += [""]
    return "\n".join(lines) + "\n"


def _formats() -> str:
    lines = [
        "# File formats",
        "",
        "Each has a JSON Schema in `src/trueweight/core/schemas`, from which this page is made.",
        "",
    ]
    for name in schema_names():
        schema = load_schema(name)
        root, definitions = schema, schema.get("$defs", {})
        if "$ref" in schema:
            root = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
        lines += [f"## {name}", "", _text(f"{schema.get('title', name)}."), ""]
        lines += [*_prose(root), *_fields(root, definitions)]
        for part, inner in sorted(definitions.items()):
            if inner.get("properties") and inner is not root and not schema.get("$ref", "").endswith(f"/{part}"):
                lines += ["", f"### {name}: {part}", "", *_prose(inner), *_fields(inner, definitions)]
        lines += [""]
    return "\n".join(lines) + "\n"


def _prose(schema: Mapping[str, Any]) -> list[str]:
    """The description of a schema, without the list of fields of a docstring, which the table has."""
    text, _, _ = str(schema.get("description", "")).partition("\n\nAttributes:")
    return [_text(" ".join(text.split())), ""] if text else []


def _fields(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    """A table of the fields of an object."""
    required = set(schema.get("required", ()))
    meanings = _attributes(str(schema.get("description", "")))
    yield from ("| field | type | | meaning |", "|---|---|---|---|")
    for name, field in schema.get("properties", {}).items():
        meaning = field.get("description") or meanings.get(name, "") if isinstance(field, dict) else ""
        must = "required" if name in required else ""
        yield f"| `{name}` | {_cell(_type(field, definitions))} | {must} | {_cell(meaning.partition(chr(10) * 2)[0])} |"


def _attributes(description: str) -> dict[str, str]:
    """Field → its meaning, from the list at the end of a docstring."""
    found: dict[str, str] = {}
    _, _, listed = description.partition("\n\nAttributes:\n")
    for names, text in re.findall(r"^    (\w[\w, ]*): (.*?)(?=^    \w|\Z)", listed, flags=re.M | re.S):
        found.update(dict.fromkeys(re.split(r",\s*", names), " ".join(text.split())))
    return found


def _type(field: Any, definitions: Mapping[str, Any]) -> str:
    """A type in words: names of JSON, or of a part of the same file."""
    if not isinstance(field, dict):
        return "any"
    if "$ref" in field:
        part = field["$ref"].rpartition("/")[2]
        inner = definitions.get(part, {})
        return part if inner.get("properties") else _type({k: v for k, v in inner.items() if k != "$ref"}, {})
    if options := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one, definitions) for one in options))
    if "const" in field or "enum" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    kind = field.get("type", "any")
    inside = {"array": field.get("items"), "object": field.get("additionalProperties")}.get(str(kind))
    if isinstance(inside, dict):
        return f"{kind} of {_type(inside, definitions)}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _commands() -> str:
    lines = ["# Commands", "", "What `trueweight COMMAND --help` prints, at 86 columns.", "", "## Exit codes", ""]
    lines += ["| code | name |", "|---|---|", *(f"| {code.value} | {code.name.lower()} |" for code in ExitCode)]
    lines += ["", "[What each says](../exit-codes.md)."]
    return "\n".join([*lines, *_command("trueweight", cli, None)]) + "\n"


def _command(path: str, command: click.Command, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command, info_name=path.rpartition(" ")[2], parent=parent, help_option_names=["-h", "--help"]
    )
    context.terminal_width = 86  # what a block of the site shows without scrolling
    yield from ("", f"## {path}", "", "```text", command.get_help(context), "```")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            if sub is not None and not sub.hidden:
                yield from _command(f"{path} {name}", sub, context)


def _suites() -> str:
    lines = ["# Cases of the shipped suites", "", "`trueweight suites show SUITE CASE` prints a case.", ""]
    for name in shipped_suites():
        suite = find_suite(name)
        lines += [f"## {name}", "", f"{_text(suite.title)}. {len(suite.cases):,} cases.", ""]
        if len(suite.cases) > 400:
            lines += ["Its cases are drawn: any number, the same ones for the same `--seed`.", ""]
            continue
        lines += ["| case | severity | why |", "|---|---|---|"]
        lines += [f"| `{case.id}` | {case.severity} | {_cell(case.why)} |" for case in suite.cases]
        lines += [""]
    return "\n".join(lines) + "\n"


def _words() -> str:
    lines = ["# Words of the report", "", "`trueweight explain WORD` prints the same.", ""]
    lines += ["| word | meaning |", "|---|---|"]
    for one in TERMS:
        also = f" (also: {_cell(', '.join(one.also))})" if one.also else ""
        lines += [f"| **{_cell(one.name)}**{also} | {_cell(one.meaning)} |"]
    return "\n".join(lines) + "\n"


def _failures() -> str:
    lines = ["# Kinds of failure", "", "Why an attempt failed, as exchanges and summaries name it.", ""]
    lines += [_text(inspect.getdoc(FailureKind) or ""), "", "| kind | meaning |", "|---|---|"]
    notes = _notes(inspect.getsource(FailureKind))
    lines += [f"| `{kind.value}` | {_cell(notes.get(kind.name, ''))} |" for kind in FailureKind]
    return "\n".join(lines) + "\n"


def _notes(source: str) -> dict[str, str]:
    """Member → the text below it in the source of an enumeration."""
    found = re.findall(r'^    ([A-Z_]+) = "[^"]*"\n    """(.*?)"""', source, flags=re.M | re.S)
    return {name: " ".join(text.split()) for name, text in found}


def _text(text: str) -> str:
    """Text of ours as Markdown in which nothing is markup by accident; code in back quotes stays code."""
    parts = re.split(r"(`[^`]*`)", text.replace("``", "`"))
    return "".join(part if part.startswith("`") else re.sub(r"([*_\[\]<>|#$])", r"\\\1", part) for part in parts)


def _cell(text: str) -> str:
    return _text(" ".join(text.split()))


def _source(source: str) -> str:
    return f"<{source}>" if re.fullmatch(r"https?://\S+", source) else _text(source)


if __name__ == "__main__":
    write_reference(Path(__file__).parent / "reference")
