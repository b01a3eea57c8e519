"""A recorded run → its observations; one exchange is in memory at a time."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

import msgspec

from trueweight.core import Case, Exchange, Observation, ThinkingMode, Variant, variants_of
from trueweight.core.preference import LlmJudgeDoubt, LlmJudgeFound, LlmJudgeSummary
from trueweight.core.protocol import is_completion
from trueweight.core.provider import reference_among
from trueweight.core.steps import rare_garbage_collection, return_large_blocks
from trueweight.core.thinking import main_mode, sets_thinking
from trueweight.profiles import recorded_profile, without_habits
from trueweight.store import Manifest, RunDir
from trueweight.workflow.judge.cache import cached_trials
from trueweight.workflow.judge.cross_reply import judge_across_replies, without_burst_times
from trueweight.workflow.judge.digest_store import DigestStore
from trueweight.workflow.judge.judged_trial import JudgedTrial, TrialJudge, compared_apis
from trueweight.workflow.judge.not_offered import mark_not_offered
from trueweight.workflow.judge.observation_table import ObservationTable, change_kinds, chosen, kinds, places_of
from trueweight.workflow.judge.preferences import read_preferences
from trueweight.workflow.judge.processes import PoolMaker
from trueweight.workflow.judge.refused_classes import name_refused
from trueweight.workflow.judge.server_errors import is_pending, settle_server_errors


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged run.

    Attributes:
        cases: by key, in the order of the run.
        finished_at: when the last attempt on record ended, UTC; None if nothing is recorded.
        left_out: trial → why its exchange is not of this run, for those that were not judged.
        llm_judge: the LLM judge whose verdicts are among the grades; None if none was asked.
    """

    manifest: Manifest
    cases: Mapping[str, Case]
    observations: Sequence[Observation]
    finished_at: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    llm_judge: LlmJudgeSummary | None = None

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
        return {mode: self.in_mode(mode, whole=mode is main) for mode in dict.fromkeys((main, *modes))}

    def in_mode(self, mode: ThinkingMode, *, whole: bool = True) -> Judgement:
        """The run as if it had this mode of thinking only; if ``whole``, with cases that are sent as served only."""
        if self.manifest.thinking == (mode,):
            return self
        served_only = {key for key, case in self.cases.items() if not is_completion(case) or sets_thinking(case)}
        return replace(
            self,
            manifest=msgspec.structs.replace(self.manifest, thinking=(mode,)),
            cases={key: case for key, case in self.cases.items() if whole or key not in served_only},
            observations=chosen(
                self.observations, lambda seen: whole if seen.case in served_only else seen.thinking is mode
            ),
        )


def judge_run(run: RunDir, *, without: Collection[str] = (), pool: PoolMaker | None = None) -> Judgement:
    """Judge every exchange of a run by itself, and then its replies with each other.

    An exchange of a case or provider that the run does not have is not judged, and is in ``run.damaged`` afterwards.
    What was judged before, by the same code and with the same settings, is not judged again.

    Args:
        without: checks to leave out, as if they did not exist.
        pool: makes what judges the exchanges, in place of processes of this machine.
    """
    judge = TrialJudge(run.manifest, run.cases(), without, read_preferences(run.path))
    return_large_blocks()
    with rare_garbage_collection():
        judgement = _join(run.manifest, judge, cached_trials(run, judge, pool))
    for trial, reason in judgement.left_out.items():
        run.leave_out(trial, reason)
    return judgement


def judge_exchanges(
    manifest: Manifest,
    cases: Mapping[str, Case],
    exchanges: Iterable[Exchange],
    *,
    without: Collection[str] = (),
    preferences: LlmJudgeFound = LlmJudgeFound(),
) -> Judgement:
    """Judge these exchanges of a run, but for those of a case or provider that it does not have: ``left_out``.

    Args:
        without: checks to leave out, as if they did not exist.
        preferences: what an LLM judge says of their answers.
    """
    judge = TrialJudge(manifest, cases, without, preferences)
    return _join(manifest, judge, map(judge.judge, exchanges))


def _join(manifest: Manifest, judge: TrialJudge, judged: Iterable[JudgedTrial]) -> Judgement:
    cases, without = judge.cases, judge.without
    stale = False
    observations: MutableSequence[Observation] = ObservationTable()
    left_out: dict[str, str] = {}
    ended, latest = _EndTimes(), ""
    digests = DigestStore()
    for one in judged:
        stale = stale or one.unasked
        if one.left_out:
            left_out[one.trial] = one.left_out
        if one.observation is None:
            continue
        observations.append(one.observation)
        if one.digests:
            digests.add(one.observation.provider, one.digests)
        ended.add(one.ended)
        latest = max(latest, one.ended)
    found = reference_among(manifest.providers)
    reference = None if found is None else found.name
    waiting = sorted({seen.provider for seen, _ in kinds(observations) if is_pending(seen)})
    if waiting:
        places = chain.from_iterable(places_of(observations, waiting).values())
        observations = settle_server_errors(observations, cases, ended.by_trial(observations, places))
    observations = judge_across_replies(observations, digests, cases, reference, without=without)
    digests.close()
    observations = without_burst_times(observations)
    profile = recorded_profile(manifest.options)
    if profile is not None and profile.habits:
        habits = profile.habits
        change_kinds(observations, lambda seen: without_habits(seen, cases[seen.case], habits))
    observations = mark_not_offered(observations, cases)
    observations = name_refused(observations, cases)
    summary = judge.preferences.summary
    if stale and summary is not None:
        summary = msgspec.structs.replace(summary, doubt=LlmJudgeDoubt.STALE)
    return Judgement(manifest, cases, observations, latest or None, left_out, summary)


class _EndTimes:
    """When the last attempt of each observation ended, in their order; eight bytes each, as most runs need no text."""

    _EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

    def __init__(self) -> None:
        self._microseconds = array("q")

    def add(self, text: str) -> None:
        """The next one; a time without a zone is taken for UTC."""
        time = datetime.fromisoformat(text)
        time = time if time.tzinfo is not None else time.replace(tzinfo=self._EPOCH.tzinfo)
        self._microseconds.append((time - self._EPOCH) // timedelta(microseconds=1))

    def by_trial(self, observations: Sequence[Observation], places: Iterable[int]) -> dict[str, str]:
        """Trial → UTC, ISO 8601 with microseconds; of the observations at these places."""
        return {observations[at].trial: self._text(self._microseconds[at]) for at in places}

    def _text(self, microseconds: int) -> str:
        return (self._EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds")
