"""Reasons of an assessment in words: a clause for a list, a sentence for a paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trueweight.assess.observations import UNFINISHED
from trueweight.assess.recommendation import FEW
from trueweight.assess.significance import unseen_share
from trueweight.core import Estimate, Ruling
from trueweight.core.assessment import Assessment, Reason, ReasonCode, Recommendation
from trueweight.core.bar_outcome import BarOutcome, RuleOutcome, WorkloadRule
from trueweight.core.observation import Feature
from trueweight.core.summary import ProviderSummary
from trueweight.metrics import describe
from trueweight.report.numbers import counted, percent, points_at_least, span, whole_percent, write
from trueweight.report.words.bar import rule_name, rule_words
from trueweight.report.words.checks import broken_words, way_words
from trueweight.report.words.drift import drift_words
from trueweight.report.words.probe import api_title, api_titles, fault_clause, fault_sentence, stopped_apis
from trueweight.report.words.workload import workload_clause

_MOST: Final = 2
"""Findings that a sentence names; the page has all of them."""
_FAULTS: Final = (ReasonCode.REQUIREMENT_BROKEN, ReasonCode.REQUIREMENT_UNCERTAIN)
_DRIFT: Final = (
    ReasonCode.DRIFT,
    ReasonCode.DRIFT_EQUIVALENT,
    ReasonCode.DRIFT_UNDECIDED,
    ReasonCode.DRIFT_MISCONFIGURED,
)
_LOST: Final = (ReasonCode.REQUESTS_LOST, ReasonCode.RETRIES_NEEDED)
_WORSE: Final = {
    "tool_call_f1": "It calls tools in other cases than the reference",
    "schema_accuracy": "Its tool calls are valid less often than the reference's",
    "structured_output_accuracy": "Its structured output is valid less often than the reference's",
    "trigger_accuracy": "It calls tools when it should less often than the reference",
    "must_pass_rate": "It breaks MUST requirements more often than the reference",
}
_TIMES: Final = {
    "ttft": ("first token", "time to first token"),
    "ttfo": ("first token of the answer", "time to the first token of the answer"),
    "e2e": ("whole reply", "time to the whole reply"),
}


def short_reason(provider: ProviderSummary) -> str:
    """The reason of a recommendation in a few words; empty for the reference and if the word suffices."""
    assessment = provider.assessment
    if assessment.recommendation is Recommendation.REFERENCE or not assessment.reasons:
        return ""
    first = assessment.reasons[0]
    if first.code is ReasonCode.BAR and assessment.bar is not None:
        words = bar_clause(assessment.bar)
        if words or assessment.recommendation is Recommendation.USE:
            return words
    faults = [reason for reason in assessment.reasons if reason.code in (*_FAULTS, *_LOST)]
    if first.code in (ReasonCode.BAR, ReasonCode.CASES_WORSE, ReasonCode.METRIC_WORSE) and faults:
        # Lost requests come before broken requirements, as in the sentence.
        first = min(faults, key=lambda reason: reason.code not in _LOST)
    elif first.code in _FAULTS:
        first = _decisive(assessment)
    drops = next((one for one in assessment.observations if one.code is ReasonCode.API_DROPS_TOOLS), None)
    if drops is not None and first.code in (*_FAULTS, ReasonCode.CASES_WORSE, ReasonCode.METRIC_WORSE):
        return f"tools {_loses(drops)} {api_title(drops.apis[-1])}"
    slower = [reason for reason in assessment.reasons if reason.code is ReasonCode.SLOWER]
    if assessment.recommendation is Recommendation.USE:
        met = [reason for reason in assessment.reasons if reason.code is ReasonCode.WORKLOAD_MET]
        return reason_clause((slower or met)[0], provider) if slower or met else ""
    return reason_clause(first, provider)


def _decisive(assessment: Assessment) -> Reason:
    """Of the faults that decide, the one that explains most cases, as in the summary sentence."""
    faults = [reason for reason in assessment.reasons if reason.code in _FAULTS]
    checks = [reason.check for reason in assessment.observations]
    return min(faults, key=lambda one: checks.index(one.check) if one.check in checks else len(checks))


def bar_clause(bar: BarOutcome) -> str:
    """The rule that decided, with what it measured; of several undecided rules, the one that needs most trials."""
    if bar.outcome is Ruling.PASS:
        return ""
    decisive = [rule for rule in bar.rules if rule.outcome is bar.outcome]
    if not decisive:
        return ""
    first = min(decisive, key=lambda rule: -(rule.more_trials or 0))
    others = len(decisive) - 1
    rest = f"; and {others} more {'rule' if others == 1 else 'rules'}" if others else ""
    return f"{rule_name(first)}: {_decided(first)}{rest}"


def _decided(rule: RuleOutcome) -> str:
    if rule.more_cases:
        return f"about {counted(rule.more_cases, 'more case')} would decide"
    return f"about {rule.more_trials:,} more trials would decide" if rule.more_trials else rule_words(rule)


def reason_clause(reason: Reason, provider: ProviderSummary) -> str:  # noqa: PLR0911, PLR0912 - one clause for each code
    """One reason in a few words, to stand in brackets behind a name."""
    title = describe(reason.metric).title
    match reason.code:
        case ReasonCode.WORKLOAD_FAILS | ReasonCode.WORKLOAD_OPEN | ReasonCode.WORKLOAD_MET:
            return workload_clause(reason)
        case ReasonCode.SETUP_FAULT if provider.setup_fault is not None:
            return f"setup fault: {fault_clause(provider.setup_fault)}"
        case ReasonCode.NEVER_ANSWERED:
            return "no request finished" if _is_unfinished(reason) else "never answered"
        case ReasonCode.REFUSED_ALL:
            return "refused every request"
        case ReasonCode.NOT_OFFERED:
            return f"does not offer {_features(reason)}"
        case ReasonCode.NOT_ASKED:
            return "no request sent yet"
        case ReasonCode.SUCCESS_LOW | ReasonCode.SUCCESS_UNCERTAIN:
            return f"{failing(reason.estimate)} of requests fail"
        case ReasonCode.FIRST_ATTEMPTS_LOW:
            return f"{failing(reason.estimate)} of first attempts fail, {percent(reason.share or 0)} arrive in the end"
        case ReasonCode.FIRST_ATTEMPTS_UNCERTAIN:
            return f"{failing(reason.estimate)} of first attempts fail, too few to decide"
        case ReasonCode.CASES_WORSE | ReasonCode.CASES_WORSE_THAN_OTHERS | ReasonCode.PROVIDERS_DIFFER:
            return _cases_clause(reason)
        case ReasonCode.CASES_UNCERTAIN | ReasonCode.CASES_UNCERTAIN_OTHERS:
            return f"{_cases_clause(reason)}; too few to decide"
        case ReasonCode.TOO_FEW_TO_SAY:
            return _too_few_clause(reason)
        case ReasonCode.REFERENCE_NOT_COMPARED:
            return "not compared: the reference gave no answer to compare with"
        case ReasonCode.METRIC_WORSE:
            return f"below the reference in {title}"
        case ReasonCode.METRIC_UNCERTAIN:
            return f"below the reference in {title}, too little to decide"
        case ReasonCode.SLOWER:
            return _slower_clause(reason, provider)
        case ReasonCode.DRIFT:
            rung = f", nearest {reason.rung}" if reason.rung else ""
            return f"its output distribution differs{rung}"
        case ReasonCode.DRIFT_UNDECIDED:
            return "drift is undecided: too few answers"
        case ReasonCode.DRIFT_MISCONFIGURED:
            return "drift is undecided: it received another request, or samples otherwise"
        case ReasonCode.TOO_FEW_ANSWERED:
            return f"answered {reason.count} of {counted(reason.of or 0, 'case')}, too few to decide"
        case ReasonCode.NOT_ASSESSED:
            return "not assessed"
        case ReasonCode.REFERENCE_SILENT:
            return "the reference gave no answer to compare with"
    words = reason_sentence(reason, provider).rstrip(".")
    return words[:1].lower() + words[1:]


def summary_sentence(provider: ProviderSummary) -> str:
    """What was observed of a provider, and the fault that decides, in one to four sentences; before them, each of its
    APIs that was not measured because of a setup fault."""
    seen = provider.assessment.observations or provider.assessment.reasons
    if provider.assessment.reasons and provider.assessment.reasons[0].code in _FAULTS:
        decisive = _decisive(provider.assessment)
        if decisive.check not in [reason.check for reason in seen]:
            seen = (decisive, *seen)
    if any(reason.code is ReasonCode.REQUESTS_LOST for reason in seen):  # it says how many, and why
        seen = tuple(reason for reason in seen if reason.metric != WorkloadRule.FAILURES.value)
    faults = [reason for reason in seen if reason.code in _FAULTS]
    hidden = set(map(id, faults[_MOST:]))
    parts = [reason_sentence(reason, provider) for reason in seen if id(reason) not in hidden]
    if hidden:
        parts.append(f"{len(hidden)} more {'requirement is' if len(hidden) == 1 else 'requirements are'} broken.")
    return " ".join(filter(None, (*stopped_apis(provider.probe), *parts)))


def reason_sentence(reason: Reason, provider: ProviderSummary) -> str:  # noqa: PLR0911, PLR0912 - one sentence for each code
    """One reason, or observation, as a sentence."""
    if reason.code in _DRIFT and provider.drift is not None:
        return drift_words(provider.drift)
    match reason.code:
        case ReasonCode.SETUP_FAULT if provider.setup_fault is not None:
            return f"{fault_sentence(provider.setup_fault)} Nothing else was sent to it."
        case ReasonCode.NOT_OFFERED:
            count = reason.count or 0
            refused = f"it refused all {count} requests" if count > 1 else "it refused the one request"
            which = "them" if len(reason.features) > 1 or Feature.STRUCTURED_OUTPUT not in reason.features else "it"
            cure = " Run again with a smaller --thinking-allowance." if Feature.LIMITS in reason.features else ""
            return f"It does not offer {_features(reason)}: {refused} for {which}. No other number counts these.{cure}"
        case ReasonCode.NOT_ASKED:
            return "No request was sent to it yet." if provider.counts.trials else "No case of a suite was sent to it."
        case ReasonCode.NEVER_ANSWERED:
            if _is_unfinished(reason):
                return f"No request to it was finished, which says nothing of it ({_kinds(reason.failures)})."
            return f"No answer arrived: all {reason.of} requests failed ({_kinds(reason.failures)})."
        case ReasonCode.REFUSED_ALL:
            return f"It answered none of {reason.of} requests: {reason.count} were refused."
        case ReasonCode.REQUESTS_LOST:
            return f"{reason.count} of {reason.of} requests failed ({_kinds(reason.failures)})."
        case ReasonCode.RETRIES_NEEDED:
            return _retries(reason)
        case ReasonCode.REQUIREMENT_BROKEN | ReasonCode.REQUIREMENT_UNCERTAIN:
            return broken_words(reason, provider)
        case ReasonCode.METRIC_WORSE:
            words = _WORSE.get(reason.metric, f"It is below the reference in {describe(reason.metric).title}")
            return f"{words} ({_points(reason.estimate)})."
        case ReasonCode.API_DROPS_TOOLS:
            return _drops_tools(reason)
        case ReasonCode.SHARED_FAILURES:
            return "What fails, the reference fails too."
        case ReasonCode.SLOWER:
            return _slower_sentence(reason, provider)
        case ReasonCode.NOTHING_FOUND:
            return _nothing_found(reason, provider)
        case ReasonCode.CASES_WORSE | ReasonCode.CASES_WORSE_THAN_OTHERS:
            return f"It {_cases_clause(reason)} ({_points(reason.estimate)}).{_tested_with(reason)}"
        case ReasonCode.PROVIDERS_DIFFER:
            return (
                f"It {_cases_clause(reason)} ({_points(reason.estimate)}); this does not say which of the two is wrong."
            )
        case (
            ReasonCode.DRIFT | ReasonCode.DRIFT_EQUIVALENT | ReasonCode.DRIFT_UNDECIDED | ReasonCode.DRIFT_MISCONFIGURED
        ):
            return drift_words(provider.drift) if provider.drift is not None else ""
        case ReasonCode.REFERENCE:
            return "It is the reference."
        case ReasonCode.BAR:
            return ""
    clause = reason_clause(reason, provider)
    return f"{clause[:1].upper()}{clause[1:]}."


def _drops_tools(reason: Reason) -> str:
    """Which API loses the tools, with the counts of cases."""
    *works, drops = reason.apis
    other = f", and in {reason.reverse} the other way round" if reason.reverse else ""
    cases = f"in {reason.count} of {counted(reason.of or 0, 'case')} with tools a call comes in the former alone"
    return f"Tools work in {api_titles(works)} and {_loses(reason)} {api_title(drops)}: {cases}{other}."


def _loses(reason: Reason) -> str:
    return "are called less often in" if reason.share else "are dropped in"


def _features(reason: Reason) -> str:
    return " and ".join(one.value.replace("-", " ") for one in reason.features)


def _cases_clause(reason: Reason) -> str:
    worse, better = reason.count or 0, reason.reverse or 0
    other = {
        ReasonCode.CASES_WORSE: "the reference",
        ReasonCode.CASES_UNCERTAIN: "the reference",
        ReasonCode.PROVIDERS_DIFFER: "the other provider",
    }.get(reason.code, "the other providers")
    of = f" of {reason.of}" if reason.of else ""
    cases = "case" if (reason.of or reason.count) == 1 else "cases"
    where = f" in {way_words(reason.way, reason.apis)}" if reason.way else ""
    if better > worse:  # of two that differ, the one that passes more
        return f"passes more often than {other}{where} in {better}{of} {cases}, less often in {worse}"
    return f"passes less often than {other}{where} in {worse}{of} {cases}, more often in {better}"


def _tested_with(reason: Reason) -> str:
    """What the test has beside the interval, where that interval alone does not show the fault."""
    if reason.joint is not None:
        return f" From the mean of all other providers: {_points(reason.joint)}."
    high = None if reason.estimate is None else reason.estimate.high
    if reason.code is not ReasonCode.CASES_WORSE or high is None or high <= 0:
        return ""
    return " The interval is against the reference alone; the test also uses the other candidates, and each mode alone."


def _too_few_clause(reason: Reason) -> str:
    missed = f"a fault of {points_at_least(reason.bound or 0)} points can pass unseen"
    found = f"; one of {points_at_least(reason.share)} points would probably be found" if reason.share else ""
    return f"too few to say: in {counted(reason.of or 0, 'case')} {missed}{found}"


def _nothing_found(reason: Reason, provider: ProviderSummary) -> str:
    reference = " with the reference" if provider.role.value == "reference" else ""
    cases = provider.counts.cases_answered
    if reference and cases and unseen_share(cases) > FEW:
        reference += f" in {counted(cases, 'case')}, too few to show that nothing is"
    against = ""
    if reason.of:
        other = "the reference's" if reason.count else "the other providers'"
        against = f"; where its answers are worse than {other}, chance can explain it"
    fault = ""
    if reason.share:
        fault = f" A fall of the pass rate by {points_at_least(reason.share)} points would probably have been found."
    return f"Nothing found wrong{reference}{against}.{fault}"


def failing(rate: Estimate | None) -> str:
    """The share that does not succeed, with its interval: ``28.3% (22.5–34.1)``."""
    if rate is None or rate.value is None:
        return "an unknown share"
    low, high = (None if end is None else 1 - end for end in (rate.high, rate.low))
    interval = span(Estimate(1 - rate.value, low, high, rate.n, "proportion", rate.method))
    return percent(1 - rate.value) + (f" ({interval})" if interval else "")


def _is_unfinished(reason: Reason) -> bool:
    """Whether all requests were ended by a stop of the run, or by a limit of this client."""
    return bool(reason.failures) and set(reason.failures) <= UNFINISHED


def _retries(reason: Reason) -> str:
    first = reason.estimate.value if reason.estimate is not None else None
    share = reason.share if reason.share is not None else 0.0
    lost = "after retries all of them arrived" if share == 1 else f"{whole_percent(1 - share)} failed after retries too"
    kinds = f" ({_kinds(reason.failures)})" if reason.failures else ""
    return f"{whole_percent(1 - (first or 0.0))} of {reason.of} first attempts failed; {lost}{kinds}."


def _first_of_thought(reason: Reason, provider: ProviderSummary) -> str:
    """Which first token is meant, of a provider that thinks before most of its answers."""
    thinking, first = provider.metrics.get("thinking_time"), provider.metrics.get("ttft")
    thinks = thinking is not None and first is not None and 2 * thinking.n > first.n
    return ", of the thought" if reason.metric == "ttft" and thinks else ""


def _slower_clause(reason: Reason, provider: ProviderSummary) -> str:
    words = _TIMES.get(reason.metric, (describe(reason.metric).title, ""))[0] + _first_of_thought(reason, provider)
    return f"{words} +{_milliseconds(reason.estimate)}"


def _slower_sentence(reason: Reason, provider: ProviderSummary) -> str:
    words = _TIMES.get(reason.metric, ("", describe(reason.metric).title))[1] + _first_of_thought(reason, provider)
    return f"It is slower than the reference by {_milliseconds(reason.estimate)}, median {words}."


def _milliseconds(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return "an unknown time"
    interval = span(found, 0)
    return f"{write(found.value, 'ms', 0)} ms" + (f" ({interval})" if interval else "")


def _points(found: Estimate | None) -> str:
    """A difference with its interval, in percentage points."""
    if found is None or found.value is None:
        return "by an unknown amount"
    interval = span(found)
    return f"{write(found.value, 'difference')} points{f', {interval}' if interval else ''}"


def _kinds(failures: Mapping[str, int]) -> str:
    kinds = sorted(failures, key=lambda kind: (-failures[kind], kind))
    return ", ".join(f"{kind} {failures[kind]}" for kind in kinds[:3])
