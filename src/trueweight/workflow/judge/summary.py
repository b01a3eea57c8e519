"""A judgement → the summary of a run: the same for the same record, on any machine, in any order of the record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from trueweight.checks import all_checks
from trueweight.core import PROTOCOLS, Case, FailureKind, Mode, Observation, Provider, Role, ThinkingMode, way
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.judging import NotJudged
from trueweight.core.note import Note, NoteCode
from trueweight.core.provider import reference_among
from trueweight.core.summary import Declared, ProviderSummary, RunSummary, SuiteSummary, Summary, TrialCounts
from trueweight.core.workload import MANIFEST_OPTION, WorkloadFacts
from trueweight.metrics import Measured, measure
from trueweight.profiles import recorded_profile
from trueweight.store import ASKED_BY, recorded_command
from trueweight.workflow.judge.api_agreement import compare_apis
from trueweight.workflow.judge.beyond import failure_rates, mark_beyond
from trueweight.workflow.judge.blame import correct_blame, judged_cases
from trueweight.workflow.judge.cells import make_cells, mark_different, matrix, ways_of
from trueweight.workflow.judge.counts import count, count_failures
from trueweight.workflow.judge.distributions import distributions, over_time, window
from trueweight.workflow.judge.exchange import case_info, offers_tools
from trueweight.workflow.judge.findings import ReferenceCases, list_findings
from trueweight.workflow.judge.not_offered import count_not_offered
from trueweight.workflow.judge.observation_table import SomeObservations, by_provider, joined, kinds
from trueweight.workflow.judge.open_calls import open_call_notes
from trueweight.workflow.judge.run import Judgement
from trueweight.workload.compare import WorkloadFound, compare_workload


def summarise(judgement: Judgement) -> Summary:
    """The summary of a run, not assessed yet: `trueweight.assess.assess` does that."""
    manifest, cases = judgement.manifest, judgement.cases
    providers = {provider.name: provider for provider in manifest.providers}
    found = reference_among(manifest.providers)
    reference = None if found is None else found.name
    observations = _by_provider(judgement)
    variants = judgement.variants()
    measured = {mode: _measured(one, reference) for mode, one in judgement.by_mode().items()}
    second = range(manifest.repeats, 2 * manifest.repeats) if manifest.passes > 1 else None
    own_second = {reference: second} if reference is not None and second is not None else None
    cells = make_cells(joined(list(observations.values())), own_second)
    if reference is not None:
        cells = mark_different(cells, [name for name in providers if name != reference], reference)
    checks = {info.id: info for info in all_checks()}
    theirs = None
    if reference is not None:
        theirs = ReferenceCases(judged_cases(observations[reference]), judged_cases(observations[reference], second))
    findings = {
        name: list_findings(rows, checks, None if name == reference else theirs) for name, rows in observations.items()
    }
    findings = correct_blame(findings)
    rates = {name: failure_rates(rows, second if name == reference else None) for name, rows in observations.items()}
    findings = mark_beyond(findings, rates, list(cases), reference, manifest.seed)
    workload = _workload_of(judgement, _main(measured).observations)
    return Summary(
        run=_run(judgement, reference, measured),
        self_agreement={name: one.rounded() for name, one in _main(measured).found.self_agreement.items()},
        providers=_with_workload(_providers(providers, observations, measured, cases, findings), workload),
        workload=None if workload is None else workload.summary,
        cases=matrix(cases, variants, cells, manifest.thinking),
    )


class _InMode(NamedTuple):
    """What is measured of the trials in one mode of thinking, and those trials by provider."""

    found: Measured
    observations: Mapping[str, Sequence[Observation]]


_ByMode = Mapping[ThinkingMode, _InMode]
"""The main mode comes first."""


def _main(measured: _ByMode) -> _InMode:
    return next(iter(measured.values()))


def _by_provider(judgement: Judgement) -> dict[str, SomeObservations]:
    return by_provider(judgement.observations, [provider.name for provider in judgement.manifest.providers])


def _measured(judgement: Judgement, reference: str | None) -> _InMode:
    manifest, observations = judgement.manifest, _by_provider(judgement)
    found = measure(
        observations,
        [case_info(case) for case in judgement.cases.values()],
        reference=reference,
        repeats=manifest.repeats,
        passes=manifest.passes,
        seed=manifest.seed,
        variants=judgement.variants(),
    )
    return _InMode(found, observations)


def _planned(measured: _ByMode, provider: str) -> int:
    return sum(len(one.found.tables[provider]) for one in measured.values())


def _run(judgement: Judgement, reference: str | None, measured: _ByMode) -> RunSummary:
    manifest = judgement.manifest
    ways = {one for case in judgement.cases.values() for one in ways_of(case, manifest.thinking)}
    order = [way(mode, thinking) for mode in Mode for thinking in ThinkingMode]
    counts = TrialCounts(
        sum(_planned(measured, provider.name) for provider in manifest.providers), len(judgement.observations)
    )
    origin = str(manifest.options.get("imported", ""))
    imported = Note(code=NoteCode.IMPORTED, text=origin, count=counts.recorded, of=counts.planned)
    return RunSummary(
        tool_version=manifest.tool_version,
        seed=manifest.seed,
        repeats=manifest.repeats,
        passes=manifest.passes,
        started_at=manifest.started_at,
        finished_at=judgement.finished_at,
        suites=tuple(SuiteSummary(suite.name, suite.digest, suite.cases) for suite in manifest.suites),
        cases=len(judgement.cases),
        trials=counts,
        reference=reference,
        bar_digest=manifest.bar_digest,
        modes=tuple(one for one in order if one in ways),
        thinking=manifest.thinking,
        thinking_allowance=manifest.thinking_allowance,
        command=recorded_command(manifest),
        asked_by=str(manifest.options.get(ASKED_BY, "")),
        notes=(
            *((imported,) if origin else ()),
            *(key_notes(judgement) if counts.recorded < counts.planned else ()),
            *not_judged_notes(judgement.observations),
            *habit_notes(judgement),
            *open_call_notes(_by_provider(judgement), judgement.cases, reference, manifest.repeats),
            *metric_notes(_main(measured).found.problems),
        ),
    )


def key_notes(judgement: Judgement) -> Iterator[Note]:
    """A note for each provider that refused the key, and for each API if another one did not."""
    for name, sent in _by_provider(judgement).items():
        some = [seen for seen, _ in kinds(sent)]
        statuses = sorted({(seen.api, seen.status or 0) for seen in some if seen.failure is FailureKind.AUTH})
        refused = dict(statuses)
        everywhere = refused.keys() >= {seen.api for seen in some if PROTOCOLS.get(seen.api).completions}
        for api, status in list(refused.items())[: 1 if everywhere else None]:
            yield Note(
                code=NoteCode.KEY_REFUSED,
                providers=(name,),
                api="" if everywhere else api,
                reason=f"HTTP {status}",
            )


def not_judged_notes(observations: Sequence[Observation]) -> Iterator[Note]:
    """A note for each provider, part of judging and problem, in order; the same for any order of the record."""
    replies: Counter[str] = Counter()
    found: defaultdict[tuple[str, str, str], list[tuple[str, NotJudged]]] = defaultdict(list)
    for seen, rows in kinds(observations):
        replies[seen.provider] += len(rows) * seen.arrived
        for one in seen.not_judged:
            found[seen.provider, one.part, one.problem.value] += [(row.trial, one) for row in rows]
    for (provider, part, _), entries in sorted(found.items()):
        trial, first = min(entries, key=lambda entry: (entry[1].reason, entry[0]))
        yield Note(
            code=NoteCode.NOT_JUDGED,
            providers=(provider,),
            part=part,
            problem=first.problem,
            reason=first.reason,
            trial=trial,
            count=len({trial for trial, _ in entries}),
            of=replies[provider],
        )


def habit_notes(judgement: Judgement) -> Iterator[Note]:
    """A note for each known habit of the model family and provider that shows it, with the number of its cases."""
    profile = recorded_profile(judgement.manifest.options)
    if profile is None or not profile.habits:
        return
    cases: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for seen, _ in kinds(judgement.observations):
        for says in seen.habits:
            cases[says, seen.provider].add(seen.case)
    for habit in profile.habits:
        for provider in judgement.manifest.providers:
            if found := cases.get((habit.says, provider.name)):
                yield Note(
                    code=NoteCode.KNOWN_HABIT,
                    providers=(provider.name,),
                    text=habit.says,
                    reason=habit.source,
                    count=len(found),
                    of=len(judgement.cases),
                )


def metric_notes(problems: Mapping[str, Sequence[NotJudged]]) -> Iterator[Note]:
    """A note for each provider and metric that could not be computed."""
    for provider, failed in problems.items():
        for one in failed:
            yield Note(
                code=NoteCode.NOT_JUDGED, providers=(provider,), part=one.part, problem=one.problem, reason=one.reason
            )


def _providers(
    providers: Mapping[str, Provider],
    observations: Mapping[str, Sequence[Observation]],
    measured: _ByMode,
    cases: Mapping[str, Case],
    findings: Mapping[str, tuple[FindingSummary, ...]],
) -> dict[str, ProviderSummary]:
    tools = {key for key, case in cases.items() if offers_tools(case.request)}
    compared = compare_apis(_main(measured).observations, {name: provider.api for name, provider in providers.items()})
    start, end = window(seen for rows in observations.values() for seen in rows)
    main, beside = _main(measured), list(measured.items())[1:]
    return {
        name: ProviderSummary(
            role=provider.role,
            model=provider.model,
            precision=provider.precision,
            declared=_declared(provider),
            metrics={metric: one.rounded() for metric, one in main.found.metrics[name].items()},
            versus_reference={metric: one.rounded() for metric, one in main.found.versus_reference[name].items()},
            thinking={
                mode: {metric: one.rounded() for metric, one in part.found.metrics[name].items()}
                for mode, part in beside
                if part.found.tables[name]
            },
            counts=count(observations[name], _planned(measured, name), tools),
            failures=count_failures(observations[name]),
            findings=findings[name],
            latency=distributions(main.observations[name]),
            over_time=over_time(main.observations[name], start, end),
            not_offered=count_not_offered(observations[name]),
            apis=compared.get(name, ()),
            by_api={
                api: {metric: one.rounded() for metric, one in found.items()}
                for api, found in main.found.by_api[name].items()
            },
        )
        for name, provider in providers.items()
    }


def _declared(provider: Provider) -> Declared:
    return Declared(
        base_url=provider.base_url,
        base_urls=dict(provider.base_urls),
        price=provider.price,
        extra_body=dict(provider.extra_body),
        concurrency=provider.concurrency,
        requests_per_minute=provider.requests_per_minute,
        timeout=provider.timeout,
    )


def _workload_of(judgement: Judgement, observations: Mapping[str, Sequence[Observation]]) -> WorkloadFound | None:
    """What each provider's answers are worth; None if no case of the run has a task."""
    manifest = judgement.manifest
    facts = msgspec.convert(manifest.options.get(MANIFEST_OPTION, {}), WorkloadFacts)
    roles = {provider.name: provider.role for provider in manifest.providers}
    answered = [name for name, rows in observations.items() if any(one.grades for one, _ in kinds(rows))]
    candidates = sum(roles[name] is Role.CANDIDATE for name in answered)
    return compare_workload(
        judgement.cases,
        observations,
        candidates=candidates,
        seed=manifest.seed,
        facts=facts,
        llm_judge=judgement.llm_judge,
    )


def _with_workload(providers: Mapping[str, ProviderSummary], found: WorkloadFound | None) -> dict[str, ProviderSummary]:
    """The providers with their part of the workload; its leading number is that of `trueweight.assess.workload`."""
    if found is None:
        return dict(providers)
    return {name: msgspec.structs.replace(one, workload=found.providers[name]) for name, one in providers.items()}
