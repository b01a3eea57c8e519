"""A protocol: one API shape, declared once. Everything that knows its wire format is in its folder of ``protocols/``.

The rest of the program speaks of cases, replies, choices, calls, usage and finish, and asks a protocol for the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from trueweight.core.case import Case, Mode
from trueweight.core.exchange import Exchange
from trueweight.core.provider import Provider
from trueweight.core.registry import Registry
from trueweight.core.reply import Channel, Event, Reply


class RequestLine(NamedTuple):
    """HTTP method, and the path below a provider's ``base_url``."""

    method: str
    path: str


class RequestSize(NamedTuple):
    """What bounds the tokens of one request.

    Attributes:
        prompt_bytes: UTF-8 bytes of everything that becomes part of the prompt.
        messages: how many messages a chat template wraps; 1 if the API has none.
        output_tokens: most tokens of one choice; None if the request sets no limit.
        choices: how many choices are asked for.
    """

    prompt_bytes: int
    messages: int
    output_tokens: int | None
    choices: int = 1


class TokenCount(NamedTuple):
    """Tokens that a reply reports, for the bill of a run."""

    input: int
    output: int


class Protocol(ABC):
    """One API shape. Its methods are pure, and those that take bytes from a server never raise on any bytes.

    Attributes:
        name: as in ``providers.toml`` and in a suite (``api = "chat"``).
        method, path: of every request; the path starts with a slash and is appended to ``base_url``.
        completions: whether its replies are completions of a model. What only reads from the server (the list of
            models) takes no part in speed, tokens and load, and is asked of every provider.
        modes: the modes it can be asked in.
        names: noun (``finish``, ``input``, ``output``, ``total``, ``calls``, ``reasoning``, …) → the JSON name of its
            field, where that is another. The evidence of a finding is looked up under it.
    """

    name: ClassVar[str]
    method: ClassVar[str] = "POST"
    path: ClassVar[str]
    completions: ClassVar[bool] = True
    modes: ClassVar[tuple[Mode, ...]] = (Mode.PLAIN, Mode.STREAM)
    names: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @property
    def line(self) -> RequestLine:
        """Method and path of every request."""
        return RequestLine(self.method, self.path)

    def headers(self, key: str | None) -> tuple[tuple[str, str], ...]:
        """Headers that the API needs besides those of HTTP: the credentials, if there is a key, and its version."""
        return () if key is None else (("Authorization", f"Bearer {key}"),)

    def cannot_express(self, _case: Case) -> str:
        """Why this API cannot send what a case asks, e.g. ``it has no tools``; "" if it can.

        Cases are written as chat-completions requests, so only other protocols have something to say.
        """
        return ""

    @abstractmethod
    def body(self, case: Case, provider: Provider, mode: Mode) -> str:
        """JSON text of a case's request; "" if the request has no body. It always encodes to UTF-8."""

    @abstractmethod
    def size(self, case: Case, provider: Provider) -> RequestSize | None:
        """What bounds the tokens of a case's request; None if no tokens are spent."""

    @abstractmethod
    def read(self, exchange: Exchange) -> Reply:
        """What the final attempt says, with every choice.

        Raises:
            ValueError: if the exchange brought no answer to read (``exchange.judgeable`` is False).
        """

    @abstractmethod
    def channels(self, event: Event) -> frozenset[Channel]:
        """The channels on which an event brings tokens, over all choices; empty if it is no token event."""

    @abstractmethod
    def tokens_in(self, body: bytes) -> TokenCount | None:
        """The usage that a raw body reports last; None if it reports none.

        Called once per attempt while others are under way, so it searches bytes and parses nothing.
        """

    @abstractmethod
    def error_in(self, body: bytes) -> str | None:
        """The message of the error that a whole body of a success reports; None if it reports none.

        Called once per attempt while others are under way, so it parses only what must be one.
        """

    @abstractmethod
    def preview(self, data: Any) -> str:
        """What an event or a plain body adds, without the envelope that every one repeats; "" if it is neither."""


PROTOCOLS: Registry[Protocol] = Registry("protocol", "trueweight.protocols")
"""Every protocol, ours and those of other packages, by name."""


class CaseApis(NamedTuple):
    """Through which APIs a provider is asked a case, by name; and through which it cannot be, with the reason."""

    asked: dict[str, Protocol]
    refused: dict[str, str]


def apis_of(case: Case, provider: Provider) -> CaseApis:
    """The APIs of a provider, divided into those that can express a case and those that cannot.

    Raises:
        ConfigError: ``unknown-protocol`` if the case or the provider names an API that is not installed.
    """
    if case.api is not None:
        only = PROTOCOLS.get(case.api)
        if only.completions and only.name not in provider.api:
            reason = f"the case is about {only.name}, and the provider is asked through {', '.join(provider.api)}"
            return CaseApis({}, {only.name: reason})
        return CaseApis({only.name: only}, {})
    found = CaseApis({}, {})
    for name in provider.api:
        protocol = PROTOCOLS.get(name)
        reason = protocol.cannot_express(case)
        if not reason and not set(case.modes) & set(protocol.modes):
            reason = f"it has no {' or '.join(case.modes)} replies"
        if reason:
            found.refused[name] = reason
        else:
            found.asked[name] = protocol
    return found


class Variant(NamedTuple):
    """One way in which a provider is asked a case."""

    api: str
    mode: Mode


def variants_of(case: Case, provider: Provider) -> tuple[Variant, ...]:
    """Every way in which a provider is asked a case: each API that can express it, in each mode of both.

    Raises:
        ConfigError: ``unknown-protocol``, as `apis_of`.
    """
    return tuple(
        Variant(name, mode)
        for name, protocol in apis_of(case, provider).asked.items()
        for mode in case.modes
        if mode in protocol.modes
    )
