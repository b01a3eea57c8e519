"""One exchange → what a run keeps of it, its observation and its digests; also as bytes, for a cache or a process."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from trueweight.checks import ReplyDigest, digest_choices
from trueweight.core import Case, Exchange, Finding, Observation, Outcome, Severity, as_sent, counterparts
from trueweight.core.judging import JudgingProblem, NotJudged, guarded
from trueweight.core.preference import LlmJudgeFound
from trueweight.core.provider import Provider, reference_among
from trueweight.drift import SUITE as DRIFT
from trueweight.store import Manifest
from trueweight.workflow.judge.alike import AlikeReplies
from trueweight.workflow.judge.exchange import Judged, judge_exchange
from trueweight.workflow.judge.lean import lean, row_type
from trueweight.workload.preference import is_unasked

_QUOTED = 120
"""Characters of a name that an error quotes."""


class PackedTrial(NamedTuple):
    """A judged trial as `pack` writes it, and its key in the cache; b"" if it has none."""

    key: bytes
    data: bytes


class JudgedTrial(NamedTuple):
    """What judging one exchange gives, apart from its evidence, which the exchange has.

    Attributes:
        observation: None for an exchange that is not of this run, and for one of drift.
        ended: when its last attempt ended, UTC.
        left_out: why the exchange is not of this run; "" if it is.
        unasked: whether the run's LLM judge, which compared answers to this case, was not asked about this one.
        packed: the same as bytes, where another process judged it.
    """

    trial: str
    observation: Observation | None = None
    digests: tuple[ReplyDigest, ...] = ()
    ended: str = ""
    left_out: str = ""
    unasked: bool = False
    packed: PackedTrial | None = None


class TrialJudge:
    """Judges exchanges of one run, one at a time.

    Args:
        without: checks to leave out, as if they did not exist.
        preferences: what an LLM judge says of the run's answers.
    """

    def __init__(
        self,
        manifest: Manifest,
        cases: Mapping[str, Case],
        without: Collection[str] = (),
        preferences: LlmJudgeFound = LlmJudgeFound(),
    ) -> None:
        # Drift's prompts are compared by their answers' distributions, never judged one by one.
        self.cases = {key: case for key, case in cases.items() if case.suite != DRIFT}
        self.providers = {provider.name: provider for provider in manifest.providers}
        self.compared_as = compared_apis(manifest.providers)
        self.without = without
        self.preferences = preferences
        self._allowance = manifest.thinking_allowance
        self._sent: dict[tuple[str, str], Case] = {}
        # An LLM judge's verdict is of one answer, as it was written.
        self._alike = None if preferences.cases else AlikeReplies()

    def judge(self, exchange: Exchange) -> JudgedTrial:
        """Judge one exchange; see `JudgedTrial` for one that is not of the run."""
        if exchange.suite == DRIFT:
            return JudgedTrial(exchange.trial)
        case, provider = case_of(exchange, self.cases), self.providers.get(exchange.provider)
        if case is None or provider is None:
            return JudgedTrial(exchange.trial, left_out=why_unknown(exchange, self.providers))
        case = self.sent(case, provider)
        key = None if self._alike is None else self._alike.key_of(case, exchange)
        if self._alike is not None and key is not None:
            found = self._alike.find(key, exchange)
            if found is not None:
                return JudgedTrial(exchange.trial, *found, _end(exchange))
        judged = judge_exchange(
            case,
            provider,
            exchange,
            without=self.without,
            thinking_allowance=self._allowance,
            preferences=self.preferences,
        )
        asked = judged.reply is not None and case.key in self.preferences.cases
        unasked = asked and judged.reply is not None and is_unasked(case, judged.reply, self.preferences.asked)
        api = self.compared_as[provider.name].get(exchange.api, exchange.api)
        digests = guarded("digest", partial(_digests, case, judged))
        seen = judged.observation
        if isinstance(digests, NotJudged):
            seen, digests = replace(seen, not_judged=(*seen.not_judged, digests)), ()
        elif seen.cut_in_thought:  # checks of several replies compare answers, and this one has none
            digests = ()
        seen = lean(seen, api)
        if self._alike is not None and key is not None:
            self._alike.keep(key, judged, seen, digests)
        return JudgedTrial(exchange.trial, seen, digests, _end(exchange), unasked=unasked)

    def sent(self, case: Case, provider: Provider) -> Case:
        """The case as this provider got it; the same object each time."""
        found = self._sent.get((case.key, provider.name))
        if found is None:
            found = self._sent[case.key, provider.name] = as_sent(case, provider)
        return found


def compared_apis(providers: Iterable[Provider]) -> dict[str, dict[str, str]]:
    """Provider → API → the API of the reference (of the first provider if there is none) with which it is compared."""
    listed = tuple(providers)
    if not listed:
        return {}
    base = reference_among(listed) or listed[0]
    return {provider.name: counterparts(provider.api, base.api) for provider in listed}


def case_of(exchange: Exchange, cases: Mapping[str, Case]) -> Case | None:
    """The case of an exchange, from the cases of its run by key; None if they have no such case."""
    return cases.get(f"{exchange.suite}/{exchange.case}") or cases.get(exchange.case)


def why_unknown(exchange: Exchange, providers: Collection[str]) -> str:
    """What of an exchange its run does not have: its provider, else its case."""
    if exchange.provider not in providers:
        return f"the run has no provider {exchange.provider[:_QUOTED]!r}"
    return f"the run has no case {f'{exchange.suite}/{exchange.case}'[:_QUOTED]!r}"


def _digests(case: Case, judged: Judged) -> tuple[ReplyDigest, ...]:
    exchange, reply = judged.exchange, judged.reply
    if reply is None:
        return ()
    found = digest_choices(exchange.trial, case, exchange.mode, exchange.repeat, reply)
    # A client that is too busy to read reads a stream in one piece, however it was sent.
    return tuple(replace(one, at_once=None) for one in found) if exchange.client_limited else found


def _end(exchange: Exchange) -> str:
    """UTC wall clock at which the last attempt ended, ISO 8601 with microseconds."""
    start = datetime.fromisoformat(exchange.started_at)
    return (start + timedelta(microseconds=exchange.final.t_done // 1000)).isoformat(timespec="microseconds")


_WITHOUT_CASE = [name for name in ReplyDigest.__struct_fields__ if name != "case"]
_digest_row = attrgetter(*_WITHOUT_CASE)
_DigestRow: Any = row_type(ReplyDigest, _WITHOUT_CASE)


class _FindingRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A finding without its evidence."""

    check: str
    outcome: Outcome
    severity: Severity
    message: str
    problem: JudgingProblem | None
    about: str


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A judged trial as bytes. Its observation is without findings, which are apart: most trials have the same ones. A
    digest's case is the observation's, as its provider got it."""

    trial: str
    observation: Observation | None
    findings: msgspec.Raw
    digests: tuple[_DigestRow, ...]
    ended: str
    left_out: str


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Row)
_decode_findings = msgspec.msgpack.Decoder(tuple[_FindingRow, ...]).decode
_NONE: Final = msgspec.Raw(_encoder.encode(()))
_MOST: Final = 20_000
"""Tuples of findings whose bytes are kept, each way."""


class _Packed(NamedTuple):
    """Findings and their bytes."""

    findings: tuple[Finding, ...]
    data: msgspec.Raw


_PACKED: Final[dict[int, _Packed]] = {}


def pack(judged: JudgedTrial) -> bytes:
    """A judged trial as bytes."""
    rows = tuple(map(_digest_row, judged.digests))
    seen, findings = judged.observation, _NONE
    if seen is not None:
        seen, findings = replace(seen, findings=()), pack_findings(seen.findings)
    return _encoder.encode(_Row(judged.trial, seen, findings, rows, judged.ended, judged.left_out))


def pack_findings(findings: tuple[Finding, ...]) -> msgspec.Raw:
    """Findings without their evidence as bytes."""
    known = _PACKED.get(id(findings))  # it holds the tuple, so no other one gets its identity
    if known is None:
        if len(_PACKED) >= _MOST:
            _PACKED.clear()
        rows = [
            _FindingRow(one.check, one.outcome, one.severity, one.message, one.problem, one.about) for one in findings
        ]
        known = _PACKED[id(findings)] = _Packed(findings, msgspec.Raw(_encoder.encode(rows)))
    return known.data


@lru_cache(maxsize=_MOST)
def unpack_findings(data: bytes) -> tuple[Finding, ...]:
    """The findings in these bytes; the same tuple for the same bytes.

    Raises:
        msgspec.MsgspecError: if the bytes are none.
    """
    return tuple(
        Finding(row.check, row.outcome, row.severity, row.message, problem=row.problem, about=row.about)
        for row in _decode_findings(data)
    )


def unpack(data: bytes, judge: TrialJudge) -> JudgedTrial:
    """The judged trial in these bytes, with the cases and equal parts of this process.

    Raises:
        msgspec.MsgspecError: if the bytes are none.
        KeyError: if the run has no such case or provider.
    """
    row = _decoder.decode(data)
    seen = row.observation
    if seen is None:
        return JudgedTrial(row.trial, left_out=row.left_out)
    case = judge.sent(judge.cases[seen.case], judge.providers[seen.provider])
    digests = tuple(ReplyDigest(case=case, **dict(zip(_WITHOUT_CASE, one, strict=True))) for one in row.digests)
    seen = replace(seen, findings=unpack_findings(bytes(row.findings)))
    return JudgedTrial(row.trial, seen, digests, row.ended)
