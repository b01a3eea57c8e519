"""Bar + summary → a verdict per provider, and one exit code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from trueweight.assess.bar import Bar, Limit, Rule, Side
from trueweight.core import ConfigError, ExitCode, Reason, Ruling, Verdict, near_miss
from trueweight.statistics.sample_size import n_that_decides

_EXITS = {
    Ruling.PASS: ExitCode.OK,
    Ruling.FAIL: ExitCode.FINDINGS,
    Ruling.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}


def check_names(bar: Bar, names: Collection[str]) -> None:
    """Refuse a bar about providers that there are not: worth knowing before anything is sent.

    Raises:
        ConfigError: with the near miss.
    """
    for rule in bar.rules:
        for name in rule.providers:
            if name not in names:
                message = f"the rule {rule} names provider {name!r}, which the run does not have"
                raise ConfigError(message, code="bar-provider", hint=near_miss(name, names))


def judge_against(
    bar: Bar, summary: Mapping[str, Any], baseline: Mapping[str, Any] | None = None
) -> dict[str, Verdict]:
    """A verdict for each provider that a rule of the bar applies to. Limits on findings apply to candidates.

    Args:
        baseline: what `trueweight.workflow.compare.compare` found between an earlier run and this one.

    Raises:
        ConfigError: if a rule names a provider that the run does not have.
    """
    providers: Mapping[str, Mapping[str, Any]] = summary["providers"]
    check_names(bar, providers)
    out = {}
    for name, provider in providers.items():
        rules = [rule for rule in bar.rules if _applies(rule, name, provider)]
        reasons = [_by_rule(rule, provider, _since(baseline, name), len(summary["cases"])) for rule in rules]
        if provider["role"] == "candidate":
            reasons += [_by_limit(limit, provider, _unanswered(summary, name)) for limit in bar.limits]
        if reasons:
            out[name] = Verdict(bar.digest(), tuple(reasons))
    return out


def exit_code(summary: Mapping[str, Any], silent: Collection[str] = ()) -> ExitCode:
    """1 if a provider that answered fails the bar; else 3 if one never answered; else 4 if one is inconclusive, or if
    nobody was judged; else 0. Without a bar, 3 or 0.

    Args:
        silent: providers that were asked and never answered: whatever a rule says of them, it is not about the model.
    """
    providers: Mapping[str, Mapping[str, Any]] = summary["providers"]
    found = {name: Ruling(one["verdict"]["outcome"]) for name, one in providers.items() if one.get("verdict")}
    answered = [ruling for name, ruling in found.items() if name not in silent]
    if silent and Ruling.FAIL not in answered:
        return ExitCode.INFRASTRUCTURE
    barred = found or summary["run"].get("bar_digest")
    return _EXITS[Ruling.of_all(answered)] if barred else ExitCode.OK


def silent_providers(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Providers of whom trials are on record and not one answer, by name."""
    counts = {name: provider["counts"] for name, provider in summary["providers"].items()}
    return tuple(sorted(name for name, count in counts.items() if count["recorded"] and not count["arrived"]))


def with_verdicts(summary: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """The summary with each provider's verdict in its place."""
    providers = {
        name: {**provider, "verdict": verdicts[name].as_json() if name in verdicts else None}
        for name, provider in summary["providers"].items()
    }
    return {**summary, "providers": providers}


def _applies(rule: Rule, name: str, provider: Mapping[str, Any]) -> bool:
    return (not rule.providers or name in rule.providers) and rule.role in (None, provider["role"])


def _since(baseline: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    """Metric → its difference from the baseline, as an estimate; None without a baseline."""
    if baseline is None:
        return None
    metrics = baseline["providers"].get(name, {}).get("metrics", {})
    return {metric: found["difference"] for metric, found in metrics.items()}


def _unanswered(summary: Mapping[str, Any], name: str) -> int:
    """In how many case × mode pairs no repeat at all brought an answer: laws that nobody could look at."""
    planned = int(summary["providers"][name]["counts"]["trials"]) // int(summary["run"]["repeats"])
    cells = [cell for case in summary["cases"] for cell in case["cells"].get(name, {}).values()]
    return planned - [cell["outcome"] != "transport" for cell in cells].count(True)


def _by_rule(rule: Rule, provider: Mapping[str, Any], since: Mapping[str, Any] | None, cases: int) -> Reason:
    if rule.versus_baseline and since is None:
        return Reason(str(rule), Ruling.INCONCLUSIVE, "no baseline was given to compare with", rule.metric)
    there = "versus_reference" if rule.versus_reference else "metrics"
    found = (since if rule.versus_baseline and since is not None else provider[there]).get(rule.metric)
    if found is None or found["value"] is None:
        why = "not measured in this run" if found is None else f"not applicable: {found.get('note', '')}"
        return Reason(str(rule), Ruling.INCONCLUSIVE, why, rule.metric)
    ruling = _rule_on(rule, found)
    message = f"{_number(found['value'])} {_interval(found)}, n = {found['n']}"
    if ruling is not Ruling.INCONCLUSIVE:
        return Reason(str(rule), ruling, message, rule.metric)
    return _undecided(rule, found, message, provider["counts"]["trials"], cases)


def _undecided(rule: Rule, found: Mapping[str, Any], message: str, trials: int, cases: int) -> Reason:
    ruling = Ruling.INCONCLUSIVE
    if found["low"] is None and found["high"] is None:
        return Reason(str(rule), ruling, f"{message}; {found.get('note', 'no interval')}", rule.metric)
    n = n_that_decides(found, rule.bound)
    if n is None:
        return Reason(str(rule), ruling, f"{message}; no n decides at this rate: it is the bound itself", rule.metric)
    # A case is asked in each mode and repeat; where there are more units than cases, they are requests.
    each = max(1, round(trials / cases)) if found["n"] <= cases else 1
    more = each * (n - found["n"])
    message += f"; {n - found['n']} more (n = {n}, about {more} more trials) would decide at this rate"
    return Reason(str(rule), ruling, message, rule.metric, n, more)


def _rule_on(rule: Rule, found: Mapping[str, Any]) -> Ruling:
    value = found["value"]
    near, far = ("low", "high") if rule.at_least is not None else ("high", "low")

    def meets(number: float) -> bool:
        return number >= rule.bound if rule.at_least is not None else number <= rule.bound

    if rule.side is Side.VALUE:
        return Ruling.PASS if meets(value) else Ruling.FAIL
    if rule.side is Side.FAR:
        # An open far end has nothing beyond the value itself: all, or none, were seen.
        edge = found[far] if found[far] is not None else value
        return Ruling.PASS if meets(edge) else Ruling.FAIL
    if found[near] is not None and meets(found[near]):
        return Ruling.PASS
    if found[far] is not None and not meets(found[far]):
        return Ruling.FAIL
    return Ruling.INCONCLUSIVE


def _by_limit(limit: Limit, provider: Mapping[str, Any], unanswered: int) -> Reason:
    failing = [
        finding["check"]
        for finding in provider["findings"]
        if finding["severity"] == limit.severity.value
        and not (limit.beyond_reference and finding.get("reference_fails") == len(finding["cases"]))
    ]
    if len(failing) > limit.at_most:
        return Reason(str(limit), Ruling.FAIL, f"{len(failing)} fail: {', '.join(failing)}")
    counts = provider["counts"]
    if not counts["arrived"]:
        return Reason(str(limit), Ruling.INCONCLUSIVE, "no answer arrived that could be checked")
    message = f"{len(failing)} fail in {counts['arrived']} answers of {counts['trials']} trials"
    if unanswered > 0:
        message += f"; {unanswered} cases and modes have no answer yet"
        return Reason(str(limit), Ruling.INCONCLUSIVE, message)
    return Reason(str(limit), Ruling.PASS, message)


def _number(value: float | None) -> str:
    return "…" if value is None else f"{value:.4g}"


def _interval(found: Mapping[str, Any]) -> str:
    return f"[{_number(found['low'])}, {_number(found['high'])}]"
