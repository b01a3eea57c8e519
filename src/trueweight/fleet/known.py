"""The answers of the shipped suites' cases, so that a healthy provider answers them correctly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from trueweight.core import Suite, digest
from trueweight.fleet.thinking import WORD_OFF

_FIELDS = """
messages tools tool_choice parallel_tool_calls response_format temperature top_p seed stop max_tokens
max_completion_tokens n logprobs top_logprobs frequency_penalty presence_penalty logit_bias reasoning_effort
functions function_call
"""
_QUESTION_FIELDS = frozenset(_FIELDS.split())
"""Fields that make two requests the same question. Model, streaming and a provider's extra fields do not count."""
_OF_THOUGHTS = ("max_tokens", "max_completion_tokens", "reasoning_effort")
"""A run's allowance and its switch for thoughts change these, so they count only where two cases differ in nothing
else."""


class KnownAnswers:
    """Request → the answer of the case it belongs to."""

    def __init__(self, suites: Iterable[Suite] = ()) -> None:
        self._answers: dict[str, Mapping[str, Any]] = {}
        self._whatever_the_thought: dict[str, Mapping[str, Any]] = {}
        for suite in suites:
            for case in suite.cases:
                if case.answer is not None:
                    self._answers.setdefault(_question(case.request), case.answer)
                    self._whatever_the_thought.setdefault(_question(case.request, without=_OF_THOUGHTS), case.answer)

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer to this request; None if no suite knows it."""
        if not self._answers:
            return None
        found = self._answer_of(body)
        return self._answer_of(_without_words(body)) if found is None else found

    def _answer_of(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self._answers.get(_question(body)) or self._whatever_the_thought.get(
            _question(body, without=_OF_THOUGHTS)
        )


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


def _question(body: Mapping[str, Any], without: Collection[str] = ()) -> str:
    return digest({key: value for key, value in body.items() if key in _QUESTION_FIELDS and key not in without})


def shipped_answers(extra: Iterable[str] = ()) -> KnownAnswers:
    """All shipped suites, and those found at ``extra``.

    Raises:
        ConfigError: if a suite cannot be read.
    """
    from trueweight.suites import find_suite, shipped_suites  # reading them takes longer than all the rest here

    return KnownAnswers(find_suite(name) for name in [*shipped_suites(), *extra])
