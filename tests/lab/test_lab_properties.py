"""The properties of structured output against a real server: what fails there shrinks to something true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import trueweight
from running_lab import RunningLab

from trueweight.core import Outcome
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.workflow.judge import judge_exchange, judge_run
from trueweight.workflow.shrink import Budget, shrink_in_run

pytestmark = pytest.mark.lab

EXAMPLES = 8
SOUND = frozenset({"structured-output", "structured-output-schema", "structured-output-bare", "json-equals"})


@pytest.fixture(scope="module")
def run(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn documents, asked of the best rung, which is its own reference."""
    cwd = tmp_path_factory.mktemp("properties")
    # A small model inside a grammar talks until it is cut, and a cut answer is a finding too.
    providers = cwd / "providers.toml"
    providers.write_text(lab.only("f16").read_text("utf-8") + "\nextra_body = { max_tokens = 96 }\n", "utf-8")
    asked = ("--suite", "property-structured", "--examples", EXAMPLES, "--concurrency", 2)
    process = trueweight("run", "--providers", providers, *asked, "--out", "run", cwd=cwd, timeout=900)
    assert process.returncode == 0, process.stderr
    return cwd / "run"


def test_every_drawn_document_is_answered_and_judged(run: Path) -> None:
    """Each request arrives and is either answered or cleanly refused; each answer is summary_text apart."""
    with RunDir.open(run) as opened:
        seen = judge_run(opened).observations
    assert len(seen) == 4 * EXAMPLES
    assert all(one.arrived for one in seen)
    judged = [one for one in seen if one.ok]
    assert judged
    assert {one.structured for one in judged} <= {
        "valid",
        "invalid",
        "truncated",
        "not-json",
        "empty",
        "prose",
        "fenced",
    }
    for one in judged:
        outcomes = {finding.check: finding.outcome for finding in one.findings}
        if outcomes.get("json-equals") is Outcome.PASS:
            assert one.structured == "valid"


def test_what_fails_is_shrunk_and_true(run: Path, tmp_path: Path) -> None:
    """The smallest case, read from its file and judged on its recorded reply, fails the very check."""
    with RunDir.open(run) as opened:
        failing = sorted(
            {
                (one.case, finding.check)
                for one in judge_run(opened).observations
                for finding in one.findings
                if finding.outcome is Outcome.FAIL and finding.check in SOUND
            }
        )
    if not failing:
        pytest.skip("every drawn document came back as it was asked for")
    case, check = failing[0]
    done = shrink_in_run(run, case, "f16", check=check, out=tmp_path / "attempts", budget=Budget(30))
    shrunk = done.shrunk
    assert shrunk.requests <= 30
    assert shrunk.case is not None
    assert shrunk.after <= shrunk.before
    assert shrunk.exchange is not None
    assert done.case is not None
    (written,) = find_suite(str(done.case)).cases
    sent = json.loads(shrunk.exchange.request.body)
    own = {key: value for key, value in written.request.items() if key != "max_tokens"}  # the provider's own is sent
    assert all(sent[key] == value for key, value in own.items())
    judged = judge_exchange(written, shrunk.failure.provider, shrunk.exchange)
    assert (check, Outcome.FAIL) in {(finding.check, finding.outcome) for finding in judged.observation.findings}
