"""The highest cost of a plan. It is an upper estimate, because the providers' tokenizers are not known."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from trueweight.core import Provider, Trial
from trueweight.plan.order import Plan

BYTES_PER_TOKEN = 2.0
"""English text and JSON have 3 to 5 UTF-8 bytes per token, CJK 3 and more. Only long runs of digits or random bytes
have fewer than 2, so half the number of bytes is a ceiling for the requests of suites."""

TEMPLATE_TOKENS = 64
"""Most tokens that a chat template adds around messages and tools; the same again for every eight messages."""

DEFAULT_OUTPUT_TOKENS = 4096
"""The ceiling of a reply whose request sets no limit of tokens."""


class TokenCeiling(NamedTuple):
    """Most tokens of one request."""

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
    size = trial.protocol.size(trial.case_as_sent, trial.provider)
    if size is None:
        return TokenCeiling(0, 0)
    template = TEMPLATE_TOKENS * (1 + size.messages // 8)
    output = DEFAULT_OUTPUT_TOKENS if size.output_tokens is None else size.output_tokens
    return TokenCeiling(math.ceil(size.prompt_bytes / BYTES_PER_TOKEN) + template, output * size.choices)


def forecast(plan: Plan, *, attempts: int = 1) -> tuple[Forecast, ...]:
    """The ceiling per provider, in order of name.

    Args:
        attempts: most requests per trial. 1 leaves retries out: most providers do not bill failed attempts, but some
            bill a reply that was cut and is requested again.
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
    paid = attempts * sum(trial.protocol.completions for trial in trials)
    cost = None if provider.price is None else provider.price.most(tokens_in, tokens_out, requests=paid)
    return Forecast(provider, len(trials), len(trials) * attempts, tokens_in, tokens_out, cost)
