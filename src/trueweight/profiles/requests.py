"""What a profile changes in the cases of a run: their sampling, and the thoughts in their histories.

The changed cases are the cases of the run: every provider gets the same ones, the run directory has them, and checks
read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

from trueweight.core import (
    DEFAULT_API,
    PROTOCOLS,
    Case,
    HistoryRule,
    Profile,
    ProfileHistory,
    ProfileSampling,
    Provider,
    Suite,
    Thinks,
    ZeroTemperature,
)
from trueweight.profiles.choose import AUTO, ChosenProfile, choose_profile

KEEPS_SAMPLING: Final = "sampling"
"""The tag of cases that test sampling itself. They keep their own."""
_THOUGHT_CHECK: Final = "history-reasoning-kept"
_API_DEFAULT: Final = {"temperature": 1.0}
PROFILE_OPTION: Final = "profile"
SAMPLING_OPTION: Final = "sampling"
"""The options of a manifest with the profile and the sampling of the run."""


class SamplingMode(StrEnum):
    """Which sampling the requests of a run have."""

    AUTO = "auto"
    """The recommended one where temperature 0 is refused, ignored or not advised; else as cases are written."""
    RECOMMENDED = "recommended"
    AS_WRITTEN = "as-written"


@dataclass(frozen=True, slots=True)
class RunSampling:
    """The sampling that replaces temperature 0 in a run, the same for all providers.

    Attributes:
        thinking, direct: fields of the request, with and without a thought.
        fixed: fields that hosts do not let a request change, so that other values than 0 are replaced too.
        source: ``providers.toml``, or the profile's label.
        zero: what happens at temperature 0, by the profile or the probe.
        refused_by: names of the providers that refused temperature 0 before the run.
    """

    thinking: Mapping[str, float]
    direct: Mapping[str, float]
    source: str
    zero: ZeroTemperature = ZeroTemperature.UNKNOWN
    fixed: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()

    def fields(self, *, thinks: bool) -> Mapping[str, float]:
        """The fields for a request, by whether the model thinks before its answer."""
        return self.thinking if thinks else self.direct


@dataclass(frozen=True, slots=True)
class RequestRules:
    """How the cases of a run are written for its model family.

    Attributes:
        sampling: None if requests are sent as cases are written.
    """

    chosen: ChosenProfile = field(default_factory=lambda: ChosenProfile(None))
    sampling: RunSampling | None = None

    @property
    def profile(self) -> Profile | None:
        """The profile of the run; None without one."""
        return self.chosen.profile

    @property
    def thinks(self) -> bool:
        """Whether the model thinks before its answer as it is served."""
        return self.profile is not None and self.profile.thinking.thinks in (Thinks.ALWAYS, Thinks.BY_DEFAULT)

    def case(self, case: Case) -> Case:
        """The case as this run sends it to every provider."""
        if self.profile is not None:
            case = with_history(case, self.profile.history, thinks=self.thinks)
        return case if self.sampling is None else with_sampling(case, self.sampling, thinks=self.thinks)

    def suite(self, suite: Suite) -> Suite:
        """The suite as this run sends it; its digest is that of the requests that are sent."""
        return replace(suite, cases=tuple(map(self.case, suite.cases)))

    def as_options(self) -> dict[str, Any]:
        """The options of the run's manifest: the whole profile, so that the record does not depend on its file."""
        out: dict[str, Any] = {}
        if self.profile is not None:
            out[PROFILE_OPTION] = {
                "name": self.profile.label,
                "by": self.chosen.by,
                "digest": self.profile.digest(),
                "others": [list(other) for other in self.chosen.others],
                "facts": _as_json(self.profile),
            }
        if self.sampling is not None:
            out[SAMPLING_OPTION] = _as_json(self.sampling)
        return out


def _as_json(value: Any) -> Any:
    """The value as a manifest has it when it is read again: with lists, not tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def recorded_profile(options: Mapping[str, Any]) -> Profile | None:
    """The profile in the options of a run's manifest; None without one.

    Raises:
        msgspec.ValidationError: if it is not one.
    """
    recorded = options.get(PROFILE_OPTION)
    return msgspec.convert(recorded["facts"], Profile) if isinstance(recorded, Mapping) else None


def request_rules(
    providers: Sequence[Provider],
    *,
    profile: str = AUTO,
    sampling: SamplingMode = SamplingMode.AUTO,
) -> RequestRules:
    """The rules of a run.

    Args:
        profile: as `choose_profile` takes it.

    Raises:
        ConfigError: as `choose_profile`.
    """
    return rules_of(choose_profile(profile, providers), providers, sampling=sampling)


def rules_of(
    chosen: ChosenProfile,
    providers: Sequence[Provider],
    *,
    sampling: SamplingMode = SamplingMode.AUTO,
    zero_refused_by: Sequence[str] = (),
) -> RequestRules:
    """The rules of a run whose profile is chosen.

    Args:
        zero_refused_by: names of the providers that refused temperature 0, as a probe shows. Without a recommended
            sampling the run then uses temperature 1, which is the default of the API.
    """
    return RequestRules(chosen, _sampling(chosen.profile, providers, sampling, tuple(zero_refused_by)))


def _sampling(
    profile: Profile | None, providers: Sequence[Provider], mode: SamplingMode, refused_by: tuple[str, ...]
) -> RunSampling | None:
    if mode is SamplingMode.AS_WRITTEN:
        return None
    stated = next((provider.sampling for provider in providers if provider.sampling), None)
    published = ProfileSampling() if profile is None else profile.sampling
    zero = ZeroTemperature.REFUSED if refused_by else published.zero
    if stated is not None:
        return RunSampling(stated, stated, "providers.toml", zero, published.fixed, refused_by)
    if profile is not None and (published.thinking or published.direct):
        if mode is SamplingMode.AUTO and not refused_by and published.advises_zero:
            return None
        return RunSampling(published.thinking, published.direct, profile.label, zero, published.fixed, refused_by)
    if refused_by:
        return RunSampling(_API_DEFAULT, _API_DEFAULT, "the API's default", zero, published.fixed, refused_by)
    return None


def with_sampling(case: Case, sampling: RunSampling, *, thinks: bool) -> Case:
    """The case with the run's sampling in place of temperature 0, or of any value that hosts fix.

    The seed is left out, because with it all repeats would be one draw. A case without a temperature stays as it is,
    and so does one with the tag ``sampling``, and one whose malformed request must be refused.
    """
    temperature = case.request.get("temperature")
    if KEEPS_SAMPLING in case.tags or case.must_be_refused:
        return case
    replaced = temperature == 0 or "temperature" in sampling.fixed
    if temperature is None or isinstance(temperature, bool | str) or not replaced:
        return case
    kept = {name: value for name, value in case.request.items() if name != "seed"}
    return replace(case, request={**kept, **sampling.fields(thinks=thinks)})


def with_history(case: Case, history: ProfileHistory, *, thinks: bool) -> Case:
    """The case with its earlier messages as the model wants them, see `Protocol.rewrite_history`."""
    messages = case.request.get("messages")
    if not isinstance(messages, list | tuple):
        return case
    changed = PROTOCOLS.get(DEFAULT_API).rewrite_history(messages, history, thinks=thinks)
    if changed == list(messages):
        return case
    checks = case.checks
    if history.reasoning is HistoryRule.DROP:  # nothing is left that could be kept
        checks = {name: params for name, params in checks.items() if name != _THOUGHT_CHECK}
    return replace(case, request={**case.request, "messages": changed}, checks=checks)
