"""The expected time of what is sent, as a range: from the pace of replies, concurrent requests and rate limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from trueweight.core import Provider, Trial
from trueweight.core.probe import Probe, ProbeQuestion
from trueweight.plan.forecast import token_ceiling


class Seconds(NamedTuple):
    """A range of seconds."""

    least: float
    most: float

    def then(self, other: Seconds) -> Seconds:
        """Both, one after the other."""
        return Seconds(self.least + other.least, self.most + other.most)


class Pace(NamedTuple):
    """How fast a provider replies.

    Attributes:
        reply: seconds of its quickest reply.
        token: seconds of each token of its slowest reply.
    """

    reply: float
    token: float


ASSUMED: Final = Pace(0.5, 0.05)
"""Of a provider that no probe has measured: half a second, and 20 tokens a second."""

_CLIENT: Final = 0.02
"""Seconds that this machine needs at most to send, record and judge one request."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Requests that are sent together; the next stage waits for them.

    Attributes:
        name: its row in a forecast; "" gives each provider a row.
        at_once: concurrent requests of a provider without its own limit.
        rate: of an open loop, requests started a second; None in a closed loop.
        share: the smallest part of the requests that may be sent, because the stage ends when it is decided.
        own_limit: whether a limit of concurrent requests in ``providers.toml`` counts.
        in_turn: whether the providers are sent to one after the other.
    """

    trials: Sequence[Trial]
    at_once: int
    name: str = ""
    rate: float | None = None
    share: float = 1.0
    own_limit: bool = True
    in_turn: bool = False


def measured_paces(probe: Probe | None) -> dict[str, Pace]:
    """Provider → its pace, by the completions of the probe; a provider without one is left out."""
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in () if probe is None else probe.providers:
        for answer in one.answers:
            if answer.answered and answer.ms and answer.question is not ProbeQuestion.MODELS:
                found[one.provider].append((answer.ms / 1e3, answer.ms / 1e3 / max(1, answer.output_tokens or 1)))
    return {
        name: Pace(min(reply for reply, _ in times), max(token for _, token in times)) for name, times in found.items()
    }


def expected_time(stages: Iterable[Stage], paces: Mapping[str, Pace] = MappingProxyType({})) -> Seconds:
    """The time of all stages, one after the other.

    The least: each reply is as quick as the quickest. The most: each reply takes the slowest pace up to its token
    limit, or the provider's timeout if that is less. Retries, and waits that a provider asks for, are not in it.
    """
    total = Seconds(0.0, 0.0)
    for stage in stages:
        by_provider: defaultdict[str, list[Trial]] = defaultdict(list)
        for trial in stage.trials:
            by_provider[trial.provider.name].append(trial)
        passes = {name: len({trial.repeat for trial in own}) for name, own in by_provider.items()}
        fewest = min(passes.values(), default=1)
        # The wire gives a reference that is sent each request twice as many concurrent requests.
        times = [
            _time_of(own, stage, stage.at_once * passes[name] // fewest, paces.get(name, ASSUMED))
            for name, own in by_provider.items()
        ]
        if stage.in_turn:
            for one in times:
                total = total.then(one)
        elif times:
            client = _CLIENT * len(stage.trials)
            total = total.then(Seconds(max(one.least for one in times), max(client, *(one.most for one in times))))
    return total


def _time_of(trials: Sequence[Trial], stage: Stage, at_once: int, pace: Pace) -> Seconds:
    """The time of one provider's part of a stage."""
    provider: Provider = trials[0].provider
    slots = min(len(trials), (provider.concurrency if stage.own_limit else None) or at_once)
    replies = [min(provider.timeout, pace.reply + token_ceiling(trial).output * pace.token) for trial in trials]
    sent = max(1.0, stage.share * len(trials))
    if stage.rate is not None:
        starts = len(trials) / stage.rate
        return Seconds(stage.share * starts, starts + max(replies))
    interval = 60.0 / provider.requests_per_minute if provider.requests_per_minute else 0.0
    least = max(pace.reply, sent / slots * pace.reply, (sent - 1) * interval)
    most = max(*replies, sum(replies) / slots, (len(trials) - 1) * interval + max(replies))
    return Seconds(least, most)
