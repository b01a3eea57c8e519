"""A bar that the cases of a run cannot meet is refused before the first request, with the numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from in_process import trueweight
from trueweight.assess import parse_bar
from trueweight.core import ConfigError, Mode, Provider, Role, Suite
from trueweight.core.case import Case
from trueweight.metrics import trial_metrics
from trueweight.workflow.attainable import strictest_attainable
from trueweight.workflow.send import RunOptions, prepare

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def case(number: int, *, tools: bool = False, modes: tuple[Mode, ...] = (Mode.PLAIN,)) -> Case:
    """A small request."""
    request = {"messages": [{"role": "user", "content": f"{number}"}], "max_tokens": 16}
    more = {"tools": TOOLS} if tools else {}
    return Case(id=f"c-{number}", suite="s", request=request | more, modes=modes)


def refusal(
    bar: str,
    cases: int,
    *,
    tools: int = 0,
    repeats: int = 1,
    reference: bool = True,
    modes: tuple[Mode, ...] = (Mode.PLAIN,),
) -> str:
    """The error of a plan with that bar; empty if it is accepted."""
    providers = [
        Provider(name=name, base_url="http://127.0.0.1:9/v1", model="m", role=role)
        for name, role in (("official", Role.REFERENCE if reference else Role.CANDIDATE), ("host", Role.CANDIDATE))
    ]
    suite = Suite("s", tuple(case(i, tools=i < tools, modes=modes) for i in range(cases)))
    try:
        prepare(providers, [suite], RunOptions(repeats=repeats), bar=parse_bar(f"[[require]]\n{bar}\n", "bar.toml"))
    except ConfigError as error:
        assert error.code == "bar-unattainable"
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("bar", "needed"),
    [
        ('metric = "success_rate"\nat_least = 0.95', 59),  # 5% ** (1/59) is .9505
        ('metric = "success_rate"\nat_least = 0.98', 149),
        ('metric = "must_pass_rate"\nversus = "reference"\nat_least = -0.05', 86),  # 1.25% ** (1/86) is .9503
        ('metric = "response_time_p95"\nat_most = 5000', 72),  # .95 ** 72 is below 2.5%
    ],
)
def test_one_case_too_few_is_refused_and_the_number_that_is_named_is_enough(bar: str, needed: int) -> None:
    """For shares, differences and quantiles: refused with needed - 1, and the error names the number."""
    found = refusal(bar, needed - 1)
    assert re.search(rf"takes {needed} (case|request)s, .* has {needed - 1} (case|request)s", found)
    assert refusal(bar, needed) == ""


def test_only_the_cases_that_a_metric_counts_are_counted() -> None:
    """Of 100 cases, 20 offer tools: schema accuracy has 20 cases, and five times as many are needed in all."""
    found = refusal('metric = "schema_accuracy"\nat_least = 0.95', 100, tools=20)
    assert "takes 59 cases" in found
    assert "has 20 cases" in found


def test_repeats_bring_requests_and_no_cases() -> None:
    """A quantile over requests is met with repeats; a share over cases is not."""
    assert refusal('metric = "response_time_p95"\nat_most = 5000', 40, repeats=2) == ""
    assert refusal('metric = "success_rate"\nat_least = 0.95', 40, repeats=10)


def test_what_no_number_of_cases_meets_says_why() -> None:
    """No case is repeated, and no case offers tools; without a reference, nothing is compared with it."""
    repeated = refusal('metric = "flaky_rate"\nat_most = 0.1', 100)
    assert "nothing was repeated" in repeated
    assert "more --repeats" in repeated
    without = refusal('metric = "schema_accuracy"\nat_least = 0.5', 100)
    assert "offers tools" in without
    assert "--repeats" not in without
    assert "no provider has that role" in refusal(
        'metric = "success_rate"\nversus = "reference"\nat_least = -0.5', 100, reference=False
    )


@pytest.mark.slow
def test_every_metric_of_the_registry_can_be_met_with_many_cases() -> None:
    """A generous bound is refused of no metric, but where the cases are not of its kind."""
    refused = {}
    for name, metric in trial_metrics().items():
        share = metric.unit == "proportion"
        bound = "at_least = 0.5" if metric.higher_is_better else f"at_most = {0.5 if share else 1000}"
        bar = f'metric = "{name}"\n{bound}'
        refused[name] = refusal(bar, 400, tools=400, repeats=2, modes=(Mode.PLAIN, Mode.STREAM))
    of_a_kind = {"structured_output_accuracy", "trigger_accuracy", "same_through_apis", "same_text_through_apis"}
    assert {name for name, why in refused.items() if why} == of_a_kind
    assert "structured output" in refused["structured_output_accuracy"]


def test_run_and_its_dry_run_end_with_exit_code_two(tmp_path: Path) -> None:
    """Nothing is sent: the providers do not even exist."""
    (tmp_path / "p.toml").write_text('[[provider]]\nname = "a"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    (tmp_path / "bar.toml").write_text('[[require]]\nmetric = "success_rate"\nat_least = 0.95\n')
    command = ("run", "--providers", "p.toml", "--suite", "text", "--out", "run", "--bar", "bar.toml")
    for more in ((), ("--dry-run",)):
        done = trueweight(*command, *more, cwd=tmp_path)
        assert done.returncode == 2, done.stdout
        assert "takes 59 cases" in done.stderr
        assert "has 40 cases" in done.stderr
        assert not (tmp_path / "run").exists()


def test_a_suggested_bound_is_decided_by_a_part_of_each_kind_of_case() -> None:
    """Three quarters of the cases with tools count for a rule on calls, wherever they are in the suites."""
    rule = '[[require]]\nmetric = "schema_accuracy_unconditional"\nat_least = '
    rules = [one for bound in (0.95, 0.9) for one in parse_bar(f"{rule}{bound}", "bar.toml").rules]
    host = [Provider(name="host", base_url="http://127.0.0.1:9/v1", model="m")]

    def bound(tools: range) -> float | None:
        called = {"tool-call-expected": {"call": "must"}}
        cases = [replace(case(i, tools=i in tools), checks=called if i in tools else {}) for i in range(160)]
        found = strictest_attainable(rules, cases, host)
        return None if found is None else found.bound

    assert bound(range(60)) == bound(range(100, 160)) == 0.9
    assert bound(range(80)) == bound(range(80, 160)) == 0.95
    assert bound(range(20)) is None
