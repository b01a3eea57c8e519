"""The decision about a workload: each of its outcomes from what was measured, in words, with checklist and plan."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import msgspec
import pytest
from logs import ticket_row
from runs import as_recorded, record, workload_of

from in_process import trueweight
from trueweight.assess.decide import decide, with_decision
from trueweight.cli.watch import command as watch
from trueweight.core import Price, Provider, Ruling
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import HostDecision, Move, MoveReason, Worse
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import Summary
from trueweight.core.workload import ProviderWorkload, Quality, WorkloadRuling
from trueweight.report.words.decision import decision_text
from trueweight.report.words.move_plan import QUESTIONS, checklist, plan_lines
from trueweight.store import RunDir
from trueweight.workflow.finish import judge

LABELS = ("billing", "outage")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host that answers as the baseline, and one that says the other label in every second case."""
    folder = tmp_path_factory.mktemp("decide")
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(50)), folder)
    hosts = {
        "good": (Provider("good", "https://a.invalid/v1", "open-1", price=Price(1, 1)), as_recorded),
        "half": (
            Provider("half", "https://b.invalid/v1", "open-1", price=Price(0.1, 0.1)),
            lambda case, n: {"content": LABELS[n // 2 % 2]},
        ),
    }
    return record(tickets, folder / "run", hosts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def judged(run: Path) -> Summary:
    """As if a bar had been set before the run."""
    with RunDir.open(run) as opened:
        summary = judge(opened)
    assert summary.workload is not None
    return msgspec.structs.replace(summary, workload=msgspec.structs.replace(summary.workload, default_bar=False))


def changed(summary: Summary, **parts: object) -> Summary:
    """The summary with other numbers of the good host."""
    host = summary.providers["good"]
    assert host.workload is not None
    own = msgspec.structs.replace(host, workload=msgspec.structs.replace(host.workload, **parts))  # type: ignore[type-var]
    return msgspec.structs.replace(summary, providers={**summary.providers, "good": own})


def good(summary: Summary) -> HostDecision:
    """The decision about the good host."""
    found = decide(summary)
    assert found is not None
    return next(one for one in found.hosts if one.provider == "good")


def ruling(rule: WorkloadRule, outcome: Ruling) -> WorkloadRuling:
    """A ruling."""
    return WorkloadRuling(rule=rule, outcome=outcome, estimate=amount(0.5), at_most=0.1)


def amount(value: float, low: float | None = None, high: float | None = None) -> Quality:
    """An estimate."""
    return Quality(value, low, high, 50, "USD", "")


MET = ruling(WorkloadRule.AGREEMENT, Ruling.PASS)


def test_the_host_that_meets_the_bar_and_saves_is_the_one_to_move_to(judged: Summary) -> None:
    """Although another is cheaper: that one is surely worse."""
    found = decide(judged, per_month=10_000)
    assert found is not None
    assert (found.move, found.provider) == (Move.MOVE, "good")
    assert [(one.provider, one.move) for one in found.hosts] == [("good", Move.MOVE), ("half", Move.STAY)]
    assert found.hosts[0].per_month is not None
    assert found.hosts[0].per_month.value == pytest.approx(5.95)
    assert found.hosts[1].reasons[0].code is MoveReason.RULE_MISSED
    assert {one.code for one in found.hosts[1].worse} >= {Worse.TASK}


@pytest.mark.parametrize(
    ("parts", "move", "code"),
    [
        (
            {"rulings": (MET, ruling(WorkloadRule.FAILURES, Ruling.FAIL)), "failures": amount(0.06)},
            Move.MOVE_WITH_FALLBACK,
            MoveReason.RULE_MISSED,
        ),
        (
            {"rulings": (MET, ruling(WorkloadRule.FAILURES, Ruling.FAIL)), "failures": amount(0.3)},
            Move.STAY,
            MoveReason.RULE_MISSED,
        ),
        (
            {"rulings": (MET, ruling(WorkloadRule.LATENCY, Ruling.INCONCLUSIVE))},
            Move.MOVE_WITH_FALLBACK,
            MoveReason.RULE_OPEN,
        ),
        ({"rulings": (MET, ruling(WorkloadRule.LATENCY, Ruling.FAIL))}, Move.STAY, MoveReason.RULE_MISSED),
        ({"rulings": (ruling(WorkloadRule.AGREEMENT, Ruling.INCONCLUSIVE),)}, Move.NOT_ENOUGH, MoveReason.RULE_OPEN),
        ({"rulings": ()}, Move.NOT_ENOUGH, None),
        ({"saving": amount(-1, -2, -0.5)}, Move.STAY, MoveReason.SAVES_NOTHING),
        ({"saving": amount(1, -0.1, 2)}, Move.MOVE_WITH_FALLBACK, MoveReason.SAVING_OPEN),
        ({"saving": Quality(None, None, None, 0, "USD", "n/a")}, Move.MOVE_WITH_FALLBACK, MoveReason.SAVING_UNKNOWN),
    ],
)
def test_each_outcome(judged: Summary, parts: dict[str, object], move: Move, code: MoveReason | None) -> None:
    """A rule missed, a rule open, answers open, no saving, and what a fallback makes good."""
    found = good(changed(judged, **parts))
    assert found.move is move
    assert (found.reasons[0].code if found.reasons else None) is code


def test_what_a_fallback_answers_costs_as_before(judged: Summary) -> None:
    """So the saving is smaller by the share of requests that the host loses."""
    rulings = (MET, ruling(WorkloadRule.FAILURES, Ruling.FAIL))
    with_volume = changed(judged, rulings=rulings, failures=amount(0.06), saving=amount(1, 0.8, 1.2))
    found = decide(with_volume, per_month=1000)
    assert found is not None
    assert found.hosts[0].per_month is not None
    assert found.hosts[0].per_month.value == pytest.approx(0.94)


def test_without_a_bar_that_was_set_before_there_is_no_move_without_a_fallback(judged: Summary) -> None:
    """Nor with one that was changed after results were there."""
    assert judged.workload is not None
    default = msgspec.structs.replace(judged, workload=msgspec.structs.replace(judged.workload, default_bar=True))
    assert good(default).move is Move.MOVE_WITH_FALLBACK
    notes = (Note(code=NoteCode.BAR_CHANGED, bar="b", recorded="a"),)
    late = msgspec.structs.replace(judged, run=msgspec.structs.replace(judged.run, notes=notes))
    assert good(late).move is Move.MOVE_WITH_FALLBACK
    assert good(late).reasons[-1].code is MoveReason.BAR_CHANGED


def test_a_fault_that_no_ruling_sees_keeps_a_host_from_being_moved_to(judged: Summary) -> None:
    """A host that is to be avoided for another reason is not moved to, however well it answers the workload."""
    half = judged.providers["half"].assessment
    host = msgspec.structs.replace(judged.providers["good"], assessment=half)
    seen = msgspec.structs.replace(judged, providers={**judged.providers, "good": host})
    assert good(seen).move is Move.STAY


def test_what_more_tokens_cost_is_stated(judged: Summary) -> None:
    """5 output tokens instead of 2, at 1 USD per million; the 100 input tokens are fewer than the baseline's 120."""
    host = good(with_decision(judged))
    (more,) = [one for one in host.worse if one.code in (Worse.LONGER, Worse.PROMPT_LONGER)]
    assert (more.code, more.estimate.value, more.baseline) == (Worse.LONGER, 5, 2)
    assert more.cost == pytest.approx(0.003)
    text = decision_text(with_decision(judged))
    assert text is not None
    assert "5 output tokens per request instead of 2, $0.0030 of its cost per 1,000" in dict(text.lines)["worse"]


def test_the_words_say_what_why_and_how_sure(judged: Summary) -> None:
    """The title names host and baseline; without a volume the saving is not stated as a number."""
    text = decision_text(with_decision(judged, 10_000))
    assert text is not None
    assert text.title == "Move to good"
    said = dict(text.lines)
    assert said["saves"] == "It saves $5.95 a month at 10,000 requests."
    assert "recorded answers alone, which are not the truth" in said["sure"]
    assert "wrongly said to be met, or missed, by any of 2 candidates is at most 5%" in said["sure"]
    silent = decision_text(with_decision(judged))
    assert silent is not None
    assert "Not stated" in dict(silent.lines)["saves"]


def test_the_checklist_has_facts_and_open_questions(judged: Summary) -> None:
    """What is measured is filled in, what the team answered too, the rest is open."""
    items = checklist(with_decision(judged), {"residency": "Only in the EU; §4 of the contract."})
    answers = {item.key: item.answer for item in items if item.key}
    assert answers == {key: "Only in the EU; §4 of the contract." if key == "residency" else "" for key in QUESTIONS}
    assert any("agrees with the recorded answers: 100.0%" in item.answer for item in items if not item.key)


def test_the_plan_has_the_watch_as_a_command_with_the_files_of_the_run(judged: Summary) -> None:
    """It is parsed by the command itself, and a name with a space is quoted. Without a command on record there is
    none."""
    words = ("trueweight", "run", "--providers", "my hosts.toml", "--suite", "a,work/tickets", "--bar", "bar.toml")
    made = msgspec.structs.replace(judged, run=msgspec.structs.replace(judged.run, command=words))
    (step,) = [one for one in plan_lines(with_decision(made)) if one.command]
    line = shlex.split(step.command)
    assert line[:3] == ["trueweight", "watch", "work/tickets"]
    with watch.make_context("watch", line[2:]) as ctx:
        assert ctx.params["providers_file"] == Path("my hosts.toml")
        assert ctx.params["bar_file"] == Path("bar.toml")
        assert (ctx.params["names"], ctx.params["every"]) == (("good",), 6 * 3600)
    bare = msgspec.structs.replace(judged, run=msgspec.structs.replace(judged.run, command=()))
    assert not [one for one in plan_lines(with_decision(bare)) if one.command]


def test_decide_prints_writes_and_exits(run: Path, tmp_path: Path) -> None:
    """The first call writes the questions, the second reads the answers; the page is one file without a script."""
    first = trueweight("decide", run, "--per-month", 10000, "--answers", "team.yaml", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("✓ Move to good, with closed-1-2026 as fallback")
    assert "? open (residency)" in first.stdout
    written = (tmp_path / "team.yaml").read_text(encoding="utf-8")
    (tmp_path / "team.yaml").write_text(written.replace('residency: ""', 'residency: "EU only"'), encoding="utf-8")
    again = trueweight("decide", run, "--answers", "team.yaml", "-o", "plan.html", cwd=tmp_path)
    assert "EU only" in again.stdout
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "EU only" in page
    assert "When to stop" in page
    as_json = trueweight("decide", run, "--per-month", 10000, "--json", cwd=tmp_path)
    assert (as_json.returncode, json.loads(as_json.stdout)["move"]) == (0, "move-with-fallback")
    (tmp_path / "team.yaml").write_text('residence: "EU"\n', encoding="utf-8")
    wrong = trueweight("decide", run, "--answers", "team.yaml", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "team.yaml:1: unknown key 'residence'" in wrong.stderr


def test_show_names_the_answers_that_are_not_as_expected(run: Path) -> None:
    """No check fails on them, and yet the hosts differ."""
    shown = trueweight("show", run, cwd=run).stdout
    assert "By the checks, providers differ in no case." in shown
    assert "Answers of good that are not as expected: 0" in shown
    assert "Answers of half that are not as expected: 25" in shown


def test_a_run_without_a_workload_has_nothing_to_decide(judged: Summary) -> None:
    """Neither a decision nor words."""
    bare = msgspec.structs.replace(judged, workload=None)
    assert decide(bare) is None
    assert decision_text(bare) is None
    assert isinstance(judged.providers["good"].workload, ProviderWorkload)
