"""Golden and recorded answers in any mix: the number that is shown is the one that decides; few labels decide little.

Tasks about which nothing is decided are named, and do not move.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from logs import chat_body, chat_response, litellm_row, ticket_row
from runs import as_recorded, record, workload_of

from in_process import trueweight
from trueweight.core import Case, Price, Provider, Ruling
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import HostDecision, Move, MoveReason, Stays
from trueweight.core.summary import Summary
from trueweight.core.task import Answer
from trueweight.core.workload import ProviderWorkload, Yardstick
from trueweight.report.words.decision import decision_text
from trueweight.report.words.move_plan import plan_lines
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.workflow.finish import judge
from trueweight.workload.estimates import Estimator
from trueweight.workload.scores import difference_of, scores_of

LABELS = ("billing", "outage", "other")
HOST = Provider("host", "https://host.invalid/v1", "open-1", price=Price(1, 1))


@pytest.mark.parametrize("seed", range(20))
def test_the_true_difference_lies_between_the_ends_whichever_cases_are_labelled(seed: int) -> None:
    """Also if a person labels only cases in which the host differs, and there those in which it is right."""
    rng = np.random.default_rng(seed)
    size = 120
    baseline, host = rng.random(size) < 0.85, rng.random(size) < rng.uniform(0.6, 0.95)
    same = (baseline == host) & (rng.random(size) < 0.9)
    agreement = np.where(same, 1.0, 0.0)
    gain = host.astype(float) - baseline
    order = np.argsort(-gain if seed % 2 else gain, kind="stable")
    labelled = np.zeros(size, dtype=bool)
    labelled[order[~same[order]][: rng.integers(1, 25)]] = True
    correct = np.where(labelled, host, np.nan)
    found = difference_of(
        Estimator(1, 0), scores_of(agreement, correct, np.where(labelled, baseline, np.nan), np.full(size, True))
    )
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= gain.mean() <= found.high
    assert found.n == size


def with_golden(folder: Path, to: Path, golden: Mapping[str, Answer]) -> Path:
    """A copy of the workload with these golden answers."""
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    (to / "golden.yaml").write_text(json.dumps({key: dict(answer) for key, answer in golden.items()}), "utf-8")
    return to


def judged(folder: Path, out: Path, answer: Callable[[Case, int], Answer | None]) -> tuple[Summary, ProviderWorkload]:
    """The summary of a run with one host, and its part of the workload."""
    with RunDir.open(record(folder, out, {"host": (HOST, answer)})) as opened:
        summary = judge(opened)
    found = summary.providers["host"].workload
    assert found is not None
    return summary, found


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workload of 100 tickets."""
    return workload_of((ticket_row(n, LABELS[n % 3]) for n in range(100)), tmp_path_factory.mktemp("log"))


def other(case: Case) -> Answer:
    """A label that is not the recorded one."""
    return {"content": LABELS[(LABELS.index(str(as_recorded(case, 0)["content"])) + 1) % 3]}


def test_two_golden_answers_of_a_hundred_weigh_two_of_a_hundred(tickets: Path, tmp_path: Path) -> None:
    """The host is wrong in one of them: the number that leads falls by one point, not to a half, and the ruling that
    decides is about this number."""
    first, second = find_suite(str(tickets)).cases[:2]
    folder = with_golden(tickets, tmp_path / "two", {first.id: other(first), second.id: as_recorded(second, 0)})
    summary, found = judged(folder, tmp_path / "run", as_recorded)
    assert found.overall.correct.value == 0.5
    shown = summary.providers["host"].metrics["workload"]
    assert (shown.value, shown.n) == (0.99, 100)
    assert shown == found.quality.plain()
    (decides,) = [one for one in found.rulings if one.rule in (WorkloadRule.QUALITY, WorkloadRule.AGREEMENT)]
    assert decides.rule is WorkloadRule.QUALITY, "the baseline is wrong there as well, and all others are equal"
    assert decides.estimate is not None
    assert (decides.estimate.value, decides.estimate.n) == (0, 100)
    assert found.tasks[0].against is Yardstick.MIXED
    assert found.tasks[0].confusion is not None
    assert sum(map(sum, found.tasks[0].confusion.counts)) == 100


def test_two_golden_answers_do_not_hide_a_host_that_differs_in_many_cases(tickets: Path, tmp_path: Path) -> None:
    """Right in both labelled cases, and another label in 40 of the others: avoided, with that number."""
    some = find_suite(str(tickets)).cases[:2]
    folder = with_golden(tickets, tmp_path / "two", {case.id: other(case) for case in some})
    summary, found = judged(folder, tmp_path / "run", lambda case, n: other(case) if n < 42 else as_recorded(case, n))
    assert found.overall.correct.value == 1
    assert found.ruling is Ruling.FAIL
    assert summary.providers["host"].metrics["workload"].value == 0.6
    assert {one.rule for one in found.rulings if one.outcome is Ruling.FAIL} >= {WorkloadRule.AGREEMENT}
    assert summary.workload is not None
    assert summary.workload.decision is not None
    assert summary.workload.decision.move is Move.STAY


def test_golden_answers_to_what_differs_are_enough(tickets: Path, tmp_path: Path) -> None:
    """The host differs in 20 cases, and is right in all of them: by recorded answers that would be a failure."""
    some = find_suite(str(tickets)).cases[:20]
    folder = with_golden(tickets, tmp_path / "twenty", {case.id: other(case) for case in some})
    _, found = judged(folder, tmp_path / "run", lambda case, n: other(case) if n < 20 else as_recorded(case, n))
    assert found.overall.agreement.value == pytest.approx(0.8)
    assert found.quality.value == 1
    assert found.ruling is Ruling.PASS
    assert found.overall.difference.value == pytest.approx(0.2)


def test_a_lost_label_stays_open_when_a_few_other_cases_get_a_golden_answer(tickets: Path, tmp_path: Path) -> None:
    """Two golden answers to other labels say nothing of it."""
    cases = [case for case in find_suite(str(tickets)).cases if as_recorded(case, 0)["content"] == "billing"][:2]
    folder = with_golden(tickets, tmp_path / "two", {case.id: as_recorded(case, 0) for case in cases})
    answers = {"outage": "billing"}

    def without_outage(case: Case, n: int) -> Answer:
        label = str(as_recorded(case, n)["content"])
        return {"content": answers.get(label, label)}

    _, found = judged(folder, tmp_path / "run", without_outage)
    (lost,) = found.tasks[0].lost_labels
    assert (lost.label, lost.against) == ("outage", Yardstick.BASELINE)


def _row(number: int, kind: str, answer: str) -> dict[str, object]:
    body = chat_body(f"{kind} number {number}")
    body["messages"][0]["content"] = f"This is a request of the kind {kind}, which is long enough for a template."
    return litellm_row(body, chat_response(answer))


def good(summary: Summary) -> HostDecision:
    """The decision about the only host."""
    assert summary.workload is not None
    assert summary.workload.decision is not None
    return summary.workload.decision.hosts[0]


def test_only_tasks_that_are_decided_move(tmp_path: Path) -> None:
    """A small task and texts stay with the baseline, by name; saving and plan are those of the others. A grader that is
    not confirmed decides nothing; confirmed after the run, the same command takes it up without a request."""
    long_text = "A summary of the meeting about plan {}, in a whole sentence, because that is how people write them."
    rows = [_row(n, "triage", LABELS[n % 3]) for n in range(90)]
    rows += [_row(n, "routing", ("north", "south")[n % 2]) for n in range(8)]
    rows += [_row(n, "summary", long_text.format(n)) for n in range(12)]
    folder = workload_of(rows, tmp_path, confirmed=False)
    summary, found = judged(folder, tmp_path / "first", as_recorded)
    assert summary.workload is not None
    names = {task.name.rpartition("-")[2]: task.name for task in summary.workload.tasks}
    triage, routing, texts = (names[kind] for kind in ("triage", "routing", "summary"))
    host = good(summary)
    assert (host.move, host.reasons[0].code) == (Move.NOT_ENOUGH, MoveReason.NO_TASK)
    said = dict(decision_text(summary).lines)["open"]  # type: ignore[union-attr]
    assert f"task {triage} (90 cases, 82% of the log): its grader is not confirmed in workload.yaml" in said
    assert "run the same command again: it sends nothing" in said

    done = trueweight("workload", "confirm", folder, "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary, found = judged(folder, tmp_path / "second", as_recorded)
    host = good(summary)
    assert host.tasks == (triage,)
    assert {one.task: one.code for one in host.staying} == {
        routing: Stays.TOO_FEW,
        texts: Stays.NOTHING_COMPARES,
    }
    text = decision_text(summary)
    assert text is not None
    assert text.title == f"Move {triage} to host, with closed-1-2026 as fallback"
    assert "so they stay" in dict(text.lines)["open"]
    plan = " ".join(sentence for step in plan_lines(summary) for sentence in step.sentences)
    assert f"Begin with {triage}, 82% of the requests" in plan
    assert f"Leave {routing} and {texts} with closed-1-2026 until a run decides about them" in plan
    done = trueweight("decide", tmp_path / "second", "--per-month", 1000, "--json", cwd=tmp_path)
    saved = json.loads(done.stdout)["hosts"][0]["per_month"]["value"]
    assert found.saving.value is not None
    assert saved == pytest.approx(found.saving.value * 90 / 110, rel=1e-3), "each request saves the same"


def test_a_golden_text_without_facts_decides_nothing(tmp_path: Path) -> None:
    """Two good texts differ: a host with other words is not worse by a score of similarity. With facts it is."""
    long_text = "The archive of plan {} moved a week late, because the lorry broke down on its way to the new building."
    rows = [_row(n, "summary", long_text.format(n)) for n in range(60)]
    tickets = workload_of(rows, tmp_path)
    facts: dict[str, list[str]] = {"none": [], "some": ["lorry"]}
    found = {}
    for name, those in facts.items():
        golden = {case.id: {**as_recorded(case, 0), "facts": those} for case in find_suite(str(tickets)).cases}
        golden = {key: answer if those else {"content": answer["content"]} for key, answer in golden.items()}
        folder = with_golden(tickets, tmp_path / name, golden)
        _, found[name] = judged(folder, tmp_path / f"{name}-run", lambda case, n: {"content": "Plan moved in time."})
    assert found["none"].overall.score.value is None
    assert not [one for one in found["none"].rulings if one.outcome is Ruling.FAIL]
    assert found["some"].overall.score.value == 0
    assert found["some"].ruling is Ruling.FAIL
