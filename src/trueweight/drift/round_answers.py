"""The requests of one round of questions, and what was answered to those that were sent once more."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from trueweight.core import Trial
from trueweight.drift.by_logprobs import LogprobTest
from trueweight.drift.candidate import CandidateTest
from trueweight.drift.facts import Facts
from trueweight.drift.places import AnswerPair
from trueweight.drift.probe import PromptResult
from trueweight.drift.script import VARIANT_OF, RequestKind


class RequestKey(NamedTuple):
    """One request of a round: provider ("" for the reference), prompt, kind, repeat."""

    provider: str
    prompt: str
    kind: RequestKind
    repeat: int = 0


RoundResults = Mapping[RequestKey, PromptResult]
RoundTrials = dict[RequestKey, Trial]


def far_requests(
    c: LogprobTest, prompts: Sequence[str], kind: RequestKind, answers: RoundResults
) -> Iterator[tuple[str, RequestKind]]:
    """Prompt and kind of the requests with a far answer that were not sent once more yet."""
    for prompt, one in itertools.product(prompts, (kind, VARIANT_OF[kind])):
        a, own = answers[RequestKey("", prompt, one)], answers[RequestKey(c.provider.name, prompt, one)]
        if not isinstance(a, Facts) or not isinstance(own, Facts) or not a.top or not own.top:
            continue
        if RequestKey(c.provider.name, prompt, one, 1) not in answers and c.is_far(AnswerPair(a, own)):
            yield prompt, one


def answered_again(name: str, prompt: str, kind: RequestKind, answers: RoundResults) -> AnswerPair | None:
    """Both sides' answers to a request that was sent once more; None if it was not, or either side failed."""
    a, own = answers.get(RequestKey("", prompt, kind, 1)), answers.get(RequestKey(name, prompt, kind, 1))
    return AnswerPair(a, own) if isinstance(a, Facts) and isinstance(own, Facts) and a.top and own.top else None


def measure_noise(candidates: Mapping[str, CandidateTest], answers: RoundResults) -> None:
    """Give candidates the two answers of each side to a request that was sent twice."""
    for key, own in answers.items():
        c = candidates.get(key.provider)
        if not key.repeat or not isinstance(c, LogprobTest):
            continue
        first = answers[key._replace(repeat=0)]
        a, b = (answers.get(key._replace(provider="", repeat=repeat)) for repeat in (0, 1))
        if isinstance(own, Facts) and isinstance(first, Facts) and isinstance(a, Facts) and isinstance(b, Facts):
            c.take_repeat((a, b), (first, own))


def thinks_alone(a: Facts, own: Facts, *, off: bool) -> str:
    """Why a candidate's thought cannot be compared with a reference that shows none; "" if it can be compared.

    An answer after a thought is the answer to another request, so its difference says nothing of the model.

    Args:
        off: whether the candidate was told not to think.
    """
    if own.answer is None or a.answer is not None:
        return ""
    return "thinks-although-off" if off else "thinks-alone"


def batched(prompts: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """The prompts in tuples of this size; the last one may be shorter. (`itertools.batched` needs Python 3.12.)"""
    rest = iter(prompts)
    while batch := tuple(itertools.islice(rest, size)):
        yield batch
