"""A provider: one endpoint of ``providers.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from trueweight.core.body_changes import BodyChanges
from trueweight.core.case import DEFAULT_API
from trueweight.core.json_value import digest
from trueweight.core.price import Price
from trueweight.core.thinking import MESSAGE, ThinkingControl, ThinkingMode, merged


class Role(StrEnum):
    """The role of a provider in a comparison: the others are compared with the reference."""

    REFERENCE = "reference"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenAI-compatible endpoint.

    Attributes:
        name: unique in the file.
        api: names of the protocols through which requests are sent, in order.
        base_url: everything before the path of an API.
        base_urls: API → its base URL, for those that are not at ``base_url``.
        model: the ``model`` field of every request.
        api_key_env: name of the environment variable that holds the key. The key is not in this object, so this object
            cannot leak it.
        extra_body: merged over each request body. Apart from it, ``changes`` and ``model``, all providers get the same
            body.
        changes: fields of the body that this host takes under another name, with another value, or not at all.
        headers: extra request headers, never credentials.
        query: parameters of the URL's query, never credentials.
        key_header: the header that carries the key through every API (``api-key``, ``Authorization``); None for the
            header of each API.
        sampling: recommended sampling, in place of a profile's; the same for all providers of a file.
        concurrency: most concurrent requests; None for the run's default.
        requests_per_minute: most requests started in any minute; None is no limit.
        timeout: seconds for a whole attempt.
        thinking: what is known of how it thinks.

    The constraints are checked when a manifest is read. `config` checks narrower ones when it reads ``providers.toml``.
    """

    name: Annotated[str, Meta(min_length=1)]
    base_url: str
    model: str
    role: Role = Role.CANDIDATE
    api_key_env: str | None = None
    precision: str | None = None
    price: Price | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    concurrency: Annotated[int, Meta(ge=1)] | None = None
    requests_per_minute: Annotated[float, Meta(gt=0)] | None = None
    timeout: Annotated[float, Meta(gt=0)] = 120.0
    api: tuple[str, ...] = (DEFAULT_API,)
    changes: BodyChanges = field(default_factory=BodyChanges)
    query: Mapping[str, str] = field(default_factory=dict)
    key_header: str | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    thinking: ThinkingControl = field(default_factory=ThinkingControl)
    base_urls: Mapping[str, str] = field(default_factory=dict)

    def base_url_of(self, api: str) -> str:
        """The base URL of an API."""
        return self.base_urls.get(api, self.base_url)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every base URL, each once."""
        return tuple(dict.fromkeys((self.base_url, *self.base_urls.values())))

    def switched(self, thinking: ThinkingMode) -> Provider:
        """The provider with the fields that switch its thinking in its ``extra_body``; itself as served.

        Raises:
            ValueError: if it has no such switch, so that no trial is made of it.
        """
        added = self.thinking.fields(thinking)
        if added is None:
            raise ValueError(f"{self.name} has no switch for thinking {thinking.value}")
        return self.with_switch(added) if added else self

    def with_switch(self, fields: Mapping[str, Any]) -> Provider:
        """The provider with these fields of a switch in each of its requests, see `ThinkingControl`."""
        body = {name: value for name, value in fields.items() if name != MESSAGE}
        changes = replace(self.changes, words=fields[MESSAGE]) if MESSAGE in fields else self.changes
        return replace(self, extra_body=merged(self.extra_body, body), changes=changes)

    def fingerprint(self) -> str:
        """Digest of the settings that change the request or its address. It is part of the id of each trial."""
        settings: dict[str, Any] = {
            "name": self.name,
            "base_url": self.base_url,
            "model": self.model,
            "extra_body": dict(self.extra_body),
            "headers": dict(self.headers),
        }
        # Ids of old runs do not depend on settings that providers did not have then.
        if self.changes:
            settings["changes"] = [list(self.changes.drop), dict(self.changes.rename), dict(self.changes.set)]
            if self.changes.words:
                settings["words"] = self.changes.words
        if self.query:
            settings["query"] = dict(self.query)
        if self.base_urls:
            settings["base_urls"] = dict(self.base_urls)
        return digest(settings)


def reference_among(providers: Iterable[Provider]) -> Provider | None:
    """The provider with the role of the reference; None if there is none. ``providers.toml`` allows at most one."""
    return next((provider for provider in providers if provider.role is Role.REFERENCE), None)
