"""Candidates against the recorded baseline and against golden answers: estimates, rulings, recommendation."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from logs import ticket_row
from runs import as_recorded, record, workload_of

from in_process import trueweight
from trueweight.assess import Bar, exit_code, parse_bar
from trueweight.core import Case, ConfigError, ExitCode, Price, Provider, Ruling, digest
from trueweight.core.assessment import ReasonCode, Recommendation
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import Move
from trueweight.core.note import NoteCode
from trueweight.core.summary import Summary
from trueweight.core.summary_json import encode_summary
from trueweight.core.task import Answer
from trueweight.report.site import public_summary
from trueweight.report.words import summary_sentence
from trueweight.report.words.decision import decision_text
from trueweight.store import RunDir, RunFile
from trueweight.suites import find_suite
from trueweight.workflow.finish import judge
from trueweight.workload.estimates import Estimator

LABELS = ("billing", "outage", "other")
CASES = 60


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workload of 60 tickets with three labels, from a log of a gateway."""
    return workload_of((ticket_row(n, LABELS[n % 3]) for n in range(CASES)), tmp_path_factory.mktemp("log"))


def wrong(every: int) -> object:
    """Another label in every n-th case."""

    def answer(case: Case, number: int) -> Answer:
        label = as_recorded(case, number)["content"]
        return {"content": LABELS[(LABELS.index(label) + (number % every == 0)) % 3]}

    return answer


def failing(case: Case, number: int) -> Answer | None:
    """Every third request fails on the way."""
    return None if number % 3 == 0 else as_recorded(case, number)


def provider(name: str, price: float) -> Provider:
    """A candidate with that price per million tokens."""
    return Provider(name, f"https://{name}.invalid/v1", "open-1", price=Price(price, price))


@pytest.fixture(scope="module")
def run(tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hosts: as the baseline, one label of eight wrong, four of ten wrong, one request of three lost."""
    hosts = {
        "good": (provider("good", 1), as_recorded),
        "eighth": (provider("eighth", 0.2), wrong(8)),
        "forty": (provider("forty", 0.2), lambda case, n: wrong(1 if n % 5 < 2 else CASES)(case, n)),  # type: ignore[operator]
        "lossy": (provider("lossy", 0.5), failing),
    }
    return record(tickets, tmp_path_factory.mktemp("run") / "run", hosts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def summary(run: Path) -> Iterator[Summary]:
    """Judged by the default bar."""
    with RunDir.open(run) as opened:
        yield judge(opened)


def test_the_host_with_40_percent_wrong_labels_is_avoided(summary: Summary) -> None:
    """By its agreement with the recorded answers, with the confusion matrix that shows what it says instead."""
    host = summary.providers["forty"]
    assert host.assessment.recommendation is Recommendation.AVOID
    assert host.assessment.reasons[0].code is ReasonCode.WORKLOAD_FAILS
    assert host.workload is not None
    assert host.workload.overall.agreement.value == pytest.approx(0.6, abs=0.01)
    (task,) = host.workload.tasks
    assert task.confusion is not None
    assert task.confusion.accuracy == pytest.approx(0.6, abs=0.01)
    assert set(task.confusion.wanted) == set(LABELS)
    assert sum(map(sum, task.confusion.counts)) == CASES
    assert len(host.workload.disagreements) == 24
    first = host.workload.disagreements[0]
    assert (first.read, first.wanted) == ("outage", "billing")


@pytest.mark.parametrize(("wrong_ones", "high"), [(0, 1.0), (8, 0.98), (9, 0.98)])
def test_a_mean_score_has_no_higher_end_than_its_mistakes_allow(wrong_ones: int, high: float) -> None:
    """No score is above 1, so 8 wrong of 100 have an upper end below 1 (exact: 96.5%, here at 97.5%), and 9 wrong of 9
    one far below."""
    scores = np.concatenate([np.zeros(wrong_ones), np.ones(100 - wrong_ones)])
    found = Estimator(1, 0).mean(scores, "")
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 - wrong_ones / 100 <= found.high <= high
    none = Estimator(1, 0).mean(np.zeros(9), "")
    assert (none.value, none.low) == (0, 0)
    assert none.high is not None
    assert none.high < 0.5


def test_the_others_are_told_apart(summary: Summary) -> None:
    """A host that answers as the baseline is good enough; one with an eighth wrong is not decided; one that loses
    requests is to be avoided whatever its answers."""
    good, eighth, lossy = (summary.providers[name] for name in ("good", "eighth", "lossy"))
    assert good.assessment.recommendation is Recommendation.USE
    assert good.assessment.reasons[0].code is ReasonCode.WORKLOAD_MET
    assert eighth.assessment.recommendation is Recommendation.UNDECIDED
    assert eighth.workload is not None
    assert eighth.workload.rulings[0].more_cases
    assert lossy.assessment.recommendation is Recommendation.AVOID
    assert lossy.workload is not None
    assert lossy.workload.failures.value == pytest.approx(1 / 3, abs=1e-5)
    assert lossy.workload.overall.agreement.missing == {"no recorded answer that the grader can read": 20}


KINDS = {
    "good": as_recorded,
    "one-label": lambda case, n: {"content": str(as_recorded(case, n)["content"]).replace("outage", "billing")},
    "wordy": lambda case, n: {"content": f"The answer is {as_recorded(case, n)['content']}."},
    "refuses": lambda case, n: {"content": "I cannot help with that."} if n % 3 == 0 else as_recorded(case, n),
}
"""Hosts of which each is bad in its own way, by name."""


def test_a_host_that_is_bad_in_one_way_only_is_not_moved_to(tmp_path: Path) -> None:
    """A rare label that is never given stays open until golden answers say who is right, and is a failure by them; an
    answer with words around it, and a refusal, are another form. The host that answers as recorded moves on."""
    labels = ["outage", *["billing", "other"] * 6]
    folder = workload_of((ticket_row(n, labels[n % 13]) for n in range(156)), tmp_path)
    hosts = {name: (provider(name, 0.2), answer) for name, answer in KINDS.items()}
    with RunDir.open(record(folder, tmp_path / "run", hosts)) as opened:  # type: ignore[arg-type]
        found = judge(opened)
    rules = {
        name: {(one.rule, one.outcome) for one in host.workload.rulings if one.outcome is not Ruling.PASS}
        for name, host in found.providers.items()
        if host.workload is not None
    }
    assert rules["good"] == set()
    assert (WorkloadRule.LABEL, Ruling.INCONCLUSIVE) in rules["one-label"]
    assert rules["wordy"] == {(WorkloadRule.READABLE, Ruling.FAIL)}
    assert (WorkloadRule.READABLE, Ruling.FAIL) in rules["refuses"]
    assert found.workload is not None
    assert found.workload.decision is not None
    moves = {one.provider: one.move for one in found.workload.decision.hosts}
    assert moves == {
        "good": Move.MOVE_WITH_FALLBACK,  # because no bar was set before
        "one-label": Move.NOT_ENOUGH,
        "wordy": Move.STAY,
        "refuses": Move.STAY,
    }
    assert found.workload.decision.provider == "good"
    words = {name: why for name, _, why in decision_text(found).hosts}  # type: ignore[union-attr]
    assert "answers 'outage' in 50% or more of the cases that expect it" in words["one-label"]
    golden = {case.id: dict(as_recorded(case, 0)) for case in find_suite(str(folder)).cases}
    (folder / "golden.yaml").write_text(json.dumps(golden), encoding="utf-8")
    one = {"one-label": hosts["one-label"]}
    with RunDir.open(record(folder, tmp_path / "again", one)) as opened:  # type: ignore[arg-type]
        host = judge(opened).providers["one-label"].workload
    assert host is not None
    assert (WorkloadRule.LABEL, Ruling.FAIL) in {(rule.rule, rule.outcome) for rule in host.rulings}


def test_cost_and_saving_are_paired_with_what_was_paid(summary: Summary) -> None:
    """100 and 5 tokens at 1 USD per million cost 0.105 USD per 1,000; the log states 0.7."""
    assert summary.workload is not None
    assert summary.workload.baseline.cost.value == pytest.approx(0.7)
    assert summary.workload.baseline.model == "closed-1-2026"
    good = summary.providers["good"].workload
    assert good is not None
    assert good.cost.value == pytest.approx(0.105)
    assert good.saving.value == pytest.approx(0.595)
    assert (good.saving.low, good.saving.high) == (pytest.approx(0.595), pytest.approx(0.595))


def test_golden_answers_are_another_column(tickets: Path, tmp_path: Path) -> None:
    """The baseline is wrong in a sixth of the cases; a host that is right there agrees less and is right more often."""
    suite = find_suite(str(tickets))
    folder = tmp_path / "tickets"
    folder.mkdir()
    for path in tickets.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    right = {}
    for number, case in enumerate(suite.cases):
        label = str(as_recorded(case, number)["content"])
        right[case.id] = {"content": LABELS[(LABELS.index(label) + (number % 6 == 0)) % 3]}
    (folder / "golden.yaml").write_text(json.dumps(right), encoding="utf-8")
    hosts = {
        "right": (provider("right", 1), lambda case, n: case.task.golden),
        "same": (provider("same", 1), as_recorded),
    }
    with RunDir.open(record(folder, tmp_path / "run", hosts)) as opened:  # type: ignore[arg-type]
        found = judge(opened)
    best, same = (found.providers[name].workload for name in ("right", "same"))
    assert best is not None
    assert same is not None
    assert best.overall.agreement.value == pytest.approx(5 / 6, abs=1e-5)
    assert best.overall.correct.value == 1
    assert best.overall.difference.value == pytest.approx(1 / 6, abs=1e-5)
    assert best.ruling is Ruling.PASS
    assert same.overall.correct.value == same.overall.baseline_correct.value == pytest.approx(5 / 6, abs=1e-5)
    assert same.ruling is Ruling.PASS
    assert found.providers["right"].metrics["workload"].value == 1


BAR = """
[workload]
quality_margin = 0.05
agreement_at_least = 0.9
readable_at_least = 0.88
p95_ms_at_most = 900
failures_at_most = 0.12
cost_per_1000_at_most = 0.15
"""


def test_a_bar_decides_each_of_its_rules(tickets: Path, tmp_path: Path) -> None:
    """Answers, form, time, failures and cost; the exit code and the page's rules are those of any bar."""
    hosts = {
        "good": (provider("good", 1), as_recorded),
        "slow": (provider("slow", 1), as_recorded),
        "dear": (provider("dear", 9), as_recorded),
        "chatty": (provider("chatty", 1), lambda case, n: {"content": "I think it is hard to say."}),
        "lossy": (provider("lossy", 1), failing),
    }
    path = record(tickets, tmp_path / "run", hosts, ms={"slow": 1500})  # type: ignore[arg-type]
    RunFile.BAR.of(path).write_text(BAR, encoding="utf-8")
    with RunDir.open(path) as opened:
        found = judge(opened)
    assert [note.code for note in found.run.notes if note.code is NoteCode.BAR_ADDED], "it was not set before the run"
    assert exit_code(found) is ExitCode.FINDINGS
    missed = {
        name: {
            rule.workload.value for rule in one.assessment.bar.rules if rule.outcome is Ruling.FAIL and rule.workload
        }
        for name, one in found.providers.items()
        if one.assessment.bar is not None
    }
    assert missed == {
        "good": set(),
        "slow": {"p95-ms"},
        "dear": {"cost-per-1000"},
        "chatty": {"agreement", "readable"},
        "lossy": {"failures"},
    }
    good = found.providers["good"].assessment
    assert good.bar is not None
    # A 95th percentile that holds for five candidates together needs about a hundred requests.
    assert [one.workload for one in good.bar.rules if one.outcome is not Ruling.PASS] == [WorkloadRule.LATENCY]
    assert good.recommendation is Recommendation.UNDECIDED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[workload]\n", "has no threshold"),
        ("[workload]\nquality_margin = 0\n", "quality_margin = 0: out of range"),
        ("[workload]\nquality_magin = 0.1\n", "Did you mean 'quality_margin'?"),
        ("[workload.tasks.triage]\nagreement_at_least = 2\n", "agreement_at_least = 2: out of range"),
        ("[workload]\ntasks = 3\n", "tasks is not a table of tables"),
    ],
)
def test_a_mistake_in_the_bar_has_its_line(text: str, words: str) -> None:
    """As every mistake in a bar."""
    with pytest.raises(ConfigError) as caught:
        parse_bar(text, "bar.toml")
    assert words in str(caught.value)
    assert "bar.toml:" in str(caught.value)


def test_the_digest_of_a_bar_without_a_workload_is_what_it_was() -> None:
    """So that old runs do not say that their bar was changed; with one it is another."""
    assert Bar().digest() == digest({"rules": [], "limits": []})
    assert parse_bar(BAR, "x").digest() != Bar().digest()


def test_the_page_has_the_matrix_and_the_answers_side_by_side(run: Path, tmp_path: Path) -> None:
    """The column leads; a host's confusion is a table; the drawer has the recorded answer beside the given one, of
    answers that are as expected too; `show` has them as well."""
    assert trueweight("report", run, "-o", tmp_path / "page.html", cwd=tmp_path).returncode == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.index("Your workload</a>") < page.index("Success</a>")
    assert "Confusion matrix of forty, classify-support-ticket" in page
    assert '"w":{"answers":[["recorded answer","billing"],["forty","outage"]]' in page
    assert '"w":{"answers":[["recorded answer","billing"],["good","billing"]]' in page
    shown = trueweight("show", run, "classify-support-ticket-0001", "--provider", "forty", cwd=tmp_path)
    assert "against the recorded answer: score 0.00" in shown.stdout


def test_hostile_answers_are_text_on_the_page(tickets: Path, tmp_path: Path) -> None:
    """What a log recorded, and what a host answers, is escaped wherever it stands."""
    hostile = "</script><img src=x onerror=alert(1)>"
    folder = tmp_path / "tickets"
    folder.mkdir()
    for path in tickets.iterdir():
        text = path.read_text(encoding="utf-8").replace("billing", json.dumps(hostile)[1:-1])
        (folder / path.name).write_text(text, encoding="utf-8")
    record(folder, tmp_path / "run", {"a": (provider("a", 1), lambda case, n: {"content": hostile + str(n)})})
    assert trueweight("report", tmp_path / "run", "-o", tmp_path / "page.html", cwd=tmp_path).returncode == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "onerror" in page
    assert "<img src=x" not in page


def test_a_published_site_has_nothing_of_the_workload(summary: Summary) -> None:
    """The requests and answers are the user's own."""
    public = public_summary(summary)
    assert public.workload is None
    assert all(one.workload is None and "workload" not in one.metrics for one in public.providers.values())
    text = encode_summary(public).decode()
    assert "classify-support-ticket" not in text.replace("tickets/classify-support-ticket-", "")
    forty = public.providers["forty"].assessment
    assert (forty.reasons[0].code, forty.reasons[0].estimate) == (ReasonCode.WORKLOAD_FAILS, None)
    assert summary_sentence(public.providers["forty"])


def test_the_answers_are_a_table(run: Path, tmp_path: Path) -> None:
    """All of them side by side, for a spreadsheet; a cell that would be a formula is text."""
    assert trueweight("report", run, "--format", "csv", "-o", tmp_path / "a.csv", cwd=tmp_path).returncode == 0
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * CASES
    first = next(row for row in rows if row["provider"] == "forty" and row["case"].endswith("-0001"))
    assert (first["recorded"], first["answer"], first["score against recorded"]) == ("billing", "outage", "0")
    assert "no reply" in {row["answer"] for row in rows if row["provider"] == "lossy"}


def test_two_runs_are_compared_by_the_workload(tickets: Path, tmp_path: Path) -> None:
    """The host that got worse, and only that one, changed beyond chance; the sides are those of the shared cases."""
    names = ("same", "drifted")
    hosts = {name: (provider(name, 1), as_recorded) for name in names}
    record(tickets, tmp_path / "before", hosts)
    later = {"same": hosts["same"], "drifted": (hosts["drifted"][0], wrong(3))}
    record(tickets, tmp_path / "after", later)  # type: ignore[arg-type]
    done = trueweight("compare", "before", "after", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(one["provider"], one["metric"], one["change"]) for one in found["significant"]] == [
        ("drifted", "workload", "worse")
    ]
    metric = found["providers"]["drifted"]["metrics"]["workload"]
    assert (metric["before"]["value"], metric["before"]["unit"]) == (1, "proportion")
    assert metric["after"]["value"] == pytest.approx(2 / 3, abs=1e-5)
    assert found["providers"]["same"]["metrics"]["workload"]["difference"]["value"] == 0
    shown = trueweight("compare", "before", "after", cwd=tmp_path).stdout
    assert "Your workload" in shown
    assert "100.0%" in shown
