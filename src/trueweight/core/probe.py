"""What a probe finds before a run: whether each provider's entry is right, and how its model answers. Codes, no words.

``probe.json`` of a run directory is a `Probe`; `trueweight.report.words` turns it into sentences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from trueweight.core.thinking import ThinkingMode

_NO_TEMPERATURE: Final = re.compile(
    r"(?i)(?:unsupported|unknown|unrecogni[sz]ed|unexpected)[\w ]{0,30}\b(?:parameter|argument|field)s?\b[^.]{0,60}"
    r"\btemperature\b|\btemperature\b\W{1,3}(?:is (?:deprecated|not permitted)|extra inputs)"
)
"""The words of a server that takes no temperature at all."""
PROBE_FORMAT: Final = "trueweight.probe/1"


class SetupFault(StrEnum):
    """Why no request of a run could be answered: the provider's entry, its account or the way to it is wrong."""

    UNKNOWN_HOST = "unknown-host"
    """The host's name does not resolve."""
    UNREACHABLE = "unreachable"
    """No connection: nothing listens at this address and port, or a firewall drops the packets."""
    TLS = "tls"
    """The TLS handshake failed, or the server's certificate is not trusted."""
    WRONG_SCHEME = "wrong-scheme"
    """The URL says https and the port speaks plain HTTP, or the other way round."""
    NOT_HTTP = "not-http"
    """What listens at this port does not speak HTTP."""
    PROXY = "proxy"
    """A proxy between this client and the provider answered in its place, or refused."""
    REDIRECT = "redirect"
    """The server sends the request to another URL. Redirects are not followed, because they would carry the key."""
    WRONG_PATH = "wrong-path"
    """The host answers, and this API is not at this path."""
    NOT_THE_API = "not-the-api"
    """A success, or a page for people, that has not the shape of this API."""
    UNKNOWN_MODEL = "unknown-model"
    """The server does not know the model, or the key may not use it."""
    KEY_MISSING = "key-missing"
    """The server asks for a key, and the provider's entry names none."""
    KEY_REFUSED = "key-refused"
    """The server refuses the key."""
    NO_CREDIT = "no-credit"
    """The account has no credit, or its quota is used up for longer than a run may wait."""
    REGION = "region"
    """The server does not serve the country that this client's address is in."""
    REFUSED = "refused"
    """The server refuses even the smallest request, for another reason, which its words say."""


class ProbeQuestion(StrEnum):
    """What one probe request is for."""

    MODELS = "models"
    """The list of models."""
    PLAIN = "plain"
    """A completion without a tool."""
    TOOL = "tool"
    """A completion with a tool."""
    SMALLEST = "smallest"
    """A completion that sets no parameter, after a refusal of ``plain``."""
    LOGPROBS = "log-probabilities"
    """The completion that was answered, with log-probabilities; sent by ``trueweight ping`` alone."""
    SWITCH = "switch"
    """A completion with thinking switched, one for each way to do so until one works."""
    OTHER_URL = "other-url"
    """A completion at another URL, after a failure that hints at a wrong one."""


class Thinking(msgspec.Struct, frozen=True, kw_only=True):
    """The thinking that came before, or in, one answer.

    Attributes:
        place: where it is: the JSON name of a field (``reasoning_content``), ``content`` for think tags in the
            content, or ``usage`` if it is only counted there.
        characters: its length; 0 if only counted.
        tokens: as usage reports them. Of a thought that is not sent as text, or only as a summary, and that usage does
            not count, the tokens of the whole answer. Else None.
        cut: whether the answer ended at its token limit before any content or call came.
    """

    place: str
    characters: int = 0
    tokens: int | None = None
    cut: bool = False


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One probe request and what became of it. Texts of the server are redacted and cut to 500 characters.

    Attributes:
        trial: id of its exchange in ``probe.jsonl``.
        answered: whether a reply of this API came.
        failure: kind of the last attempt's failure; "" for a success.
        said: the server's message, or the transport's.
        ms: from sending to the end of the last attempt.
        finish: finish reason as sent.
        content: characters of content.
        calls: number of tool calls.
    """

    question: ProbeQuestion
    trial: str
    url: str
    answered: bool = False
    status: int | None = None
    failure: str = ""
    said: str = ""
    attempts: int = 1
    ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    finish: str | None = None
    content: int = 0
    calls: int = 0
    thinking: Thinking | None = None


class SwitchTried(msgspec.Struct, frozen=True, kw_only=True):
    """One way to switch thinking.

    Attributes:
        fields: what it adds to a request.
        works: whether an answer came, without a thought if thinking was to be off, and with one if it was to be on.
    """

    fields: Mapping[str, Any]
    works: bool
    mode: ThinkingMode = ThinkingMode.OFF


class ProviderProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What the probe found of one provider through one API.

    Attributes:
        base_url: of this API.
        apis: the APIs of the provider's entry; none in probes of earlier versions.
        fingerprint: of the provider's entry, so that a resumed run probes a changed entry again.
        at: UTC, ISO 8601.
        key_env: variable of the key; None if the entry names none.
        key_header: the header that carries the key; "" in probes of earlier versions.
        proxied: whether a proxy of the environment is in the way.
        fault: the setup fault that stops it; None if it may run.
        said: the server's words for the fault.
        status: HTTP status of the answer that shows the fault; None without one.
        works_at: a ``base_url`` that answers, found after a fault of the URL; "" if none was found.
        models: number of listed models; None if there is no list.
        model_listed: whether the model is in the list; None if there is no list.
        similar: listed models with a similar name.
        takes_tools: whether a request with a tool is accepted; None if unknown.
        refused: parameters of the probe's requests that the server refuses by name.
        logprobs: whether an answer had log-probabilities; None if none was asked for them, or it had no content.
        thinking: the longest thinking of its answers; None if it did not think.
        switches: the ways to switch thinking that were tried, in order; the last one may work: off, of a model that
            thinks as it is served, else on.
        profile: label of the profile that holds for it; "" if none does, and in a run, whose manifest has it.
    """

    provider: str
    api: str
    base_url: str
    model: str
    fingerprint: str
    at: str
    key_env: str | None = None
    key_header: str = ""
    proxied: bool = False
    fault: SetupFault | None = None
    said: str = ""
    status: int | None = None
    works_at: str = ""
    models: int | None = None
    model_listed: bool | None = None
    similar: tuple[str, ...] = ()
    takes_tools: bool | None = None
    refused: tuple[str, ...] = ()
    logprobs: bool | None = None
    thinking: Thinking | None = None
    switches: tuple[SwitchTried, ...] = ()
    profile: str = ""
    apis: tuple[str, ...] = ()
    answers: tuple[ProbeAnswer, ...] = ()

    def switch(self, mode: ThinkingMode) -> Mapping[str, Any] | None:
        """The fields that switch its thinking to this mode, as one of its answers shows; None if none does."""
        return next((one.fields for one in self.switches if one.works and one.mode is mode), None)

    @property
    def takes_no_temperature(self) -> bool:
        """Whether it refuses the parameter temperature, and not its value, so that it refuses each."""
        return any(_NO_TEMPERATURE.search(answer.said) for answer in self.answers if not answer.answered)

    @property
    def to_switch(self) -> ThinkingMode:
        """The mode to which its thinking can be switched: the one in which it does not answer as it is served."""
        return ThinkingMode.ON if self.thinking is None else ThinkingMode.OFF

    @property
    def answered(self) -> bool:
        """Whether a completion came."""
        return any(answer.answered and answer.question is not ProbeQuestion.MODELS for answer in self.answers)


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A probe of several providers: one entry for each provider and API, in the order of ``providers.toml``.

    Attributes:
        requests: sent, retries included, since the run began.
        cost: USD of the providers that declare a price.
    """

    providers: tuple[ProviderProbe, ...] = ()
    requests: int = 0
    cost: float = 0.0
    format: Literal["trueweight.probe/1"] = PROBE_FORMAT

    @property
    def stopped(self) -> tuple[ProviderProbe, ...]:
        """The entries with a setup fault."""
        return tuple(one for one in self.providers if one.fault is not None)

    @property
    def silenced(self) -> frozenset[str]:
        """Names of the providers that have a setup fault through each of their APIs: nothing else is sent to them."""
        return frozenset(one.provider for one in self.stopped) - frozenset(
            one.provider for one in self.providers if one.fault is None
        )

    def of(self, provider: str, api: str) -> ProviderProbe | None:
        """The entry of a provider and API; None if it was not probed."""
        return next((one for one in self.providers if (one.provider, one.api) == (provider, api)), None)
