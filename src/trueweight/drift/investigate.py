"""The sequential procedure without I/O: a generator that yields the next trials and receives their exchanges.

A live run sends the trials and records them; a replay reads them from the record. Both drive this generator, so they
reach the same decision at the same request.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from trueweight.core import DriftMode, DriftVerdict, Exchange, Provider, Role, Trial, counterparts
from trueweight.drift.betting import rejected_e_values
from trueweight.drift.by_logprobs import LogprobTest
from trueweight.drift.by_texts import PromptBank, ReferenceContext, TextTest
from trueweight.drift.candidate import GIVE_UP_AFTER, CandidateTest
from trueweight.drift.facts import Facts, MissingReply, facts_of, not_expressed
from trueweight.drift.near_ties import select_near_ties
from trueweight.drift.places import AnswerPair
from trueweight.drift.probe import FIRST, PromptResult, Spending, Support, logprob_kind, next_probe, support_of
from trueweight.drift.round_answers import (
    RequestKey,
    RoundResults,
    RoundTrials,
    answered_again,
    batched,
    far_requests,
    measure_noise,
    thinks_alone,
)
from trueweight.drift.scouting import Scout, is_common
from trueweight.drift.script import OTHERS, SCOUTS, VARIANT_OF, RequestKind, Script
from trueweight.drift.settings import DriftSettings
from trueweight.protocols import cost_of, read_reply

Batch = Sequence[Trial]
Exchanges = Mapping[str, Exchange]
Batches = Generator[Batch, Exchanges, None]
Results = Generator[Batch, Exchanges, Mapping[str, PromptResult]]
RoundPrompts = Mapping[bool, Sequence[str]]
"""Whether log-probabilities are compared → the prompts of a round."""

BLOCK = 3
"""Questions that are asked in turn before their other variants are: so that both variants of one are apart in time."""

REPEAT_EVERY = 2
"""In each such block but the first, one request is sent once more, to measure the noise of either side."""

_UNSENT = MissingReply("unsent")
_KINDS = {DriftMode.GREEDY: RequestKind.GREEDY, DriftMode.SAMPLED: RequestKind.SAMPLED}


@dataclass(slots=True)
class Investigation:
    """The procedure and its state; `batches` drives it."""

    script: Script
    providers: Sequence[Provider]
    settings: DriftSettings
    support: dict[str, Support] = field(default_factory=dict)
    candidates: dict[str, CandidateTest] = field(default_factory=dict)
    spent: defaultdict[str, Spending] = field(default_factory=lambda: defaultdict(Spending))
    near_ties: tuple[str, ...] = ()
    reference_missing: Counter[str] = field(default_factory=Counter)
    reference_dead: str = ""
    _answers: dict[str, PromptResult] = field(default_factory=dict)
    _kinds: dict[str, RequestKind] = field(default_factory=dict)
    _silent: int = 0

    @property
    def reference(self) -> Provider:
        """The provider that all candidates are compared with."""
        return next(provider for provider in self.providers if provider.role is Role.REFERENCE)

    def trial(self, prompt: str, kind: RequestKind, provider: Provider, repeat: int = 0) -> Trial:
        """A trial through the API that is compared with the reference's first; else through the provider's first."""
        base = self.reference.api
        shared = (own for own, theirs in counterparts(provider.api, base).items() if theirs == base[0])
        return self.script.trial(prompt, kind, self._switched(provider), repeat, next(shared, None))

    def _switched(self, provider: Provider) -> Provider:
        """The provider with the fields that turn its thinking off, if the settings have some for it."""
        off = self.settings.thinking_off.get(provider.name)
        return provider if off is None else provider.with_switch(off)

    def batches(self) -> Batches:
        """Yield batches of trials and receive their exchanges, until every candidate is decided, out of budget or
        silent.

        A trial without an exchange was not sent, for example because its provider refused the key.
        """
        yield from self._probe()
        self._assign_modes()
        texts = batched((yield from self._text_order()), BLOCK)
        at_zero = {RequestKind.PLACES, RequestKind.PLACES_FIVE}
        questions = self.script.prompts[: self.settings.questions]
        scout = Scout(questions, self.settings.scouted if at_zero & set(self._kinds.values()) else 0)
        for number in itertools.count():
            if not self._open() or self.reference_dead:
                return
            if any(self._kinds[c.provider.name] in at_zero for c in self._open()):
                yield from self._scout(scout)
            prompts = {False: next(texts, ()), True: scout.next(BLOCK)}
            if not any(prompts.values()):
                return
            yield from self._round(number, prompts)
            self._decide()

    def _probe(self) -> Batches:
        """Probe what each provider supports, as far as the mode depends on it."""
        prompt, fixed = self.script.prompts[0], self.settings.mode
        probed = {None: self.providers, DriftMode.LOGPROBS: self.providers, DriftMode.GREEDY: (self.reference,)}
        answers: dict[str, dict[RequestKind, PromptResult]] = {provider.name: {} for provider in probed.get(fixed, ())}
        pending = [(provider, FIRST) for provider in probed.get(fixed, ())]
        while pending:
            trials = [(self.trial(prompt, kind, provider), kind) for provider, kind in pending]
            got = yield from self._send([trial for trial, _ in trials], f"probe {len(trials)}")
            for trial, kind in trials:
                answers[trial.provider.name][kind] = got[trial.id]
            following = [(p, next_probe(answers[p.name])) for p in self.providers if p.name in answers]
            pending = [(p, kind) for p, kind in following if kind is not None]
        self.support = {p.name: support_of(answers[p.name]) if p.name in answers else Support() for p in self.providers}

    def _assign_modes(self) -> None:
        """Give each candidate the most sensitive mode that it and the reference support."""
        thresholds = self.settings.thresholds
        for provider in self.providers:
            if provider.role is Role.REFERENCE:
                continue
            mode = self.settings.mode or self._sharpest(provider)
            sides = (provider.name, self.reference.name)
            self._kinds[provider.name] = _KINDS.get(mode) or logprob_kind([self.support[name] for name in sides])
            by_logprobs = mode is DriftMode.LOGPROBS
            self.candidates[provider.name] = (
                LogprobTest(provider, thresholds) if by_logprobs else TextTest(provider, mode, thresholds)
            )

    def _sharpest(self, provider: Provider) -> DriftMode:
        shown = min(self.support[provider.name].top, self.support[self.reference.name].top)
        return DriftMode.LOGPROBS if shown >= 2 else DriftMode.GREEDY

    def _text_order(self) -> Generator[Batch, Exchanges, tuple[str, ...]]:
        """The prompts in order: near ties first, if texts are compared and the reference shows margins."""
        wanted = RequestKind.GREEDY in self._kinds.values() and self._shows_margins
        screened = self.script.prompts[: self.settings.screen if wanted else 0]
        trials = {prompt: self.trial(prompt, RequestKind.SCREEN, self.reference) for prompt in screened}
        if trials:
            got = yield from self._send(list(trials.values()), "screen")
            self.near_ties = select_near_ties({prompt: got[trial.id] for prompt, trial in trials.items()})
        close = set(self.near_ties)
        return (*self.near_ties, *(prompt for prompt in self.script.prompts if prompt not in close))

    def _scout(self, scout: Scout) -> Batches:
        """Ask the reference for questions to which its answers go on alike, if too few are ready for the next round."""
        wanted = scout.to_scout(BLOCK)
        trials = {prompt: [self.trial(prompt, kind, self.reference) for kind in SCOUTS] for prompt in wanted}
        got = yield from self._send([trial for both in trials.values() for trial in both], f"scout {wanted[:1]}")
        scout.take({prompt: is_common(*(got[trial.id] for trial in both)) for prompt, both in trials.items()})

    def _round(self, number: int, prompts: RoundPrompts) -> Batches:
        """Send some questions to all open candidates; then, by log-probabilities, their other variants."""
        asked = {c.provider.name: self._affordable(c, prompts[isinstance(c, LogprobTest)]) for c in self._open()}
        first, second = self._trials(asked, again=False), self._trials(asked, again=True)
        if number and number % REPEAT_EVERY == 0:
            second |= self._repeats(asked)
        answers: dict[RequestKey, PromptResult] = {}
        for name, trials in (("first", first), ("second", second)):
            got = yield from self._send(list(trials.values()), f"round {number} {name}")
            answers |= {key: got[trial.id] for key, trial in trials.items()}
        # Before far answers are sent again: what is repeated because of its answer scatters more than most.
        measure_noise(self.candidates, answers)
        odd = self._sent_again(asked, answers)
        got = yield from self._send(list(odd.values()), f"round {number} again")
        answers |= {key: got[trial.id] for key, trial in odd.items()}
        for prompt in dict.fromkeys(one for own in asked.values() for one in own):
            self._check_reference(prompt, answers)
            for name, own in asked.items():
                if prompt in own and not self.candidates[name].dead:
                    self._compare(self.candidates[name], prompt, answers)

    def _affordable(self, c: CandidateTest, prompts: Sequence[str]) -> Sequence[str]:
        """The first of these prompts, as many as the candidate's remaining requests suffice for."""
        left = self.settings.max_requests - self.spent[c.provider.name].requests
        cost = 2 if c.mode is DriftMode.LOGPROBS else 1
        return prompts[: left // cost]

    def _trials(self, asked: Mapping[str, Sequence[str]], *, again: bool) -> RoundTrials:
        """The requests of a round, of the reference first; ``again`` for the other variants."""
        trials: RoundTrials = {}
        for name, prompts in asked.items():
            kind = self._kinds[name]
            for prompt in prompts:
                if kind in VARIANT_OF:
                    trials |= self._to_both(name, prompt, VARIANT_OF[kind] if again else kind)
                elif not again:
                    for repeat in (0, 1):
                        key = RequestKey("", prompt, kind, repeat)
                        trials[key] = self.trial(prompt, kind, self.reference, repeat)
                    for other in self._context_kinds(kind):
                        trials[RequestKey("", prompt, other)] = self.trial(prompt, other, self.reference)
                    trials[RequestKey(name, prompt, kind)] = self.trial(prompt, kind, self.candidates[name].provider)
        return trials

    def _repeats(self, asked: Mapping[str, Sequence[str]]) -> RoundTrials:
        """The first question of a round once more, by log-probabilities, where the budget has room for it."""
        trials: RoundTrials = {}
        for name, prompts in asked.items():
            kind = self._kinds[name]
            spent = self.spent[name].requests + 2 * len(prompts)
            if kind in VARIANT_OF and prompts and spent < self.settings.max_requests:
                trials |= self._to_both(name, prompts[0], kind, 1)
        return trials

    def _sent_again(self, asked: Mapping[str, Sequence[str]], answers: RoundResults) -> RoundTrials:
        """Requests with a far answer once more, to both sides, where the budget has room for them."""
        trials: RoundTrials = {}
        for name, prompts in asked.items():
            c, left = self.candidates[name], self.settings.max_requests - self.spent[name].requests
            if isinstance(c, LogprobTest):
                far = far_requests(c, prompts, self._kinds[name], answers)
                for prompt, kind in itertools.islice(far, max(0, left)):
                    trials |= self._to_both(name, prompt, kind, 1)
        return trials

    def _to_both(self, name: str, prompt: str, kind: RequestKind, repeat: int = 0) -> RoundTrials:
        """One request to the reference, and the same to a candidate."""
        return {
            RequestKey("", prompt, kind, repeat): self.trial(prompt, kind, self.reference, repeat),
            RequestKey(name, prompt, kind, repeat): self.trial(prompt, kind, self.candidates[name].provider, repeat),
        }

    def _compare(self, c: CandidateTest, prompt: str, answers: RoundResults) -> None:
        if isinstance(c, LogprobTest):
            self._compare_logprobs(c, prompt, answers)
        elif isinstance(c, TextTest):
            self._compare_texts(c, prompt, answers)

    def _compare_logprobs(self, c: LogprobTest, prompt: str, answers: RoundResults) -> None:
        kind = self._kinds[c.provider.name]
        pairs = []
        for one in (kind, VARIANT_OF[kind]):
            a, own = answers[RequestKey("", prompt, one)], answers[RequestKey(c.provider.name, prompt, one)]
            if isinstance(own, MissingReply):
                c.miss(own.why)
                return
            if isinstance(a, MissingReply) or not a.top:
                c.missing[f"reference: {a.why if isinstance(a, MissingReply) else 'no-logprobs'}"] += 1
                return
            if why := thinks_alone(a, own, off=bool(self.settings.thinking_off.get(c.provider.name))):
                c.miss(why)
                return
            if not own.top:
                c.miss("no-logprobs")
                return
            pairs.append(AnswerPair(a, own))
        again = [answered_again(c.provider.name, prompt, one, answers) for one in (kind, VARIANT_OF[kind])]
        c.take(prompt, pairs[0], pairs[1], (again[0], again[1]))

    def _compare_texts(self, c: TextTest, prompt: str, answers: RoundResults) -> None:
        kind = self._kinds[c.provider.name]
        a, b = (answers[RequestKey("", prompt, kind, repeat)] for repeat in (0, 1))
        own = answers[RequestKey(c.provider.name, prompt, kind)]
        others = [answers[RequestKey("", prompt, other)] for other in self._context_kinds(kind)]
        known = [answer for answer in others if isinstance(answer, Facts)]
        if isinstance(own, MissingReply):
            c.miss(own.why)
        elif isinstance(a, MissingReply) or isinstance(b, MissingReply) or (kind is RequestKind.SAMPLED and not known):
            lost = next(x for x in (a, b, *others) if isinstance(x, MissingReply))
            c.missing[f"reference: {lost.why}"] += 1
        elif why := thinks_alone(a, own, off=bool(self.settings.thinking_off.get(c.provider.name))):
            c.miss(why)
        else:
            context = (
                ReferenceContext(draws=known)
                if kind is RequestKind.SAMPLED
                else ReferenceContext(next(iter(known), None))
            )
            c.take(prompt, a, b, own, context=context, bank=self._bank(prompt, kind))

    def _bank(self, prompt: str, kind: RequestKind) -> PromptBank:
        if prompt in self.near_ties:
            return PromptBank.NEAR_TIES
        return PromptBank.STEADY if self.script.is_steady(prompt, kind) else PromptBank.NATURAL

    def _context_kinds(self, kind: RequestKind) -> tuple[RequestKind, ...]:
        """Further kinds of request to the reference, for candidates that get this kind."""
        if kind is RequestKind.SAMPLED:
            return OTHERS
        return (RequestKind.SCREEN,) if kind is RequestKind.GREEDY and self._shows_margins else ()

    @property
    def _shows_margins(self) -> bool:
        return self.support[self.reference.name].top >= 2

    def _check_reference(self, prompt: str, answers: RoundResults) -> None:
        own = [answer for key, answer in answers.items() if not key.provider and key.prompt == prompt]
        if not own:
            return
        lost = [answer.why for answer in own if isinstance(answer, MissingReply)]
        self.reference_missing.update(lost)
        self._silent = self._silent + 1 if len(lost) == len(own) else 0
        if self._silent >= GIVE_UP_AFTER:
            self.reference_dead = lost[-1]

    def _open(self) -> list[CandidateTest]:
        """Candidates that are undecided, not silent, and within the request limit."""
        limit = self.settings.max_requests
        return [
            c
            for c in self.candidates.values()
            if c.verdict is None
            and not c.dead
            and self.spent[c.provider.name].requests + (c.mode is DriftMode.LOGPROBS) < limit
        ]

    def _decide(self) -> None:
        """Decide the candidates whose evidence suffices now."""
        if not self.settings.stop:
            return
        rejected = rejected_e_values([c.e_drift for c in self.candidates.values()], self.settings.alpha)
        for c, drifts in zip(self.candidates.values(), rejected, strict=True):
            if c.verdict is not None or not c.has_enough_prompts:
                continue
            if c.prompt_and_sampler.sampler:
                c.verdict = DriftVerdict.MISCONFIGURED
            elif drifts:
                c.verdict = DriftVerdict.DRIFT
            elif c.is_equivalent(self.settings.alpha):
                c.verdict = DriftVerdict.EQUIVALENT

    def _send(self, trials: list[Trial], purpose: str) -> Results:
        """Yield the trials that have no result yet, in a seeded random order; keep the results and their cost."""
        self._answers |= {trial.id: missing for trial in trials if (missing := not_expressed(trial)) is not None}
        fresh = [trial for trial in trials if trial.id not in self._answers]
        random.Random(f"{self.settings.seed} {purpose}").shuffle(fresh)
        if fresh:
            exchanges = yield fresh
            for trial in fresh:
                exchange = exchanges.get(trial.id)
                if exchange is None:
                    self._answers[trial.id] = _UNSENT
                    continue
                reply = read_reply(exchange) if exchange.judgeable else None
                self._answers[trial.id] = facts_of(exchange, reply)
                cost = cost_of(trial.provider, exchange, reply)
                self.spent[trial.provider.name].charge(cost, len(exchange.attempts))
        return {trial.id: self._answers[trial.id] for trial in trials}
