"""A protocol: one API shape. All code that knows its wire format is in its folder of ``protocols/``.

All other code uses cases, replies, choices, calls, usage and finish reasons, and calls a protocol to write and read
them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from trueweight.core.case import Case, Mode
from trueweight.core.changed_case import why_untested
from trueweight.core.errors import ConfigError
from trueweight.core.example import SampleReply
from trueweight.core.exchange import Exchange
from trueweight.core.price import TokenCount
from trueweight.core.profile import ProfileHistory
from trueweight.core.provider import Provider
from trueweight.core.registry import Registry
from trueweight.core.reply import Channel, Event, Reply
from trueweight.core.thinking import ThinkingMode, sets_thinking

_T = TypeVar("_T")


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
        choices: number of requested choices.
    """

    prompt_bytes: int
    messages: int
    output_tokens: int | None
    choices: int = 1


class Protocol(ABC):
    """One API shape. Its methods are pure. Those that read bytes of a server do not raise, whatever the bytes are.

    Attributes:
        name: as in ``providers.toml`` and in a suite (``api = "chat"``).
        title: in sentences, e.g. ``chat completions``.
        method, path: of every request; the path starts with a slash and is appended to ``base_url``.
        elsewhere: paths below a host at which hosts serve this API apart from their others, e.g. ``/anthropic/v1``.
        continues: whether a request can continue an earlier response, which the server has stored.
        completions: whether its replies are completions of a model. An API without completions (the list of models)
            is used with every provider unless it is ``beside`` another API, and is left out of speed, tokens and load.
        beside: of an API without completions: name of the API that it belongs to. It is used with the providers that
            have that API, and its replies are compared with those of that API.
        modes: the modes that it supports.
        names: noun (``finish``, ``input``, ``total``, ``limit``, ``calls``, ``reasoning``, …) → JSON name of its
            field, where the two differ. The evidence of a finding is searched under the JSON name.
        thoughts: JSON names of the fields that can hold a thought, in the order in which they are read.
        fields: JSON names of the fields that the API defines for the body of a request; empty if it takes none.
        private: those of ``fields`` that are about the caller, not about the answer. Importers never copy them.
        message_fields: JSON names of the fields of one message of a request.
        fresh: finds in a body the ids and times of creation that a server makes anew for each reply, each in one group.
            They are told apart, and nothing else of them is judged. None if bodies have other such values.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    method: ClassVar[str] = "POST"
    path: ClassVar[str]
    elsewhere: ClassVar[tuple[str, ...]] = ()
    continues: ClassVar[bool] = False
    completions: ClassVar[bool] = True
    beside: ClassVar[str] = ""
    modes: ClassVar[tuple[Mode, ...]] = (Mode.PLAIN, Mode.STREAM)
    names: ClassVar[Mapping[str, str]] = MappingProxyType({})
    thoughts: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[frozenset[str]] = frozenset()
    private: ClassVar[frozenset[str]] = frozenset()
    message_fields: ClassVar[frozenset[str]] = frozenset()
    fresh: ClassVar[re.Pattern[bytes] | None] = None

    def base_url(self, provider: Provider) -> str:
        """Where a provider has this API: its own address, or that of the API that it is ``beside``."""
        return provider.base_url_of(self.beside or self.name)

    @property
    def line(self) -> RequestLine:
        """Method and path of every request."""
        return RequestLine(self.method, self.path)

    def headers(self, key: str | None) -> tuple[tuple[str, str], ...]:
        """Headers of the API: its credentials, if there is a key, and its version, if it has one."""
        return () if key is None else (("Authorization", f"Bearer {key}"),)

    @property
    def key_header(self) -> str:
        """The header in which the API wants the key; "" if it wants none."""
        mark = "key"
        return next((name for name, value in self.headers(mark) if mark in value), "")

    def cannot_express(self, _case: Case) -> str:
        """Why this API cannot express a case's request, e.g. ``it has no tools``; "" if it can.

        Chat completions express every case, because cases are written in their shape.
        """
        return ""

    def left_out(self, _case: Case) -> tuple[str, ...]:
        """The fields of a case that ask for something and that its body does not have, because the API has none such,
        e.g. ``seed``. They change no answer that the case is about; else `cannot_express` says so."""
        return ()

    def rewrite_history(self, messages: Sequence[Any], _history: ProfileHistory, *, thinks: bool) -> list[Any]:  # noqa: ARG002 - for overrides
        """The earlier messages of a case as a profile wants them. Called of the API in whose shape cases are written;
        the others write their histories from the result.

        Args:
            thinks: whether the model thinks before its answer.
        """
        return list(messages)

    def continuing(self, case: Case, _previous: str) -> Case:
        """The case with the id of the response that its request continues. Called if the API ``continues``."""
        return case

    def stored_id(self, _body: bytes) -> str:
        """The id under which a plain response of this API is stored, if it is; "" if it has none."""
        return ""

    @abstractmethod
    def body(self, case: Case, provider: Provider, mode: Mode) -> str:
        """JSON text of the body of a case's request, which encodes to UTF-8; "" if the request has no body."""

    @abstractmethod
    def size(self, case: Case, provider: Provider) -> RequestSize | None:
        """What bounds the tokens of a case's request; None if it uses no tokens."""

    @abstractmethod
    def read(self, exchange: Exchange) -> Reply:
        """The reply in the final attempt of an exchange, with every choice.

        Raises:
            ValueError: if the exchange brought no answer to read (``exchange.judgeable`` is False).
        """

    def sample(self, _reply: SampleReply) -> Exchange:
        """The exchange in which a server of this API sends a sample reply, for examples of checks. An API without this
        method has checks whose examples are exchanges.

        Raises:
            ConfigError: ``no-sample-replies`` if the API has not this method.
        """
        raise ConfigError(
            f"the API {self.name} has no sample replies",
            code="no-sample-replies",
            hint=f"Give its checks an Exchange as their example, or give {type(self).__name__} the method 'sample'.",
        )

    def recognises(self, reply: Reply) -> bool:
        """Whether a success has the shape of this API at all, however faulty: a page or a greeting has not.

        JSON that cannot be parsed counts as the API's, because a broken completion is for the checks to judge.
        """
        if reply.choices or reply.usage or reply.streamed or (reply.model and reply.response_id):
            return True
        return reply.json is None and reply.text.lstrip("\ufeff \t\r\n").startswith("{")

    @abstractmethod
    def channels(self, event: Event) -> frozenset[Channel]:
        """The channels on which an event carries tokens, over all choices; empty if it is not a token event."""

    @abstractmethod
    def tokens_in(self, body: bytes) -> TokenCount | None:
        """The last usage that a raw body reports; None if it reports none.

        It is called for each attempt while other requests are in progress, so it searches bytes and parses no JSON.
        """

    def may_state_cost(self, body: bytes) -> bool:  # noqa: ARG002
        """Whether the usage that a raw body reports may have a cost. Quick, and never wrongly false."""
        return True

    @abstractmethod
    def error_in(self, body: bytes) -> str | None:
        """The message of the error that the complete body of a success status reports; None if it reports none.

        It is called for each attempt while other requests are in progress, so it parses only documents that name an
        error.
        """

    @abstractmethod
    def preview(self, data: Any) -> str:
        """The content of an event or of a plain body in one line, without the fields that every event repeats; "" if
        the data has another shape."""


PROTOCOLS: Registry[Protocol] = Registry("protocol", "trueweight.protocols")
"""All protocols by name, those of other packages included."""


def is_completion(case: Case) -> bool:
    """Whether a case asks a model for a completion; a case about a list of models, for example, does not.

    Raises:
        ConfigError: ``unknown-protocol`` if the case names an API that is not installed.
    """
    return case.api is None or PROTOCOLS.get(case.api).completions


class CaseApis(NamedTuple):
    """The APIs of a provider for one case.

    Attributes:
        asked: name → protocol, for the APIs through which the case is sent.
        refused: name → reason, for the APIs that cannot express the case, or in whose request the
            provider's entry changes what the case is about.
    """

    asked: dict[str, Protocol]
    refused: dict[str, str]


def apis_of(case: Case, provider: Provider) -> CaseApis:
    """The APIs of a provider, divided into those that can express a case and those that cannot.

    Raises:
        ConfigError: ``unknown-protocol`` if the case or the provider names an API that is not installed.
    """
    if case.api is not None:
        only = PROTOCOLS.get(case.api)
        needed = only.beside or only.name
        if (only.completions or only.beside) and needed not in provider.api:
            titles = [PROTOCOLS.get(name).title or name for name in (needed, *provider.api)]
            reason = f"the case needs {titles[0]}, and the provider has {', '.join(titles[1:])}"
            return CaseApis({}, {only.name: reason})
        untested = _why_untested(only, _Same(case), _Same(provider))
        return CaseApis({}, {only.name: untested}) if untested else CaseApis({only.name: only}, {})
    found = CaseApis({}, {})
    for name in provider.api:
        protocol = PROTOCOLS.get(name)
        reason = _why_not(protocol, _Same(case))
        if not reason and not set(case.modes) & set(protocol.modes):
            reason = f"it has no {' or '.join(case.modes)} replies"
        reason = reason or _why_untested(protocol, _Same(case), _Same(provider))
        if reason:
            found.refused[name] = reason
        else:
            found.asked[name] = protocol
    return found


class _Same(Generic[_T]):
    """An object as a key of a cache. It is its identity, because a request cannot be hashed."""

    __slots__ = ("of",)

    def __init__(self, of: _T) -> None:
        self.of = of

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.of is self.of


# Some APIs write the whole request to see whether they can. It is the same for all providers and repeats, for which a
# case is looked at in a row.
@lru_cache(maxsize=256)
def _why_not(protocol: Protocol, case: _Same[Case]) -> str:
    return protocol.cannot_express(case.of)


@lru_cache(maxsize=256)
def _why_untested(protocol: Protocol, case: _Same[Case], provider: _Same[Provider]) -> str:
    return why_untested(protocol, case.of, provider.of)


def counterparts(own: Sequence[str], base: Sequence[str]) -> dict[str, str]:
    """For each API of a provider the API of another provider that it is compared with, or itself if there is none.

    An API is compared with the same API. APIs that only one of the two has are compared in order: providers with one
    API each can be compared through different APIs.
    """
    left = (name for name in base if name not in own)
    return {name: name if name in base else next(left, name) for name in own}


class Variant(NamedTuple):
    """One way in which a case is sent to a provider: an API, a mode, and whether thinking is switched."""

    api: str
    mode: Mode
    thinking: ThinkingMode = ThinkingMode.AS_SERVED


def variants_of(
    case: Case, provider: Provider, thinking: Iterable[ThinkingMode] = (ThinkingMode.AS_SERVED,)
) -> tuple[Variant, ...]:
    """Every way in which a case is sent to a provider: each API that can express it, in each mode of both, with each
    of these modes of thinking for which the provider has a switch. A case about thinking itself is sent as served.

    Raises:
        ConfigError: ``unknown-protocol``, as `apis_of`.
    """
    return tuple(
        Variant(name, mode, one)
        for name, protocol in apis_of(case, provider).asked.items()
        for mode in case.modes
        if mode in protocol.modes
        for one in _thinking_of(case, protocol, provider, thinking)
    )


def _thinking_of(
    case: Case, protocol: Protocol, provider: Provider, thinking: Iterable[ThinkingMode]
) -> tuple[ThinkingMode, ...]:
    if not protocol.completions or sets_thinking(case):
        return (ThinkingMode.AS_SERVED,)
    return tuple(one for one in thinking if provider.thinking.fields(one) is not None)
