"""An attestation: what a run found, with digests of the record that it was found in; and its verification, offline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from trueweight import __version__
from trueweight.core import ConfigError, Estimate, InfrastructureError, near_miss
from trueweight.core.regular_file import read_regular
from trueweight.core.summary import ProviderSummary, SuiteSummary, Summary
from trueweight.report.words import again_words, summary_sentence
from trueweight.store import RunDir, RunFile, digest_plain
from trueweight.workflow.finish import judge

FORMAT: Final = "trueweight.attestation/1"
_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of the largest attestation that is read; one of a hundred providers has less than one MB."""
_QUOTED: Final = 200
"""Characters of what is wrong with a file."""
_RECORD: Final = (
    RunFile.MANIFEST,
    RunFile.CASES,
    RunFile.EXCHANGES,
    RunFile.EARLIER_EXCHANGES,
    RunFile.BAR,
    RunFile.CLIENT,
    RunFile.PROBE,
    RunFile.PROBE_EXCHANGES,
)
"""The files that judging reads. Everything else in the directory is computed from them."""
PROVES: Final = (
    "With the run directory, `trueweight verify FILE RUN` finds every change of the record and of the numbers: the "
    "digests are compared, and the record is judged again.",
    "The digests do not prove who made this file, when the requests were sent, or that no other run was left out. For "
    "the first, sign the file; for the rest, repeat the run.",
)


class FileDigest(msgspec.Struct, frozen=True):
    """A file of the record; ``sha256`` in hexadecimal digits."""

    name: str
    bytes: int
    sha256: str


class AttestedFinding(msgspec.Struct, frozen=True):
    """A broken requirement: in how many of its replies it fails."""

    check: str
    severity: str
    fails: int
    of: int


class AttestedProvider(msgspec.Struct, frozen=True):
    """What the run found of a provider, with the numbers unrounded."""

    model: str
    recommendation: str
    sentence: str
    metrics: Mapping[str, Estimate]
    findings: tuple[AttestedFinding, ...]


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """The file that is handed over.

    Attributes:
        record: digests of the run's files.
        repeat: commands that compute the numbers again, and that send the requests again.
        proves: what the digests do and do not prove, in sentences.
        digest: SHA-256 of the file's canonical JSON without this field.
    """

    tool_version: str
    started_at: str
    finished_at: str | None
    seed: int
    repeats: int
    cases: int
    reference: str | None
    bar_digest: str | None
    suites: tuple[SuiteSummary, ...]
    providers: Mapping[str, AttestedProvider]
    record: tuple[FileDigest, ...]
    repeat: tuple[str, ...]
    proves: tuple[str, ...] = PROVES
    digest: str = ""
    format: str = FORMAT


class Mismatch(NamedTuple):
    """A difference from the attestation; ``by_version``: another version of the tool can be the reason."""

    text: str
    by_version: bool = False


def attest(run: RunDir, names: Sequence[str] = ()) -> Attestation:
    """Judge a run and attest the result.

    Args:
        names: the providers to attest; () is all of them.

    Raises:
        ConfigError: ``attest-provider`` if the run has no provider of that name.
        InfrastructureError: ``attest-damaged`` if a line of the record is damaged.
    """
    summary = judge(run)
    if run.damaged:
        raise InfrastructureError("a line of the record is damaged", code="attest-damaged", where=run.damaged[0].where)
    for name in names:
        if name not in summary.providers:
            hint = near_miss(name, list(summary.providers))
            text = f"the run has no provider {name!r}"
            raise ConfigError(text, code="attest-provider", where=str(run.path), hint=hint)
    found = Attestation(
        tool_version=__version__,
        started_at=summary.run.started_at,
        finished_at=summary.run.finished_at,
        seed=summary.run.seed,
        repeats=summary.run.repeats,
        cases=summary.run.cases,
        reference=summary.run.reference,
        bar_digest=summary.run.bar_digest,
        suites=summary.run.suites,
        providers=_providers(summary, names or list(summary.providers)),
        record=tuple(_digests(run.path)),
        repeat=tuple(filter(None, ["trueweight verify FILE RUN", "trueweight judge RUN", again_words(summary.run)])),
    )
    return msgspec.structs.replace(found, digest=_digest(found))


def _providers(summary: Summary, names: Sequence[str]) -> dict[str, AttestedProvider]:
    return {name: _provider(summary.providers[name]) for name in names}


def _provider(found: ProviderSummary) -> AttestedProvider:
    findings = (one for one in found.findings if one.outcome == "fail")
    return AttestedProvider(
        model=found.model,
        recommendation=found.assessment.recommendation.value,
        sentence=summary_sentence(found),
        metrics=found.metrics,
        findings=tuple(AttestedFinding(one.check, one.severity.value, one.fails, one.of) for one in findings),
    )


def _digests(directory: Path) -> Iterator[FileDigest]:
    for name in _RECORD:
        path = name.of(directory)
        if path.is_symlink() or name.is_in(directory):
            yield FileDigest(name.value, *digest_plain(path))


def _digest(found: Attestation) -> str:
    built: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(found, digest=""))
    del built["digest"]
    text = json.dumps(built, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def attestation_text(found: Attestation) -> str:
    """The file, as indented JSON."""
    return json.dumps(msgspec.to_builtins(found), indent=1, ensure_ascii=True) + "\n"


def read_attestation(path: Path) -> Attestation:
    """An attestation from its file.

    Raises:
        ConfigError: ``attest-file`` if it cannot be read, is larger than 64 MB, or is no attestation of this format.
    """
    hint = "Valid: a file that `trueweight attest` wrote."
    try:
        found = msgspec.json.decode(read_regular(path, most=_LARGEST), type=Attestation)
    except (OSError, ValueError, RecursionError) as problem:  # msgspec's errors are ValueErrors
        reason = getattr(problem, "strerror", None) or str(problem)
        text = f"no attestation: {reason[:_QUOTED]}"
        raise ConfigError(text, code="attest-file", where=str(path), hint=hint) from None
    if found.format != FORMAT:
        text = f"unknown format {found.format[:_QUOTED]!r}"
        raise ConfigError(text, code="attest-file", where=str(path), hint=f"Valid: {FORMAT}.")
    return found


def verify(found: Attestation, run: RunDir | None) -> list[Mismatch]:
    """Every difference from the attestation; [] if it holds.

    Args:
        run: the run that is attested; None checks the file alone, which proves little: see `PROVES`.
    """
    intact = found.digest == _digest(found)
    wrong = [] if intact else [Mismatch("the attestation was changed: its digest does not match")]
    if run is None:
        return wrong
    now = {one.name: one for one in _digests(run.path)}
    attested = {one.name: one for one in found.record}
    if now.get(RunFile.MANIFEST.value) != attested.get(RunFile.MANIFEST.value):
        wrong.append(Mismatch("the manifest is another one: this may be another run than the attested one"))
    for name in sorted(now.keys() | attested.keys()):
        if name not in now:
            wrong.append(Mismatch(f"{name}: missing in the run"))
        elif name not in attested:
            wrong.append(Mismatch(f"{name}: not in the attestation"))
        elif now[name] != attested[name]:
            wrong.append(Mismatch(f"{name}: the record was changed"))
    # A changed record is not judged: it may be unreadable, and its numbers prove nothing.
    return wrong or list(_different(found, judge(run)))


def _different(found: Attestation, summary: Summary) -> Iterator[Mismatch]:
    """The attested numbers that the record does not give."""
    other = found.tool_version != __version__
    for name, attested in found.providers.items():
        if name not in summary.providers:
            yield Mismatch(f"{name}: the run has no such provider")
            continue
        now = _provider(summary.providers[name])
        for field in AttestedProvider.__struct_fields__:
            if field == "metrics":
                keys = sorted(now.metrics.keys() | attested.metrics.keys())
                changed = (one for one in keys if now.metrics.get(one) != attested.metrics.get(one))
                yield from (Mismatch(f"{name}: {metric} is not the attested number", other) for metric in changed)
            elif getattr(now, field) != getattr(attested, field):
                yield Mismatch(f"{name}: {field} is not as attested", other)
    run = summary.run
    facts = ("started_at", "finished_at", "seed", "repeats", "cases", "reference", "bar_digest", "suites")
    yield from (Mismatch(f"{one} is not as attested") for one in facts if getattr(run, one) != getattr(found, one))
