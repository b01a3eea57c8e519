"""A provider: one endpoint of ``providers.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from trueweight.core.case import DEFAULT_API
from trueweight.core.digest import digest


class Role(StrEnum):
    """The role of a provider in a comparison: the others are compared with the reference."""

    REFERENCE = "reference"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: Annotated[float, Meta(ge=0)]
    output: Annotated[float, Meta(ge=0)]

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """USD for these numbers of tokens. Forecasts, budgets, metrics and drift all use this formula."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenAI-compatible endpoint.

    Attributes:
        name: unique in the file.
        api: names of the protocols through which requests are sent, in order.
        base_url: everything before the path of the API.
        model: the ``model`` field of every request.
        api_key_env: name of the environment variable that holds the key. The key is not in this object, so this object
            cannot leak it.
        extra_body: merged over each request body. Apart from it and ``model``, all providers get the same body.
        headers: extra request headers, never credentials.
        concurrency: most concurrent requests; None for the run's default.
        requests_per_minute: most requests started in any minute; None is no limit.
        timeout: seconds for a whole attempt.

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

    def fingerprint(self) -> str:
        """Digest of the settings that change the request or its address. It is part of the id of each trial."""
        return digest(
            {
                "name": self.name,
                "base_url": self.base_url,
                "model": self.model,
                "extra_body": dict(self.extra_body),
                "headers": dict(self.headers),
            }
        )


def reference_among(providers: Iterable[Provider]) -> Provider | None:
    """The provider with the role of the reference; None if there is none. ``providers.toml`` allows at most one."""
    return next((provider for provider in providers if provider.role is Role.REFERENCE), None)
