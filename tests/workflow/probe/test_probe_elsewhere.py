"""`load`, `drift` and the Python API probe too: a provider with a setup fault is sent nothing but the probe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts import Answer, Host, Request, healthy, serve

import trueweight
from in_process import trueweight as command_line
from trueweight.core.probe import SetupFault
from trueweight.report.words.reasons import summary_sentence


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[Host]:
    """A host at whose path there is no API, beside a healthy reference; ``p.toml`` and ``s.jsonl`` are written."""
    with serve(healthy) as good, serve(lambda _: Answer(404, {"detail": "Not Found"})) as host:
        entries = (("good", good, 'role = "reference"\n'), ("bad", host, ""))
        (tmp_path / "p.toml").write_text(
            "".join(
                f'[[provider]]\nname = "{name}"\n{role}base_url = "{one.url()}"\nmodel = "m"\n'
                for name, one, role in entries
            ),
            encoding="utf-8",
        )
        case = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}
        (tmp_path / "s.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
        yield host


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("load", "--suite", "s.jsonl", "--concurrency", "1,2", "--requests", "2", "--plain"), 0),
        (("drift", "--max-requests", "20"), 3),
    ],
    ids=["load", "drift"],
)
def test_a_command_names_the_fault_and_sends_nothing_more(
    wrong: Host, tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    """The server's words and the cure; only the probe's requests reach the host, without tools of the suite."""
    done = command_line(*command, "--providers", "p.toml", "--out", "out", cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert "bad: stopped before the run. Setup fault: wrong path (HTTP 404): “Not Found”." in done.stderr
    assert "Tried without success" in done.stderr
    bodies = [request.body["messages"][0]["content"] for request in wrong.requests if request.method == "POST"]
    assert set(bodies) <= {"Reply with the word OK.", "What time is it in Oslo? Use the tool."}


def test_send_run_returns_the_fault(wrong: Host, tmp_path: Path) -> None:
    """``stopped`` has the sentence; each question of the probe is sent once; ``probe=False`` sends every request."""
    plan = trueweight.plan_run(tmp_path / "p.toml", [tmp_path / "s.jsonl"])
    result = trueweight.send_run(plan, tmp_path / "run")
    assert result.stopped["bad"].startswith("Setup fault: wrong path (HTTP 404): “Not Found”.")
    assert "good" not in result.stopped
    assert trueweight.judge_run(tmp_path / "run").providers["bad"].setup_fault is not None
    before = len(wrong.requests)
    lines = (tmp_path / "run" / "probe.jsonl").read_text("utf-8").splitlines()
    asked = [one for one in map(json.loads, lines) if one["provider"] == "bad"]
    assert len({one["trial"] for one in asked}) == len(asked) > 0
    assert before == sum(len(one["attempts"]) for one in asked)
    blind = trueweight.send_run(plan, tmp_path / "blind", probe=False)
    assert "bad" not in blind.stopped
    assert len(wrong.requests) - before == sum(trial.provider.name == "bad" for trial in plan.plan.trials)


def test_each_api_is_probed_with_its_own_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that takes the key in x-api-key alone: Messages answer, and the summary says what was not sent and why."""

    def only_x_api_key(request: Request) -> Answer:
        if request.headers.get("x-api-key") != "k-12345678":
            return Answer(401, {"error": {"message": "no credentials"}})
        block = {"type": "text", "text": "OK"}
        usage = {"input_tokens": 3, "output_tokens": 1}
        return Answer(
            200,
            {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [block], "usage": usage}
            | {"stop_reason": "end_turn", "stop_sequence": None},
        )

    monkeypatch.setenv("HOST_KEY", "k-12345678")
    with serve(only_x_api_key) as host:
        entry = f'name = "x"\nbase_url = "{host.url()}"\nmodel = "m"\napi_key_env = "HOST_KEY"\n'
        apis = 'api = ["responses", "messages", "chat"]\n'
        (tmp_path / "p.toml").write_text(f"[[provider]]\n{entry}{apis}", encoding="utf-8")
        case = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}
        (tmp_path / "s.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
        plan = trueweight.plan_run(tmp_path / "p.toml", [tmp_path / "s.jsonl"])
        trueweight.send_run(plan, tmp_path / "run")
    found = trueweight.judge_run(tmp_path / "run").providers["x"]
    assert [(one.api, one.fault) for one in found.probe] == [
        ("responses", SetupFault.KEY_REFUSED),
        ("messages", None),
        ("chat", SetupFault.KEY_REFUSED),
    ]
    words = summary_sentence(found)
    assert words.startswith("Nothing was sent to it through Responses. Setup fault: it refuses the key (HTTP 401)")
    assert "Nothing was sent to it through chat completions." in words
    assert found.counts.arrived == found.counts.recorded > 0


def test_an_api_that_a_host_does_not_serve_is_no_wrong_address(tmp_path: Path) -> None:
    """Chat completions answer at the same address: the cure is to leave Responses out, and then it is not named."""

    def chat_only(request: Request) -> Answer:
        return Answer(404, {"detail": "Not Found"}) if "/responses" in request.path else healthy(request)

    with serve(chat_only) as host:
        entry = f'[[provider]]\nname = "x"\nbase_url = "{host.url()}"\nmodel = "m"\n'
        case = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}
        (tmp_path / "s.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
        said = []
        for apis in ('api = ["chat", "responses"]\n', 'api = ["chat"]\n'):
            (tmp_path / "p.toml").write_text(entry + apis, encoding="utf-8")
            plan = trueweight.plan_run(tmp_path / "p.toml", [tmp_path / "s.jsonl"])
            trueweight.send_run(plan, tmp_path / "run")
            said.append(summary_sentence(trueweight.judge_run(tmp_path / "run").providers["x"]))
    assert "It answers through chat completions at this address." in said[0]
    assert "If it does not serve Responses, leave responses out of api." in said[0]
    assert "base_url" not in said[0]
    assert "Responses" not in said[1]
