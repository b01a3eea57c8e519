"""Builds a run from what is known: at first what its files say, then what the probe found, then the first pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
from trueweight.workflow.thinking import allowance_for, with_profile

_TEMPERATURE = "temperature"


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
        asked = with_profile(self.providers, self.profile.profile, probe)
        rules = rules_of(self.profile, asked, sampling=self.sampling, zero_refused_by=refusing(probe, _TEMPERATURE))
        providers = [_with_sampling(provider, rules.sampling) for provider in asked]
        allowance = allowance_for(providers, rules.profile, probe) if self.allowance is None else self.allowance
        options = replace(self.options, rules=rules, thinking_allowance=allowance)
        if choice is not None:
            options = replace(options, repeats=choice.repeats, choice=choice)
        prepared = prepare(providers, self.suites, options, bar=self.bar)
        if self.drift is None:
            return prepared
        # Without the sampling of this run: drift sends its own.
        drift = settings_for(self.drift, rules, asked)
        return prepare_drift(providers, drift, beside=prepared)


def _with_sampling(provider: Provider, sampling: RunSampling | None) -> Provider:
    """The provider whose switches of thinking bring the sampling that is recommended with and without a thought."""
    own = provider.thinking
    if sampling is None:
        return provider
    on = None if own.on is None else merged(own.on, sampling.thinking)
    off = None if own.off is None else merged(own.off, sampling.direct)
    return replace(provider, thinking=replace(own, on=on, off=off))


def refusing(probe: Probe | None, parameter: str) -> tuple[str, ...]:
    """The names of the providers that refused a parameter of the probe's requests by name."""
    entries = () if probe is None else probe.providers
    return tuple(dict.fromkeys(one.provider for one in entries if parameter in one.refused))
