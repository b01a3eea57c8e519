"""A profile: what is published about a model family, as far as it decides how requests are written and read.

Profiles are data (TOML files). No code depends on the name of a model or of a family.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from trueweight.core.json_value import digest


class Thinks(StrEnum):
    """When a model writes a thought before its answer."""

    ALWAYS = "always"
    BY_DEFAULT = "by-default"
    ON_REQUEST = "on-request"
    NEVER = "never"


class ZeroTemperature(StrEnum):
    """What happens at temperature 0."""

    UNKNOWN = "unknown"
    FINE = "fine"
    NOT_ADVISED = "not-advised"
    """The vendor advises against it: such models repeat themselves without end."""
    IGNORED = "ignored"
    REFUSED = "refused"


class HistoryRule(StrEnum):
    """What a request does with the thoughts of earlier assistant messages."""

    DROP = "drop"
    """Remove all of them."""
    KEEP = "keep"
    """Send them as the case has them."""
    WITH_CALLS = "with-calls"
    """The same, and each assistant message with tool calls since the last user message must have one."""
    WITH_ALL_CALLS = "with-all-calls"
    """The same, and each assistant message between two user messages must have one if one of them has tool calls."""


class ThinkingSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """One way to turn thinking on and off.

    Attributes:
        name: the host or the engine that takes it.
        on, off: fields to merge over a request's body; None if this way cannot do it.
    """

    name: str
    on: Mapping[str, Any] | None = None
    off: Mapping[str, Any] | None = None


class ProfileThinking(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how long a model thinks.

    Attributes:
        thinks: None if it is not known.
        places: the fields that hold thoughts (`Protocol.thoughts`), or ``think-tags`` for tags in the content.
        switches: ways to turn it on and off, the vendor's own one first.
        allowance: tokens to add to a request's limit for the thought; None if nothing is published.
    """

    thinks: Thinks | None = None
    places: tuple[str, ...] = ()
    switches: tuple[ThinkingSwitch, ...] = ()
    allowance: int | None = None


class ProfileSampling(msgspec.Struct, frozen=True, kw_only=True):
    """The recommended sampling.

    Attributes:
        thinking, direct: recommended fields of the body with and without a thought, such as ``temperature``.
        fixed: fields that the vendor's API does not let a request change.
    """

    zero: ZeroTemperature = ZeroTemperature.UNKNOWN
    thinking: Mapping[str, Any] = {}
    direct: Mapping[str, Any] = {}
    fixed: tuple[str, ...] = ()

    @property
    def advises_zero(self) -> bool:
        """Whether requests at temperature 0 are sent as they are written."""
        return self.zero in (ZeroTemperature.UNKNOWN, ZeroTemperature.FINE)


class ProfileHistory(msgspec.Struct, frozen=True, kw_only=True):
    """How earlier messages are sent back.

    Attributes:
        field: the field of a message that holds its thought; "" for the usual field of the API.
        call_ids: the form that ids of earlier calls must have: a text with ``{name}`` for the tool, ``{index}`` for the
            number of the call in the conversation from 0, or ``{digest}`` for nine letters and digits; "" for any.
    """

    reasoning: HistoryRule | None = None
    field: str = ""
    call_ids: str = ""


class ProfileLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Published limits, in tokens."""

    context: int | None = None
    output: int | None = None


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """A known behaviour of healthy deployments, which is no fault.

    Attributes:
        checks: the checks that notice it. Their failures are no findings of a run with the profile, but for those
            that the next attributes exclude.
        fields: only of requests that set one of these fields, to another value than ``auto``; of all if empty.
        value: the number that it must be set to; None for any value.
        calls: only of cases that ask for at least so many calls in one reply.
    """

    says: str
    source: str
    checks: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    value: float | None = None
    calls: int = 0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A model family, or one variant of it.

    Attributes:
        name: the family.
        variant: "" for the family itself.
        models, not_models: shell patterns of the model ids that it fits and does not fit, as `profiles.normal_id`
            spells them.
        sources: URLs of the published facts.
        markers: control text of its dialects, which must not reach the content.
        call_id: regular expression of the call ids that the vendor's own API uses; "" if it is not known.
        bar: text of a ``bar.toml`` with the thresholds that the vendor published; "" without any.
    """

    name: str
    title: str
    models: tuple[str, ...]
    sources: tuple[str, ...]
    variant: str = ""
    not_models: tuple[str, ...] = ()
    thinking: ProfileThinking = ProfileThinking()
    sampling: ProfileSampling = ProfileSampling()
    history: ProfileHistory = ProfileHistory()
    limits: ProfileLimits = ProfileLimits()
    markers: tuple[str, ...] = ()
    call_id: str = ""
    bar: str = ""
    habits: tuple[Habit, ...] = ()

    @property
    def label(self) -> str:
        """``family`` or ``family/variant``: the value of ``--profile``."""
        return f"{self.name}/{self.variant}" if self.variant else self.name

    def digest(self) -> str:
        """Digest of everything in it."""
        return digest(msgspec.to_builtins(self))
