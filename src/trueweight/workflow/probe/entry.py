"""All answers of one provider and API → its entry in the probe. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from trueweight.core import PROTOCOLS, Exchange, FailureKind, Provider, ThinkingMode, Trial
from trueweight.core.probe import ProbeAnswer, ProbeQuestion, ProviderProbe, SetupFault, SwitchTried
from trueweight.protocols import read_reply
from trueweight.protocols.models import model_ids
from trueweight.workflow.probe.addresses import other_scheme, redirected_base
from trueweight.workflow.probe.diagnosis import Diagnosis, refused_parameters

_AT_ADDRESS: Final = frozenset(
    {SetupFault.KEY_MISSING, SetupFault.KEY_REFUSED, SetupFault.UNKNOWN_MODEL, SetupFault.NO_CREDIT, SetupFault.REFUSED}
)
"""Refusals that show that the API is at an address."""
_ABOUT_REQUEST: Final = frozenset(
    {SetupFault.REFUSED, SetupFault.UNKNOWN_MODEL, SetupFault.WRONG_PATH, SetupFault.NOT_THE_API}
)
"""Faults that a refusal of tools looks like, where the same request without a tool is answered."""
_COMPLETIONS: Final = (ProbeQuestion.SMALLEST, ProbeQuestion.PLAIN, ProbeQuestion.TOOL)
"""Questions whose answers show whether a provider can be used; the fault of the first of them counts."""
_SIMILAR: Final = 3
_REFUSALS: Final = (400, 404, 422, 501)
"""Statuses with which hosts refuse a parameter that they do not have."""


class Asked(NamedTuple):
    """A probe request.

    Attributes:
        trial: what is sent; its provider may have another address than ``owner``.
        owner: the provider as ``providers.toml`` has it.
        keyed: whether the provider's key goes with it.
        switch, mode: the fields that are tried, and the mode to which they may switch thinking, where the question is
            `ProbeQuestion.SWITCH`.
    """

    trial: Trial
    owner: Provider
    api: str
    question: ProbeQuestion
    keyed: bool = True
    switch: Mapping[str, Any] = MappingProxyType({})
    mode: ThinkingMode = ThinkingMode.AS_SERVED


class Seen(NamedTuple):
    """A probe request and what its exchange shows."""

    asked: Asked
    exchange: Exchange
    answer: ProbeAnswer
    diagnosis: Diagnosis | None


def completed(seen: Iterable[Seen]) -> bool:
    """Whether a completion came from the provider's own address."""
    return any(one.answer.answered for one in completions(seen))


def completions(seen: Iterable[Seen]) -> Iterator[Seen]:
    """What was seen of the requests that show whether the provider can be used: as served, at its own address."""
    return (one for one in seen if one.asked.question in _COMPLETIONS)


def has_switched(one: Seen) -> bool:
    """Whether an answer came in the mode of thinking to which its request may have switched."""
    return one.answer.answered and (one.answer.thinking is not None) is (one.asked.mode is ThinkingMode.ON)


def main_diagnosis(seen: Sequence[Seen]) -> Diagnosis | None:
    """The setup fault that the answers of one provider and API show; None if a completion came, or may come later.

    The list of models counts only where nothing was sent after it, because of what came: no response, a proxy's
    refusal, or a rate limit of hours. A key may use a model and not list models. A host that answers badly at the right
    address has no setup fault: the run measures it.
    """
    if completed(seen):
        return None
    by_question = {one.asked.question: one for one in completions(seen)}
    found = [by_question[question].diagnosis for question in _COMPLETIONS if question in by_question]
    if not found:
        found = [one.diagnosis for one in seen if one.asked.question is ProbeQuestion.MODELS]
        found = [one for one in found if one is not None and one.status in (None, 407, 429)]
    return next((one for one in found if one is not None and not _is_at_right_address(one, seen)), None)


def _is_at_right_address(found: Diagnosis, seen: Sequence[Seen]) -> bool:
    """Whether another answer from the same address shows that a bad one is the server's failure, not the entry's: a
    response of HTTP beside what is not, or a list of models beside a success that has not the shape of this API."""
    if found.fault is SetupFault.NOT_HTTP:
        own = (one for one in seen if one.asked.question is not ProbeQuestion.OTHER_URL)
        return any(one.exchange.final.status is not None for one in own)
    success = found.status is not None and 200 <= found.status < 300
    return success and found.fault in (SetupFault.NOT_THE_API, SetupFault.REFUSED) and bool(_listed(seen))


def maybe_wrong_scheme(base_url: str, seen: Sequence[Seen]) -> bool:
    """Whether a server closes each connection of plain HTTP without a response, as one that expects TLS may do."""
    if not base_url.startswith("http:") or not seen:
        return False
    return all(one.exchange.failure is not None and one.exchange.failure.kind is FailureKind.RESET for one in seen)


def entry_of(provider: Provider, api: str, seen: Sequence[Seen], *, at: str, proxied: bool) -> ProviderProbe:
    """The entry of one provider and API. ``seen`` has its requests, those for the list of models included."""
    found = main_diagnosis(seen)
    listed = _listed(seen)
    has_model = None if listed is None else provider.model in listed
    works_at = _works_at(provider, api, seen, found)
    if found is not None and found.fault is SetupFault.WRONG_PATH and not works_at and has_model is False and listed:
        found = found._replace(fault=SetupFault.UNKNOWN_MODEL)  # this address lists other models
    if found is not None and found.fault in (SetupFault.NOT_HTTP, SetupFault.UNREACHABLE) and works_at:
        found = found._replace(fault=SetupFault.WRONG_SCHEME)
    if found is None and not completed(seen):
        works_at = _address_found(provider.base_url_of(api), seen)
        found = Diagnosis(SetupFault.WRONG_SCHEME, seen[0].answer.said, None) if works_at else None
    as_served = (one for one in seen if one.asked.question is not ProbeQuestion.SWITCH)
    thoughts = [one.answer.thinking for one in as_served if one.answer.thinking is not None]
    return ProviderProbe(
        provider=provider.name,
        api=api,
        base_url=provider.base_url_of(api),
        apis=provider.api,
        model=provider.model,
        fingerprint=provider.fingerprint(),
        at=at,
        key_env=provider.api_key_env,
        key_header=provider.key_header or PROTOCOLS.get(api).key_header,
        proxied=proxied,
        fault=None if found is None else found.fault,
        said="" if found is None else found.said,
        status=None if found is None else found.status,
        works_at=works_at,
        models=None if listed is None else len(listed),
        model_listed=has_model,
        similar=() if has_model or not listed else _similar(provider.model, listed),
        takes_tools=_takes_tools(seen),
        refused=_refused(seen),
        logprobs=_logprobs(seen),
        thinking=max(thoughts, key=lambda one: (one.tokens or 0, one.characters), default=None),
        switches=tuple(
            SwitchTried(fields=one.asked.switch, works=has_switched(one), mode=one.asked.mode)
            for one in seen
            if one.asked.question is ProbeQuestion.SWITCH
        ),
        answers=tuple(one.answer for one in seen),
    )


def _listed(seen: Iterable[Seen]) -> tuple[str, ...] | None:
    for one in seen:
        if one.asked.question is ProbeQuestion.MODELS and one.answer.answered:
            return model_ids(read_reply(one.exchange).json)
    return None


def _similar(model: str, listed: Sequence[str]) -> tuple[str, ...]:
    """The listed ids that are most like the model's, without regard to case and vendor prefix."""
    shortened = {name.lower().rpartition("/")[2]: name for name in reversed(listed)}
    close = difflib.get_close_matches(model.lower().rpartition("/")[2], shortened, n=_SIMILAR, cutoff=0.5)
    return tuple(shortened[name] for name in close) or (tuple(listed) if len(listed) <= _SIMILAR else ())


def _works_at(provider: Provider, api: str, seen: Iterable[Seen], found: Diagnosis | None) -> str:
    if found is None:
        return ""
    if found.fault is SetupFault.REDIRECT:
        return next(filter(None, (_redirected(one.exchange, api) for one in seen)), "")
    return _address_found(provider.base_url_of(api), seen)


def _address_found(base_url: str, seen: Iterable[Seen]) -> str:
    """The first other address at which the API is; "" if it is at none."""
    for one in seen:
        if one.asked.question is ProbeQuestion.OTHER_URL and _is_there(one, base_url):
            return one.asked.trial.provider.base_url
    return ""


def _redirected(exchange: Exchange, api: str) -> str:
    location = exchange.final.header("location")
    failed = exchange.failure is not None and exchange.failure.kind is FailureKind.REDIRECT
    if not failed or location is None or exchange.api != api:
        return ""
    return redirected_base(exchange.request.url, location, PROTOCOLS.get(api).path)


def _is_there(one: Seen, base_url: str) -> bool:
    """Whether the API is at the address of a request."""
    if one.answer.answered:
        return True
    swapped = one.asked.trial.provider.base_url == other_scheme(base_url)
    if swapped and one.diagnosis is not None and one.diagnosis.fault is SetupFault.TLS:
        return True  # it speaks TLS; that its certificate is not trusted is the next fault
    if swapped and one.exchange.final.status is not None:
        return one.diagnosis is None or one.diagnosis.fault is not SetupFault.WRONG_SCHEME
    return one.diagnosis is not None and one.diagnosis.fault in _AT_ADDRESS


def _takes_tools(seen: Iterable[Seen]) -> bool | None:
    """Whether a request with a tool is accepted; None if the request without one was refused like it, or not sent."""
    by_question = {one.asked.question: one for one in seen}
    tool = by_question.get(ProbeQuestion.TOOL)
    if tool is None:
        return None
    if tool.answer.answered:
        return True
    plain = by_question.get(ProbeQuestion.PLAIN)
    refused = tool.diagnosis is not None and tool.diagnosis.fault in _ABOUT_REQUEST and tool.answer.status is not None
    return False if refused and plain is not None and plain.answer.answered else None


def _logprobs(seen: Iterable[Seen]) -> bool | None:
    """Whether the answer to the request for log-probabilities has some. A refusal of that request, where the same one
    without them was answered, is a no; of an answer without content, and of a lost one, nothing is known."""
    for one in seen:
        if one.asked.question is not ProbeQuestion.LOGPROBS:
            continue
        if one.answer.answered:
            sent = bool(read_reply(one.exchange).logprobs)
            return True if sent else False if one.answer.content else None
        status = one.answer.status
        return False if status in _REFUSALS else None
    return None


def _refused(seen: Iterable[Seen]) -> tuple[str, ...]:
    named = (
        name
        for one in seen
        if one.asked.question in (ProbeQuestion.PLAIN, ProbeQuestion.TOOL) and one.diagnosis is not None
        for name in refused_parameters(one.exchange)
    )
    return tuple(dict.fromkeys(named))
