"""Chooses the profile of a run: by name, from a file, or by the providers' model ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from trueweight.core import ConfigError, Profile, Provider, Role, near_miss
from trueweight.profiles.family import Family, fit, load_family, shipped_families

AUTO = "auto"
NONE = "none"


class ChosenProfile(NamedTuple):
    """The profile of a run, and what decided it.

    Attributes:
        profile: None if no profile fits, or if none is wanted.
        by: the provider whose model id decided; "" if a name or a file did.
        others: providers whose model id fits another profile, with that profile's label.
    """

    profile: Profile | None
    by: str = ""
    others: tuple[tuple[str, str], ...] = ()


def fitting(model: str) -> Profile | None:
    """The shipped profile that fits a model id best; None if none does. Equal fits: the first by name."""
    best, best_fit = None, 0
    for family in shipped_families().values():
        for profile in family.all():
            if (length := fit(profile, model)) > best_fit:
                best, best_fit = profile, length
    return best


def choose_profile(wanted: str, providers: Sequence[Provider]) -> ChosenProfile:
    """The profile of a run.

    Args:
        wanted: ``auto``, ``none``, a name (``kimi-k2``, ``kimi-k2/thinking``), or a file (``mine.toml``).
            ``auto`` takes the profile that fits the reference's model id, else the first provider's with a fit.

    Raises:
        ConfigError: ``profile-unknown`` for another name; for a mistake in a file as `load_family`.
    """
    if wanted == NONE:
        return ChosenProfile(None)
    ordered = sorted(providers, key=lambda provider: provider.role is not Role.REFERENCE)
    if wanted != AUTO:
        return ChosenProfile(_named(wanted, ordered))
    fits = [(provider, fitting(provider.model)) for provider in ordered]
    chosen = next(((provider, profile) for provider, profile in fits if profile is not None), None)
    if chosen is None:
        return ChosenProfile(None)
    provider, profile = chosen
    others = tuple((one.name, other.label) for one, other in fits if other is not None and other != profile)
    return ChosenProfile(profile, provider.name, others)


def find_profile(name: str) -> tuple[Family, Profile]:
    """The profile of a name, of a file whose name ends in ``.toml``, or else the shipped one that fits a model id.

    Raises:
        ConfigError: ``profile-unknown`` if it is none of these; for a mistake in a file as `load_family`.
    """
    if name.endswith(".toml"):
        family = load_family(Path(name))
        return family, family.profile
    families = shipped_families()
    profile = _labelled().get(name) or fitting(name)
    if profile is None:
        raise _unknown(name)
    return families[profile.name], profile


def _named(wanted: str, providers: Sequence[Provider]) -> Profile:
    if wanted.endswith(".toml"):
        return _variant_of(load_family(Path(wanted)), providers)
    profile = _labelled().get(wanted)
    if profile is None:
        raise _unknown(wanted)
    return profile if profile.variant else _variant_of(shipped_families()[wanted], providers)


def _labelled() -> dict[str, Profile]:
    return {profile.label: profile for family in shipped_families().values() for profile in family.all()}


def _unknown(name: str) -> ConfigError:
    hint = f"{near_miss(name, _labelled())} Or {AUTO}, {NONE}, or a file whose name ends in .toml."
    return ConfigError(f"no profile is called {name!r}", code="profile-unknown", where="--profile", hint=hint)


def _variant_of(family: Family, providers: Sequence[Provider]) -> Profile:
    """The variant that the first provider's model id fits, the reference's first; else the family's profile."""
    return family.variant_for(providers[0].model) if providers else family.profile
