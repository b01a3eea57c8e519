"""Record the real ladder once: ``python tests/bench/drift/record.py RUN --variant q8_0 --prompts tuning:0:60 …``.

Resumes where it stopped, and stops by itself after ``--minutes``. Needs the extra ``trueweight[lab]``. Every exchange
is a record like any other run's; ``extract.py`` makes the small file of it that is kept beside this one.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import anyio
from variants import VARIANTS, Variant

from trueweight import __version__
from trueweight.core import Case, Mode, Trial, digest
from trueweight.drift.prompts import Prompt, Split, prompts
from trueweight.lab import running
from trueweight.lab.places import Places
from trueweight.store import Manifest, RunDir, pending
from trueweight.wire import WireSettings, fire

SUITE = "drift-bench"
TEXT_TOKENS = 12
CHUNK = 20
BLOCK = 25
SAME_SEED = 4
MOST = 100
"""Prompts of a split that are recorded at most: what two shared processor cores can do in an evening."""


def asked(words: str) -> list[Prompt]:
    """``split:from:to`` → prompts of that split."""
    split, start, end = words.split(":")
    return list(prompts(Split(split))[int(start) : min(int(end), MOST)])


def case_of(variant: Variant, prompt: Prompt, kind: str) -> Case:
    """One request; ``kind`` is greedy or sampled-N. Greedy ones show the distributions that their texts come from."""
    messages = [{"role": "user", "content": variant.wrap.format(prompt.text)}]
    if variant.system:
        messages.insert(0, {"role": "system", "content": variant.system})
    request: dict[str, object] = {"messages": messages, "max_tokens": TEXT_TOKENS}
    if kind == "greedy":
        request |= {"temperature": 0, "logprobs": True, "top_logprobs": 20}
    else:
        seed = int(digest(["sampling", prompt.id, kind]), 16) % 2**31
        request |= {"temperature": 1, "top_p": 1, "seed": seed}
    # Two variants differ in words, so their cases must differ in name.
    dressed = f"@{variant.name}" if variant.system or variant.wrap != "{}" else ""
    return Case(SUITE, f"{prompt.id}~{kind}{dressed}", request, modes=(Mode.PLAIN,))


def trials_of(variant: Variant, chosen: list[Prompt], kinds: str, samples: int) -> list[Trial]:
    """Its trials by blocks of prompts; within one, all are asked once before any is asked again, so that no ask finds
    its own prompt in a cache."""
    if len(chosen) > BLOCK:
        parts = [chosen[i : i + BLOCK] for i in range(0, len(chosen), BLOCK)]
        return [trial for part in parts for trial in trials_of(variant, part, kinds, samples)]
    made = []
    if kinds in ("greedy", "all"):
        for repeat in range(variant.repeats):
            made += [Trial.of(case_of(variant, p, "greedy"), variant.provider, repeat, Mode.PLAIN) for p in chosen]
    if kinds in ("sampled", "all"):
        for number in range(samples or variant.samples):
            case_kind = f"sampled-{number}"
            # The reference is asked twice under its first seeds: does the same seed give the same text?
            repeats = 2 if variant.name == "f16" and number < SAME_SEED else 1
            for repeat in range(repeats):
                made += [Trial.of(case_of(variant, p, case_kind), variant.provider, repeat, Mode.PLAIN) for p in chosen]
    return made


def open_run(path: Path, cases: list[Case]) -> RunDir:
    """The record, with these cases added to those it has."""
    providers = tuple(variant.provider for variant in VARIANTS.values())
    if not (path / "manifest.json").exists():
        manifest = Manifest(__version__, 0, 1, 3, (), providers, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        return RunDir.create(path, manifest, cases)
    run = RunDir.open(path, write=True)
    known = run.cases()
    fresh = [case for case in cases if case.key not in known]
    if fresh:
        run.amend(run.manifest, [*known.values(), *fresh])
    return run


def record(path: Path, chosen: list[Variant], todo: list[Trial], minutes: float) -> int:
    """Fire what is not on record yet, for so long. Returns how many trials are left."""
    by_key = {trial.case.key: trial.case for trial in todo}
    deadline = time.monotonic() + minutes * 60
    with ExitStack() as stack:
        run = stack.enter_context(open_run(path, list(by_key.values())))
        left = pending(todo, run)
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for variant in chosen:
            if any(trial.provider.name == variant.name for trial in left):
                # Several variants may share a server: those that differ in the request only.
                home = Places(Places.of_user().cache, state / f"{variant.base}-{variant.slots}-{variant.threads}")
                stack.enter_context(
                    running(
                        [variant.rung], slots=variant.slots, threads=variant.threads, port=variant.base, places=home
                    )
                )
        # Providers take turns, so that those of one call run side by side.
        queues = [[t for t in left if t.provider.name == variant.name] for variant in chosen]
        while any(queues) and time.monotonic() < deadline:
            batch = [trial for queue in queues for trial in queue[:CHUNK]]
            queues = [queue[CHUNK:] for queue in queues]
            anyio.run(lambda batch=batch: fire(batch, keys={}, sink=run.append, settings=WireSettings(concurrency=1)))
        return sum(map(len, queues))


def main() -> None:
    """Parse, record, say what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--job", action="append", default=[], help="variant,greedy or sampled,prompts,samples")
    parser.add_argument("--variant", action="append", default=[])
    parser.add_argument("--prompts", default="test:0:200")
    parser.add_argument("--kinds", choices=("greedy", "sampled", "all"), default="greedy")
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=8)
    arguments = parser.parse_args()
    names = arguments.variant or ([] if arguments.job else list(VARIANTS))
    jobs = [job.split(",") for job in arguments.job]
    jobs += [[name, arguments.kinds, arguments.prompts, str(arguments.samples)] for name in names]
    todo = [
        t for name, kinds, words, samples in jobs for t in trials_of(VARIANTS[name], asked(words), kinds, int(samples))
    ]
    chosen = [VARIANTS[name] for name in dict.fromkeys(name for name, *_ in jobs)]
    started = time.monotonic()
    left = record(arguments.run, chosen, todo, arguments.minutes)
    print(f"{len(todo) - left} of {len(todo)} on record after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
