"""Replies that another verifier recorded, as a run: so that old evidence is judged by the same checks as new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from trueweight import __version__
from trueweight.core import (
    DEFAULT_API,
    PROTOCOLS,
    Attempt,
    Case,
    ConfigError,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Provider,
    RequestRecord,
    Role,
    Stamp,
    Suite,
    near_miss,
    trial_id,
)
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.suites.importers.importer import Malformed, Numbered, chat_request, json_lines, make_case
from trueweight.suites.importers.k2vv import SOURCE
from trueweight.suites.jsonl_suite import suite_name

FORMATS = ("k2vv",)
_NOWHERE = "https://recorded.invalid/v1"


class ImportedRun(NamedTuple):
    """What was imported, and what was not."""

    exchanges: int
    providers: tuple[str, ...]
    malformed: tuple[Malformed, ...]


class _Recorded(NamedTuple):
    case: Case
    model: str
    value: Mapping[str, Any]


def import_run(
    form: str, files: Sequence[Path], out: Path, *, reference: str | None = None, suite: str = "k2vv"
) -> ImportedRun:
    """Write a run directory from files of recorded replies, one provider a file, named after it.

    K2VV keeps replies as its own client put them together: streams are joined, an absent finish reason is written as
    "stop", arrival times are lost. Checks of the wire have nothing to judge, and a plain reply is what is judged.

    Args:
        reference: the provider that is the reference, if one is.

    Raises:
        ConfigError: for an unknown format or reference, two files of one name, or a file that cannot be read.
    """
    if form not in FORMATS:
        raise ConfigError(f"no recorded format {form!r}", code="import-format", hint=near_miss(form, FORMATS))
    names = [suite_name(path.stem) for path in files]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two files are called {name!r}", code="import-clash", hint="A provider is a file.")
    if reference is not None and reference not in names:
        raise ConfigError(f"no file is called {reference!r}", code="import-reference", hint=near_miss(reference, names))
    cases: dict[str, Case] = {}
    malformed: list[Malformed] = []
    exchanges: list[Exchange] = []
    providers: list[Provider] = []
    for name, path in zip(names, files, strict=True):
        found = list(_recorded(path, suite, cases, malformed))
        role = Role.REFERENCE if name == reference else Role.CANDIDATE
        model = next((one.model for one in found), "unknown")
        provider = Provider(name, _NOWHERE, model, role)
        providers.append(provider)
        exchanges += [_exchange(provider, one) for one in found]
    if not exchanges and not malformed:
        where = ", ".join(str(path) for path in files)
        raise ConfigError("no reply is recorded there", code="import-empty", where=where, hint="Valid: results.jsonl.")
    _write(out, suite, list(cases.values()), providers, exchanges)
    return ImportedRun(len(exchanges), tuple(names), tuple(malformed))


def _write(out: Path, suite: str, cases: list[Case], providers: list[Provider], exchanges: Sequence[Exchange]) -> None:
    started = min((exchange.started_at for exchange in exchanges), default=datetime.now(UTC).isoformat())
    manifest = Manifest(
        tool_version=__version__,
        seed=0,
        repeats=1,
        passes=1,
        suites=(SuiteRecord(suite, Suite(suite, tuple(cases)).digest(), len(cases)),),
        providers=tuple(providers),
        started_at=started,
        options={"imported": "k2vv"},
    )
    with RunDir.create(out, manifest, cases) as run:
        for exchange in exchanges:
            run.append(exchange)


def _recorded(path: Path, suite: str, cases: dict[str, Case], malformed: list[Malformed]) -> Iterator[_Recorded]:
    """The usable lines of a file, the last of each case; their cases are added to ``cases``, the others listed."""
    latest: dict[str, _Recorded] = {}
    try:
        for item in json_lines(path):
            found = item if isinstance(item, Malformed) else _line(item, suite, cases)
            if isinstance(found, Malformed):
                malformed.append(found)
            else:
                latest[found.case.id] = found
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", code="import-unreadable", where=str(path)) from None
    yield from latest.values()


def _line(item: Numbered, suite: str, cases: dict[str, Case]) -> _Recorded | Malformed:
    value = item.value
    request = chat_request(item, value.get("request"))
    if isinstance(request, Malformed):
        return request
    index = value.get("data_index", item.line)
    if not isinstance(index, int) or not isinstance(value.get("response"), dict):
        return Malformed(item.path, item.line, "no 'data_index' or no 'response' object")
    # The reply was put together by the verifier's client, so it is judged as the plain reply that it looks like.
    body = {**request, "stream": False}
    why = f"Request {index} of the K2 Vendor Verifier."
    case = make_case(suite, f"line-{index:04d}", body, why=why, source=SOURCE, tags=("imported", "k2vv"))
    first = cases.setdefault(case.id, case)
    if first.request_digest() != case.request_digest():
        return Malformed(item.path, item.line, f"data_index {index} is another request than in an earlier line")
    return _Recorded(first, str(request.get("model", "unknown")), value)


def _exchange(provider: Provider, one: _Recorded) -> Exchange:
    duration = one.value.get("duration_ms")
    ns = int(duration * 1e6) if isinstance(duration, int | float) and duration >= 0 else 0
    body = json.dumps(one.value["response"], ensure_ascii=False).encode("utf-8", "surrogatepass")
    failure = None
    if one.value.get("status", "success") != "success":
        failure = Failure(FailureKind.SERVER_ERROR, str(one.value["response"].get("error", "it failed"))[:500])
    attempt = Attempt(
        waited=0,
        t_send=0,
        t_connected=None,
        t_headers=None if failure else ns,
        t_done=ns,
        status=None if failure else 200,
        headers=() if failure else (("content-type", "application/json"),),
        body=b"" if failure else body,
        stamps=() if failure else (Stamp(ns, 0),),
        failure=failure,
    )
    chat = PROTOCOLS.get(DEFAULT_API)
    request_body = json.dumps({"model": provider.model, **one.case.request}, ensure_ascii=False)
    return Exchange(
        trial=trial_id(one.case, provider, 0, Mode.PLAIN),
        provider=provider.name,
        suite=one.case.suite,
        case=one.case.id,
        repeat=0,
        mode=Mode.PLAIN,
        started_at=_started(one.value.get("last_run_at"), ns),
        request=RequestRecord(chat.method, f"{provider.base_url}{chat.path}", (), request_body),
        attempts=(attempt,),
    )


def _started(ended: Any, ns: int) -> str:
    """The start, from the recorded end; a time without a zone counts as UTC."""
    try:
        end = datetime.fromisoformat(str(ended))
    except ValueError:
        end = datetime(1970, 1, 1, tzinfo=UTC)
    end = end if end.tzinfo is not None else end.replace(tzinfo=UTC)
    return (end.astimezone(UTC) - timedelta(microseconds=ns // 1000)).isoformat(timespec="microseconds")
