"""What a plan can cost at most. Estimated on the high side, and said so: a tokenizer each would be a guess too."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from trueweight.core import Provider, Trial
from trueweight.plan.order import Plan

BYTES_PER_TOKEN = 2.0
"""English text and JSON run at 3 to 5 UTF-8 bytes a token, CJK at 3 and more. Only long runs of digits or random bytes
come below 2, so half the bytes is a ceiling for what suites hold."""

TEMPLATE_TOKENS = 64
"""What a chat template adds around all messages and tools, at most; and as much again for every eight messages."""

DEFAULT_OUTPUT_TOKENS = 4096
"""Taken as the ceiling of a reply when the request sets no limit of tokens."""


class TokenCeiling(NamedTuple):
    """Most tokens that one request is taken to use."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The ceiling for one provider.

    Attributes:
        requests: trials times the attempts each may take.
        cost: USD; None when the provider declares no price.
    """

    provider: Provider
    trials: int
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def token_ceiling(trial: Trial) -> TokenCeiling:
    """Ceiling of tokens for one request of a trial."""
    size = trial.protocol.size(trial.case, trial.provider)
    if size is None:
        return TokenCeiling(0, 0)
    template = TEMPLATE_TOKENS * (1 + size.messages // 8)
    output = DEFAULT_OUTPUT_TOKENS if size.output_tokens is None else size.output_tokens
    return TokenCeiling(math.ceil(size.prompt_bytes / BYTES_PER_TOKEN) + template, output * size.choices)


def forecast(plan: Plan, *, attempts: int = 1) -> tuple[Forecast, ...]:
    """The ceiling per provider, in order of name.

    Args:
        attempts: requests that one trial may take. With 1 the ceiling leaves retries out: most providers do not bill
            failed attempts, but a reply cut half-way may be billed and asked for again.
    """
    by_provider: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in plan.trials:
        by_provider[trial.provider.name].append(trial)
    return tuple(_of_one(trials, attempts) for _, trials in sorted(by_provider.items()))


def _of_one(trials: list[Trial], attempts: int) -> Forecast:
    provider = trials[0].provider
    ceilings = [token_ceiling(trial) for trial in trials]
    tokens_in = attempts * sum(ceiling.input for ceiling in ceilings)
    tokens_out = attempts * sum(ceiling.output for ceiling in ceilings)
    cost = None if provider.price is None else provider.price.cost(tokens_in, tokens_out)
    return Forecast(provider, len(trials), len(trials) * attempts, tokens_in, tokens_out, cost)
