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


def _named(wanted: str, providers: Sequence[Provider]) -> Profile:
    if wanted.endswith(".toml"):
        return _variant_of(load_family(Path(wanted)), providers)
    families = shipped_families()
    profiles = {profile.label: profile for family in families.values() for profile in family.all()}
    if wanted not in profiles:
        hint = f"{near_miss(wanted, profiles)} Or {AUTO}, {NONE}, or a file whose name ends in .toml."
        raise ConfigError(f"no profile is called {wanted!r}", code="profile-unknown", where="--profile", hint=hint)
    return profiles[wanted] if profiles[wanted].variant else _variant_of(families[wanted], providers)


def _variant_of(family: Family, providers: Sequence[Provider]) -> Profile:
    """The variant that the first provider's model id fits, the reference's first; else the family's profile."""
    return family.variant_for(providers[0].model) if providers else family.profile
