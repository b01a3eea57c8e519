"""Record the real ladder once: ``python tests/bench/drift/record.py RUN --variant q8_0 --prompts tuning:0:60 …``.

Resumes where it stopped, and stops by itself after ``--minutes``. Needs the extra ``trueweight[lab]``. Every exchange
is a record like any other run's; ``prove.py --record`` merges it into the small file that is kept beside this one.
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
from trueweight.drift.prompts import DriftPrompt, Split, prompts
from trueweight.lab import running
from trueweight.lab.places import Places
from trueweight.store import Manifest, RunDir, pending
from trueweight.wire import WireSettings, send

SUITE = "drift-bench"
TEXT_TOKENS = 12
CHUNK = 20
BLOCK = 25


def asked(words: str) -> list[DriftPrompt]:
    """``split:from:to`` → prompts of that split; ``steady-split:from:to`` → those of the steady bank."""
    split, start, end = words.split(":")
    bank = prompts(Split(split.removeprefix("steady-")), steady=split.startswith("steady-"))
    return list(bank[int(start) : int(end)])


def case_of(variant: Variant, prompt: DriftPrompt, kind: str) -> Case:
    """One request; ``kind`` is greedy or sampled-N. Greedy ones show the distributions that their texts come from."""
    messages = prompt.messages
    messages[-1]["content"] = variant.wrap.format(prompt.text)
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


def seeds_of(words: str) -> list[int]:
    """``3`` → the first three seeds; ``0/7/8`` → these."""
    return [int(word) for word in words.split("/")] if "/" in words else list(range(int(words)))


def trials_of(variant: Variant, chosen: list[DriftPrompt], kinds: str, samples: str) -> list[Trial]:
    """Its trials by blocks of prompts. Greedy ones are all asked once before any is asked again, so that no ask finds
    its own prompt in a cache; the draws of a prompt follow each other, as in a run."""
    if len(chosen) > BLOCK:
        parts = [chosen[i : i + BLOCK] for i in range(0, len(chosen), BLOCK)]
        return [trial for part in parts for trial in trials_of(variant, part, kinds, samples)]
    made = []
    if kinds in ("greedy", "all"):
        for repeat in range(variant.repeats):
            made += [Trial.of(case_of(variant, p, "greedy"), variant.provider, repeat, Mode.PLAIN) for p in chosen]
    if kinds in ("sampled", "all"):
        for p in chosen:
            for number in seeds_of(samples) or range(variant.samples):
                # The reference is asked twice under the seed that candidates have: does it give the same text again?
                repeats = 2 if variant.name == "f16" and not number else 1
                case = case_of(variant, p, f"sampled-{number}")
                made += [Trial.of(case, variant.provider, repeat, Mode.PLAIN) for repeat in range(repeats)]
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
    """Send what is not on record yet, for so long. Returns how many trials are left."""
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
            anyio.run(lambda batch=batch: send(batch, keys={}, sink=run.append, settings=WireSettings(concurrency=1)))
        return sum(map(len, queues))


def main() -> None:
    """Parse, record, say what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--job", action="append", default=[], help="variant,greedy or sampled,prompts,seeds")
    parser.add_argument("--variant", action="append", default=[])
    parser.add_argument("--prompts", default="test:0:200")
    parser.add_argument("--kinds", choices=("greedy", "sampled", "all"), default="greedy")
    parser.add_argument("--samples", default="0")
    parser.add_argument("--minutes", type=float, default=8)
    arguments = parser.parse_args()
    names = arguments.variant or ([] if arguments.job else list(VARIANTS))
    jobs = [job.split(",") for job in arguments.job]
    jobs += [[name, arguments.kinds, arguments.prompts, arguments.samples] for name in names]
    todo = [t for name, kinds, words, samples in jobs for t in trials_of(VARIANTS[name], asked(words), kinds, samples)]
    chosen = [VARIANTS[name] for name in dict.fromkeys(name for name, *_ in jobs)]
    started = time.monotonic()
    left = record(arguments.run, chosen, todo, arguments.minutes)
    print(f"{len(todo) - left} of {len(todo)} on record after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
