"""Builds a run from what is known: at first what its files say, then what the probe found, then the first pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from trueweight.assess import Bar
from trueweight.core import Provider, Suite
from trueweight.core.probe import Probe
from trueweight.core.thinking import merged
from trueweight.drift import DriftSettings
from trueweight.profiles import ChosenProfile, RunSampling, SamplingMode
from trueweight.profiles.requests import rules_of
from trueweight.workflow.drift import prepare_drift, settings_for
from trueweight.workflow.repeats import RepeatChoice
from trueweight.workflow.send import PreparedRun, RunOptions, prepare
from trueweight.workflow.thinking import allowance_for, suite_with_allowance, with_profile

_TEMPERATURE = "temperature"
_LIMIT, _NEW_LIMIT = "max_tokens", "max_completion_tokens"


@dataclass(frozen=True, slots=True)
class RunBuilder:
    """What a user asked for.

    Attributes:
        providers: as ``providers.toml`` has them; what they do not state of thinking comes from the profile.
        options: of the run; its rules come from ``profile``, ``sampling`` and the probe.
        allowance: tokens for thoughts; None for what entries, profile and probe say.
        drift: settings of a measurement of drift beside the suites; None for none.
    """

    providers: Sequence[Provider]
    suites: Sequence[Suite]
    options: RunOptions
    bar: Bar | None = None
    profile: ChosenProfile = field(default_factory=lambda: ChosenProfile(None))
    sampling: SamplingMode = SamplingMode.AUTO
    allowance: int | None = None
    drift: DriftSettings | None = None

    def run(self, probe: Probe | None = None, choice: RepeatChoice | None = None) -> PreparedRun:
        """The run, ready to be sent.

        Args:
            probe: what the providers answered before the run; None if they were not asked.
            choice: of repeats, after the first pass; None for those of ``options``.

        Raises:
            ConfigError: as `prepare` and `prepare_drift`.
        """
        asked = with_accepted_limits(with_profile(self.providers, self.profile.profile, probe), probe)
        rules = rules_of(self.profile, asked, sampling=self.sampling, zero_refused_by=refusing(probe, _TEMPERATURE))
        providers = [_with_sampling(provider, rules.sampling) for provider in asked]
        allowance = allowance_for(providers, rules.profile, probe) if self.allowance is None else self.allowance
        providers = [_without_temperature(one, rules.sampling, probe) for one in providers]
        options = replace(
            self.options, rules=rules, thinking_allowance=allowance, adapted=_adapted(providers, self.providers)
        )
        if choice is not None:
            options = replace(options, repeats=choice.repeats, choice=choice)
        prepared = prepare(providers, self.suites, options, bar=self.bar)
        if self.drift is None:
            return prepared
        # Without the sampling of this run: drift sends its own.
        drift = settings_for(self.drift, rules, asked, probe)
        return prepare_drift(providers, drift, beside=prepared)


def _with_sampling(provider: Provider, sampling: RunSampling | None) -> Provider:
    """The provider whose switches of thinking bring the sampling that is recommended with and without a thought."""
    own = provider.thinking
    if sampling is None:
        return provider
    on = None if own.on is None else merged(own.on, sampling.thinking)
    off = None if own.off is None else merged(own.off, sampling.direct)
    return replace(provider, thinking=replace(own, on=on, off=off))


def _without_temperature(provider: Provider, sampling: RunSampling | None, probe: Probe | None) -> Provider:
    """The provider, without the temperature in its requests if it takes none and the run's is 1, the API's default: to
    leave it out is the same request."""
    entries = () if probe is None else probe.providers
    refuses = any(one.takes_no_temperature for one in entries if one.provider == provider.name)
    sent = () if sampling is None else (sampling.thinking, sampling.direct)
    if not refuses or not sent or any(one.get(_TEMPERATURE, 1.0) != 1.0 for one in sent):
        return provider
    changes = provider.changes
    if _TEMPERATURE in {*changes.drop, *changes.rename, *changes.set}:
        return provider
    return replace(provider, changes=replace(changes, drop=(*changes.drop, _TEMPERATURE)))


class WrittenSuite(NamedTuple):
    """A suite and its providers as a load sweep sends them.

    Attributes:
        allowance: tokens for thoughts in the limits of the cases.
    """

    suite: Suite
    providers: tuple[Provider, ...]
    allowance: int


def written_for(  # noqa: PLR0917 - what is known, in its order
    providers: Sequence[Provider],
    suite: Suite,
    chosen: ChosenProfile,
    sampling: SamplingMode,
    probe: Probe | None,
    allowance: int | None,
) -> WrittenSuite:
    """The suite for the model family, with room for its thoughts, as `RunBuilder` writes those of a run.

    Args:
        allowance: tokens for thoughts; None for what entries, profile and probe say.
    """
    asked = with_accepted_limits(with_profile(providers, chosen.profile, probe), probe)
    rules = rules_of(chosen, asked, sampling=sampling, zero_refused_by=refusing(probe, _TEMPERATURE))
    tokens = allowance_for(asked, rules.profile, probe) if allowance is None else allowance
    asked = tuple(_without_temperature(one, rules.sampling, probe) for one in asked)
    return WrittenSuite(suite_with_allowance(rules.suite(suite), tokens), asked, tokens)


def with_accepted_limits(providers: Sequence[Provider], probe: Probe | None) -> tuple[Provider, ...]:
    """The providers; those that refused ``max_tokens`` by name, and whose entries say nothing of it, get
    ``max_completion_tokens`` in its place. Else they would refuse nearly every request of a run."""
    names = refusing(probe, _LIMIT)
    return tuple(_with_new_limit(one) if one.name in names and len(one.api) == 1 else one for one in providers)


def _with_new_limit(provider: Provider) -> Provider:
    changes = provider.changes
    if _LIMIT in {*changes.drop, *changes.rename, *changes.set}:
        return provider
    return replace(provider, changes=replace(changes, rename={**changes.rename, _LIMIT: _NEW_LIMIT}))


def _adapted(asked: Sequence[Provider], given: Sequence[Provider]) -> tuple[str, ...]:
    """The names of the providers whose requests the probe changed."""
    return tuple(one.name for one, other in zip(asked, given, strict=True) if one.changes != other.changes)


def refusing(probe: Probe | None, parameter: str) -> tuple[str, ...]:
    """The names of the providers that refused a parameter of the probe's requests by name."""
    entries = () if probe is None else probe.providers
    return tuple(dict.fromkeys(one.provider for one in entries if parameter in one.refused))
