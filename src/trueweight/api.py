"""The Python API: plan, send, judge and report a run; gate, compare and merge recorded runs.

Each function does what the command of its name does. Errors are `trueweight.TrueweightError`. Import the functions from
``trueweight`` itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio

from trueweight.assess import Bar, load_bar
from trueweight.cluster import sources
from trueweight.config import keys_for, load_providers
from trueweight.core import Provider, Suite, ThinkingMode, parse_shard
from trueweight.core.run_comparison import RunComparison
from trueweight.core.summary import Summary
from trueweight.profiles import SamplingMode, choose_profile
from trueweight.report.words import fault_sentence
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.wire import SendResult, WireSettings
from trueweight.workflow.compare import compare
from trueweight.workflow.finish import judge, merge_all, publish
from trueweight.workflow.gate import Gate, gate
from trueweight.workflow.judge import judge_run as judge_record
from trueweight.workflow.probe import read_probe
from trueweight.workflow.repeats import require_repeats
from trueweight.workflow.run_builder import RunBuilder
from trueweight.workflow.send import PreparedRun, RunOptions
from trueweight.workflow.send_whole import BuiltRun, send_whole

PathLike = str | os.PathLike[str]


def load_suite(name_or_path: PathLike) -> Suite:
    """A shipped suite by name, or a ``.yaml`` or ``.jsonl`` file, or a folder of such files."""
    return find_suite(os.fspath(name_or_path))


def plan_run(
    providers: PathLike | Sequence[Provider],
    suites: Sequence[PathLike | Suite],
    *,
    repeats: int | Literal["auto"] = 1,
    limit: int | None = None,
    seed: int = 0,
    bar: PathLike | Bar | None = None,
    shard: str | None = None,
    profile: str = "auto",
    sampling: str = "auto",
    thinking: str | Sequence[str] = "as-served",
    thinking_allowance: int | None = None,
) -> PreparedRun:
    """A run, ready to be sent: its manifest, its cases, and its trials in order. Sends nothing.

    Args:
        providers: a ``providers.toml``, or providers.
        suites: shipped names, paths, or suites.
        repeats: trials of a candidate for each case and mode; the reference gets twice as many. ``auto``: `send_run`
            chooses them by how often the reference's first two passes differ.
        limit: the number of cases of each suite, from its beginning; None is all.
        bar: thresholds, as a ``bar.toml`` or a bar; the digest goes into the manifest.
        shard: ``k/n`` for part k of n of the plan.
        profile: of the model family: ``auto`` by the model ids, ``none``, a name, or a file.
        sampling: ``auto``, ``recommended`` or ``as-written``, as ``trueweight run --sampling``.
        thinking: modes of thinking in which the cases are sent: ``as-served``, ``off``, ``on``, or several of them.
        thinking_allowance: tokens that are added to the limit of each answer for a thought; None for what
            ``providers.toml``, the profile and the probe of `send_run` say.

    Raises:
        ConfigError: for an invalid file, an unknown suite or profile, or numbers below 1.
    """
    endpoints = (
        load_providers(Path(providers), environ=os.environ) if isinstance(providers, str | os.PathLike) else providers
    )
    found = [suite if isinstance(suite, Suite) else load_suite(suite) for suite in suites]
    part = None if shard is None else parse_shard(shard)
    require_repeats(str(repeats), endpoints, part)
    modes = tuple(map(ThinkingMode, [thinking] if isinstance(thinking, str) else dict.fromkeys(thinking)))
    options = RunOptions(
        repeats=1 if repeats == "auto" else repeats, limit=limit, seed=seed, shard=part, thinking=modes
    )
    builder = RunBuilder(
        endpoints,
        found,
        options,
        bar=load_bar(Path(bar)) if isinstance(bar, str | os.PathLike) else bar,
        profile=choose_profile(profile, endpoints),
        sampling=SamplingMode(sampling),
        allowance=thinking_allowance,
    )
    run = builder.run()
    return BuiltRun(run.manifest, run.cases, run.plan, run.bar, builder, repeats == "auto")


def send_run(
    plan: PreparedRun,
    directory: PathLike,
    *,
    keys: Mapping[str, str] | None = None,
    settings: WireSettings | None = None,
    fresh: bool = False,
    retry_errors: bool = False,
    probe: bool = True,
) -> SendResult:
    """Send the trials that the directory does not have yet, and record each exchange there. Blocks, also in notebooks.

    Args:
        keys: provider name → key; None takes them from the environment, as ``providers.toml`` names them.
        fresh: delete the run in the directory first.
        retry_errors: also send again the trials whose transport failed.
        probe: first send each provider a few small requests. A provider whose setup is wrong is sent nothing else, and
            ``stopped`` of the result has its fault with the server's words and the likely cure. What the others show
            of thinking and sampling shapes the run of all.

    Raises:
        ConfigError: if a key is missing, or another process writes to the directory.
    """
    given = keys_for(plan.manifest.providers, os.environ) if keys is None else keys
    result = _apart(
        partial(
            send_whole,
            plan,
            Path(directory),
            keys=given,
            settings=settings or WireSettings(),
            fresh=fresh,
            retry_errors=retry_errors,
            probing=probe,
        )
    )
    found = read_probe(Path(directory)) if probe else None
    stopped = () if found is None else (one for one in found.stopped if one.provider in found.silenced)
    return replace(result, stopped={**result.stopped, **{one.provider: fault_sentence(one) for one in stopped}})


def _apart(call: Callable[[], Any]) -> SendResult:
    """Run it on a separate event loop, without signal handlers: a notebook already has a loop and handles signals."""
    ended: list[SendResult | BaseException] = []

    def work() -> None:
        try:
            ended.append(anyio.run(call))
        except BaseException as error:  # raised again in the caller's thread
            ended.append(error)

    thread = threading.Thread(target=work, name="trueweight")
    thread.start()
    thread.join()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


def open_run(directory: PathLike) -> RunDir:
    """A recorded run, opened for reading; use it in a ``with`` statement.

    Raises:
        ConfigError: if the directory is no run.
    """
    return RunDir.open(Path(directory))


def judge_run(directory: PathLike) -> Summary:
    """The summary of a recorded run, with an assessment of each provider. Writes nothing."""
    with open_run(directory) as run:
        return judge(run)


def report_run(directory: PathLike, form: str = "html") -> str:
    """The report of a recorded run: ``html``, ``markdown``, ``junit``, ``json`` or ``badge``. Writes nothing."""
    with open_run(directory) as run:
        return publish(run, judge(run), form)


def gate_run(directory: PathLike, bar: PathLike | Bar | None = None, *, baseline: PathLike | None = None) -> Gate:
    """The outcome of a bar for each provider of a recorded run.

    Args:
        bar: None takes the bar that the run was made with.
        baseline: an earlier run, to compare with.

    Raises:
        ConfigError: if there is neither a bar nor a baseline.
    """
    chosen = load_bar(Path(bar)) if isinstance(bar, str | os.PathLike) else bar
    return gate(Path(directory), chosen, None if baseline is None else Path(baseline))


def compare_runs(before: PathLike, after: PathLike) -> RunComparison:
    """What changed between two recorded runs: the classes of what ``trueweight compare --json`` prints."""
    with open_run(before) as first, open_run(after) as second:
        return compare(judge_record(first), judge_record(second))


def merge_runs(runs: Sequence[PathLike], out: PathLike) -> Summary:
    """Join the shards of a run into the new directory ``out``, write its summary and report, and return the summary.

    Args:
        runs: directories, or URLs of ``trueweight run --shards URL``.
    """
    with ExitStack() as stack:
        found = [run for place in runs for run in stack.enter_context(sources(os.fspath(place), Path(out)))]
        merged, summary = merge_all(found, Path(out))
        merged.close()
        return summary
