"""Judge, assess, summarise and report a recorded run. Reads and writes its directory; uses no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from trueweight.assess import assess, judge_against, judge_workload
from trueweight.checks import all_checks
from trueweight.core import Case, Finding, Outcome, Provider, Reply, ThinkingMode, way
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import Summary
from trueweight.core.summary_json import encode_summary
from trueweight.drift import SUITE as DRIFT
from trueweight.plan import inexpressible
from trueweight.profiles import recorded_profile, split_habits
from trueweight.protocols import locate_noun
from trueweight.redaction import for_people
from trueweight.report import Evidence, Failing, failing_cells, render, wanted_trials
from trueweight.store import RunDir, RunFile
from trueweight.workflow.bar import bar_notes, bar_of
from trueweight.workflow.client import client_sessions
from trueweight.workflow.drift import with_drift
from trueweight.workflow.judge import case_of, judge_exchange, judge_run, summarise, why_unknown
from trueweight.workflow.probe import with_probe
from trueweight.workflow.requests import request_notes
from trueweight.workflow.shards import shard_notes


def finish(run: RunDir) -> Summary:
    """Judge a run, assess it and write its ``summary.json``. The same exchanges give the same bytes on any machine."""
    summary = judge(run)
    run.write_text(RunFile.SUMMARY, encode_summary(summary).decode("ascii"))
    return summary


def judge(run: RunDir) -> Summary:
    """The summary of a run with an assessment of each provider, by the run's bar if it has one. Writes nothing."""
    summary = with_probe(run, with_drift(run, summarise(judge_run(run))))
    bar = bar_of(run)
    cases = list(_judged(run))
    notes = (
        *summary.run.notes,
        *bar_notes(run.manifest, bar),
        *shard_notes(run.manifest),
        *_damage(run),
        *api_notes(cases, run.manifest.providers, run.manifest.thinking),
        *request_notes(run.manifest, cases),
    )
    if notes:
        summary = msgspec.structs.replace(summary, run=msgspec.structs.replace(summary.run, notes=notes))
    summary = judge_workload(summary, bar)
    return assess(summary, {} if bar is None else judge_against(bar, summary))


def _damage(run: RunDir) -> Iterator[Note]:
    """A note on the lines that were left out; known only after the exchanges were read."""
    if run.damaged:
        first = run.damaged[0]
        line = first.where.rpartition(":")[2]
        yield Note(code=NoteCode.DAMAGED, count=len(run.damaged), text=f"line {line}", reason=first.message)


def _judged(run: RunDir) -> Iterator[Case]:
    return (case for case in run.cases().values() if case.suite != DRIFT)


def evidence(run: RunDir, trials: Iterable[str], summary: Summary | None = None) -> Iterator[Evidence]:
    """The named trials, read and judged again one at a time; those the run does not have are left out.

    Args:
        summary: of the run; adds the findings that need several replies.

    Raises:
        InfrastructureError: ``run-corrupt`` if a trial's line is damaged, or of a case or provider that the run does
            not have.
    """
    fails = _failing(summary) if summary is not None else {}
    cases = run.cases()
    providers = {provider.name: provider for provider in run.manifest.providers}
    recorded = run.recorded()
    profile = recorded_profile(run.manifest.options)
    habits = () if profile is None else profile.habits
    for trial in trials:
        if trial not in recorded:
            continue
        exchange = run.read(trial)
        case, provider = case_of(exchange, cases), providers.get(exchange.provider)
        if case is None or provider is None:
            raise run.leave_out(trial, why_unknown(exchange, providers))
        allowance = run.manifest.thinking_allowance
        judged = judge_exchange(case, provider, exchange, thinking_allowance=allowance)
        found, _ = split_habits(judged.observation.findings, case, habits)
        yield Evidence(
            trial=trial,
            provider=exchange.provider,
            case=case.key,
            mode=way(exchange.mode, exchange.thinking),
            repeat=exchange.repeat,
            exchange=exchange,
            reply=judged.reply,
            task=case.task,
            grades=judged.observation.grades,
            findings=(*found, *_cross_reply(case, judged.reply, fails.get(trial, {}).values())),
        )


def _failing(summary: Summary) -> dict[str, dict[str, Failing]]:
    """Trial → check → its failure in the summary. INFO checks are there for their example trial only."""
    out = {trial: {one.check: one for one in fails} for trial, fails in failing_cells(summary).items()}
    for provider in summary.providers.values():
        for found in provider.findings:
            one = Failing(found.check, found.severity.value, found.message)
            out.setdefault(found.example, {}).setdefault(one.check, one)
    return out


def _cross_reply(case: Case, reply: Reply | None, fails: Iterable[Failing]) -> Iterator[Finding]:
    """The findings of paired checks on this reply, with the byte ranges that they compare."""
    paired = {info.id: info for info in all_checks() if info.paired}
    for one in fails:
        info = paired.get(one.check)
        if reply is not None and info is not None:
            severity = case.severity if one.check in case.checks else info.severity
            message = f"found over several replies: {one.message}"
            yield Finding(one.check, Outcome.FAIL, severity, message, spans=locate_noun(reply, info.field))


def publish(run: RunDir, summary: Summary, form: str = "html") -> str:
    """The report in one of its formats, as text. The HTML page also has the health of the client.

    Raises:
        ConfigError: ``unknown-report-format``.
    """
    if form == "html":
        summary = msgspec.structs.replace(summary, client=client_sessions(run))
    return for_people(render(form, summary, evidence(run, wanted_trials(summary), summary)))


def api_notes(
    cases: Iterable[Case], providers: Sequence[Provider], thinking: Sequence[ThinkingMode] = (ThinkingMode.AS_SERVED,)
) -> Iterator[Note]:
    """A note for each provider, API and reason, in the order of providers."""
    counted = Counter((one.provider, one.api, one.reason) for one in inexpressible(cases, providers, thinking))
    order = {provider.name: at for at, provider in enumerate(providers)}
    for (provider, api, reason), number in sorted(counted.items(), key=lambda item: (order[item[0][0]], item[0])):
        yield Note(code=NoteCode.API_NOT_APPLICABLE, providers=(provider,), api=api, reason=reason, count=number)
