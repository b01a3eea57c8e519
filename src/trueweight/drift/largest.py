"""The most that an investigation sends, for a forecast."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from trueweight.core import DriftMode, Provider, Role, Trial
from trueweight.drift.facts import not_expressed
from trueweight.drift.investigate import Investigation
from trueweight.drift.probe import FIRST
from trueweight.drift.script import OTHERS, SCOUTS, VARIANT_OF, RequestKind

_REFERENCE_TIMES: Final = 8
"""By log-probabilities the reference gets at most eight times as many requests as a candidate: candidates have far
answers to different requests, which are sent again, some list five alternatives where others list 20, and some are
asked at temperature 1 where others are at 0."""


def largest(found: Investigation) -> Iterator[Trial]:
    """The trials of an investigation that never decides, as an upper limit of what is sent, retries left out.

    Where the providers' support decides the mode, each candidate is counted with texts, which cost most, and the
    reference with the candidates that make it most requests: one compared by texts, the others by log-probabilities.
    """
    for provider in found.providers:
        trials = _of_reference(found) if provider.role is Role.REFERENCE else _of_candidate(found, provider)
        yield from (trial for trial in trials if not_expressed(trial) is None)


def _of_candidate(found: Investigation, provider: Provider) -> Iterator[Trial]:
    mode, most = found.settings.mode, found.settings.max_requests
    if mode is DriftMode.LOGPROBS:
        return itertools.islice(_by_logprobs(found, provider), most)
    kind = RequestKind.SAMPLED if mode is DriftMode.SAMPLED else RequestKind.GREEDY
    return (found.trial(prompt, kind, provider) for prompt in found.script.prompts[:most])


def _of_reference(found: Investigation) -> Iterator[Trial]:
    reference, mode, most = found.reference, found.settings.mode, found.settings.max_requests
    asked = found.script.prompts[:most]
    if mode is DriftMode.SAMPLED:
        for prompt in asked:
            yield from (found.trial(prompt, RequestKind.SAMPLED, reference, repeat) for repeat in (0, 1))
            yield from (found.trial(prompt, other, reference) for other in OTHERS)
        return
    yield from (found.trial(asked[0], probe, reference) for probe in (FIRST, RequestKind.PROBE_HOT))
    if mode is not DriftMode.LOGPROBS:
        yield from (found.trial(prompt, RequestKind.SCREEN, reference) for prompt in found.script.prompts)
        yield from (found.trial(prompt, RequestKind.GREEDY, reference, n) for prompt in asked for n in (0, 1))
    if mode is not DriftMode.GREEDY:
        scouts = itertools.product(found.script.prompts[: found.settings.scouted], SCOUTS)
        yield from (found.trial(prompt, kind, reference) for prompt, kind in scouts)
        candidates = len(found.providers) - 1 - (mode is None)
        yield from itertools.islice(_by_logprobs(found, reference), min(candidates, _REFERENCE_TIMES) * most)


def _by_logprobs(found: Investigation, provider: Provider) -> Iterator[Trial]:
    """Both variants of each question; then the same once more; then both in the other forms."""
    asked = found.script.prompts[: found.settings.compared]
    for kinds in VARIANT_OF.items():
        for repeat in (0, 1):
            yield from (found.trial(prompt, kind, provider, repeat) for prompt in asked for kind in kinds)
