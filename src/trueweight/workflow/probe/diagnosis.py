"""What the answers of one probe show: pure functions of recorded exchanges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from trueweight.core import PROTOCOLS, Attempt, Exchange, FailureKind, Finish, Provider, Reply
from trueweight.core.probe import ProbeAnswer, ProbeQuestion, SetupFault, Thinking
from trueweight.protocols import ErrorText, read_error, read_reply
from trueweight.wire import NotHttp
from trueweight.workflow.probe.words_of_servers import (
    names_credit,
    names_https,
    names_key,
    names_model,
    names_proxy,
    names_region,
    names_wait,
)

_BY_KIND: Final[Mapping[FailureKind, SetupFault]] = {
    FailureKind.DNS: SetupFault.UNKNOWN_HOST,
    FailureKind.CONNECT: SetupFault.UNREACHABLE,
    FailureKind.TIMEOUT_CONNECT: SetupFault.UNREACHABLE,
    FailureKind.TLS: SetupFault.TLS,
    FailureKind.PROXY: SetupFault.PROXY,
    FailureKind.REDIRECT: SetupFault.REDIRECT,
    FailureKind.PROTOCOL: SetupFault.NOT_HTTP,
}
_PLAIN_PEER: Final = re.compile(r"(?i)wrong.version.number|record.layer|unknown.protocol|http.request|packet.length")
"""What OpenSSL says when the other side answers a TLS handshake in plain text."""
_CUT: Final = 500
_MARKUP: Final = 128
"""Completion tokens that an answer may have beside its text: the markup of calls, and of the end of a turn."""
_PARAMETERS: Final = ("max_completion_tokens", "max_tokens", "temperature", "tools", "tool_choice")
_FORBIDDEN: Final = 403
_PROXY_STATUS: Final = (407, 511)
_WRONG_PATH_STATUS: Final = (404, 405, 410, 501)


class Diagnosis(NamedTuple):
    """A setup fault, the server's words for it, and the status of the answer that shows it."""

    fault: SetupFault
    said: str
    status: int | None


def answer_of(exchange: Exchange, question: ProbeQuestion) -> ProbeAnswer:
    """What became of one probe request."""
    final = exchange.final
    reply = read_reply(exchange) if exchange.judgeable else None
    answered = _has_answered(exchange, reply, question)
    usage = reply.usage if reply else None
    return ProbeAnswer(
        question=question,
        trial=exchange.trial,
        url=exchange.request.url,
        answered=answered,
        status=final.status,
        failure=exchange.failure.kind.value if exchange.failure else "",
        said="" if answered else said_of(final),
        attempts=len(exchange.attempts),
        ms=round((final.t_done - final.t_send) / 1e6, 3),
        input_tokens=usage.input if usage else None,
        output_tokens=usage.output if usage else None,
        finish=reply.finish_text if reply else None,
        content=len((reply.content if reply else None) or ""),
        calls=len(reply.calls) if reply else 0,
        thinking=_thinking_of(reply) if reply and answered else None,
    )


def _has_answered(exchange: Exchange, reply: Reply | None, question: ProbeQuestion) -> bool:
    if reply is None or not reply.ok or reply.error is not None:
        return False
    error = read_error(exchange.final)
    if error.page or error.failed or not reply.body:
        return False
    return question is ProbeQuestion.MODELS or PROTOCOLS.get(exchange.api).recognises(reply)


def said_of(attempt: Attempt) -> str:
    """The server's message, or its status if it has none; without a response, the transport's."""
    if attempt.status is None or 300 <= attempt.status < 400 or _is_broken_success(attempt):
        return (attempt.failure.detail if attempt.failure else "")[:_CUT]
    return read_error(attempt).message[:_CUT] or (attempt.failure.detail[:_CUT] if attempt.failure else "")


def _is_broken_success(attempt: Attempt) -> bool:
    """Whether the status is a success, and the transport failed before the end of the body."""
    failed = attempt.failure is not None and attempt.failure.kind is not FailureKind.ERROR_IN_BODY
    return failed and attempt.status is not None and attempt.status < 300


def _thinking_of(reply: Reply) -> Thinking | None:
    """The thought of the choice with the longest one; None if none has one and usage counts none.

    A server that keeps the thought and counts it among the completion tokens has more of these than the answer can be.
    """
    if not reply.choices:
        return None
    usage = reply.usage
    if not reply.thinks:
        unseen = usage is not None and usage.reasoning is None and (usage.output or 0) > _MARKUP + _most_tokens(reply)
        cut = reply.finish is Finish.LENGTH and not reply.content and not reply.calls
        return Thinking(place="usage", tokens=usage.output, cut=cut) if unseen and usage is not None else None
    choice = max(reply.choices, key=lambda one: (one.thinks, len(one.thought)))
    cut = choice.finish is Finish.LENGTH and not choice.content and not choice.calls
    counted = usage.reasoning if usage is not None and reply.counts_thought else None
    if not choice.thinks:
        return Thinking(place="usage", tokens=counted, cut=cut)
    if counted is None and usage is not None and not choice.reasoning_whole:
        counted = usage.output
    place = choice.reasoning_field or "reasoning"
    return Thinking(place=place, characters=len(choice.thought), tokens=counted, cut=cut)


def _most_tokens(reply: Reply) -> int:
    """The most tokens that what was sent can be: one for each byte."""
    calls = (f"{call.id or ''}{call.name or ''}{call.arguments or ''}" for one in reply.choices for call in one.calls)
    texts = (f"{one.content or ''}{one.refusal or ''}" for one in reply.choices)
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in (*calls, *texts))


def diagnose(exchange: Exchange, provider: Provider, *, retry_budget: float, asked: float | None) -> Diagnosis | None:
    """The setup fault that a request without an answer shows; None if another request may be answered.

    Args:
        retry_budget: seconds that a run waits for one request.
        asked: seconds that the server asked the client to wait; None if it did not ask.
    """
    attempt, kind = exchange.final, exchange.failure.kind if exchange.failure else None
    said = said_of(attempt)
    if kind is FailureKind.TLS and _PLAIN_PEER.search(said):
        return Diagnosis(SetupFault.WRONG_SCHEME, said, None)
    if attempt.status is None:
        fault = None if kind is None else _BY_KIND.get(kind)
        if fault is SetupFault.NOT_HTTP and not isinstance(attempt.failure, NotHttp):
            return None  # it speaks HTTP, and badly: that is for the run to measure
        return None if fault is None else Diagnosis(fault, said, None)
    if _is_broken_success(attempt):
        return None
    fault = _of_response(attempt, attempt.status, provider, retry_budget=retry_budget, asked=asked)
    return None if fault is None else Diagnosis(fault, said, attempt.status)


def _of_response(  # noqa: PLR0911 - one line for each fault
    attempt: Attempt, status: int, provider: Provider, *, retry_budget: float, asked: float | None
) -> SetupFault | None:
    error = read_error(attempt)
    words = " ".join((error.message, *error.codes))
    if status in _PROXY_STATUS or _from_proxy(attempt, error, words):
        return SetupFault.PROXY
    if 300 <= status < 400:
        return SetupFault.REDIRECT
    if names_https(words):
        return SetupFault.WRONG_SCHEME
    if status == 451:
        return SetupFault.REGION
    if status == 402:
        return SetupFault.NO_CREDIT
    if status == 429:
        return _of_rate_limit(attempt, words, retry_budget=retry_budget, asked=asked)
    if status >= 500 and status != 501:
        # A server that fails may recover. A gateway without a route to the model will not.
        about = re.search(rf"(?<!\w){re.escape(provider.model)}(?!\w)", error.message, re.IGNORECASE)
        named = about and names_model(words, provider.model) and not names_wait(words)
        return SetupFault.UNKNOWN_MODEL if named and not error.page else None
    if status in (401, _FORBIDDEN) or not 200 <= status < 300:
        return _of_refusal(status, error, words, provider)
    return _of_refusal(status, error, words, provider) if error.failed else SetupFault.NOT_THE_API


def _of_refusal(status: int, error: ErrorText, words: str, provider: Provider) -> SetupFault:  # noqa: PLR0911
    if names_region(words):
        return SetupFault.REGION
    if status == 401:
        return _of_key(provider)
    if error.page and status == _FORBIDDEN:
        return SetupFault.NOT_THE_API
    if names_credit(words):
        return SetupFault.NO_CREDIT
    if names_model(words, provider.model):
        return SetupFault.UNKNOWN_MODEL
    if status == _FORBIDDEN or names_key(words):
        return _of_key(provider)
    if status in _WRONG_PATH_STATUS:
        return SetupFault.WRONG_PATH
    return SetupFault.NOT_THE_API if error.page else SetupFault.REFUSED


def _of_key(provider: Provider) -> SetupFault:
    return SetupFault.KEY_MISSING if provider.api_key_env is None else SetupFault.KEY_REFUSED


def _of_rate_limit(attempt: Attempt, words: str, *, retry_budget: float, asked: float | None) -> SetupFault | None:
    """A quota that is used up for good, or for longer than a run waits; None for a limit that passes."""
    if asked is None and (delay := re.search(rb'"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"', attempt.body[:100_000])):
        asked = float(delay[1])  # Google's RetryInfo, which says "quota" of each rate limit
    if asked is not None:
        return SetupFault.NO_CREDIT if asked > retry_budget else None
    return SetupFault.NO_CREDIT if names_credit(words) else None


def _from_proxy(attempt: Attempt, error: ErrorText, words: str) -> bool:
    """Whether a proxy between the client and the provider wrote the response."""
    if attempt.header("x-squid-error") or attempt.header("proxy-authenticate"):
        return True
    return error.page and names_proxy(" ".join((words, attempt.header("server") or "", attempt.header("via") or "")))


def refused_parameters(exchange: Exchange) -> tuple[str, ...]:
    """The parameters that a refusal names, of those that the probe's requests have."""
    error = read_error(exchange.final)
    found = [name for name in _PARAMETERS if re.search(rf"\b{name}\b", f"{error.param} {error.message}")]
    if "max_tokens" in found and "max_completion_tokens" in found:
        found.remove("max_completion_tokens")  # the remedy that the message offers
    return tuple(found)
