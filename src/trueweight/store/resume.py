"""Resuming a run: the trials that are still to be sent, and what changed since the run began."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from trueweight.core import Exchange, Provider, Trial, TrialPlace
from trueweight.store.manifest import SHARDS, Manifest
from trueweight.store.rundir import RunDir

_SENT = ("base_url", "base_urls", "model", "extra_body", "headers", "changes", "query")
_NOT_SENT = ("role", "price", "precision", "timeout", "concurrency", "requests_per_minute", "api_key_env", "key_header")


def pending(trials: Iterable[Trial], run: RunDir, *, retry_errors: bool = False) -> tuple[Trial, ...]:
    """The trials that are still to be sent, in the order given.

    A trial whose line is damaged, or is of another trial, is sent again; ``run.damaged`` has that line. So is one whose
    response is continued by a trial that is still to be sent: its server may not have it any more.

    Args:
        retry_errors: send failures of transport or account again.
    """
    trials = tuple(trials)
    planned = {trial.id: trial for trial in trials if not run.is_verified(trial.id)}
    run.verify(planned, lambda exchange: _misfit(exchange, planned.get(exchange.trial)))
    done = run.recorded() - (run.failed() if retry_errors else set())
    return not_done(trials, done)


def not_done(trials: Sequence[Trial], done: Set[str]) -> tuple[Trial, ...]:
    """The trials that are not done, with those whose responses they continue. These stand before them."""
    kept: list[Trial] = []
    continued: set[tuple[str, TrialPlace]] = set()
    for trial in reversed(trials):
        if trial.id not in done or (trial.provider.name, trial.place) in continued:
            kept.append(trial)
            if trial.follows is not None:
                continued.add((trial.provider.name, trial.follows))
    return tuple(reversed(kept))


def _misfit(exchange: Exchange, trial: Trial | None) -> str:
    """What of an exchange is not of the trial whose id it has; "" if nothing is."""
    if trial is None:
        return "it has two ids"
    pairs = {
        "provider": (exchange.provider, trial.provider.name),
        "case": (f"{exchange.suite}/{exchange.case}", trial.case.key),
        "repeat": (exchange.repeat, trial.repeat),
        "mode": (exchange.mode, trial.mode),
        "API": (exchange.api, trial.api),
        "mode of thinking": (exchange.thinking, trial.thinking),
    }
    return next((f"its {name} is not that of its trial" for name, (own, due) in pairs.items() if own != due), "")


def explain_change(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """One sentence for each difference between a recorded run and the requested one; () if there is none."""
    return (*_numbers(old, new), *_suites(old, new), *_providers(old, new))


def _numbers(old: Manifest, new: Manifest) -> Iterator[str]:
    if old.seed != new.seed:
        yield f"The seed was {old.seed} and is {new.seed}: the remaining trials are sent in another order."
    if old.repeats != new.repeats:
        what = "more trials are sent" if new.repeats > old.repeats else "the exchanges beyond them are kept"
        yield f"repeats was {old.repeats} and is {new.repeats}: {what}; the reference's passes are divided again."
    if old.passes != new.passes:
        yield f"The reference had {old.passes} passes for each repeat and now has {new.passes}."
    if old.thinking_allowance != new.thinking_allowance:
        yield (
            f"The thinking allowance was {old.thinking_allowance} tokens and is {new.thinking_allowance}: cases with a "
            "limit are sent again."
        )
    if old.thinking != new.thinking:
        yield (
            f"Thinking was {', '.join(old.thinking)} and is {', '.join(new.thinking)}: "
            "the trials of an added mode are sent."
        )
    if old.options.get(SHARDS) != new.options.get(SHARDS):
        yield "Other shards of the run are sent: their trials are added."
    if old.bar_digest != new.bar_digest:
        yield "The bar changed after the run began: part of the data is older than the bar."


def _suites(old: Manifest, new: Manifest) -> Iterator[str]:
    before = {suite.name: suite for suite in old.suites}
    after = {suite.name: suite for suite in new.suites}
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"Suite {name!r} was removed: its recorded trials are kept."
        elif name not in before:
            yield f"Suite {name!r} is new: its {after[name].cases} cases are sent."
        elif before[name].digest != after[name].digest:
            yield (
                f"Suite {name!r} changed (digest {before[name].digest[:12]} → {after[name].digest[:12]}): "
                "changed cases are sent again, unchanged ones are not."
            )
        elif before[name].cases != after[name].cases:
            yield f"Suite {name!r}: {before[name].cases} cases were in the plan and {after[name].cases} are now."


def _providers(old: Manifest, new: Manifest) -> Iterator[str]:
    before = {provider.name: provider for provider in old.providers}
    after = {provider.name: provider for provider in new.providers}
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"Provider {name!r} was removed: its recorded trials are kept."
        elif name not in before:
            yield f"Provider {name!r} is new: all of its trials are sent."
        else:
            yield from _one_provider(before[name], after[name])


def _one_provider(old: Provider, new: Provider) -> Iterator[str]:
    sent = [key for key in _SENT if getattr(old, key) != getattr(new, key)]
    if sent:
        yield f"Provider {new.name!r}: {', '.join(sent)} changed, so all of its trials are sent again."
    if old.api != new.api:
        yield (
            f"Provider {new.name!r}: api was {', '.join(old.api)} and is {', '.join(new.api)}: trials through an added "
            "API are sent, recorded trials through a removed one no longer count."
        )
    for key in _NOT_SENT:
        if getattr(old, key) != getattr(new, key):
            was, now = getattr(old, key), getattr(new, key)
            yield f"Provider {new.name!r}: {key} was {was!s} and is {now!s}; recorded trials are kept."
