"""Sends the probe of each provider: a first round for all, then a second one for those that did not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from trueweight.core import PROTOCOLS, Exchange, Provider, SwitchWays, ThinkingMode, Trial
from trueweight.core.probe import Probe, ProbeQuestion, ProviderProbe, SetupFault
from trueweight.wire import (
    Environment,
    SendResult,
    WireEvent,
    WireSettings,
    asked_wait,
    carriers_of,
    remaining_limits,
    send,
)
from trueweight.workflow.probe.addresses import other_paths, other_scheme
from trueweight.workflow.probe.diagnosis import answer_of, diagnose
from trueweight.workflow.probe.entry import (
    Asked,
    Seen,
    completions,
    entry_of,
    has_switched,
    main_diagnosis,
    maybe_wrong_scheme,
)
from trueweight.workflow.probe.paces import keep_paces
from trueweight.workflow.probe.questions import first_questions, logprobs_trial, probe_trial, switch_trial

_TIMEOUT: Final = 60.0
"""Most seconds of one probe request. A slower provider is not stopped: slowness is measured, not a setup fault."""
_LANE_TIME: Final = 60.0
"""Most seconds in which requests of one round are sent to a provider: a slow one then goes on with the run."""
_WAIT: Final = 20.0
"""Most seconds of waiting for one probe request's retry."""
_OTHER_PATH: Final = frozenset({SetupFault.WRONG_PATH, SetupFault.NOT_THE_API})
_OTHER_SCHEME: Final = frozenset({SetupFault.WRONG_SCHEME, SetupFault.NOT_HTTP, SetupFault.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A probe with its record.

    Attributes:
        exchanges: of the requests that this call sent, redacted, in the order of the questions.
        settings: the limits that are left for the run.
        interrupted: whether a signal stopped it.
    """

    probe: Probe
    exchanges: tuple[Exchange, ...]
    settings: WireSettings
    interrupted: bool = False

    def allowed(self, trials: Iterable[Trial]) -> tuple[Trial, ...]:
        """The trials that may be sent: none after an interrupt, and none of a provider and API with a setup fault.

        The list of models belongs to no API: it is sent unless each API of the provider has a fault.
        """
        if self.interrupted:
            return ()
        stopped = {(one.provider, one.api) for one in self.probe.stopped}

        def may_send(trial: Trial) -> bool:
            name = trial.provider.name
            apis = (trial.api,) if trial.protocol.completions else trial.provider.api
            return any((name, api) not in stopped for api in apis)

        return tuple(filter(may_send, trials))


async def probe_providers(
    providers: Sequence[Provider],
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    before: Probe | None = None,
    environment: Environment | None = None,
    on_event: Callable[[WireEvent], None] | None = None,
    handle_signals: bool = False,
    switches: Mapping[str, SwitchWays] = MappingProxyType({}),
    logprobs: bool = False,
) -> ProbeResult:
    """Probe the providers. An entry of ``before`` that answered, and whose provider is unchanged, is kept as it is.

    Args:
        keys: provider name → key, for the providers that need one. A key is sent to the hosts of the entry alone.
        settings: of the run; the probe's requests and their cost count towards its limits.
        switches: provider name → ways that may switch its thinking, each tried until one works: off if it thinks as it
            is served, else on.
        logprobs: also find which providers send log-probabilities, by one more request for each API that has them.

    Raises:
        ConfigError: if a proxy of the environment cannot be used.
    """
    probing = _Probing(keys, settings, environment or Environment(), on_event, handle_signals=handle_signals)
    known = {(one.provider, one.api): one for one in (before.providers if before else ())}
    wanted = [provider for provider in providers if not is_known(provider, before, switches)]
    await probing.ask([asked for provider in wanted for asked in first_questions(provider)])
    await probing.ask([asked for provider in wanted for asked in probing.follow_ups(provider)])
    if logprobs:
        await probing.ask([asked for provider in wanted for asked in probing.logprobs(provider)])
    for place in range(max((len(ways) for both in switches.values() for ways in both), default=0)):
        await probing.ask(
            [asked for provider in wanted for asked in probing.switch(provider, switches.get(provider.name), place)]
        )
    found = {**known, **{(one.provider, one.api): one for one in probing.entries(wanted)}}
    order = [(provider.name, api) for provider in providers for api in provider.api]
    probe = Probe(
        providers=tuple(found[key] for key in order if key in found),
        requests=probing.requests + (before.requests if before else 0),
        cost=float(f"{probing.cost + (before.cost if before else 0.0):.6g}"),
    )
    keep_paces(wanted, probe)
    exchanges = tuple(replace(one.exchange, provider=one.asked.owner.name) for one in probing.seen)
    return ProbeResult(probe, exchanges, probing.settings, probing.interrupted)


def is_known(
    provider: Provider,
    before: Probe | None,
    switches: Mapping[str, SwitchWays] = MappingProxyType({}),
) -> bool:
    """Whether an earlier probe shows that each API of the provider, with this entry, answers; and, if there are ways to
    switch its thinking, whether they do."""
    entries = [before.of(provider.name, api) for api in provider.api] if before else [None]
    return all(
        one is not None
        and one.fault is None
        and one.answered
        and one.fingerprint == provider.fingerprint()
        and one.key_env == provider.api_key_env
        and one.key_header in ("", provider.key_header or PROTOCOLS.get(one.api).key_header)
        and (bool(one.switches) or not switches.get(provider.name, SwitchWays()).to(one.to_switch))
        for one in entries
    )


class _Probing:
    """One call of `probe_providers`: what it has sent and seen so far."""

    def __init__(
        self,
        keys: Mapping[str, str],
        settings: WireSettings,
        environment: Environment,
        on_event: Callable[[WireEvent], None] | None,
        *,
        handle_signals: bool,
    ) -> None:
        self.settings = settings
        self.seen: list[Seen] = []
        self.requests = 0
        self.cost = 0.0
        self.interrupted = False
        self._keys = keys
        self._environment = environment
        self._on_event = on_event
        self._handle_signals = handle_signals

    async def ask(self, questions: Sequence[Asked]) -> None:
        """Send requests, those of one provider one after another, and keep what is seen."""
        if not questions or self.interrupted or self.settings.exhausted:
            return
        by_trial = {asked.trial.id: asked for asked in questions}
        found: list[Exchange] = []
        # A refused key ends what is sent to a provider, and another API may take the key, in another header.
        for api in dict.fromkeys(asked.api for asked in questions):
            if not self.interrupted and not self.settings.exhausted:
                await self._send([asked for asked in questions if asked.api == api], found)
        # In the order of the questions: of several addresses that answer, the likeliest is named, not the fastest.
        order = {trial: at for at, trial in enumerate(by_trial)}
        found.sort(key=lambda exchange: order[exchange.trial])
        self.seen += [self._see(by_trial[exchange.trial], exchange) for exchange in found]

    async def _send(self, questions: Sequence[Asked], found: list[Exchange]) -> None:
        result = await send(
            [_quick(asked) for asked in questions],
            keys={
                asked.trial.provider.name: self._keys[asked.owner.name]
                for asked in questions
                if asked.keyed and asked.owner.name in self._keys
            },
            sink=found.append,
            settings=_for_probe(self.settings),
            on_event=self._on_event,
            environment=self._environment,
            handle_signals=self._handle_signals,
        )
        self._account(result)

    def _account(self, result: SendResult) -> None:
        self.settings = remaining_limits(self.settings, result)
        self.requests += sum(result.requests.values())
        self.cost += sum(value or 0.0 for value in result.cost.values())
        self.interrupted = self.interrupted or result.interrupted

    def _see(self, asked: Asked, exchange: Exchange) -> Seen:
        wait = asked_wait(exchange.final, self._environment.now())
        found = diagnose(exchange, asked.owner, retry_budget=self.settings.retry_budget, asked=wait)
        answer = answer_of(exchange, asked.question)
        return Seen(asked, exchange, answer, None if answer.answered else found)

    def _of(self, provider: Provider, api: str) -> list[Seen]:
        own = (one for one in self.seen if one.asked.owner.name == provider.name)
        return [one for one in own if one.asked.api == api or one.asked.question is ProbeQuestion.MODELS]

    def follow_ups(self, provider: Provider) -> Iterator[Asked]:
        """The requests of the second round: the smallest request after a refusal, other addresses after a wrong one."""
        for api in provider.api:
            seen = self._of(provider, api)
            found = main_diagnosis(seen)
            if found is None:
                if maybe_wrong_scheme(provider.base_url_of(api), seen):
                    yield from _at_other_addresses(provider, api, SetupFault.WRONG_SCHEME)
                continue
            if found.fault is SetupFault.REFUSED:
                yield Asked(probe_trial(provider, ProbeQuestion.SMALLEST, api), provider, api, ProbeQuestion.SMALLEST)
            yield from _at_other_addresses(provider, api, found.fault)

    def logprobs(self, provider: Provider) -> Iterator[Asked]:
        """The request for log-probabilities, like the one without a tool that was answered; none without an answer."""
        for api in provider.api:
            answered = {one.asked.question for one in self._of(provider, api) if one.answer.answered}
            like = next((one for one in (ProbeQuestion.PLAIN, ProbeQuestion.SMALLEST) if one in answered), None)
            trial = None if like is None else logprobs_trial(provider, like, api)
            if trial is not None:
                yield Asked(trial, provider, api, ProbeQuestion.LOGPROBS)

    def switch(self, provider: Provider, both: SwitchWays | None, place: int) -> Iterator[Asked]:
        """The request that tries the way at this place to switch thinking: off if a thought was seen, else on. None if
        an earlier way works. It is like the request that was answered with a thought, or else like the first."""
        for api in provider.api:
            seen = self._of(provider, api)
            answered = [one for one in completions(seen) if one.answer.answered]
            thinking = [one for one in answered if one.answer.thinking is not None]
            mode = ThinkingMode.OFF if thinking else ThinkingMode.ON
            ways = (both or SwitchWays()).to(mode)
            tried = (one for one in seen if one.asked.question is ProbeQuestion.SWITCH)
            if place < len(ways) and answered and not any(map(has_switched, tried)):
                like = (thinking or answered)[0].asked.question
                trial = switch_trial(provider, ways[place], like, api)
                yield Asked(trial, provider, api, ProbeQuestion.SWITCH, switch=ways[place], mode=mode)

    def entries(self, providers: Iterable[Provider]) -> Iterator[ProviderProbe]:
        """The result of each provider and API that was asked."""
        at = self._environment.now().isoformat(timespec="seconds")
        for provider in providers:
            carriers = carriers_of([provider], self.settings, self._environment.proxies())
            proxied = any(carrier.proxy is not None for carrier in carriers)
            for api in provider.api:
                if seen := self._of(provider, api):
                    yield entry_of(provider, api, seen, at=at, proxied=proxied)


def _at_other_addresses(provider: Provider, api: str, fault: SetupFault) -> Iterator[Asked]:
    own = provider.base_url_of(api)
    urls = other_paths(own, PROTOCOLS.get(api).elsewhere) if fault in _OTHER_PATH else ()
    urls = (other_scheme(own),) if fault in _OTHER_SCHEME else urls
    for at, url in enumerate(urls):
        # The wire knows a provider by its name, and has one address of an API for it.
        moved = replace(provider, name=f"{provider.name}#{api}#{at}", base_url=url, base_urls={})
        keyed = not (url.startswith("http:") and own.startswith("https:"))  # never in plain text
        trial = probe_trial(moved, ProbeQuestion.OTHER_URL, api)
        yield Asked(trial, provider, api, ProbeQuestion.OTHER_URL, keyed=keyed)


def _quick(asked: Asked) -> Trial:
    provider = asked.trial.provider
    return replace(asked.trial, provider=replace(provider, concurrency=1, timeout=min(provider.timeout, _TIMEOUT)))


def _for_probe(settings: WireSettings) -> WireSettings:
    return replace(
        settings,
        concurrency=1,
        retries=min(settings.retries, 1),
        retry_budget=min(settings.retry_budget, _WAIT),
        give_up_after=1,
        lane_time=_LANE_TIME,
        rate=None,
    )
