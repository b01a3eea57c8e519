"""``summary.json``: one tree of typed classes, written and read here alone. Format 2.

Keys are sorted and numbers have six significant digits, so the same record gives the same bytes on any machine. The
published JSON Schema is made from these classes. Readers ignore keys that they do not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from trueweight.core.assessment import NOT_ASSESSED, Assessment, Blame, Limitation
from trueweight.core.case import Mode, Severity
from trueweight.core.drift import Drift
from trueweight.core.estimate import Comparison, Estimate
from trueweight.core.provider import Price, Role
from trueweight.core.summary_format_1 import FORMAT_1, upgrade

FORMAT: Final = "trueweight.summary/2"


class NoteCode(StrEnum):
    """What a reader must know of how the run came about. Beside each code: the fields of `Note` that it fills."""

    BAR_MISSING = "bar-missing"
    """The run was made against the bar ``recorded``, which is no longer in its directory."""
    BAR_ADDED = "bar-added"
    """The bar ``bar`` was put into the run after it was recorded."""
    BAR_CHANGED = "bar-changed"
    """The bar was changed after the run was recorded, from ``recorded`` to ``bar``."""
    BAR_EARLIER = "bar-earlier"
    """Part of the data was recorded under the bar ``recorded``, or without one if that is empty."""
    PART_OF_RUN = "part-of-run"
    """Only some shards are there: ``share`` of the run, as a fraction in lowest terms."""
    DRIFT_LEFT_OUT = "drift-left-out"
    """Drift of ``providers`` was measured with another address, model or reference, and is left out."""
    BAR_OTHER = "bar-other"
    """The bar ``bar`` is not the one that the run was made against, ``recorded``; empty if it was made without one."""
    NOT_FINISHED = "not-finished"
    """``count`` ``of`` planned trials are on record."""
    NOT_IN_BASELINE = "not-in-baseline"
    """``providers`` are not in the baseline, and so are not compared with it."""
    API_NOT_APPLICABLE = "api-not-applicable"
    """``count`` cases cannot be asked of ``providers`` through ``api``; ``reason`` says why."""
    TEXT = "text"
    """A sentence of a summary of format 1: ``text``."""


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A note on the run as a whole. Digests are whole; a reader shows their first 12 digits."""

    code: NoteCode
    bar: str = ""
    recorded: str = ""
    share: str = ""
    providers: tuple[str, ...] = ()
    count: int | None = None
    of: int | None = None
    api: str = ""
    reason: str = ""
    text: str = ""


class SuiteSummary(msgspec.Struct, frozen=True):
    """A suite of the run: its digest, and how many of its cases were asked."""

    name: str
    digest: str
    cases: int


class TrialCounts(msgspec.Struct, frozen=True):
    """Trials of the whole plan, and those on record."""

    planned: int
    recorded: int


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The run as a whole.

    Attributes:
        passes: how often the reference was asked the whole plan.
        finished_at: end of the last attempt on record, UTC; None if nothing is on record.
        cases: cases of all suites but drift's own.
        bar_digest: of the bar that the run was made against.
    """

    tool_version: str
    seed: int
    repeats: int
    passes: int
    started_at: str
    finished_at: str | None
    suites: tuple[SuiteSummary, ...]
    cases: int
    trials: TrialCounts
    reference: str | None
    bar_digest: str | None
    modes: tuple[Mode, ...]
    notes: tuple[Note, ...] = ()


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What ``providers.toml`` says of a provider; without its key and its headers."""

    base_url: str
    price: Price | None = None
    extra_body: Mapping[str, Any] = msgspec.field(default_factory=dict)
    concurrency: int | None = None
    requests_per_minute: float | None = None
    timeout: float | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Plain counts of a provider's trials.

    Attributes:
        trials, recorded: planned, and on record.
        cases_answered, cases_answered_with_tools: cases with a reply, and those of them that offer tools.
        arrived: trials with a reply.
        retries: attempts beyond the first.
        client_limited: trials during which this client was too busy for their times to count.
        usage_missing: successes that report no usage.
        finish_calls, finish_stop, finish_other, finish_absent: replies by the reason they finished for.
        calls_valid, calls_invalid: of ``finish_calls``, replies of which all calls are valid, and the others.
        calls_not_judged: replies with a call of a tool whose schema is no valid schema.
        calls_under_stop, calls_under_other_finish: replies with calls that finished for another reason.
        finish_calls_without_calls: of ``finish_calls``, replies without a call.
        structured: replies to cases that ask for structured output, by outcome.
    """

    trials: int = 0
    recorded: int = 0
    cases_answered: int = 0
    cases_answered_with_tools: int = 0
    arrived: int = 0
    attempts: int = 0
    retries: int = 0
    client_limited: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usage_missing: int = 0
    finish_calls: int = 0
    calls_valid: int = 0
    calls_invalid: int = 0
    finish_stop: int = 0
    finish_other: int = 0
    finish_absent: int = 0
    calls_under_stop: int = 0
    calls_under_other_finish: int = 0
    calls_not_judged: int = 0
    finish_calls_without_calls: int = 0
    structured: Mapping[str, int] = msgspec.field(default_factory=dict)


class BlameCode(StrEnum):
    """Why a failure is blamed on model or serving. Beside each code: the fields of `BlameReason` that it fills."""

    ENGINE_ONLY = "engine-only"
    """No model can break this requirement, only what serves it. ``shared``: cases that the reference fails too."""
    NO_REFERENCE = "no-reference"
    """A model or a server can break it, and there is no reference to tell which."""
    REFERENCE_UNJUDGED = "reference-unjudged"
    """The reference's replies to these cases gave the check nothing to judge."""
    REFERENCE_FAILS = "reference-fails"
    """The reference fails it too, in ``shared`` of the same ``common`` cases."""
    REFERENCE_PASSES = "reference-passes"
    """The reference passes ``alone`` cases that fail here and fails ``reverse`` that pass, beyond chance (``p``)."""
    TOO_FEW = "too-few"
    """The same within chance. ``unjudged``: failing cases that the reference's replies do not tell about."""


class BlameReason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a failure is blamed as it is; ``p`` is of the exact two-sided sign test over cases."""

    code: BlameCode
    shared: int | None = None
    common: int | None = None
    alone: int | None = None
    reverse: int | None = None
    unjudged: int | None = None
    p: float | None = None


class FindingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A check that a provider fails.

    Attributes:
        outcome: ``flaky`` if each case and mode that fails it also passes it in another repeat.
        fails, of: trials that fail it, of those that it judged.
        cases: keys of the cases that fail it in any repeat; ``cases_judged`` is how many it judged.
        message: the commonest one; ``example`` is a trial that fails with it.
        reference_fails: how many of these cases the reference fails too; None without a reference.
        rate: how often it fails in the cases and modes that it fails at all; None where nothing was repeated.
        blame: None in a summary of format 1 that does not say.
    """

    check: str
    severity: Severity
    outcome: Literal["fail", "flaky"]
    fails: int
    of: int
    cases: tuple[str, ...]
    cases_judged: int
    requirement: str
    source: str
    example: str
    message: str
    reference_fails: int | None = None
    rate: Estimate | None = None
    blame: Blame | None = None
    blame_reason: BlameReason | None = None

    @property
    def shared(self) -> bool:
        """Whether the reference fails the check in every one of the same cases."""
        return self.reference_fails == len(self.cases)


class Distribution(msgspec.Struct, frozen=True):
    """Percentiles 0, 1, … 100 of a time in milliseconds (type 7), over ``n`` requests that the client did not spoil."""

    n: int
    percentiles: tuple[float, ...]


class TimeBin(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the run: ``at`` seconds after its first request; medians in milliseconds, None where there is none.

    Attributes:
        first_failed: trials whose first attempt failed.
        lost: trials that brought no reply in the end.
    """

    at: float
    trials: int
    first_failed: int
    lost: int
    ttft: float | None
    e2e: float | None


class TimeCourse(msgspec.Struct, frozen=True):
    """The run in equal stretches of ``seconds``, by scheduled start; empty ones are left out."""

    seconds: float
    bins: tuple[TimeBin, ...]


class ProviderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one provider.

    Attributes:
        declared: None where it is not published.
        metrics, versus_reference: by metric id.
        failures: trials that brought no reply, by kind.
        findings: failing checks, worst first.
        latency: ``ttft`` and ``e2e``, as far as any request defines them.
        drift: None where drift was not measured.
    """

    role: Role
    model: str
    precision: str | None
    declared: Declared | None
    metrics: Mapping[str, Estimate]
    versus_reference: Mapping[str, Comparison]
    counts: Counts
    failures: Mapping[str, int]
    findings: tuple[FindingSummary, ...]
    latency: Mapping[str, Distribution] = msgspec.field(default_factory=dict)
    over_time: TimeCourse | None = None
    drift: Drift | None = None
    assessment: Assessment = NOT_ASSESSED


class CellOutcome(StrEnum):
    """What the repeats of one case, provider and mode amount to."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    FLAKY = "flaky"
    UNSUPPORTED = "unsupported"
    TRANSPORT = "transport"
    NOT_APPLICABLE = "n/a"


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case, provider and mode.

    Attributes:
        fails: MUST and SHOULD checks that any repeat fails.
        trials: ids, by repeat.
        passed, of: repeats that pass, of those that were judged.
        lost: repeats of which no reply arrived.
        different: whether the pass rate differs from the reference's (Fisher's exact test, Benjamini–Hochberg over
            cells).
    """

    outcome: CellOutcome
    fails: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    passed: int = 0
    of: int = 0
    lost: int = 0
    client_limited: bool = False
    different: bool = False


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the matrix; ``case`` is ``suite/id``, ``cells`` is by provider and by mode of the case."""

    case: str
    severity: Severity
    tags: tuple[str, ...]
    why: str
    source: str
    cells: Mapping[str, Mapping[Mode, Cell]]

    def modes(self, provider: str) -> Mapping[Mode, Cell]:
        """The cells of a provider; empty if it has none."""
        return self.cells.get(provider, {})


class ClientSession(msgspec.Struct, frozen=True, kw_only=True):
    """How fit this machine was to measure during one session of sending; milliseconds, None where not measured.

    Attributes:
        lag_p99_ms: how late the event loop woke up, 99th percentile.
        self_test_p99_ms: time of a request from this client to itself, 99th percentile.
    """

    lag_p99_ms: float | None = None
    self_test_p99_ms: float | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A judged run.

    Attributes:
        self_agreement: metric → the reference against itself: the score of trigger metrics, else the difference of its
            second pass from its first.
        providers: by name.
        cases: in the order of the run.
        limits: what this run cannot say of any provider.
        client: one entry per session; filled for a page only, since it is no part of the judgement.
    """

    format: Literal["trueweight.summary/2"] = FORMAT
    run: RunSummary
    self_agreement: Mapping[str, Estimate]
    providers: Mapping[str, ProviderSummary]
    cases: tuple[CaseSummary, ...]
    limits: tuple[Limitation, ...] = ()
    client: tuple[ClientSession, ...] = ()

    @property
    def reference(self) -> ProviderSummary | None:
        """The reference; None if the run has none."""
        return None if self.run.reference is None else self.providers[self.run.reference]

    def ranked(self) -> tuple[str, ...]:
        """Names of all providers, best first, as the assessment ranks them."""
        return tuple(sorted(self.providers, key=lambda name: (self.providers[name].assessment.rank, name)))


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(Summary)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


def encode_summary(summary: Summary) -> bytes:
    """The bytes of ``summary.json``: sorted keys, ASCII, one newline at the end.

    ASCII only, because what a provider wrote must not reach a terminal through ``cat``.
    """
    try:
        data = _ENCODER.encode(summary)
    except UnicodeEncodeError:  # half of a surrogate pair, which a reply may hold and no JSON text may
        data = _ENCODER.encode(well_formed(msgspec.to_builtins(summary)))
    if not data.isascii():
        data = _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], data.decode()).encode("ascii")
    return data + b"\n"


def summary_lines(summary: Summary) -> str:
    """The same, laid out for reading: two of them can be compared line by line."""
    return msgspec.json.format(encode_summary(summary), indent=2).decode("ascii") + "\n"


def decode_summary(data: bytes | str) -> Summary:
    """A summary of format 2, or one of format 1 in the classes of format 2.

    Raises:
        msgspec.ValidationError: it is JSON and not a summary.
        ValueError: it is no JSON.
    """
    if msgspec.json.decode(data, type=_Head).format == FORMAT_1:
        return msgspec.convert(upgrade(well_formed(json.loads(data))), Summary)
    return _DECODER.decode(data)


class _Head(msgspec.Struct):
    format: str


def well_formed(value: Any) -> Any:
    """The same with U+FFFD in place of each half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {well_formed(key): well_formed(item) for key, item in value.items()}
    return [well_formed(item) for item in value] if isinstance(value, list | tuple) else value
