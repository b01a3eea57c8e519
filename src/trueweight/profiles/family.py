"""A profile's file: a model family and its variants. Errors say file, line, key, value and what is valid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from trueweight.config.lines import Lines
from trueweight.config.spot import Spot
from trueweight.config.toml import parse_toml, read_toml_text
from trueweight.core import Profile
from trueweight.profiles.tables import read_profile

_HINT = "`trueweight profiles show NAME --toml` prints a file to start from."
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Family:
    """The profile of a family and those of its variants, which are complete: what they do not state is the family's.

    Attributes:
        text: the file itself.
    """

    profile: Profile
    variants: tuple[Profile, ...]
    text: str = ""

    def all(self) -> tuple[Profile, ...]:
        """The family's profile, then the variants'."""
        return (self.profile, *self.variants)

    def variant_for(self, model: str) -> Profile:
        """The variant that fits a model id best; the family's profile if it fits at least as well."""
        return max(self.all(), key=lambda one: fit(one, model))


def normal_id(model: str) -> str:
    """A model id in lower case, with one dash for each run of other characters: ``Kimi-K2.5`` is ``kimi-k2-5``.

    Hosts spell ids differently; some write ``p`` for the point of a version (``deepseek-v3p1``).
    """
    point = re.sub(r"(?<=\d)p(?=\d)", "-", model.lower())
    return re.sub(r"[^a-z0-9]+", "-", point).strip("-")


def fit(profile: Profile, model: str) -> int:
    """How well a profile fits a model id: the characters of its longest pattern that matches; 0 if it does not fit."""
    spelled = normal_id(model)
    if any(fnmatchcase(spelled, pattern) for pattern in profile.not_models):
        return 0
    matching = (len(pattern.replace("*", "")) for pattern in profile.models if fnmatchcase(spelled, pattern))
    return max(matching, default=0)


def load_family(path: Path) -> Family:
    """Read a profile's file. The file's name without ``.toml`` is the family's name.

    Raises:
        ConfigError: for the first mistake in the file.
    """
    text = read_toml_text(path, area="profile", hint=_HINT)
    document = parse_toml(text, str(path), area="profile", hint='Valid: lines like title = "…".')
    return _family(path.stem, Spot(str(path), Lines.of(text)), document, text)


def _family(name: str, file: Spot, document: dict[str, Any], text: str) -> Family:
    entries = document.pop("variant", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        file.at("variant").refuse("variant is not a list of tables", code="profile-type", hint="Valid: [[variant]].")
    family = read_profile(file, document, name=name, variant="")
    shared = {key: value for key, value in document.items() if key != "models"}
    variants: list[Profile] = []
    for index, entry in enumerate(entries):
        spot = file.at("variant", index)
        variant = _variant_name(spot, entry, [one.variant for one in variants])
        own = {key: value for key, value in entry.items() if key != "name"}
        variants.append(read_profile(spot, own, name=name, variant=variant, base=shared))
    return Family(family, tuple(variants), text)


def _variant_name(spot: Spot, entry: Mapping[str, Any], earlier: list[str]) -> str:
    name = entry.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name):
        message = "this [[variant]] has no name" if name is None else f"name = {name!r} is not the name of a variant"
        spot.at("name").refuse(message, code="profile-value", hint="Valid: small letters, digits, dashes and points.")
    if name in earlier:
        spot.at("name").refuse(f"two variants are called {name!r}", code="profile-value", hint="Valid: each name once.")
    return name


@cache
def shipped_families() -> Mapping[str, Family]:
    """The shipped families by name, sorted."""
    return {path.stem: load_family(path) for path in sorted(_FOLDER.glob("*.toml"))}
