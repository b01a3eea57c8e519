"""Replay: send a recorded exchange's case again, in its mode, through its API, to an address from the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from trueweight.config import keys_for
from trueweight.core import Case, ConfigError, Exchange, Finding, Outcome, Provider, Suite, ThinkingMode
from trueweight.store import RunDir
from trueweight.workflow.lookup import find_provider, find_single_case
from trueweight.workflow.send import PreparedRun, RunOptions, prepare


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay, ready to be sent.

    Attributes:
        case: with the recorded mode as its only one.
        keys: provider name → key; empty where none is needed.
    """

    prepared: PreparedRun
    case: Case
    provider: Provider
    keys: Mapping[str, str]


def prepare_again(
    run: RunDir,
    exchange: Exchange,
    *,
    against: str | None,
    known: Sequence[Provider] | None,
    environ: Mapping[str, str] | None,
    times: int = 1,
) -> Replay:
    """Lay out what is sent. If ``against`` lacks the recorded API, it is sent through all APIs of that provider.

    A run directory may come from another person, and its manifest names the address. So a key is only sent to an
    address from the user's own ``providers.toml``: without one, providers that need a key are refused.

    Args:
        against: the provider to send to; None is the recorded one.
        known: providers of the user's own file; None takes those of the run's manifest.
        environ: has the keys; None for a forecast, which needs no key.
        times: how often to send it.

    Raises:
        ConfigError: if the provider does not exist, needs a key while ``known`` is None, or lacks its key.
    """
    name = against or exchange.provider
    provider = find_provider(run, name, known)
    if exchange.api in provider.api:
        provider = replace(provider, api=(exchange.api,))
    if known is None and provider.api_key_env is not None:
        raise ConfigError(
            f"provider {name!r} needs a key, and its address comes from the run directory",
            code="replay-key",
            where=str(run.path),
            hint="Give --providers FILE: keys are sent only to addresses in your own file.",
        )
    case = find_single_case(run, f"{exchange.suite}/{exchange.case}")
    case = replace(case, modes=(exchange.mode,))
    suite = Suite(case.suite, (case,), origin=str(run.path))
    # A provider without the switch gets the request as it is served.
    thinking = exchange.thinking if provider.thinking.fields(exchange.thinking) is not None else ThinkingMode.AS_SERVED
    options = RunOptions(repeats=times, passes=1, seed=run.manifest.seed, thinking=(thinking,))
    prepared = prepare([provider], [suite], options)
    keys = keys_for([provider], environ) if known is not None and environ is not None else {}
    return Replay(prepared, case, provider, keys)


def same_request(again: Replay, exchange: Exchange) -> bool:
    """Whether the bytes that go out are those that went out, keys apart."""
    return all(trial.body() == exchange.request.body for trial in again.prepared.plan.trials)


def free_directory(run: Path, trial: str) -> Path:
    """A directory beside the run that does not exist yet."""
    names = [
        run.with_name(f"{run.name}-replay-{trial[:8]}{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 1000)))
    ]
    return next(path for path in names if not path.exists())


class ChangedChecks(NamedTuple):
    """Ids of the checks that fail in both replies, only in the new one, only in the old one; sorted."""

    still: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]


def changed_checks(before: Iterable[Finding], after: Iterable[Finding]) -> ChangedChecks:
    """Compare the failing checks of two replies to one case."""
    old, new = ({f.check for f in findings if f.outcome is Outcome.FAIL} for findings in (before, after))
    return ChangedChecks(tuple(sorted(old & new)), tuple(sorted(new - old)), tuple(sorted(old - new)))
