"""What judging would refuse is refused before anything is sent; what is sent can be judged."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import trueweight as tw
from in_process import trueweight
from trueweight.core import MOST_SEED, Case, ConfigError, Mode, Price, Provider, Suite
from trueweight.core.body_changes import BodyChanges
from trueweight.core.thinking import ThinkingControl
from trueweight.store import RunDir
from trueweight.workflow.finish import finish
from trueweight.workflow.send import RunOptions, open_to_send, prepare

NAN, INF = math.nan, math.inf
DEEP: Any = 1
for _ in range(5_000):
    DEEP = [DEEP]
ASK = {"messages": [{"role": "user", "content": "hi"}]}


def provider(**fields: Any) -> Provider:
    return Provider(**{"name": "p", "base_url": "http://127.0.0.1:9/v1", "model": "m", **fields})


def case(**fields: Any) -> Case:
    return Case(**{"suite": "s", "id": "c", "request": ASK, "modes": (Mode.PLAIN,), **fields})


PROVIDERS: dict[str, dict[str, Any]] = {
    "NaN price": {"price": Price(NAN, 1.0)},
    "infinite price": {"price": Price(1.0, INF)},
    "negative price": {"price": Price(-1.0, 1.0)},
    "NaN in extra_body": {"extra_body": {"x": NAN}},
    "infinity deep in extra_body": {"extra_body": {"x": [{"y": -INF}]}},
    "NaN in a switch": {"thinking": ThinkingControl(off={"x": NAN})},
    "NaN in set": {"changes": BodyChanges(set={"temperature": NAN})},
    "NaN timeout": {"timeout": NAN},
    "no timeout": {"timeout": 0.0},
    "no requests": {"requests_per_minute": 0.0},
    "no concurrency": {"concurrency": 0},
    "half a request at once": {"concurrency": 0.5},
    "no name": {"name": ""},
    "name of a wrong type": {"name": 1},
    "date": {"extra_body": {"x": date(2026, 1, 1)}},
    "set": {"thinking": ThinkingControl(on={"x": {1}})},
    "object": {"extra_body": {"x": object()}},
    "integer of 5,000 digits": {"extra_body": {"x": 10**5_000}},
    "too deep": {"extra_body": {"x": DEEP}},
    "header of a wrong type": {"headers": {"X": 1}},
    "unknown role": {"role": "judge"},
}
CASES: dict[str, dict[str, Any]] = {
    "NaN in the request": {"request": {**ASK, "temperature": NAN}},
    "infinity in the request": {"request": {**ASK, "tools": [{"x": INF}]}},
    "NaN in a check": {"checks": {"finish-reason": {"is": NAN}}},
    "NaN in the answer": {"answer": {"json": {"x": NAN}}},
    "integer of 5,000 digits": {"request": {**ASK, "seed": 10**5_000}},
    "too deep": {"request": {**ASK, "x": DEEP}},
    "bytes and a set": {"request": {**ASK, "x": {1, 2}}},
    "request of a wrong type": {"request": [1]},
    "unknown mode": {"modes": ("sideways",)},
    "unknown severity": {"severity": "WORST"},
    "id of a wrong type": {"id": 7},
    "tags of a wrong type": {"tags": (1,)},
    "why of a wrong type": {"why": None},
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_that_judging_would_refuse(name: str) -> None:
    """The error names the provider, and nothing was planned, so nothing is sent."""
    with pytest.raises(ConfigError, match=r"^provider ") as caught:
        prepare([provider(**PROVIDERS[name])], [Suite("s", (case(),))], RunOptions())
    assert (caught.value.code, caught.value.exit_code) == ("not-recordable", 2)


@pytest.mark.parametrize("name", CASES)
def test_a_case_that_judging_would_refuse(name: str) -> None:
    """The error names the case. A case that ``limit`` leaves out is refused too: it is in the suite's digest."""
    with pytest.raises(ConfigError, match=r"^case ") as caught:
        prepare([provider()], [Suite("s", (case(id="first"), case(**CASES[name])))], RunOptions(limit=1))
    assert (caught.value.code, caught.value.exit_code) == ("not-recordable", 2)


@pytest.mark.parametrize("seed", [-1, MOST_SEED + 1, 10**400])
def test_a_seed_out_of_range(seed: int) -> None:
    """Through the Python API as well."""
    with pytest.raises(ConfigError, match="invalid seed"):
        prepare([provider()], [Suite("s", (case(),))], RunOptions(seed=seed))


@pytest.mark.parametrize(
    "options",
    [{"repeats": 0}, {"repeats": 10**12}, {"passes": 0}, {"passes": 10**12}, {"thinking": ()},
     {"thinking_allowance": -1}, {"thinking_allowance": 10**12}],
    ids=str,
)  # fmt: skip
def test_options_out_of_range(options: dict[str, Any]) -> None:
    """A manifest has limits; a plan beyond them is not laid out."""
    with pytest.raises(ConfigError):
        prepare([provider()], [Suite("s", (case(),))], RunOptions(**options))


ODD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "half a surrogate pair in a prompt": ({}, {"request": {"messages": [{"role": "user", "content": "\ud800"}]}}),
    "in all texts of a case": ({}, {**dict.fromkeys(("suite", "id", "why", "source"), "\ud800"), "tags": ("\ud800",)}),
    "in a provider": ({**dict.fromkeys(("name", "model", "precision"), "\ud800"), "extra_body": {"\ud800": 1}}, {}),
    "large integers": ({"extra_body": {"x": 2**64 + 1}}, {"request": {**ASK, "seed": -(10**400)}}),
    "large numbers": ({"price": Price(1e300, 0.0)}, {"request": {**ASK, "temperature": 1e308}}),
    "controls": ({"name": "\x1b[2J"}, {"id": "\x00\n", "why": "\x7f"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_not_refused_is_judged(name: str, tmp_path: Path) -> None:
    """Text that UTF-8 does not have, and numbers beyond a double, are recorded and judged."""
    of_provider, of_case = ODD[name]
    made = case(**of_case)
    prepared = prepare([provider(**of_provider)], [Suite(made.suite, (made,))], RunOptions())
    assert len(prepared.plan.trials) == 1
    run, _ = open_to_send(prepared, tmp_path / "run", fresh=False)
    run.close()
    with RunDir.open(tmp_path / "run") as run:
        assert list(run.cases().values()) == [made]
        assert run.manifest.providers == prepared.manifest.providers
        assert finish(run).run.trials.planned == 1


def test_the_python_api_refuses_it_too(tmp_path: Path) -> None:
    """`plan_run` raises, before there is anything to give to `send_run`."""
    with pytest.raises(ConfigError, match="cannot be recorded"):
        tw.plan_run([provider(extra_body={"x": NAN})], [Suite("s", (case(),))])


def test_a_python_suite_that_cannot_be_recorded(tmp_path: Path) -> None:
    """Files with such values are refused when they are read; the command line ends with 2, and makes no directory."""
    (tmp_path / "p.toml").write_text('[[provider]]\nname = "a"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    lines = ({**ASK, "temperature": NAN}, {**ASK, "temperature": INF})
    for line in lines:
        (tmp_path / "s.jsonl").write_text(json.dumps(line) + "\n")
        process = trueweight("run", "--providers", "p.toml", "--suite", "s.jsonl", "--out", "out", cwd=tmp_path)
        assert (process.returncode, (tmp_path / "out").exists()) == (2, False)
