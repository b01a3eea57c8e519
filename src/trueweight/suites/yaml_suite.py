"""YAML suites: one document that obeys ``suite.schema.json``; each problem says file, line, case and what is valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from trueweight.core import PROTOCOLS, Case, ConfigError, Mode, Protocol, Severity, near_miss
from trueweight.core.json_value import JsonObject
from trueweight.core.regular_file import open_regular
from trueweight.core.schemas import load_schema
from trueweight.core.task import CaseTask, RecordedAnswer
from trueweight.suites.explain import Objection, objections, objections_to_checks
from trueweight.suites.request_fields import field_problems, with_extra_body
from trueweight.suites.request_lines import Reading
from trueweight.suites.strict_yaml import Document, Path, parse_yaml

MAX_BYTES = 16 * 1024 * 1024


def read_yaml_suite(path: FilePath, *, known_to_be_valid: bool = False) -> Reading:
    """Read a YAML suite. Mistakes in the file are problems of the result.

    Args:
        known_to_be_valid: no mistakes are looked for, which takes two thirds of the time.

    Raises:
        OSError: if the file cannot be read.
    """
    try:
        document = parse_yaml(_text(path), str(path))
    except ConfigError as problem:
        return Reading(path.stem, "", (), (problem,))
    objections_to_it = () if known_to_be_valid else _objections(document)
    found = sorted(objections_to_it, key=lambda objection: document.line(objection.path))
    problems = tuple(_locate(document, str(path), objection) for objection in found)
    if problems:
        return Reading(path.stem, "", (), problems)
    body = document.value
    cases = tuple(_case(body["suite"], case, body.get("defaults", {})) for case in body["cases"])
    return Reading(body["suite"], body["title"], cases, ())


def _text(path: FilePath) -> str:
    with open_regular(path) as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES // 2**20} MiB", code="suite-too-large", where=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError("not UTF-8", code="suite-encoding", where=f"{path}:{line}") from None


def _objections(document: Document) -> Iterator[Objection]:
    for error in Draft202012Validator(load_schema("suite")).iter_errors(document.value):
        yield from objections(error)
    if not isinstance(document.value, dict):
        return
    defaults = document.value.get("defaults")
    cases = document.value.get("cases")
    if isinstance(defaults, dict):
        yield from _objections_to_fields(defaults.get("request"), ("defaults", "request"), _only_api(cases))
    if not isinstance(cases, list):
        return
    seen: dict[str, int] = {}
    for number, case in enumerate(cases):
        if not isinstance(case, dict):
            continue
        path: Path = ("cases", number)
        if isinstance(case.get("id"), str):
            first = seen.setdefault(case["id"], document.line(path))
            if first != document.line(path):
                yield Objection((*path, "id"), "suite-duplicate-id", "this id is taken", f"First used on line {first}.")
        if isinstance(api := case.get("api"), str) and api not in PROTOCOLS.all():
            hint = near_miss(api, PROTOCOLS.all())
            yield Objection((*path, "api"), "suite-value", f"'api' is {api!r}", hint)
        yield from _objections_to_follows(case, cases[:number], (*path, "follows"))
        yield from _objections_to_after(case, cases[:number], (*path, "after"))
        yield from _objections_to_fields(case.get("request"), (*path, "request"), api)
        if isinstance(case.get("checks"), dict):
            yield from objections_to_checks(case["checks"], (*path, "checks"))


def _objections_to_follows(case: JsonObject, before: list[Any], path: Path) -> Iterator[Objection]:
    """What is wrong with the case that a case continues."""
    name, api = case.get("follows"), case.get("api")
    if not isinstance(name, str):
        return
    able = [one for one, protocol in PROTOCOLS.all().items() if protocol.continues]
    if api not in able:
        hint = f"Valid: api: {' or '.join(able)}."
        yield Objection(path, "suite-value", "the API of this case continues no response", hint)
        return
    plain = {
        one["id"]: one.get("modes")
        for one in before
        if isinstance(one, dict) and isinstance(one.get("id"), str) and one.get("api") == api
    }
    if name not in plain:
        hint = "Valid: the id of an earlier case of the suite with the same api."
        yield Objection(path, "suite-value", f"'follows' is {name!r}", hint)
    elif not plain[name] == case.get("modes") == ["plain"]:
        hint = "Write modes: [plain] in both cases: the id is read from a plain response."
        yield Objection(path, "suite-value", f"{name!r} is not continued in the mode plain alone", hint)


def _objections_to_after(case: JsonObject, before: list[Any], path: Path) -> Iterator[Objection]:
    """What is wrong with the case that a case is sent after."""
    name = case.get("after")
    if not isinstance(name, str):
        return
    if case.get("follows") is not None:
        yield Objection(path, "suite-value", "a case has 'follows' or 'after'", "Write 'follows' alone: it waits too.")
    elif name not in {one.get("id") for one in before if isinstance(one, dict)}:
        hint = "Valid: the id of an earlier case of the suite."
        yield Objection(path, "suite-value", f"'after' is {name!r}", hint)


def _only_api(cases: Any) -> Any:
    """The API that all cases of a suite name; None if there is no such one."""
    listed = [case for case in cases if isinstance(case, dict)] if isinstance(cases, list) else []
    named = {str(case.get("api")) for case in listed}
    return named.pop() if len(named) == 1 else None


def _objections_to_fields(request: Any, path: Path, api: Any) -> Iterator[Objection]:
    known = api if isinstance(api, str) else None
    for problem in field_problems(request, known) if isinstance(request, dict) else ():
        yield Objection((*path, *problem.path), "suite-unknown-key", problem.message, problem.hint)


def _locate(document: Document, name: str, objection: Objection) -> ConfigError:
    message = objection.message
    match objection.path:
        case ("cases", int(number), *_) if isinstance(document.value["cases"][number], dict):
            case_id = document.value["cases"][number].get("id")
            message = f"case {case_id!r}: {message}" if isinstance(case_id, str) else f"case {number + 1}: {message}"
        case _:
            pass
    where = f"{name}:{document.line(objection.path)}"
    return ConfigError(message, code=objection.code, where=where, hint=objection.hint)


def _case(suite: str, case: Mapping[str, Any], defaults: Mapping[str, Any]) -> Case:
    merged = {**defaults, **case}
    api = case.get("api")
    only = None if api is None else PROTOCOLS.get(api)
    modes = merged.get("modes", tuple(Mode)) if only is None or only.completions else only.modes
    return Case(
        suite=suite,
        id=case["id"],
        request=_request(case["request"], defaults.get("request", {})) if only is None or _takes_request(only) else {},
        why=case["why"],
        severity=Severity(merged.get("severity", Severity.SHOULD)),
        source=merged.get("source", ""),
        tags=tuple(dict.fromkeys([*defaults.get("tags", ()), *case.get("tags", ())])),
        modes=tuple(Mode(mode) for mode in modes),
        checks=case.get("checks", {}),
        answer=case.get("answer"),
        api=api,
        keeps_limit=case.get("keeps_limit", False),
        task=_task(case),
        follows=case.get("follows"),
        after=case.get("after"),
    )


def _task(case: Mapping[str, Any]) -> CaseTask | None:
    """The task of a case, whose grader is in the file of the workload."""
    if "task" not in case:
        return None
    recorded = None if "recorded" not in case else msgspec.convert(case["recorded"], RecordedAnswer)
    return CaseTask(name=case["task"], grader="", recorded=recorded, stands_for=case.get("stands_for", 1.0))


def _takes_request(api: Protocol) -> bool:
    return api.completions or bool(api.beside)


def _request(own: Mapping[str, Any], inherited: Mapping[str, Any]) -> JsonObject:
    """The case's request with the suite's defaults after it, so that a body starts with its messages."""
    own, inherited = with_extra_body(own), with_extra_body(inherited)
    # As in a JSON merge patch (RFC 7396), null removes a default. Without a default, null is sent.
    kept = {key: value for key, value in own.items() if value is not None or key not in inherited}
    return {**kept, **{key: value for key, value in inherited.items() if key not in own}}
