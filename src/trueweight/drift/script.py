"""The script: every request that drift may send, as cases in a fixed order. A replay reads it from the run instead."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from trueweight.core import Case, DriftMode, Mode, Provider, Trial, digest
from trueweight.drift.prompts import DriftPrompt, Split, prompts
from trueweight.drift.settings import DriftSettings

SUITE = "drift"
TEXT_TOKENS = 12
"""Length of a text answer: longer ones differ more often, and cost more."""

PLACES_TOKENS = 8
"""Length of an answer with log-probabilities at temperature 0: more of the places at which two answers are alike."""

SHORTEST = 1
STEADY_FIRST = 60
STEADY = "steady"
"""The tag of cases from the bank of steady prompts."""


class RequestKind(StrEnum):
    """The kinds of request for a prompt."""

    PROBE_HOT = "probe-hot"
    PROBE_HOT_FIVE = "probe-hot-five"
    PLACES = "places"
    PLACES_FIVE = "places-five"
    PLACES_AGAIN = "places-variant"
    PLACES_FIVE_AGAIN = "places-five-variant"
    SCOUT = "scout"
    SCOUT_AGAIN = "scout-variant"
    LOGPROBS = "logprobs"
    LOGPROBS_FIVE = "logprobs-five"
    LOGPROBS_AGAIN = "logprobs-variant"
    LOGPROBS_FIVE_AGAIN = "logprobs-five-variant"
    SCREEN = "screen"
    GREEDY = "greedy"
    SAMPLED = "sampled"
    OTHER_1 = "sampled-other-1"
    OTHER_2 = "sampled-other-2"
    OTHER_3 = "sampled-other-3"
    OTHER_4 = "sampled-other-4"


SCOUTS = (RequestKind.SCOUT, RequestKind.SCOUT_AGAIN)
"""The requests to the reference alone that find questions to whose variants its answers go on alike."""

OTHERS = (RequestKind.OTHER_1, RequestKind.OTHER_2, RequestKind.OTHER_3, RequestKind.OTHER_4)
"""The reference's draws under seeds that no candidate gets: as many as `typical.DRAWS`."""


VARIANT_OF: Mapping[RequestKind, RequestKind] = {
    RequestKind.PLACES: RequestKind.PLACES_AGAIN,
    RequestKind.PLACES_FIVE: RequestKind.PLACES_FIVE_AGAIN,
    RequestKind.LOGPROBS: RequestKind.LOGPROBS_AGAIN,
    RequestKind.LOGPROBS_FIVE: RequestKind.LOGPROBS_FIVE_AGAIN,
}
"""Kind of request for log-probabilities → the same for another variant of the question."""

# Log-probabilities are requested at temperature 0, where answers go on alike. A server that reports them after its
# sampler shows nothing then: it is asked at temperature 1 without truncation, where the sampler changes no numbers.
_UNTRUNCATED: Mapping[str, Any] = {"temperature": 1, "top_p": 1}
_ONE = {"max_tokens": SHORTEST, "logprobs": True}
_GREEDY = {"temperature": 0, "logprobs": True}
_PLACES = {"max_tokens": PLACES_TOKENS, **_GREEDY}
_TEXT = {"max_tokens": TEXT_TOKENS}
_PARAMETERS: Mapping[RequestKind, Mapping[str, Any]] = {
    RequestKind.PROBE_HOT: {**_ONE, "temperature": 2, "top_p": 1, "top_logprobs": 20},
    RequestKind.PROBE_HOT_FIVE: {**_ONE, "temperature": 2, "top_p": 1, "top_logprobs": 5},
    RequestKind.PLACES: {**_PLACES, "top_logprobs": 20},
    RequestKind.PLACES_FIVE: {**_PLACES, "top_logprobs": 5},
    RequestKind.PLACES_AGAIN: {**_PLACES, "top_logprobs": 20},
    RequestKind.PLACES_FIVE_AGAIN: {**_PLACES, "top_logprobs": 5},
    RequestKind.SCOUT: {**_PLACES, "top_logprobs": 2},
    RequestKind.SCOUT_AGAIN: {**_PLACES, "top_logprobs": 2},
    RequestKind.LOGPROBS: {**_ONE, **_UNTRUNCATED, "top_logprobs": 20},
    RequestKind.LOGPROBS_FIVE: {**_ONE, **_UNTRUNCATED, "top_logprobs": 5},
    RequestKind.LOGPROBS_AGAIN: {**_ONE, **_UNTRUNCATED, "top_logprobs": 20},
    RequestKind.LOGPROBS_FIVE_AGAIN: {**_ONE, **_UNTRUNCATED, "top_logprobs": 5},
    RequestKind.SCREEN: {**_TEXT, **_GREEDY, "top_logprobs": 2},
    RequestKind.GREEDY: {**_TEXT, "temperature": 0},
    RequestKind.SAMPLED: {**_TEXT, **_UNTRUNCATED},
    **{other: {**_TEXT, **_UNTRUNCATED} for other in OTHERS},
}
_TOP = (*VARIANT_OF, *VARIANT_OF.values())
_HOT = (RequestKind.PROBE_HOT, RequestKind.PROBE_HOT_FIVE)
_TEXTS = (RequestKind.SCREEN, RequestKind.GREEDY)
_KINDS_BY_MODE: Mapping[DriftMode | None, tuple[RequestKind, ...]] = {
    None: (*_TOP, *_TEXTS),
    DriftMode.LOGPROBS: _TOP,
    DriftMode.GREEDY: _TEXTS,
    DriftMode.SAMPLED: (RequestKind.SAMPLED, *OTHERS),
}
_PROBES_BY_MODE: Mapping[DriftMode | None, tuple[RequestKind, ...]] = {
    None: _HOT,
    DriftMode.LOGPROBS: _HOT,
    DriftMode.GREEDY: (*VARIANT_OF, *_HOT),
    DriftMode.SAMPLED: (),
}
_AGAIN = (*VARIANT_OF.values(), RequestKind.SCOUT_AGAIN)
_SEEDED = (RequestKind.SAMPLED, *OTHERS)


class Script:
    """Cases by kind and prompt; prompts in the order in which they are sent."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(case for case in cases if case.suite == SUITE)
        self._by_name = {case.id: case for case in self.cases}
        self.prompts = tuple(dict.fromkeys(case.id.split("~")[0] for case in self.cases))

    def case(self, prompt: str, kind: RequestKind) -> Case:
        """The case of this prompt and kind."""
        return self._by_name[f"{prompt}~{kind.value}"]

    def is_steady(self, prompt: str, kind: RequestKind) -> bool:
        """Whether the prompt is one whose answer is nearly given."""
        return STEADY in self.case(prompt, kind).tags

    def trial(
        self, prompt: str, kind: RequestKind, provider: Provider, repeat: int = 0, api: str | None = None
    ) -> Trial:
        """The trial of this prompt and kind for a provider, through ``api``; by default its first API."""
        return Trial.of(self.case(prompt, kind), provider, repeat, Mode.PLAIN, api)


def write_script(settings: DriftSettings, *, split: Split = Split.TEST) -> Script:
    """Every request under these settings; the first prompt is also the probe."""
    seed, mode = settings.seed, settings.mode
    selected = _bank(mode, split, seed)[: max(settings.max_requests, settings.screen, settings.scouted)]
    kinds = [kind for kind in _KINDS_BY_MODE[mode] if kind not in _TOP]
    cases = [_case(prompt, kind, settings) for prompt in selected for kind in kinds]
    if set(_TOP) & set(_KINDS_BY_MODE[mode]):
        asked = [(one, _TOP) for one in selected[: settings.questions]]
        asked += [(one, SCOUTS) for one in selected[: settings.scouted]]
        # The same questions under other leads; the ids stay those of the questions.
        others = {prompt.id: prompt for prompt in prompts(split, seed=seed, variant=1)}
        cases += [_case(others[p.id] if k in _AGAIN else p, k, settings) for p, several in asked for k in several]
    known = {case.id for case in cases}
    probes = [_case(selected[0], kind, settings) for kind in _PROBES_BY_MODE[mode]]
    return Script([*(probe for probe in probes if probe.id not in known), *cases])


def _bank(mode: DriftMode | None, split: Split, seed: int) -> Sequence[DriftPrompt]:
    """The prompts in order. In sampled mode the steady ones are first, since they detect a coarse file; then natural
    ones alternate with them, since their draws under one seed detect a fine one."""
    natural = prompts(split, seed=seed)
    if mode is not DriftMode.SAMPLED:
        return natural
    steady = prompts(split, seed=seed, steady=True)
    turns = itertools.zip_longest(natural, steady[STEADY_FIRST:])
    return [*steady[:STEADY_FIRST], *(prompt for turn in turns for prompt in turn if prompt is not None)]


def _case(prompt: DriftPrompt, kind: RequestKind, settings: DriftSettings) -> Case:
    request: dict[str, Any] = {"messages": prompt.messages, **_PARAMETERS[kind]}
    if request["max_tokens"] == SHORTEST:
        request["max_tokens"] = settings.first_tokens
    elif request["max_tokens"] == PLACES_TOKENS:
        request["max_tokens"] = max(PLACES_TOKENS, settings.first_tokens)
    if kind in _SEEDED:
        request["seed"] = int(digest(["sampling", settings.seed, prompt.id, kind.value]), 16) % 2**31
    return Case(
        suite=SUITE,
        id=f"{prompt.id}~{kind.value}",
        request=request,
        why="Shows whether the answer's distribution is the reference's.",
        tags=("drift", prompt.family, prompt.language, prompt.kind, *((STEADY,) if prompt.shots else ())),
        modes=(Mode.PLAIN,),
    )
