"""One provider at one level: throughput, goodput and times, each with what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from trueweight.core import Estimate, Exchange, Provider, Timing
from trueweight.metrics import Resampler, quantile, wilson
from trueweight.protocols import read_reply, timing_of
from trueweight.statistics.quantile import P99_NEEDS
from trueweight.workflow.load.levels import Level
from trueweight.workflow.load.slo import Slo

_TIMES = {"ttft": "ttft", "tpot": "tpot", "e2e": "service", "response": "response"}
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Point:
    """What a provider did at a level.

    Attributes:
        attempted: trials, each counted once.
        ok: of them, those that brought a whole HTTP success in the end.
        good: of those, the ones that met every limit; equal to ``ok`` without limits.
        seconds: in which at least one request was under way: what rates are per.
        tokens: completion tokens, as the server counted them.
        limited: trials that this client spoiled.
        times: name → quantile → estimate, milliseconds, over successes that the client did not spoil.
    """

    level: Level
    provider: str
    attempted: int
    ok: int
    good: int
    seconds: float
    tokens: int
    limited: int
    failures: dict[str, int]
    good_share: Estimate
    times: dict[str, dict[str, Estimate]]

    @property
    def throughput(self) -> float:
        """Successes per second."""
        return self.ok / self.seconds if self.seconds else 0.0

    @property
    def goodput(self) -> float:
        """Requests that met every limit, per second."""
        return self.good / self.seconds if self.seconds else 0.0

    @property
    def token_rate(self) -> float:
        """Completion tokens per second, over all requests."""
        return self.tokens / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """For ``load.json``."""
        return {
            "level": self.level.value,
            "open_loop": self.level.open_loop,
            "provider": self.provider,
            "attempted": self.attempted,
            "ok": self.ok,
            "good": self.good,
            "seconds": round(self.seconds, 6),
            "throughput": round(self.throughput, 6),
            "goodput": round(self.goodput, 6),
            "tokens_per_second": round(self.token_rate, 6),
            "client_limited": self.limited,
            "failures": self.failures,
            "good_share": self.good_share.as_json(),
            "times": {name: {q: e.as_json() for q, e in found.items()} for name, found in self.times.items()},
        }


def measure_level(level: Level, provider: Provider, exchanges: Iterable[Exchange], slo: Slo, *, seed: int) -> Point:
    """Measure the exchanges of one provider at one level."""
    failures: Counter[str] = Counter()
    spans: list[tuple[float, float]] = []
    fair: list[Timing] = []
    attempted = ok = good = tokens = limited = 0
    for exchange in exchanges:
        attempted += 1
        limited += exchange.client_limited
        spans.append(_span(exchange))
        if exchange.failure is not None:
            failures[exchange.failure.kind.value] += 1
            continue
        ok += 1
        reply = read_reply(exchange)
        timing = timing_of(exchange, reply)
        good += slo.met(timing)
        tokens += (reply.usage.output if reply.usage else None) or 0
        if not exchange.client_limited:
            fair.append(timing)
    return Point(
        level,
        provider.name,
        attempted,
        ok,
        good,
        _active(spans),
        tokens,
        limited,
        dict(sorted(failures.items())),
        _share(good, attempted),
        {name: _quantiles(fair, field, len(fair), seed) for name, field in _TIMES.items()},
    )


def _span(exchange: Exchange) -> tuple[float, float]:
    """Seconds of wall clock from the first attempt's sending to the end of the last."""
    origin = datetime.fromisoformat(exchange.started_at).timestamp()
    return origin + exchange.attempts[0].t_send / 1e9, origin + exchange.final.t_done / 1e9


def _active(spans: list[tuple[float, float]]) -> float:
    """Length of the union, so that pauses between two sessions of one sweep do not count."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _share(good: int, attempted: int) -> Estimate:
    if not attempted:
        return Estimate.not_applicable("proportion", "nothing was asked")
    found = wilson(good, attempted)
    return Estimate(good / attempted, *found.interval, n=attempted, unit="proportion", method=found.method)


def _quantiles(timings: list[Timing], name: str, of: int, seed: int) -> dict[str, Estimate]:
    found = [getattr(timing, name) for timing in timings]
    values = np.array([value / 1e6 for value in found if value is not None], dtype=float)
    out = {}
    for label, q in _QUANTILES.items():
        if not len(values) or (q >= 0.99 and len(values) < P99_NEEDS):
            why = f"n = {len(values)}: no 99th percentile under {P99_NEEDS}" if len(values) else "no request defines it"
            out[label] = Estimate(None, None, None, len(values), "ms", "n/a", of=of, note=why)
            continue
        interval, note = quantile(values, q, Resampler(len(values), seed))
        method = f"quantile {q:g} (type 7), bootstrap over requests"
        value = float(np.quantile(values, q))
        out[label] = Estimate(value, *interval, n=len(values), unit="ms", method=method, of=of, note=note)
    return out
