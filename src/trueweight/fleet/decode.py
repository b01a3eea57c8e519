"""Text from the network: sampling by the parameters of a request, and log-probabilities from the softmax."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from trueweight.core.json_value import JsonObject
from trueweight.fleet import tokenizer
from trueweight.fleet.network import NEVER, Array, Context, Network, log_softmax

_NEVER = -1e9
"""Logit of a token that may not be drawn."""
LONGEST = 256
"""Free text ends after this many tokens at the latest."""
_KEPT, _KEPT_WITH_LOGPROBS = 2048, 128
"""Texts that are kept: what has no chance in it is the same for every provider and repeat that asks for it next."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling parameters of a request, with the API's defaults."""

    temperature: float = 1.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    min_tokens: int = 0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict, hash=False)
    top_logprobs: int | None = None
    """Alternatives to list per token; None if the request does not want log-probabilities."""

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Sampling:
        """Read a valid request; null means the default, as in the API."""

        def number(name: str, default: float) -> float:
            value = body.get(name)
            return default if value is None else float(value)

        stop = body.get("stop")
        limit = body.get("max_completion_tokens")
        return cls(
            temperature=number("temperature", 1.0),
            top_p=number("top_p", 1.0),
            stop=() if stop is None else (stop,) if isinstance(stop, str) else tuple(stop),
            max_tokens=body.get("max_tokens") if limit is None else limit,
            min_tokens=body.get("min_tokens") or 0,
            frequency_penalty=number("frequency_penalty", 0.0),
            presence_penalty=number("presence_penalty", 0.0),
            logit_bias={int(token): float(bias) for token, bias in (body.get("logit_bias") or {}).items()},
            top_logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text as tokens.

    Attributes:
        tokens: what was made, without the end token.
        text: what the client sees: cut before a stop sequence.
        finish_reason: ``stop`` or ``length``.
        logprobs: one entry per token of ``text``; None if not requested.
        billed: completion tokens, the end token included.
        stopped_at: the stop sequence that ended it; None if none did.
    """

    tokens: tuple[int, ...]
    text: str
    finish_reason: str
    billed: int
    logprobs: tuple[JsonObject, ...] | None = None
    stopped_at: str | None = None


def write(network: Network, prompt: Sequence[int], sampling: Sampling, rng: random.Random) -> Text:
    """Let the network write until it ends, a stop sequence appears, or ``max_tokens`` is reached."""
    if sampling.temperature == 0:
        likeliest = _likeliest if sampling.top_logprobs is None else _likeliest_with_logprobs
        return likeliest(network, tuple(prompt), sampling)
    return _written(network, prompt, sampling, rng)


def _written(network: Network, prompt: Sequence[int], sampling: Sampling, rng: random.Random) -> Text:
    context = network.start(prompt)
    tokens: list[int] = []
    entries: list[JsonObject] | None = None if sampling.top_logprobs is None else []
    raw = b""
    stops = tuple(stop.encode("utf-8", "surrogatepass") for stop in sampling.stop if stop)
    limit = LONGEST if sampling.max_tokens is None else min(sampling.max_tokens, LONGEST)
    while len(tokens) < limit:
        logits = network.logits(context)
        scores = adjusted(logits, tokens, sampling)
        if len(tokens) < sampling.min_tokens:
            scores = scores.copy()
            scores[tokenizer.END] = _NEVER
        token = draw(scores, sampling, rng)
        if token == tokenizer.END:
            return _text(tokens, raw, "stop", len(tokens) + 1, entries)
        tokens.append(token)
        if entries is not None:
            entries.append(entry(logits, token, sampling.top_logprobs or 0))
        raw += tokenizer.token_bytes(token)
        found = [(at, stop) for stop in stops if (at := raw.find(stop)) >= 0]
        if found:
            at, stop = min(found)
            text = _text(tokens, raw[:at], "stop", len(tokens), entries)
            return replace(text, stopped_at=stop.decode("utf-8", "surrogatepass"))
        network.advance(context, token)
    reason = "length" if sampling.max_tokens is not None and sampling.max_tokens <= LONGEST else "stop"
    return _text(tokens, raw, reason, len(tokens), entries)


def _at_zero(network: Network, prompt: tuple[int, ...], sampling: Sampling) -> Text:
    return _written(network, prompt, sampling, random.Random(0))  # at temperature 0 nothing is drawn


_likeliest, _likeliest_with_logprobs = lru_cache(_KEPT)(_at_zero), lru_cache(_KEPT_WITH_LOGPROBS)(_at_zero)


def recite(network: Network, prompt: Sequence[int], text: str, sampling: Sampling) -> Text:
    """A given text, cut by ``stop`` and ``max_tokens`` as written text is, with the network's log-probabilities."""
    return _recited(network, tuple(prompt), text, sampling)


@lru_cache(_KEPT_WITH_LOGPROBS)
def _recited(network: Network, prompt: tuple[int, ...], text: str, sampling: Sampling) -> Text:
    found = [(at, stop) for stop in sampling.stop if stop and (at := text.find(stop)) >= 0]
    at, stopped_at = min(found) if found else (len(text), None)
    shown = text[:at]
    tokens = tokenizer.encode(shown)
    billed, reason = len(tokens) + 1, "stop"
    if sampling.max_tokens is not None and billed > sampling.max_tokens:
        tokens = tokens[: sampling.max_tokens]
        raw = b"".join(map(tokenizer.token_bytes, tokens))
        # A server holds back a code point that max_tokens cut in two.
        shown, billed, reason, stopped_at = raw.decode("utf-8", "ignore"), len(tokens), "length", None
    entries = []
    if sampling.top_logprobs is not None:
        context = network.start(prompt)
        for token in tokens:
            entries.append(entry(network.logits(context), token, sampling.top_logprobs))
            network.advance(context, token)
    logprobs = tuple(entries) if sampling.top_logprobs is not None else None
    return Text(tuple(tokens), shown, reason, billed, logprobs, stopped_at)


def adjusted(logits: Array, tokens: Sequence[int], sampling: Sampling) -> Array:
    """Logits after ``logit_bias`` and the penalties, as the API defines them."""
    penalised = bool(tokens) and bool(sampling.frequency_penalty or sampling.presence_penalty)
    if not sampling.logit_bias and not penalised:
        return logits
    out = logits.copy()
    for token, bias in sampling.logit_bias.items():
        if 0 <= token < len(out):
            out[token] += bias
    if penalised:
        seen, counts = np.unique(np.asarray(tokens), return_counts=True)
        out[seen] -= counts * sampling.frequency_penalty + sampling.presence_penalty
    return out


def draw(logits: Array, sampling: Sampling, rng: random.Random) -> int:
    """One token: the likeliest at temperature 0, else by temperature and nucleus."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    scaled = np.exp((logits - logits.max()) / sampling.temperature)
    if sampling.top_p < 1:
        order = np.argsort(-scaled, kind="stable")
        total = np.cumsum(scaled[order])
        keep = int(np.searchsorted(total, sampling.top_p * total[-1])) + 1
        return int(order[np.searchsorted(total[:keep], rng.random() * total[keep - 1], side="right")])
    total = np.cumsum(scaled)
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


def entry(logits: Array, token: int, top: int) -> JsonObject:
    """A ``logprobs.content`` entry: from the softmax as it is, before temperature, bias and nucleus."""
    logprobs = log_softmax(logits)
    best = np.argsort(-logprobs, kind="stable")[:top]
    return {**_named(token, logprobs), "top_logprobs": [_named(int(other), logprobs) for other in best]}


def chosen(network: Network, context: Context, options: Sequence[str], temperature: float, rng: random.Random) -> int:
    """Index of the text that the network prefers as the next one, by its first tokens, at that temperature."""
    logits = network.logits(context)
    scores = np.array([_score(logits, option) for option in options])
    if temperature == 0:
        return int(scores.argmax())
    total = np.cumsum(np.exp((scores - scores.max()) / temperature))
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


def _score(logits: Array, option: str) -> float:
    tokens = tokenizer.encode(option)[:4] or [tokenizer.END]
    return float(np.maximum(logits[tokens], -20.0).mean())


def _named(token: int, logprobs: Array) -> JsonObject:
    raw = tokenizer.token_bytes(token)
    name = raw.decode("utf-8", "replace") if raw else "<end>"
    return {"token": name, "logprob": max(round(float(logprobs[token]), 6), NEVER), "bytes": list(raw)}


def _text(tokens: Sequence[int], raw: bytes, reason: str, billed: int, entries: Sequence[JsonObject] | None) -> Text:
    """The finished text; log-probabilities only of the tokens that are shown whole."""
    shown = raw.decode("utf-8", "replace")
    if entries is None:
        return Text(tuple(tokens), shown, reason, billed)
    kept: list[JsonObject] = []
    size = 0
    for item in entries:
        size += len(item["bytes"])
        if size > len(raw):
            break
        kept.append(item)
    return Text(tuple(tokens), shown, reason, billed, tuple(kept))
