"""One provider at one level: throughput, goodput and times, each with what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from trueweight.core import Estimate, Exchange, Provider, Suite, Timing
from trueweight.core.load_result import LoadPoint
from trueweight.metrics import independent, quantile
from trueweight.protocols import read_reply, timing_of
from trueweight.statistics.quantile import no_quantile
from trueweight.workflow.judge.thought import is_cut_in_thought
from trueweight.workflow.load.levels import Level
from trueweight.workflow.load.slo import Slo

_TIMES = {"ttft": "ttft", "ttfo": "ttfo", "tpot": "tpot", "e2e": "service", "response": "response"}
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def measure_level(
    level: Level,
    provider: Provider,
    exchanges: Iterable[Exchange],
    slo: Slo,
    *,
    suite: Suite,
    thinking_allowance: int = 0,
) -> LoadPoint:
    """Measure the exchanges of one provider at one level.

    A reply that is cut in thought is not judged: its times are not those of an answer.

    Args:
        suite: whose cases were sent.
        thinking_allowance: tokens for thoughts in the limits of its cases.
    """
    cases = {case.id: case for case in suite.cases}
    failures: Counter[str] = Counter()
    spans: list[tuple[float, float]] = []
    fair: list[Timing] = []
    attempted = good = unknown = tokens = limited = cut = 0
    for exchange in exchanges:
        attempted += 1
        limited += exchange.client_limited
        spans.append(_span(exchange))
        if exchange.failure is not None:
            failures[exchange.failure.kind.value] += 1
            continue
        reply = read_reply(exchange)
        tokens += (reply.usage.output if reply.usage else None) or 0
        if exchange.case in cases and is_cut_in_thought(cases[exchange.case], reply, thinking_allowance):
            cut, unknown = cut + 1, unknown + 1
            continue
        timing = timing_of(exchange, reply)
        met = slo.met(timing)
        good += met is True
        unknown += met is None
        if not exchange.client_limited:
            fair.append(timing)
    seconds = _active(spans)
    ok = attempted - failures.total()
    return LoadPoint(
        level=level.value,
        open_loop=level.open_loop,
        provider=provider.name,
        attempted=attempted,
        ok=ok,
        good=good,
        not_judged=unknown,
        cut_in_thought=cut,
        seconds=seconds,
        throughput=_per_second(ok, seconds),
        goodput=None if unknown and unknown == attempted else _per_second(good, seconds),
        tokens_per_second=_per_second(tokens, seconds),
        client_limited=limited,
        failures=dict(sorted(failures.items())),
        good_share=_share(good, attempted, unknown),
        times={name: _quantiles(fair, field, len(fair)) for name, field in _TIMES.items()},
    )


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0


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


def _share(good: int, attempted: int, unknown: int) -> Estimate:
    judged = attempted - unknown
    if not judged:
        why = "no request could be judged: its times cannot be measured" if attempted else "nothing was asked"
        return Estimate.not_applicable("proportion", why)
    found = independent(good, judged)
    missing = {"a limit's time cannot be measured": unknown} if unknown else {}
    return Estimate(
        good / judged, *found.interval, n=judged, unit="proportion", method=found.method, of=attempted, missing=missing
    )


def _quantiles(timings: list[Timing], name: str, of: int) -> dict[str, Estimate]:
    found = [getattr(timing, name) for timing in timings]
    values = np.array([value / 1e6 for value in found if value is not None], dtype=float)
    out = {}
    for label, q in _QUANTILES.items():
        if why := no_quantile(len(values), q):
            out[label] = Estimate(None, None, None, len(values), "ms", "n/a", of=of, note=why)
            continue
        interval, note = quantile(values, q)
        method = f"quantile {q:g} (type 7), exact limits over requests (Woodruff)"
        value = float(np.quantile(values, q))
        out[label] = Estimate(value, *interval, n=len(values), unit="ms", method=method, of=of, note=note)
    return out
