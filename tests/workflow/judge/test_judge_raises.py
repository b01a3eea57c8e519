"""What raises while one reply is judged is said of that reply, and ends nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trueweight.core import PROTOCOLS, Case, Exchange, Outcome, Reply, Severity
from trueweight.core.check import CHECKS, Check, CheckInfo, CheckResult, Pass
from trueweight.core.judging import JudgingProblem, NotJudged
from trueweight.core.note import NoteCode
from trueweight.core.registry import Registry
from trueweight.metrics.registry import _METRICS, Metric
from trueweight.protocols.chat import Chat
from trueweight.report.words import note_words
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.workflow.finish import judge
from trueweight.workflow.judge import judge_exchange, judge_exchanges

Make = Callable[..., Any]
HOSTILE = b"hostile"


@contextmanager
def added(registry: Registry[Any], name: str, item: Any) -> Iterator[None]:
    """The registry with one more item, as a plugin would add it."""
    registry.add(name, item)
    try:
        yield
    finally:
        del registry._found[name]
        registry._sorted = None


def raising(error: BaseException) -> Check:
    """A check that raises at the hostile content, and passes elsewhere."""

    def run(_: Case, reply: Reply, __: Mapping[str, Any]) -> CheckResult | None:
        if "hostile" in (reply.content or ""):
            raise error
        return Pass()

    return Check(CheckInfo("fragile", "It does not raise.", Severity.MUST), run=run)


@pytest.fixture
def run_of(tmp_path: Path, make_case: Make, make_provider: Make, make_exchange: Make) -> Make:
    """A recorded run of one provider, one reply for each body."""

    def make(*bodies: bytes) -> RunDir:
        cases = [make_case(f"c{n}") for n in range(len(bodies))]
        provider = make_provider("p")
        manifest = Manifest("0.1.0", 7, 1, 1, (SuiteRecord("s", "d" * 64, len(cases)),), (provider,), "2026-01-01")
        run = RunDir.create(tmp_path / "run", manifest, cases)
        for case, body in zip(cases, bodies, strict=True):
            run.append(make_exchange(case, provider, body))
        return run

    return make


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OverflowError("the repetition number is too large"), "OverflowError: the repetition number is too large"),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (MemoryError(), "MemoryError"),
        (ValueError("x" * 10**6), "ValueError: " + "x" * 188),
        (AssertionError("two\nlines"), "AssertionError: two lines"),
    ],
)
def test_a_check_that_raises_is_not_applicable_for_that_reply(
    run_of: Make, say: Make, error: Exception, reason: str
) -> None:
    """The other reply and the other checks are judged as without it, and the summary says so in one line."""
    with run_of(say("hostile"), say("fine")) as run, added(CHECKS, "fragile", raising(error)):
        first, second = (judge_exchange(run.cases()[f"s/c{n}"], run.manifest.providers[0], one).observation
                         for n, one in enumerate(run.exchanges()))  # fmt: skip
        assert first.not_judged == (NotJudged("fragile", JudgingProblem.RAISED, reason),)
        assert "fragile" not in {finding.check for finding in first.findings}
        assert [f.outcome for f in second.findings if f.check == "fragile"] == [Outcome.PASS]
        assert {f.check for f in first.findings} == {f.check for f in second.findings} - {"fragile"}
        notes = [note for note in judge(run).run.notes if note.code is NoteCode.NOT_JUDGED]
    assert [(note.part, note.problem, note.count, note.of) for note in notes] == [("fragile", "raised", 1, 2)]
    words = note_words(notes[0])
    assert words.startswith("p: fragile was not judged in 1 of 2 replies, because it raised an error: ")
    assert reason in words


def test_a_paired_check_that_raises_is_not_applicable_for_the_cases_with_which_it_raises(
    run_of: Make, say: Make
) -> None:
    """The replies of the other cases are compared."""

    def run_paired(own: Any, _: Any) -> Any:
        for one in own:
            if one.case.id == "c1":
                raise ZeroDivisionError("hostile")
            yield one, Pass()

    entry = Check(CheckInfo("fragile", "It does not raise.", Severity.MUST, paired=True), run_paired=run_paired)
    with run_of(say("fine"), say("hostile"), say("fine too")) as run, added(CHECKS, "fragile", entry):
        seen = judge_exchanges(run.manifest, run.cases(), run.exchanges()).observations
    assert [[n.part for n in one.not_judged] for one in seen] == [[], ["fragile"], []]
    assert [[f.check for f in one.findings].count("fragile") for one in seen] == [1, 0, 1]


def test_a_reader_that_raises_leaves_one_reply_unread(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make
) -> None:
    """The reply arrived, which counts, and nothing is said of its content."""

    class Fragile(Chat):
        name = "fragile"

        def read(self, exchange: Exchange) -> Reply:
            raise KeyError("choices")

    case, provider = make_case("c"), make_provider("p")
    with added(PROTOCOLS, "fragile", Fragile()):
        exchange = replace(make_exchange(case, provider, say("fine")), api="fragile")
        judged = judge_exchange(case, provider, exchange)
    assert (judged.reply, judged.observation.arrived, judged.observation.findings) == (None, True, ())
    assert judged.observation.not_judged == (NotJudged("reply", JudgingProblem.RAISED, "KeyError: 'choices'"),)


def test_a_metric_that_raises_is_not_applicable(run_of: Make, say: Make) -> None:
    """The other metrics are as without it; its reason stands at its place and in a line of the summary."""

    def estimate(_: Any) -> Any:
        raise OverflowError("int too large to convert to float")

    fragile = Metric(
        id="fragile", title="Fragile", unit="ms", definition="It raises.", source="here", method="none",
        higher_is_better=None, estimate=estimate,
    )  # fmt: skip
    with run_of(say("fine")) as run:
        before = judge(run).providers["p"].metrics
        with added(_METRICS, "fragile", fragile):
            summary = judge(run)
    after = dict(summary.providers["p"].metrics)
    assert after.pop("fragile").value is None
    assert after == before
    assert [(note.part, note.problem) for note in summary.run.notes] == [("fragile", JudgingProblem.RAISED)]


def test_a_schema_that_takes_too_long_is_a_line_of_the_summary(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make, tmp_path: Path
) -> None:
    """A limit of judging is neither a pass nor a failure."""
    schema = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}
    response_format = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    case = make_case("c", request={"messages": [], "response_format": response_format})
    seen = judge_exchange(case, make_provider("p"), make_exchange(case, make_provider("p"), say(str([1] * 100_000))))
    assert [(one.part, one.problem) for one in seen.observation.not_judged] == [
        ("structured-output-schema", JudgingProblem.LIMIT)
    ]
    assert "structured-output-schema" not in {finding.check for finding in seen.observation.findings}
