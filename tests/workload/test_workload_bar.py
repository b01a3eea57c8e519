"""The bar is proposed before results, says what it takes, and keeps its promise; what is decided is seldom wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from logs import chat_body, chat_response, litellm_row, ticket_row
from runs import as_recorded, record, workload_of

from in_process import trueweight
from trueweight.assess import load_bar, parse_bar
from trueweight.core import Case, ConfigError, Provider, Role
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.task import Answer
from trueweight.workload.estimates import Estimator, looks_of
from trueweight.workload.planning import _power, margin_needs, quantile_needs, share_needs

LABELS = ("billing", "outage", "other")


def tickets(folder: Path, number: int, twice: int = 0) -> Path:
    """A workload of so many tickets; some of them are twice in the log, every tenth time with another answer."""
    rows = [ticket_row(n, LABELS[n % 3]) for n in range(number)]
    again = [ticket_row(n, LABELS[(n + (n % 10 == 0)) % 3]) for n in range(twice)]
    return workload_of([*rows, *again], folder)


def test_a_bar_is_proposed_from_the_baselines_own_noise(tmp_path: Path) -> None:
    """It agrees with itself in 90%, so 85% is asked for; time and cost are the baseline's; the file is a bar."""
    folder = tickets(tmp_path, 150, twice=40)
    done = trueweight("bar", "init", folder, "-o", "bar.toml", cwd=tmp_path)
    bar = load_bar(tmp_path / "bar.toml").workload
    assert bar is not None
    assert bar.answers.agreement_at_least == pytest.approx(0.85)
    assert bar.answers.quality_margin is None
    assert bar.p95_ms_at_most == 1100
    assert bar.cost_per_1000_at_most == pytest.approx(0.7)
    assert "agreement: 34 if no answer misses it" in done.stderr
    assert "taken to agree" not in done.stderr
    assert "agrees with itself is known only as" in done.stderr, "40 pairs: the bar may be above what is as good"
    assert "trueweight run --providers providers.toml --suite" in done.stderr
    assert done.returncode == 4, "150 cases are too few for 85% at a true agreement of 90%"
    more = trueweight("bar", "init", folder, "--margin", "0.2", "--candidates", "1", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert "is known only as" not in more.stderr


def test_golden_answers_bring_the_margin(tmp_path: Path) -> None:
    """With them the bar is about being right, not only about agreement."""
    folder = tickets(tmp_path, 30)
    names = [line.split('"')[3] for line in (folder / "tickets.yaml").read_text().splitlines() if '"id":' in line]
    (folder / "golden.yaml").write_text("\n".join(f"{name}: {{content: other}}" for name in names), encoding="utf-8")
    done = trueweight("bar", "init", folder, cwd=tmp_path)
    assert "quality_margin = 0.05" in done.stdout
    assert f"quality: {margin_needs(0.05, 3, 0).least} if no answer misses it" in done.stderr
    assert "there are 30: TOO FEW" in done.stderr
    assert "the baseline is taken to agree with itself in 98%: no request is twice in the log" in done.stderr
    assert "# Not proposed: p95_ms_at_most: 30 cases are too few" in done.stdout


def test_texts_bring_the_margin_of_an_llm_judge(tmp_path: Path) -> None:
    """If there are enough of them; else the bar says how many it takes. A small task is named as well."""
    words = "A summary of plan {}, in one whole sentence, because that is how people write what they want to be read."
    for number, enough in ((30, False), (90, True)):
        rows = [ticket_row(n, LABELS[n % 3]) for n in range(60)]
        rows += [text_row(n, words.format(n)) for n in range(number)]
        folder = workload_of(rows, tmp_path / str(number))
        done = trueweight("bar", "init", folder, "--candidates", 1, cwd=tmp_path)
        (texts,) = [line for line in done.stdout.splitlines() if "LLM judge" in line and line.startswith("#")][:1]
        assert ("judge_margin = 0.1" in done.stdout) is enough
        least = margin_needs(0.1, looks_of(1, 2), 0).least
        assert (
            f"preferred: {least} if no answer misses it; there are 90: enough"
            if enough
            else f"would need {least} cases"
        ) in (done.stderr), texts
    few = [*(ticket_row(n, LABELS[n % 3]) for n in range(60)), *(text_row(n, LABELS[n % 3]) for n in range(5))]
    done = trueweight("bar", "init", workload_of(few, tmp_path / "few"), "--candidates", 1, cwd=tmp_path)
    assert "too few cases to move with the others" in done.stderr
    assert "(5); draw more" in done.stderr


def text_row(number: int, answer: str) -> dict[str, object]:
    """A row of another task than the tickets."""
    body = chat_body(f"meeting number {number}")
    body["messages"][0]["content"] = "Write down what was said in the meeting below, for those who were not there."
    return litellm_row(body, chat_response(answer))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[workload]\nagreement_at_least = 0.9\n", "agreement: 30 cases count for it, and it takes 42"),
        ("[workload]\nquality_margin = 0.05\n", "quality: 0 cases count for it"),
        ("[workload]\np95_ms_at_most = 900\n", "p95-ms: 30 cases count for it, and it takes 72"),
        ("[workload.tasks.triaje]\nagreement_at_least = 0.5\n", "the bar names the task 'triaje'"),
    ],
)
def test_a_bar_that_cannot_be_met_is_refused_before_the_run(tmp_path: Path, text: str, words: str) -> None:
    """With the number of cases that it takes, so that no money is spent on a run that cannot decide."""
    folder = tickets(tmp_path, 30)
    host = Provider("a", "https://a.invalid/v1", "open-1")
    with pytest.raises(ConfigError) as caught:
        record(folder, tmp_path / "run", {"a": (host, lambda case, n: None)}, bar=parse_bar(text, "bar.toml"))
    assert words in str(caught.value)


def test_what_a_rule_takes_at_best_is_what_it_takes() -> None:
    """With so many cases a provider without a mistake passes, with one case fewer it does not."""
    for looks in (1, 8):
        make = Estimator(looks, 0)
        need = share_needs(WorkloadRule.AGREEMENT, 0.9, looks, None).least
        assert need is not None
        lows = [make.mean(np.ones(n), "").sure_low or 0.0 for n in (need - 1, need)]
        assert lows[0] < 0.9 <= lows[1]
        need = margin_needs(0.05, looks, 0.0).least
        assert need is not None
        lows = [make.difference(np.ones(n), np.ones(n), of=n, note="").sure_low or -1.0 for n in (need - 1, need)]
        assert lows[0] < -0.05 <= lows[1]
        need = quantile_needs(WorkloadRule.LATENCY, 0.95, looks).least
        assert need is not None
        ends = [
            make.quantile(np.arange(n) + 1.0, np.arange(n), 0.95, of=n, note="").sure_high for n in (need - 1, need)
        ]
        assert ends[0] is None
        assert ends[1] is not None
    assert looks_of(3, 1) == 3
    assert looks_of(3, 4) == 15


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 200])
@pytest.mark.parametrize("right", [0.9, 0.97])
def test_a_rule_is_seldom_decided_wrongly(n: int, right: float) -> None:
    """By simulation, one candidate: a provider that is exactly at the bound passes in at most 2.5% and fails in at most
    2.5% of runs (limit of the 95% interval: 6 in 400 above), for the margin and for the agreement."""
    rng = np.random.default_rng([n, int(100 * right)])
    make, runs, margin = Estimator(1, 0), 400, 0.05
    passed = failed = agreed = disagreed = 0
    for _ in range(runs):
        base = (rng.random(n) < right).astype(float)
        # Right with the baseline, but for the margin, and in a third of the cases in which the baseline is wrong.
        gain = (1 - right) / 3
        lose = (margin + gain) / right
        ours = np.where(base == 1, rng.random(n) >= lose, rng.random(n) < 1 / 3).astype(float)
        found = make.difference(ours, base, of=n, note="")
        passed += (found.sure_low or -1) >= -margin
        failed += (found.sure_high or 1) < -margin
        same = (rng.random(n) < 0.9).astype(float)
        share = make.mean(same, "")
        agreed += (share.sure_low or 0) >= 0.9
        disagreed += (share.sure_high or 1) < 0.9
    assert max(passed, failed, agreed, disagreed) <= 0.025 * runs + 6, (passed, failed, agreed, disagreed)


def test_the_noise_is_that_of_a_baseline_that_was_asked_again(tmp_path: Path) -> None:
    """A run in which the closed API is the reference: it agrees with what it said then in nine of ten cases."""
    folder = tickets(tmp_path, 30)
    again = Provider("closed", "https://closed.invalid/v1", "closed-1", role=Role.REFERENCE)

    def answer(case: Case, number: int) -> Answer:
        return {"content": "none of them"} if number % 10 == 0 else as_recorded(case, number)

    record(folder, tmp_path / "run", {"closed": (again, answer)})
    done = trueweight("bar", "init", folder, "--asked", "run", cwd=tmp_path)
    assert "agreement_at_least = 0.85" in done.stdout, done.stderr
    host = Provider("closed", "https://closed.invalid/v1", "closed-1")
    record(folder, tmp_path / "none", {"closed": (host, answer)})
    none = trueweight("bar", "init", folder, "--asked", "none", cwd=tmp_path)
    assert (none.returncode, "no reference answered a workload" in none.stderr) == (2, True)


@pytest.mark.parametrize(("at_least", "expected"), [(0.9, 0.98), (0.98, 1.0), (0.85, 0.95)])
def test_a_provider_as_good_as_the_baseline_passes_with_the_likely_number(at_least: float, expected: float) -> None:
    """In about 80% of draws with that number of cases, and in fewer with four fifths of it."""
    need = share_needs(WorkloadRule.AGREEMENT, at_least, 3, expected)
    assert need.least is not None
    assert need.likely is not None
    assert need.least <= need.likely
    assert _power(need.likely, at_least, 3, expected) >= 0.8
    fewer = int(0.8 * need.likely)
    assert fewer < need.least or _power(fewer, at_least, 3, expected) < 0.8
