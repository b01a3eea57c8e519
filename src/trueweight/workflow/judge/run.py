"""A recorded run → its observations; one exchange is in memory at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import msgspec

from trueweight.checks import ReplyDigest, digest_choices
from trueweight.core import (
    Case,
    Exchange,
    Observation,
    Provider,
    ThinkingMode,
    Variant,
    as_sent,
    counterparts,
    variants_of,
)
from trueweight.core.garbage import rare_garbage_collection
from trueweight.core.judging import NotJudged, guarded
from trueweight.core.preference import JudgeDoubt, JudgeFound, JudgeSummary
from trueweight.core.protocol import is_completion
from trueweight.core.provider import reference_among
from trueweight.core.thinking import main_mode, sets_thinking
from trueweight.drift import SUITE as DRIFT
from trueweight.profiles import recorded_profile, without_habits
from trueweight.store import Manifest, RunDir
from trueweight.workflow.judge.bursts import without_burst_times
from trueweight.workflow.judge.cross_reply import judge_across_replies
from trueweight.workflow.judge.exchange import Judged, judge_exchange, lean
from trueweight.workflow.judge.not_offered import mark_not_offered
from trueweight.workflow.judge.preferences import read_preferences
from trueweight.workflow.judge.server_errors import settle_server_errors
from trueweight.workload.preference import is_unasked

_QUOTED = 120
"""Characters of a name that an error quotes."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged run.

    Attributes:
        cases: by key, in the order of the run.
        finished_at: when the last attempt on record ended, UTC; None if nothing is recorded.
        left_out: trial → why its exchange is not of this run, for those that were not judged.
        judge: the LLM judge whose verdicts are among the grades; None if none was asked.
    """

    manifest: Manifest
    cases: Mapping[str, Case]
    observations: tuple[Observation, ...]
    finished_at: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    judge: JudgeSummary | None = None

    def variants(self) -> dict[str, dict[str, tuple[Variant, ...]]]:
        """Provider → case → the APIs and modes of its trials; an API is named as it is compared."""
        compared_as = compared_apis(self.manifest.providers)
        return {
            provider.name: {
                key: tuple(
                    one._replace(api=compared_as[provider.name].get(one.api, one.api))
                    for one in variants_of(case, provider, self.manifest.thinking)
                )
                for key, case in self.cases.items()
            }
            for provider in self.manifest.providers
        }

    def by_mode(self) -> dict[ThinkingMode, Judgement]:
        """Mode of thinking → the run as if it had this mode only; the main mode first, see `main_mode`.

        The main one has the cases too that are sent as served only, whatever the modes of the run.
        """
        modes = self.manifest.thinking
        if len(modes) == 1:
            return {modes[0]: self}
        main = main_mode(modes)
        return {mode: self.in_mode(mode, whole=mode is main) for mode in (main, *modes)}

    def in_mode(self, mode: ThinkingMode, *, whole: bool = True) -> Judgement:
        """The run as if it had this mode of thinking only; if ``whole``, with cases that are sent as served only."""
        if self.manifest.thinking == (mode,):
            return self
        served_only = {key for key, case in self.cases.items() if not is_completion(case) or sets_thinking(case)}
        return replace(
            self,
            manifest=msgspec.structs.replace(self.manifest, thinking=(mode,)),
            cases={key: case for key, case in self.cases.items() if whole or key not in served_only},
            observations=tuple(
                seen for seen in self.observations if (whole if seen.case in served_only else seen.thinking is mode)
            ),
        )


def compared_apis(providers: Sequence[Provider]) -> dict[str, dict[str, str]]:
    """Provider → API → the API of the reference (of the first provider if there is none) with which it is compared."""
    if not providers:
        return {}
    base = reference_among(providers) or providers[0]
    return {provider.name: counterparts(provider.api, base.api) for provider in providers}


def judge_run(run: RunDir, *, without: Collection[str] = ()) -> Judgement:
    """Judge every exchange of a run by itself, and then its replies with each other.

    An exchange of a case or provider that the run does not have is not judged, and is in ``run.damaged`` afterwards.

    Args:
        without: checks to leave out, as if they did not exist.
    """
    found = read_preferences(run.path)
    with rare_garbage_collection():
        judgement = judge_exchanges(run.manifest, run.cases(), run.exchanges(), without=without, preferences=found)
    for trial, reason in judgement.left_out.items():
        run.leave_out(trial, reason)
    return judgement


def judge_exchanges(
    manifest: Manifest,
    cases: Mapping[str, Case],
    exchanges: Iterable[Exchange],
    *,
    without: Collection[str] = (),
    preferences: JudgeFound = JudgeFound(),
) -> Judgement:
    """Judge these exchanges of a run, but for those of a case or provider that it does not have: ``left_out``.

    Args:
        without: checks to leave out, as if they did not exist.
        preferences: what an LLM judge says of their answers.
    """
    # Drift's prompts are compared by their answers' distributions, never judged one by one.
    cases = {key: case for key, case in cases.items() if case.suite != DRIFT}
    providers = {provider.name: provider for provider in manifest.providers}
    compared_as = compared_apis(manifest.providers)
    observations: list[Observation] = []
    left_out: dict[str, str] = {}
    finished_at: str | None = None
    stale = False
    digests: defaultdict[str, list[ReplyDigest]] = defaultdict(list)
    for exchange in exchanges:
        if exchange.suite == DRIFT:
            continue
        case, provider = case_of(exchange, cases), providers.get(exchange.provider)
        if case is None or provider is None:
            left_out[exchange.trial] = why_unknown(exchange, providers)
            continue
        case = as_sent(case, provider)
        judged = judge_exchange(
            case,
            provider,
            exchange,
            without=without,
            thinking_allowance=manifest.thinking_allowance,
            preferences=preferences,
        )
        if judged.reply is not None and case.key in preferences.cases:
            stale = stale or is_unasked(case, judged.reply, preferences.asked)
        api = compared_as[provider.name].get(exchange.api, exchange.api)
        found_digests = guarded("digest", partial(_digests, case, judged))
        seen = judged.observation
        if isinstance(found_digests, NotJudged):
            seen = replace(seen, not_judged=(*seen.not_judged, found_digests))
        elif not seen.cut_in_thought:  # checks of several replies compare answers, and this one has none
            digests[provider.name] += found_digests
        observations.append(lean(seen, api))
        finished_at = max(finished_at or "", _end(exchange))
    found = reference_among(manifest.providers)
    reference = None if found is None else found.name
    observations = settle_server_errors(observations, cases)
    observations = judge_across_replies(observations, digests, cases, reference, without=without)
    observations = without_burst_times(observations)
    profile = recorded_profile(manifest.options)
    if profile is not None and profile.habits:
        observations = [without_habits(seen, cases[seen.case], profile.habits) for seen in observations]
    observations = mark_not_offered(observations, cases)
    summary = preferences.summary
    if stale and summary is not None:
        summary = msgspec.structs.replace(summary, doubt=JudgeDoubt.STALE)
    return Judgement(manifest, cases, tuple(observations), finished_at, left_out, summary)


def case_of(exchange: Exchange, cases: Mapping[str, Case]) -> Case | None:
    """The case of an exchange, from the cases of its run by key; None if they have no such case."""
    return cases.get(f"{exchange.suite}/{exchange.case}") or cases.get(exchange.case)


def why_unknown(exchange: Exchange, providers: Collection[str]) -> str:
    """What of an exchange its run does not have: its provider, else its case."""
    if exchange.provider not in providers:
        return f"the run has no provider {exchange.provider[:_QUOTED]!r}"
    return f"the run has no case {f'{exchange.suite}/{exchange.case}'[:_QUOTED]!r}"


def _digests(case: Case, judged: Judged) -> tuple[ReplyDigest, ...]:
    exchange, reply = judged.exchange, judged.reply
    return () if reply is None else digest_choices(exchange.trial, case, exchange.mode, exchange.repeat, reply)


def _end(exchange: Exchange) -> str:
    """UTC wall clock at which the last attempt ended, ISO 8601 with microseconds."""
    start = datetime.fromisoformat(exchange.started_at)
    return (start + timedelta(microseconds=exchange.final.t_done // 1000)).isoformat(timespec="microseconds")
