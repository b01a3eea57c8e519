"""One provider at one level: throughput, goodput and times, each with what it rests on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

import numpy as np
from msgspec.structs import replace

from trueweight.core import Case, Estimate, Exchange, FailureKind, Provider, Reply, Suite, Timing
from trueweight.core.load_result import LoadPoint, OffPlan
from trueweight.core.timing import LATE, LEAST_AT_ONCE, is_long_stream
from trueweight.metrics import independent, quantile
from trueweight.metrics.quantiles import in_one_piece_words
from trueweight.protocols import read_reply, timing_of
from trueweight.statistics.quantile import no_quantile
from trueweight.wire import SendResult, WireSettings, asked_wait
from trueweight.workflow.judge.thought import is_cut_in_thought
from trueweight.workflow.load.levels import Level
from trueweight.workflow.load.slo import Slo
from trueweight.workflow.load.starts import LONGEST_GAP, Start, StartRate, pace, planned_starts

_TIMES = {"ttft": "ttft", "ttfo": "ttfo", "tpot": "tpot", "e2e": "service", "response": "response"}
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@dataclass
class LevelTrials:
    """One provider's trials at one level, reduced to what is measured.

    Attributes:
        timings: of the successes that are judged, and whether the client spoiled the trial.
        late, at_once: long streams whose first token is late, and those of them whose tokens all came at once.
        starts: of all requests.
        asked_to_wait: whether the provider asked for a wait.
        pace: of an open loop; see `hold_to_plan`.
        unsent, unsent_reason: requests of the level that were not sent, or interrupted, and why.
    """

    level: Level
    provider: str
    slo: Slo
    attempted: int = 0
    tokens: int = 0
    limited: int = 0
    cut: int = 0
    late: int = 0
    at_once: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    spans: list[tuple[float, float]] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    asked_to_wait: bool = False
    pace: StartRate = field(default_factory=StartRate)
    unsent: int = 0
    unsent_reason: str = ""
    timings: list[tuple[Timing, bool]] = field(default_factory=list)

    def add(self, exchange: Exchange, cases: Mapping[str, Case], thinking_allowance: int) -> None:
        """Count one exchange. A reply that is cut in thought is not judged: its times are not those of an answer."""
        self.attempted += 1
        self.limited += exchange.client_limited
        origin = datetime.fromisoformat(exchange.started_at)
        first, last = (origin.timestamp() + ns / 1e9 for ns in (exchange.attempts[0].t_send, exchange.final.t_done))
        self.spans.append((first, last))
        self.starts.append(Start(origin.timestamp(), first))
        self.asked_to_wait = self.asked_to_wait or any(asked_wait(one, origin) for one in exchange.attempts)
        if exchange.failure is not None:
            self.failures[exchange.failure.kind.value] += 1
            return
        reply = read_reply(exchange)
        self.tokens += (reply.usage.output if reply.usage else None) or 0
        case = cases.get(exchange.case)
        if case is not None and is_cut_in_thought(case, reply, thinking_allowance):
            self.cut += 1
            return
        timing = timing_of(exchange, reply)
        self.timings.append((timing, exchange.client_limited))
        if not exchange.client_limited and _shows_buffering(timing, reply):
            self.late += 1
            self.at_once += timing.at_once

    def hold_to_plan(self, provider: Provider, requests: int, settings: WireSettings, result: SendResult) -> None:
        """Compare what is on record with what should have been sent.

        Args:
            requests: of the level.
            settings: as for `trueweight.workflow.load.sweep`.
            result: of the last session.
        """
        interrupted = self.failures[FailureKind.INTERRUPTED.value]
        self.unsent = requests - self.attempted + interrupted
        if self.unsent:
            reasons = (one.reason for one in result.unsent if one.provider == self.provider)
            self.unsent_reason = next(reasons, FailureKind.INTERRUPTED.value if interrupted else "")
        if self.level.open_loop:
            own = self.level.apply(settings)
            self.pace = pace(
                self.starts,
                planned_starts(own, self.provider, requests),
                self.level.value,
                held=self.asked_to_wait or _most_under_way(self.spans) >= own.concurrency,
                paced=(provider.requests_per_minute or math.inf) < 60 * self.level.value,
            )

    def point(self, *, buffered: bool) -> LoadPoint:
        """What is published of the level.

        Args:
            buffered: whether the provider's streams come in one piece: those that did have no TTFT, TTFO and TPOT. The
                limits hold all the same of when the first token came.
        """
        met = [self.slo.met(_without_tpot(timing) if buffered else timing) for timing, _ in self.timings]
        good, unknown = met.count(True), met.count(None) + self.cut
        fair = [timing for timing, limited in self.timings if not limited]
        pieces = [buffered and timing.at_once for timing in fair]
        fair = [one.without_token_times() if piece else one for one, piece in zip(fair, pieces, strict=True)]
        seconds = _active(self.spans, LONGEST_GAP / self.level.value if self.level.open_loop else 0.0)
        ok = self.attempted - self.failures.total()
        return LoadPoint(
            level=self.level.value,
            open_loop=self.level.open_loop,
            provider=self.provider,
            attempted=self.attempted,
            ok=ok,
            good=good,
            not_judged=unknown,
            cut_in_thought=self.cut,
            in_one_piece=sum(pieces),
            seconds=seconds,
            throughput=_per_second(ok, seconds),
            goodput=None if unknown and unknown == self.attempted else _per_second(good, seconds),
            tokens_per_second=_per_second(self.tokens, seconds),
            client_limited=self.limited,
            failures=dict(sorted(self.failures.items())),
            good_share=_share(good, self.attempted, unknown),
            times={name: _quantiles(fair, field, len(fair)) for name, field in _TIMES.items()},
            off_plan=OffPlan.INCOMPLETE if self.unsent else self.pace.off_plan,
            unsent=self.unsent,
            unsent_reason=self.unsent_reason,
            planned_per_second=self.pace.planned,
            sent_per_second=self.pace.sent,
        )


def read_level(
    level: Level,
    provider: Provider,
    exchanges: Iterable[Exchange],
    slo: Slo,
    *,
    suite: Suite,
    thinking_allowance: int = 0,
) -> LevelTrials:
    """Read the exchanges of one provider at one level.

    Args:
        suite: whose cases were sent.
        thinking_allowance: tokens for thoughts in the limits of its cases.
    """
    trials = LevelTrials(level, provider.name, slo)
    cases = {case.id: case for case in suite.cases}
    for exchange in exchanges:
        trials.add(exchange, cases, thinking_allowance)
    return trials


def load_points(levels: Sequence[LevelTrials]) -> list[LoadPoint]:
    """The points of all levels. A provider whose streams come in one piece at one level buffers them at each: at a
    light load they may begin so soon that it does not show."""
    late, at_once = Counter[str](), Counter[str]()
    for trials in levels:
        late[trials.provider] += trials.late
        at_once[trials.provider] += trials.at_once
    buffering = {name for name, n in at_once.items() if n >= LEAST_AT_ONCE and 10 * n >= 9 * late[name]}
    return [trials.point(buffered=trials.provider in buffering) for trials in levels]


def _shows_buffering(timing: Timing, reply: Reply) -> bool:
    """Whether a stream has so much text, and begins so late, that it shows by its arrival whether it is held back."""
    if timing.ttft is None or timing.ttft < LATE or not (reply.content or reply.thought):
        return False
    usage = reply.usage
    counted = None if usage is None or usage.output is None else usage.output - (usage.reasoning or 0)
    return is_long_stream(counted, reply.content)


def _without_tpot(timing: Timing) -> Timing:
    return replace(timing, tpot=None) if timing.at_once else timing


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0


def _most_under_way(spans: list[tuple[float, float]]) -> int:
    """The most requests under way at a time."""
    changes = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    return max(accumulate(change for _, change in changes), default=0)


def _active(spans: list[tuple[float, float]], longest_gap: float = 0.0) -> float:
    """Length of the union, so that pauses between two sessions of one sweep do not count.

    Args:
        longest_gap: of seconds without a request that are part of the load: those of an open loop, whose requests start
            when they are due, whether the one before is still under way or not.
    """
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += start - reached if 0 < start - reached <= longest_gap else 0.0
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
    pieces = sum(timing.in_one_piece for timing in timings)
    held = in_one_piece_words(pieces) if pieces and not len(values) else ""
    out = {}
    for label, q in _QUANTILES.items():
        if why := held or no_quantile(len(values), q):
            out[label] = Estimate(None, None, None, len(values), "ms", "n/a", of=of, note=why)
            continue
        interval, note = quantile(values, q)
        method = f"quantile {q:g} (type 7), exact limits over requests (Woodruff)"
        value = float(np.quantile(values, q))
        out[label] = Estimate(value, *interval, n=len(values), unit="ms", method=method, of=of, note=note)
    return out
