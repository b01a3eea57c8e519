"""``summary.json``, format 2: one tree of typed classes, which `trueweight.core.summary_json` writes and reads.

Keys are sorted and numbers have six significant digits, so the same record gives the same bytes on any machine. The
published JSON Schema is made from these classes. Readers ignore keys that they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from trueweight.core.api_comparison import ApiComparison
from trueweight.core.assessment import NOT_ASSESSED, Assessment, Limitation
from trueweight.core.case import Severity
from trueweight.core.drift import Drift
from trueweight.core.estimate import Comparison, Estimate
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.note import Note
from trueweight.core.observation import Feature
from trueweight.core.price import Price
from trueweight.core.probe import ProviderProbe
from trueweight.core.provider import Role
from trueweight.core.thinking import ThinkingMode
from trueweight.core.workload import ProviderWorkload, WorkloadSummary

FORMAT: Final = "trueweight.summary/2"


class SuiteSummary(msgspec.Struct, frozen=True):
    """A suite of the run: its digest, and the number of its cases in the plan."""

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
        passes: number of times that the whole plan was sent to the reference.
        finished_at: end of the last attempt on record, UTC; None if nothing is on record.
        cases: cases of all suites but drift's own.
        bar_digest: of the bar that the run was made against.
        modes: the ways in which cases were sent: ``plain``, ``stream``, and ``stream, thinking off`` where thinking was
            switched.
        thinking: the modes of thinking in which the cases were sent.
        thinking_allowance: tokens for thoughts that were added to the limits of the cases' answers.
        command: the words of the command that made the run, without the directory; () if no command made it.
        asked_by: who asked for the run, as ``--asked-by`` says; "" if it does not.
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
    modes: tuple[str, ...]
    thinking: tuple[ThinkingMode, ...] = (ThinkingMode.AS_SERVED,)
    thinking_allowance: int = 0
    notes: tuple[Note, ...] = ()
    command: tuple[str, ...] = ()
    asked_by: str = ""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What ``providers.toml`` says of a provider; without its key and its headers.

    Attributes:
        base_urls: API → its base URL, for those that are not at ``base_url``.
    """

    base_url: str
    base_urls: Mapping[str, str] = msgspec.field(default_factory=dict)
    price: Price | None = None
    extra_body: Mapping[str, Any] = msgspec.field(default_factory=dict)
    concurrency: int | None = None
    requests_per_minute: float | None = None
    timeout: float | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Plain counts of a provider's trials.

    Attributes:
        trials, recorded: planned, and on record.
        cases_answered, cases_answered_with_tools: cases with a reply that could be read and was not cut in its
            thought, and those of them that offer tools.
        arrived: trials with a reply.
        retries: attempts beyond the first.
        client_limited: trials during which this client was too busy for their times to count.
        thinking_tokens: those of ``output_tokens`` that are thoughts.
        cut_in_thought: of ``arrived``, replies whose limit of tokens ended in the thought; they are not judged.
        without_answer: of ``arrived``, successes without text or a call, or with a refusal by the model alone.
        longest_thought: most tokens of a reply that are thoughts.
        cut_in_circles: of ``cut_in_thought``, those whose thought repeats itself, so that no limit would do.
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
    thinking_tokens: int = 0
    longest_thought: int = 0
    cut_in_thought: int = 0
    cut_in_circles: int = 0
    without_answer: int = 0
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


class Distribution(msgspec.Struct, frozen=True):
    """Percentiles 0, 1, … 100 of a time in milliseconds (type 7), over ``n`` requests. Those whose time this client
    disturbed are left out."""

    n: int
    percentiles: tuple[float, ...]


class TimeBin(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the run: ``at`` seconds after its first request; medians in milliseconds, None where there is none.

    Attributes:
        first_failed: trials whose first attempt failed.
        lost: trials without a reply after all attempts.
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
        metrics, versus_reference: by metric id; in the main mode of thinking (as served, or else the first), if the
            run has several.
        thinking: the metrics in each other mode of thinking of the run.
        failures: trials without a reply, by kind.
        findings: failing checks, worst first.
        latency: ``ttft`` and ``e2e``, if any request defines them; ``ttfo`` beside a thought.
        drift: None where drift was not measured.
        not_offered: feature that it does not offer → requests that it refused for it. No metric counts them.
        apis: each pair of its APIs, compared; empty if it was asked through one.
        by_api: the main metrics of its trials through each API, in the main mode of thinking; empty if it was asked
            through one.
        workload: its answers to the cases of a workload; None if the run has none.
        probe: what the probe before the run found, one entry for each API; empty if it was not probed.
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
    thinking: Mapping[ThinkingMode, Mapping[str, Estimate]] = msgspec.field(default_factory=dict)
    probe: tuple[ProviderProbe, ...] = ()
    not_offered: Mapping[Feature, int] = msgspec.field(default_factory=dict)
    workload: ProviderWorkload | None = None
    apis: tuple[ApiComparison, ...] = ()
    by_api: Mapping[str, Mapping[str, Estimate]] = msgspec.field(default_factory=dict)

    @property
    def setup_fault(self) -> ProviderProbe | None:
        """The probe's entry with a setup fault, if nothing could be sent because of it."""
        return next((one for one in self.probe if one.fault is not None), None) if not self.counts.recorded else None


class CellOutcome(StrEnum):
    """The result of all repeats of one case, provider and way."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    FLAKY = "flaky"
    UNSUPPORTED = "unsupported"
    CUT_IN_THOUGHT = "cut-in-thought"
    """No repeat has an answer to judge: the limit of tokens ended in the thought."""
    TRANSPORT = "transport"
    NOT_APPLICABLE = "n/a"


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case, provider, API and way.

    Attributes:
        fails: MUST and SHOULD checks that any repeat fails.
        trials: ids, by repeat.
        passed, of: repeats that pass, of those that were judged.
        second_pass: the same two numbers of the reference's second pass alone, with which candidates are compared; None
            for other providers, and where the reference has one pass.
        failed_by_all: checks of ``fails`` that fail in every trial of this case and way that they judged, of each
            provider with a judged reply, of two or more: they tell no provider from another.
        compared: the two numbers with which providers are compared where such checks are left out; else None.
        lost: repeats without a reply.
        cut_in_thought: repeats whose thought left no room for the answer.
        different: whether the pass rate differs from the reference's (Fisher's exact test, Benjamini–Hochberg over
            cells).
    """

    outcome: CellOutcome
    fails: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    passed: int = 0
    of: int = 0
    second_pass: tuple[int, int] | None = None
    failed_by_all: tuple[str, ...] = ()
    compared: tuple[int, int] | None = None
    lost: int = 0
    cut_in_thought: int = 0
    client_limited: bool = False
    different: bool = False


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of the matrix.

    Attributes:
        case: ``suite/id``.
        cells: by provider and by way (see `RunSummary.modes`).
        api: the API of the row, if the run sends the case through several; a row for each. It is the API of the
            reference with which a provider's own is compared.
    """

    case: str
    severity: Severity
    tags: tuple[str, ...]
    why: str
    source: str
    cells: Mapping[str, Mapping[str, Cell]]
    api: str | None = None

    @property
    def name(self) -> str:
        """``suite/id``, with the API if the case has several rows."""
        return self.case if self.api is None else f"{self.case} ({self.api})"

    def modes(self, provider: str) -> Mapping[str, Cell]:
        """The cells of a provider; empty if it has none."""
        return self.cells.get(provider, {})


class ClientSession(msgspec.Struct, frozen=True, kw_only=True):
    """The quality of this machine's time measurements in one session of sending; None where not measured.

    Attributes:
        lag_p99_ms: delay of the event loop, 99th percentile.
        self_test_p99_ms: time of a request from this client to itself, 99th percentile.
    """

    lag_p99_ms: float | None = None
    self_test_p99_ms: float | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A judged run.

    Attributes:
        self_agreement: metric → the reference compared with itself: for trigger metrics their score, for the others the
            second pass minus the first.
        providers: by name.
        cases: in the order of the run.
        limits: what this run cannot say about any provider.
        workload: the workload of the run; None if none of its cases has a task.
        client: one entry per session. It is filled for pages only, because it is not part of the judgement.
    """

    format: Literal["trueweight.summary/2"] = FORMAT
    run: RunSummary
    self_agreement: Mapping[str, Estimate]
    providers: Mapping[str, ProviderSummary]
    cases: tuple[CaseSummary, ...]
    limits: tuple[Limitation, ...] = ()
    client: tuple[ClientSession, ...] = ()
    workload: WorkloadSummary | None = None

    @property
    def reference(self) -> ProviderSummary | None:
        """The reference; None if the run has none."""
        return None if self.run.reference is None else self.providers[self.run.reference]

    def ranked(self) -> tuple[str, ...]:
        """Names of all providers, best first, as the assessment ranks them."""
        return tuple(sorted(self.providers, key=lambda name: (self.providers[name].assessment.rank, name)))
