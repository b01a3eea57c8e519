"""Asks an LLM judge which of two answers is better: the answers of a recorded run against the recorded ones.

The LLM judge's requests are a run in a folder of the run: recorded, resumed and paid like any other.
`trueweight.workflow.judge.preferences` reads its replies, offline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from trueweight.core import Case, ConfigError, Provider, Suite, as_sent, near_miss
from trueweight.core.grader import GRADERS
from trueweight.core.preference import LlmJudgeScope
from trueweight.protocols import read_reply
from trueweight.store import LLM_JUDGE_RUN, RunDir, RunFile
from trueweight.suites.preferences_file import Preference
from trueweight.workflow.judge import case_of
from trueweight.workflow.run_builder import RunBuilder
from trueweight.workflow.send import RunOptions
from trueweight.workflow.send_whole import BuiltRun
from trueweight.workload.preference import SUITE, LlmJudgePair, answer_of, pair_of, pair_of_answer, questions


@dataclass(frozen=True, slots=True)
class LlmJudgePlan:
    """What an LLM judge will be asked.

    Attributes:
        pairs: different pairs of answers.
        own: the LLM judge is a provider of the run, or the model that is the baseline: it compares its own answers.
    """

    pairs: tuple[LlmJudgePair, ...]
    scope: LlmJudgeScope
    run: BuiltRun
    own: bool

    def keep_scope(self, directory: Path) -> None:
        """Write beside the LLM judge's replies what it was asked about."""
        with RunDir.open(directory / LLM_JUDGE_RUN) as run:
            run.write_text(RunFile.LLM_JUDGED, msgspec.json.encode(self.scope).decode())


def compared_cases(cases: Collection[Case], tasks: Sequence[str], number: int | None, seed: int) -> list[Case]:
    """The cases whose answers are compared: of the named tasks, or of those whose grader decides nothing.

    Args:
        number: at most so many, drawn; None for all.

    Raises:
        ConfigError: ``judge-task`` for a task that the run does not have, or if it has none to judge.
    """
    known = {case.task.name for case in cases if case.task is not None}
    for name in tasks:
        if name not in known:
            hint = near_miss(name, sorted(known))
            raise ConfigError(f"no task {name!r} in the run", code="judge-task", where="--task", hint=hint)
    found = [
        case
        for case in cases
        if case.task is not None
        and case.task.recorded is not None
        and (case.task.name in tasks if tasks else not GRADERS.get(case.task.grader).decides)
    ]
    if not found:
        hint = f"Name tasks with --task: {', '.join(sorted(known)) or 'the run has none'}."
        raise ConfigError("no task of the run needs an LLM judge", code="judge-task", hint=hint)
    if number is None or number >= len(found):
        return found
    drawn = np.random.default_rng([seed, 29]).permutation(len(found))[:number]
    return [found[at] for at in sorted(drawn)]


def pairs_in(run: RunDir, cases: Sequence[Case]) -> Iterator[LlmJudgePair]:
    """The pairs of different answers to these cases in a run, each once."""
    wanted = {case.key: case for case in cases}
    providers = {provider.name: provider for provider in run.manifest.providers}
    seen: set[str] = set()
    for exchange in run.exchanges():
        case, provider = case_of(exchange, wanted), providers.get(exchange.provider)
        if case is None or provider is None or not exchange.judgeable:
            continue
        reply = read_reply(exchange)
        given = answer_of(reply)
        pair = pair_of(as_sent(case, provider), given)
        if reply.error is None and given and pair is not None and pair.given != pair.recorded and pair.key not in seen:
            seen.add(pair.key)
            yield pair


def plan_llm_judge(
    run: RunDir,
    llm_judge: Provider,
    preferences: Sequence[Preference],
    *,
    tasks: Sequence[str] = (),
    number: int | None = None,
    seed: int = 0,
) -> LlmJudgePlan:
    """What an LLM judge is asked about a run: its pairs of answers, and the pairs that have a label.

    Raises:
        ConfigError: as `compared_cases`; ``judge-nothing`` if all answers are the recorded ones.
    """
    everything = run.cases()
    cases = compared_cases(everything.values(), tasks, number, seed)
    by_id = {case.id: case for case in everything.values()}
    labelled = [
        (pair, one.better)
        for one in preferences
        if one.case in by_id and (pair := pair_of_answer(by_id[one.case], one.given)) is not None
    ]
    pairs = {pair.key: pair for pair in (*pairs_in(run, cases), *(pair for pair, _ in labelled))}
    if not pairs:
        raise ConfigError("every answer is the recorded one: there is nothing to compare", code="judge-nothing")
    suite = Suite(SUITE, tuple(question for pair in pairs.values() for question in questions(pair)))
    builder = RunBuilder([llm_judge], [suite], RunOptions(passes=1, seed=seed))
    prepared = builder.run()
    scope = LlmJudgeScope(tuple(case.key for case in cases), {pair.key: better for pair, better in labelled})
    built = BuiltRun(prepared.manifest, prepared.cases, prepared.plan, None, builder)
    models = {one.model for one in run.manifest.providers}
    models |= {case.task.recorded.model for case in cases if case.task is not None and case.task.recorded is not None}
    return LlmJudgePlan(tuple(pairs.values()), scope, built, llm_judge.model in models)
