"""An LLM judge: blind, both orders, measured by labels by hand, and without a verdict where they do not confirm it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from logs import chat_response, litellm_row
from runs import as_recorded, record, workload_of
from stub_server import Decide, judge_server

from in_process import trueweight
from trueweight.cli.workload import command
from trueweight.core import Case, Price, Provider, Ruling
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import Move
from trueweight.core.preference import Better, LlmJudgeDoubt
from trueweight.core.summary import Summary
from trueweight.core.task import Answer
from trueweight.store import RunDir, RunFile
from trueweight.suites.preferences_file import read_preferences
from trueweight.workflow.finish import judge
from trueweight.workload.estimates import Estimator
from trueweight.workload.preference import trust
from trueweight.workload.scores import preferred

CASES = 60


def _row(number: int) -> dict[str, Any]:
    text = f"The parcel number {number} was late by nine days because of a storm, and the customer got a refund."
    body = {
        "model": "closed-1",
        "messages": [
            {"role": "system", "content": "Summarise the report in one sentence for a busy reader, with all facts."},
            {"role": "user", "content": f"Report {number}: {text * 2}"},
        ],
    }
    return litellm_row(body, chat_response(text))


def _good(case: Case, n: int) -> Answer:
    """The same facts in other words; in some cases better or worse than the recorded one."""
    facts = {0: "late, storm, nine days, refund, apology", 1: "late, storm"}.get(
        n % 6, "late, storm, nine days, refund"
    )
    return {"content": f"Parcel of case {n}: {facts}."}


def _bad(case: Case, n: int) -> Answer:
    """Half of the facts are lost in most cases."""
    return {"content": f"Parcel of case {n}: {'late' if n % 4 else 'late, storm, nine days, refund'}."}


FACTS = ("late", "storm", "nine days", "refund", "apology")


def _facts(text: str) -> int:
    return sum(fact in text for fact in FACTS)


def honest(first: str, second: str) -> str:
    """By the facts that are mentioned."""
    one, other = _facts(first), _facts(second)
    return "equal" if one == other else "first" if one > other else "second"


def of_first_place(first: str, second: str) -> str:
    """Whatever stands first."""
    return "first"


def at_random(first: str, second: str) -> str:
    """By a digest of what it reads."""
    return ("first", "second", "equal")[hashlib.sha256(f"{first}|{second}".encode()).digest()[0] % 3]


def in_prose(first: str, second: str) -> str:
    """Not in the form that was asked for."""
    return 'I would say {"better": "first"}'


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workload of summaries, a run of two hosts, and labels of a person who counts facts."""
    folder = tmp_path_factory.mktemp("texts")
    tickets = workload_of(map(_row, range(CASES)), folder)
    hosts = {
        "good": (Provider("good", "https://good.invalid/v1", "open-1", price=Price(1, 1)), _good),
        "bad": (Provider("bad", "https://bad.invalid/v1", "open-1", price=Price(1, 1)), _bad),
    }
    record(tickets, folder / "run", hosts)  # type: ignore[arg-type]
    _label(folder)
    return folder


def _label(folder: Path) -> None:
    """Forty pairs in the terminal: what is shown as [1] and [2] is compared by its facts, as a person would."""
    runner = CliRunner()
    words = ["prefer", str(folder / "tickets"), "--run", str(folder / "run"), "--number", "40"]
    shown = runner.invoke(command, words, input="s\n" * 40)
    assert shown.exit_code == 0, shown.output
    typed = []
    for pair in shown.output.split("--- ")[1:]:  # the order is drawn by the seed, so the next call shows the same
        first, second = pair.split("[1] ")[1].split("better (1")[0].split("[2] ")
        typed.append({"first": "1", "second": "2", "equal": "="}[honest(first, second)])
    done = runner.invoke(command, words, input="".join(f"{one}\n" for one in typed))
    assert "40 labels written" in done.output


def _ask(folder: Path, out: Path, decide: Decide, *words: str) -> tuple[Summary, str, int, list[dict[str, Any]]]:
    """The run judged with the verdicts of that judge, in a copy."""
    hosts = {
        "good": (Provider("good", "https://good.invalid/v1", "open-1", price=Price(1, 1)), _good),
        "bad": (Provider("bad", "https://bad.invalid/v1", "open-1", price=Price(1, 1)), _bad),
    }
    record(folder / "tickets", out / "run", hosts)  # type: ignore[arg-type]
    with judge_server(decide) as (url, seen):
        (out / "judge.toml").write_text(
            f'[[provider]]\nname = "j"\nbase_url = "{url}"\nmodel = "judge-1"\nprice = {{ input = 1, output = 4 }}\n',
            encoding="utf-8",
        )
        line = ("workload", "judge", "run", "--providers", "judge.toml", "--labels", folder / "tickets", "--no-probe")
        done = trueweight(*line, *words, cwd=out)
    with RunDir.open(out / "run") as run:
        return judge(run), done.stdout + done.stderr, done.returncode, seen


def test_labels_are_written_blind(texts: Path) -> None:
    """One pair of each case, with the answer itself, so that the labels outlive the run."""
    labels = read_preferences(texts / "tickets")
    assert len(labels) == len({one.case for one in labels}) == 40
    assert {one.better for one in labels} == set(Better)
    assert all("Parcel of case" in one.given["content"] for one in labels)


def test_an_honest_judge_decides_about_texts(texts: Path, tmp_path: Path) -> None:
    """It is confirmed by the labels; the host that loses facts is to be avoided, and the page says why; the other one
    is as good. What the LLM judge gets has no names, both orders, and no key of the run."""
    found, said, code, seen = _ask(texts, tmp_path, honest)
    assert code == 0, said
    assert found.workload is not None
    by = found.workload.llm_judge
    assert by is not None
    assert (by.trusted, by.accuracy.n, by.accuracy.value, by.kappa.value) == (True, 40, 1, 1)
    assert by.consistent.value == 1
    assert by.cost == pytest.approx(len(seen) * (200 + 4 * 8) / 1e6)
    good, bad = (found.providers[name].workload for name in ("good", "bad"))
    assert good is not None
    assert bad is not None
    assert good.overall.preferred is not None
    assert abs(good.overall.preferred.value or 0) < 0.05
    assert good.overall.as_good is not None
    assert good.overall.as_good.value == pytest.approx(5 / 6, abs=0.01)
    assert [(one.rule, one.outcome) for one in bad.rulings] == [(WorkloadRule.PREFERRED, Ruling.FAIL)]
    asked = [json.loads(body["messages"][-1]["content"]) for body in seen]
    assert len(asked) == 2 * by.pairs
    assert {(one["first"], one["second"]) for one in asked} == {(one["second"], one["first"]) for one in asked}
    words = json.dumps(seen)
    assert not any(name in words for name in ('"good"', '"bad"', "closed-1", "open-1"))
    assert found.workload.decision is not None
    assert {one.provider: one.move for one in found.workload.decision.hosts}["bad"] is Move.STAY
    page = RunFile.REPORT.of(tmp_path / "run").read_text(encoding="utf-8")
    assert "As good by the LLM judge" in page
    assert "With 40 labels by hand it agrees in 100.0%" in page


@pytest.mark.parametrize(
    ("decide", "doubt"),
    [
        (of_first_place, LlmJudgeDoubt.DISAGREES),
        (at_random, LlmJudgeDoubt.DISAGREES),
        pytest.param(in_prose, LlmJudgeDoubt.UNREADABLE, marks=pytest.mark.slow),
    ],
)
def test_a_judge_that_the_labels_do_not_confirm_decides_nothing(
    texts: Path, tmp_path: Path, decide: Decide, doubt: LlmJudgeDoubt
) -> None:
    """One that prefers a place contradicts itself; one that guesses agrees by chance; one in prose has no verdict."""
    found, said, code, _ = _ask(texts, tmp_path, decide)
    assert code == 4
    assert found.workload is not None
    by = found.workload.llm_judge
    assert by is not None
    assert by.doubt is doubt
    assert "Its verdicts do not count" in said
    if decide is of_first_place:
        assert (by.consistent.value, by.first.value) == (0, 1)
    for host in found.providers.values():
        assert host.workload is not None
        assert host.workload.overall.preferred is None
        assert not host.workload.rulings or all(one.rule is not WorkloadRule.PREFERRED for one in host.workload.rulings)


@pytest.mark.slow
def test_too_few_labels_and_later_answers_are_no_verdict(texts: Path, tmp_path: Path) -> None:
    """Without --labels there is no trust; a second call asks nothing again; answers that came later are not judged."""
    _, said, code, _ = _ask(texts, tmp_path, honest)
    assert code == 0, said
    (tmp_path / "empty").mkdir()
    line = ("workload", "judge", "run", "--providers", "judge.toml", "--no-probe")
    again = trueweight(*line, "--labels", "empty", cwd=tmp_path)  # the stub is gone: nothing is sent
    assert again.returncode == 4, again.stderr
    assert "fewer than 30 of its pairs have a label by hand" in again.stdout
    assert "No pair with two verdicts has a label by hand, so its agreement with you is not known." in again.stdout
    assert "no verdict (" not in again.stdout
    other = Provider("new", "https://new.invalid/v1", "open-2")
    (tmp_path / "judge").mkdir()
    (tmp_path / "run" / "judge").rename(tmp_path / "judge" / "kept")
    record(texts / "tickets", tmp_path / "later", {"new": (other, lambda case, n: {"content": f"late {n}"})})
    (tmp_path / "judge" / "kept").rename(tmp_path / "later" / "judge")
    with RunDir.open(tmp_path / "later") as run:
        summary = judge(run)
    assert summary.workload is not None
    assert summary.workload.llm_judge is not None
    assert summary.workload.llm_judge.doubt is LlmJudgeDoubt.STALE


def test_a_dry_run_sends_nothing(texts: Path, tmp_path: Path) -> None:
    """Pairs, requests and cost are printed; equal answers are not asked about."""
    found, said, code, seen = _ask(texts, tmp_path, honest, "--dry-run")
    assert code == 0
    assert not seen
    assert found.workload is not None
    assert found.workload.llm_judge is None
    assert "pairs of answers, 40 of them with a label by hand" in said
    same = {"same": (Provider("same", "https://same.invalid/v1", "open-1"), as_recorded)}
    record(texts / "tickets", tmp_path / "same", same)
    done = trueweight("workload", "judge", "same", "--providers", "judge.toml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 2
    assert "every answer is the recorded one" in done.stderr


@pytest.mark.slow
def test_a_judge_that_errs_does_not_let_a_worse_host_pass() -> None:
    """By simulation: labels on 40 pairs, 150 cases, a host that is worse by exactly the margin of 10 points, and judges
    that err in none to half of the pairs. It is said to be as good in at most 5% of runs; a host as good as the
    baseline, by a judge that errs in a tenth and has 100 labels, passes a margin of 20 points in two of three."""
    rng = np.random.default_rng(7)
    kinds = np.array([Better.GIVEN, Better.RECORDED, Better.EQUAL])

    def passes(rates: tuple[float, float, float], error: float, margin: float, labels: int = 40) -> float:
        found = 0
        for _ in range(150):
            truth = rng.choice(kinds, size=150 + labels, p=rates)
            verdict = np.where(rng.random(150 + labels) < error, rng.choice(kinds, size=150 + labels), truth)
            names = [str(n) for n in range(labels)]
            known = trust(dict(zip(names, verdict[150:], strict=True)), 0, dict(zip(names, truth[150:], strict=True)))
            if known.doubt is None:
                values = np.array([Better(one).value_of_given for one in verdict[:150]])
                estimate = preferred(Estimator(1, 0), values, known.kappa.low or 0.0)
                found += estimate is not None and (estimate.sure_low or -1.0) >= -margin
        return found / 150

    for error in (0.0, 0.1, 0.25, 0.5):
        assert passes((0.2, 0.3, 0.5), error, 0.1) <= 0.05, error
    assert passes((0.1, 0.1, 0.8), 0.1, 0.2, labels=100) >= 0.66
