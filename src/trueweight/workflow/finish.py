"""Judge, assess, summarise and report a recorded run, or a run merged from its shards. Reads and writes run
directories; uses no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import msgspec

from trueweight.assess import assess, judge_against, judge_workload
from trueweight.checks import all_checks
from trueweight.core import Case, Exchange, Finding, Outcome, Provider, Reply, ThinkingMode, apis_of, way
from trueweight.core.note import Note, NoteCode
from trueweight.core.run_comparison import RunComparison
from trueweight.core.summary import Summary
from trueweight.core.summary_json import as_read, encode_summary
from trueweight.drift import SUITE as DRIFT
from trueweight.plan import inexpressible
from trueweight.profiles import recorded_profile, split_habits
from trueweight.protocols import locate_noun, read_reply
from trueweight.redaction import for_people
from trueweight.report import Evidence, Failing, failing_cells, render, wanted_answers, wanted_trials
from trueweight.store import RunDir, RunFile, merge, merging
from trueweight.workflow.bar import bar_notes, bar_of
from trueweight.workflow.client import client_sessions, join_clients
from trueweight.workflow.compare import compare
from trueweight.workflow.drift import with_drift
from trueweight.workflow.judge import Judgement, case_of, judge_exchange, judge_run, summarise, why_unknown
from trueweight.workflow.judge.cache import cached_comparison, cached_page, cached_summary
from trueweight.workflow.judge.kept_judgement import kept_judgement
from trueweight.workflow.judge.preferences import read_preferences
from trueweight.workflow.judge.processes import PoolMaker
from trueweight.workflow.probe import join_probes, with_probe
from trueweight.workflow.requests import request_notes
from trueweight.workflow.shards import shard_notes


def finish(run: RunDir, pool: PoolMaker | None = None) -> Summary:
    """Judge a run, assess it and write its ``summary.json``. The same exchanges give the same bytes on any machine.

    Args:
        pool: makes what judges the exchanges, in place of processes of this machine.
    """
    summary = judge(run, pool)
    run.write_text(RunFile.SUMMARY, encode_summary(summary).decode("ascii"))
    return summary


def judge(run: RunDir, pool: PoolMaker | None = None) -> Summary:
    """The summary of a run with an assessment of each provider, by the run's bar if it has one. Writes nothing into
    the run. What was judged before by the same code is taken from this user's cache: `trueweight.workflow.judge.cache`.
    """
    return cached_summary(run, lambda run: _judge(run, pool))


def compare_recorded(before: RunDir, after: RunDir) -> RunComparison:
    """What changed between two runs, from this user's cache if the same code compared them before.

    Raises:
        ConfigError: ``compare-nothing`` if they share no provider, case or mode of thinking.
    """
    return cached_comparison(before, after, lambda: compare(_judged_run(before), _judged_run(after)))


def _judge(run: RunDir, pool: PoolMaker | None) -> Summary:
    summary = with_probe(run, with_drift(run, summarise(_judged_run(run, pool))))
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
    return as_read(assess(summary, {} if bar is None else judge_against(bar, summary)))


def _judged_run(run: RunDir, pool: PoolMaker | None = None) -> Judgement:
    return kept_judgement(run, lambda: judge_run(run, pool=pool))


def _damage(run: RunDir) -> Iterator[Note]:
    """A note on the lines that were left out; known only after the exchanges were read."""
    if run.damaged:
        line, first = run.damaged_lines[0], run.damaged[0]
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
    preferences = read_preferences(run.path)
    profile = recorded_profile(run.manifest.options)
    habits = () if profile is None else profile.habits
    for trial in trials:
        if not run.is_recorded(trial):
            continue
        exchange = run.read(trial)
        case, provider = case_of(exchange, cases), providers.get(exchange.provider)
        if case is None or provider is None:
            raise run.leave_out(trial, why_unknown(exchange, providers))
        allowance = run.manifest.thinking_allowance
        judged = judge_exchange(case, provider, exchange, thinking_allowance=allowance, preferences=preferences)
        found, _ = split_habits(judged.observation.findings, case, habits)
        yield replace(
            _evidence(exchange, case, judged.reply),
            task=case.task,
            grades=judged.observation.grades,
            findings=(*found, *_cross_reply(case, judged.reply, fails.get(trial, {}).values())),
        )


def answers(run: RunDir, trials: Iterable[str]) -> Iterator[Evidence]:
    """The named trials with their replies alone: no check is run, which takes most of the time of `evidence`.

    Those the run does not have are left out.
    """
    cases = run.cases()
    for trial in trials:
        exchange = run.read(trial) if run.is_recorded(trial) else None
        case = None if exchange is None else case_of(exchange, cases)
        if exchange is not None and case is not None:
            yield _evidence(exchange, case, read_reply(exchange))


def _evidence(exchange: Exchange, case: Case, reply: Reply | None) -> Evidence:
    return Evidence(
        trial=exchange.trial,
        provider=exchange.provider,
        case=case.key,
        mode=way(exchange.mode, exchange.thinking),
        repeat=exchange.repeat,
        exchange=exchange,
        reply=reply,
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
    if form != "html":
        return for_people(render(form, summary, evidence(run, _in_file_order(run, wanted_trials(summary)), summary)))
    seen = msgspec.structs.replace(summary, client=client_sessions(run))
    return for_people(cached_page(run, seen, lambda: _page(run, seen)))


def _page(run: RunDir, summary: Summary) -> str:
    shown = evidence(run, _in_file_order(run, wanted_trials(summary)), summary)
    return render("html", summary, chain(shown, answers(run, _in_file_order(run, wanted_answers(summary)))))


def _in_file_order(run: RunDir, trials: Container[str]) -> list[str]:
    """These trials as the record has them: a record that is read in order is decompressed once, and a page has the
    same bytes each time."""
    return [trial for trial in run.trials() if trial in trials]


def api_notes(
    cases: Iterable[Case], providers: Sequence[Provider], thinking: Sequence[ThinkingMode] = (ThinkingMode.AS_SERVED,)
) -> Iterator[Note]:
    """A note for each API and reason, with the providers that it is about, in their order; then one for each field that
    an API leaves out."""
    listed = tuple(cases)
    refused = Counter((one.provider, one.api, one.reason) for one in inexpressible(listed, providers, thinking))
    left_out = Counter(
        (provider.name, api, field)
        for case in listed
        for provider in providers
        for api, protocol in apis_of(case, provider).asked.items()
        for field in protocol.left_out(case)
    )
    for (api, reason, number), names in _together(refused, providers):
        yield Note(code=NoteCode.API_NOT_APPLICABLE, providers=names, api=api, reason=reason, count=number)
    for (api, field, number), names in _together(left_out, providers):
        yield Note(code=NoteCode.API_LEAVES_OUT, providers=names, api=api, text=field, count=number)


def _together(
    counted: Mapping[tuple[str, str, str], int], providers: Sequence[Provider]
) -> list[tuple[tuple[str, str, int], tuple[str, ...]]]:
    """(API, what, number) → the providers of which it is true; the first provider's first, then by number."""
    order = [provider.name for provider in providers]
    found: dict[tuple[str, str, int], list[str]] = {}
    for (provider, api, what), number in sorted(counted.items(), key=lambda item: order.index(item[0][0])):
        found.setdefault((api, what, number), []).append(provider)
    ranked = sorted(
        found.items(), key=lambda item: (order.index(item[1][0]), item[0][0], item[1], -item[0][2], item[0])
    )
    return [(what, tuple(names)) for what, names in ranked]


def merge_all(sources: Sequence[RunDir], out: Path, pool: PoolMaker | None = None) -> tuple[RunDir, Summary]:
    """A new run of all exchanges, with its summary, its report and the health of every client; the caller closes it.

    It is built beside ``out`` and gets its name when it is whole. After an interrupt, the same call starts over.

    Args:
        pool: makes what judges the exchanges, in place of processes of this machine.

    Raises:
        ConfigError: as `trueweight.store.merge`.
    """
    with merging(out) as aside, merge(sources, aside) as merged:
        join_clients(merged, sources)
        join_probes(merged, sources)
        summary = finish(merged, pool)
        merged.write_text(RunFile.REPORT, publish(merged, summary))
    return RunDir.open(out, write=True), summary
