"""The answers of the shipped suites' cases, so that a healthy provider answers them correctly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

from trueweight.core import DEFAULT_API, Case, Suite, digest
from trueweight.fleet.apis import SERVED
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.question import question_of
from trueweight.fleet.thinking import WORD_OFF

_FIELDS = """
messages tools tool_choice parallel_tool_calls response_format temperature top_p seed stop max_tokens
max_completion_tokens n logprobs top_logprobs frequency_penalty presence_penalty logit_bias reasoning_effort
functions function_call
"""
_QUESTION_FIELDS = frozenset(_FIELDS.split())
"""Fields that make two requests the same question. Model, streaming and a provider's extra fields do not count."""
_LIMITS = ("max_tokens", "max_completion_tokens")
_EFFORT = ("reasoning_effort",)
"""A run's allowance and its switch for thoughts change these, so they count only where two cases differ in nothing
else."""
_SAMPLING = ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty")
"""So does its sampling, where temperature 0 is refused, and an API without a seed."""
_UNCOUNTED = ((), _LIMITS, (*_LIMITS, *_EFFORT), (*_LIMITS, *_SAMPLING), (*_LIMITS, *_EFFORT, *_SAMPLING))
"""Fields that do not count, in the order in which an answer is looked for."""


class KnownAnswers:
    """Request → the answer of the case it belongs to."""

    def __init__(self, suites: Iterable[Suite] = ()) -> None:
        self._answers: tuple[dict[str, Mapping[str, Any]], ...] = tuple({} for _ in _UNCOUNTED)
        self._cases: list[Case] = []
        for suite in suites:
            for case in suite.cases:
                if case.answer is not None:
                    self._cases.append(case)
                    for answers, without in zip(self._answers, _UNCOUNTED, strict=True):
                        answers.setdefault(_question(case.request, without), case.answer)

    def __len__(self) -> int:
        return len(self._answers[0])

    def find(self, body: Mapping[str, Any], api: str = DEFAULT_API) -> Mapping[str, Any] | None:
        """The answer to this request; None if no suite knows it.

        Args:
            api: through which it came: other ones than chat completions lose some fields of a case on the way.
        """
        if not self._cases:
            return None
        found = self._answer_of(body) or self._answer_of(_without_words(body))
        if found is not None or api == DEFAULT_API:
            return found
        return self._translated(body) or self._translated(_without_words(body))

    def _translated(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        exact = self._questions.get(question_of(body, settings=True))
        return exact or self._questions.get(question_of(body, settings=False))

    @cached_property
    def _questions(self) -> Mapping[str, Mapping[str, Any]]:
        """What each case asks → its answer; with its settings and without them."""
        found: dict[str, Mapping[str, Any]] = {}
        for case in self._cases:
            request = {**case.request, "messages": _messages_of(case)}
            for settings in (True, False):
                found.setdefault(question_of(request, settings=settings), case.answer or {})
        return found

    def _answer_of(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        kept = zip(self._answers, _UNCOUNTED, strict=True)
        found = (answers.get(_question(body, without)) for answers, without in kept)
        return next((one for one in found if one is not None), None)


def _messages_of(case: Case) -> list[Any]:
    """The messages of a case, which may be in the fields of its API."""
    api = next((one for one in SERVED.values() if one.name == case.api), None)
    if api is None:
        return list(case.request.get("messages") or ())
    try:
        return api.messages_of(case.request)
    except RefusedError:
        return []


def _without_words(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request without the words at the end of its messages that switch the thought."""
    return {**body, "messages": [_plain(message) for message in body.get("messages", ())]}


def _plain(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": _cut(content)}
    if isinstance(content, list):
        parts = [
            {**part, "text": _cut(part["text"])} if isinstance(part.get("text"), str) else part for part in content
        ]
        return {**message, "content": parts}
    return message


def _cut(text: str) -> str:
    return text.removesuffix(f" {WORD_OFF}")


def _question(body: Mapping[str, Any], without: Collection[str]) -> str:
    return digest({key: value for key, value in body.items() if key in _QUESTION_FIELDS and key not in without})


def shipped_answers(extra: Iterable[str] = ()) -> KnownAnswers:
    """All shipped suites, and those found at ``extra``.

    Raises:
        ConfigError: if a suite cannot be read.
    """
    from trueweight.suites import find_suite, shipped_suites  # reading them takes longer than all the rest here

    return KnownAnswers(find_suite(name) for name in [*shipped_suites(), *extra])
