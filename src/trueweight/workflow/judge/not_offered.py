"""Parts of the API that a provider does not offer: it refuses every request that uses one, and answers others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as replace_struct

from trueweight.checks.refusals import LIMIT, denies_feature
from trueweight.core import PROTOCOLS, Case, Exchange, Failure, FailureKind, Mode, Observation, Outcome
from trueweight.core.observation import OPTIONAL_FEATURES, Feature
from trueweight.core.request import declared_tools, requested_schema
from trueweight.protocols import read_error
from trueweight.workflow.judge.observation_table import by_provider, change_kinds, kinds

_ACCEPTED: Final = "request-accepted"
_NOT_IMPLEMENTED: Final = 501
_SERVER: Final = 500
_FEWEST: Final = 2
"""Cases that use a feature and are all refused; one alone may be refused for what else is in it."""


def _with_tools(case: Case, _: Observation) -> bool:
    return bool(declared_tools(case.request))


def _structured(case: Case, _: Observation) -> bool:
    return requested_schema(case.request) is not None


def _streamed(_: Case, seen: Observation) -> bool:
    return seen.mode is Mode.STREAM


def _about_limit(_: Case, seen: Observation) -> bool:
    """Whether its refusal is about its limit of tokens, which a run raises for thoughts."""
    return any(one.check == _ACCEPTED and one.about == LIMIT for one in seen.findings)


def _continues(case: Case, _: Observation) -> bool:
    """Whether it continues a response that the server may have stored."""
    return case.follows is not None


def _counts(_: Case, seen: Observation) -> bool:
    """Whether it is sent to an endpoint beside that of the completions."""
    return bool(PROTOCOLS.get(seen.api).beside)


_USES: Final[Mapping[Feature, Callable[[Case, Observation], bool]]] = {
    Feature.TOOLS: _with_tools,
    Feature.STRUCTURED_OUTPUT: _structured,
    Feature.STREAMS: _streamed,
    Feature.LIMITS: _about_limit,
    Feature.STORED_RESPONSES: _continues,
    Feature.COUNTS: _counts,
}


def as_refusal(case: Case, exchange: Exchange) -> Exchange:
    """The exchange; a server error whose words say that a part of the request is not supported is a refusal, which
    checks judge, as a 4xx status is."""
    final = exchange.final
    server = final.failure is not None and final.failure.kind is FailureKind.SERVER_ERROR
    if not server or final.status is None or final.status < _SERVER or case.must_be_refused:
        return exchange
    error = read_error(final)
    if error.page or not denies_feature(case.request, f"{error.message} {error.param}"):
        return exchange
    refused = replace(final, failure=Failure(FailureKind.CLIENT_ERROR, error.message))
    return replace(exchange, attempts=(*exchange.attempts[:-1], refused))


def mark_not_offered(
    observations: MutableSequence[Observation], cases: Mapping[str, Case]
) -> MutableSequence[Observation]:
    """The observations, with ``not_offered`` set in place where a refusal is about a feature that is not offered."""
    refusing = {seen.provider for seen, _ in kinds(observations) if _is_refusal(seen)}
    lacking = {}
    for name, rows in by_provider(observations, sorted(refusing)).items():
        seen = (one for one, _ in kinds(rows))
        own = [one for one in seen if one.arrived and one.case in cases and not cases[one.case].must_be_refused]
        if features := tuple(_lacking(own, cases)):
            lacking[name] = features
    if not lacking:
        return observations
    return change_kinds(observations, lambda seen: _marked(seen, cases, lacking.get(seen.provider, ())))


def _lacking(rows: Sequence[Observation], cases: Mapping[str, Case]) -> Iterable[Feature]:
    for feature, uses in _USES.items():
        own = [seen for seen in rows if uses(cases[seen.case], seen)]
        if (
            len({seen.case for seen in own}) >= (1 if feature in OPTIONAL_FEATURES else _FEWEST)
            and all(map(_is_refusal, own))
            and _shows(feature, own, rows, cases)
        ):
            yield feature


def _shows(
    feature: Feature, own: Sequence[Observation], rows: Sequence[Observation], cases: Mapping[str, Case]
) -> bool:
    """Whether the refusals are about this feature: one of them uses no other, and requests without it are answered.

    Where every request of a run uses the feature, the words of each refusal have to say so, and always those of a
    refusal of an optional one, which few cases use.
    """
    if feature is Feature.LIMITS:
        return True
    if any(_about_limit(cases[seen.case], seen) for seen in own):
        return False
    others = [uses for name, uses in _USES.items() if name is not feature]
    answered = {(seen.case, seen.mode) for seen in rows if not _is_refusal(seen)}
    if feature in OPTIONAL_FEATURES:
        return bool(answered) and all(map(_is_clean, own))
    if feature is Feature.STREAMS:
        return any((seen.case, Mode.PLAIN) in answered for seen in own)
    pure = [seen for seen in own if not any(uses(cases[seen.case], seen) for uses in others)]
    if answered:
        return bool(pure)
    return len(own) == len(rows) and bool(pure) and all(map(_says_so, own))


def _is_refusal(seen: Observation) -> bool:
    """Whether it is refused: by its status, or, with the status of a server error, by its words (see `as_refusal`)."""
    if seen.status is None or not seen.arrived:
        return False
    return 400 <= seen.status < 500 or seen.status == _NOT_IMPLEMENTED or (seen.status >= _SERVER and _says_so(seen))


def _says_so(seen: Observation) -> bool:
    return any(found.check == _ACCEPTED and found.outcome is Outcome.UNSUPPORTED for found in seen.findings)


def _is_clean(seen: Observation) -> bool:
    """Whether checks accept the refusal: it says what it is about, and nothing of it is wrong."""
    outcomes = {found.outcome for found in seen.findings}
    return Outcome.FAIL not in outcomes and not outcomes.isdisjoint({Outcome.PASS, Outcome.UNSUPPORTED})


def _marked(seen: Observation, cases: Mapping[str, Case], lacking: Sequence[Feature]) -> Observation:
    if not lacking or not seen.arrived or not _is_refusal(seen):
        return seen
    case = cases.get(seen.case)
    if case is None or case.must_be_refused:
        return seen
    found = next((feature for feature in lacking if _USES[feature](case, seen)), None)
    return seen if found is None else replace_struct(seen, not_offered=found)


def count_not_offered(observations: Sequence[Observation]) -> dict[Feature, int]:
    """Feature that the provider does not offer → requests that it refused for it."""
    counts: Counter[Feature] = Counter()
    for seen, rows in kinds(observations):
        if seen.not_offered is not None:
            counts[seen.not_offered] += len(rows)
    return dict(counts)
