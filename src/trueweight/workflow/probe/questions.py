"""The requests of a probe. They are cases of a suite called ``probe``, which no run judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from trueweight.core import PROTOCOLS, Case, Mode, Provider, Severity, SwitchWays, Trial
from trueweight.core.json_value import JsonObject
from trueweight.core.probe import ProbeQuestion
from trueweight.plan import Plan
from trueweight.protocols.models import Models
from trueweight.workflow.probe.entry import Asked

SUITE: Final = "probe"
ANSWER_TOKENS: Final = 1024
"""The token limit of a probe's answers. A model that does not think needs five; one that does shows how long."""
URL_TOKENS: Final = 16
"""The token limit where only the address is in question."""
_ALTERNATIVES: Final = 5
"""Tokens for each position, beside the one that was chosen: some hosts allow no more."""
_ASKED: Final = "Reply with the word OK."
_TOOL: Final[JsonObject] = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The current time in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def _case(question: ProbeQuestion, request: JsonObject, api: str | None = None) -> Case:
    return Case(
        suite=SUITE,
        id=question.value,
        why="It shows whether the provider's entry is right before the run.",
        severity=Severity.INFO,
        source="",
        tags=(),
        modes=(Mode.PLAIN,),
        request=request,
        checks={},
        api=api,
    )


def _says(text: str, **parameters: Any) -> JsonObject:
    return {"messages": [{"role": "user", "content": text}], **parameters}


_CASES: Final = {
    ProbeQuestion.MODELS: _case(ProbeQuestion.MODELS, {}, api=Models.name),
    ProbeQuestion.PLAIN: _case(ProbeQuestion.PLAIN, _says(_ASKED, max_tokens=ANSWER_TOKENS, temperature=0)),
    ProbeQuestion.TOOL: _case(
        ProbeQuestion.TOOL,
        _says("What time is it in Oslo? Use the tool.", tools=[_TOOL], max_tokens=ANSWER_TOKENS, temperature=0),
    ),
    ProbeQuestion.SMALLEST: _case(ProbeQuestion.SMALLEST, _says(_ASKED)),
    ProbeQuestion.OTHER_URL: _case(ProbeQuestion.OTHER_URL, _says(_ASKED, max_tokens=URL_TOKENS)),
}
_COMPLETIONS: Final = (ProbeQuestion.PLAIN, ProbeQuestion.TOOL)


def probe_trial(provider: Provider, question: ProbeQuestion, api: str) -> Trial:
    """The trial of a question; ``api`` does not matter for the list of models."""
    return _trial(provider, _CASES[question], api)


def _trial(provider: Provider, case: Case, api: str) -> Trial:
    mode = Mode.PLAIN if case.api or Mode.PLAIN in PROTOCOLS.get(api).modes else Mode.STREAM
    return Trial.of(case, provider, 0, mode, case.api or api)


def switch_trial(provider: Provider, fields: Mapping[str, Any], like: ProbeQuestion, api: str) -> Trial:
    """The trial of a question that was answered, with fields that may switch thinking."""
    case = replace(_CASES[like], id=ProbeQuestion.SWITCH.value)
    return _trial(provider.with_switch(fields), case, api)


def logprobs_trial(provider: Provider, like: ProbeQuestion, api: str) -> Trial | None:
    """The trial of a question that was answered, with log-probabilities; None if the API has none."""
    like_case = _CASES[like]
    request = {**like_case.request, "logprobs": True, "top_logprobs": _ALTERNATIVES}
    case = replace(like_case, id=ProbeQuestion.LOGPROBS.value, request=request)
    return None if PROTOCOLS.get(api).cannot_express(case) else _trial(provider, case, api)


def logprobs_trials(providers: Sequence[Provider]) -> tuple[Trial, ...]:
    """The trial of each provider and API that asks for log-probabilities, for a forecast."""
    found = (logprobs_trial(provider, ProbeQuestion.PLAIN, api) for provider in providers for api in provider.api)
    return tuple(trial for trial in found if trial is not None)


def switch_trials(providers: Sequence[Provider], switches: Mapping[str, SwitchWays]) -> tuple[Trial, ...]:
    """A trial of each way that may switch a provider's thinking, through each of its APIs, for a forecast."""
    return tuple(
        switch_trial(provider, fields, ProbeQuestion.PLAIN, api)
        for provider in providers
        if (ways := switches.get(provider.name)) is not None
        for api in provider.api
        for fields in max(ways.off, ways.on, key=len)
    )


def first_questions(provider: Provider) -> tuple[Asked, ...]:
    """The requests that a provider gets: the list of models, then two for each API that can express them."""
    first = provider.api[0]
    found = [Asked(probe_trial(provider, ProbeQuestion.MODELS, first), provider, first, ProbeQuestion.MODELS)]
    for api in provider.api:
        protocol = PROTOCOLS.get(api)
        asked = (question for question in _COMPLETIONS if not protocol.cannot_express(_CASES[question]))
        found += [Asked(probe_trial(provider, question, api), provider, api, question) for question in asked]
    return tuple(found)


def probe_plan(providers: Sequence[Provider]) -> Plan:
    """The requests of a probe as a plan, for a forecast. A provider with a setup fault gets a few more."""
    trials = tuple(asked.trial for provider in providers for asked in first_questions(provider))
    return Plan(trials, 0, 1, 1)
