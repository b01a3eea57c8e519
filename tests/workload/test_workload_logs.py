"""Every format of log becomes the same workload, and nothing of a line but request, answer, time, tokens and cost."""

from __future__ import annotations

import gzip
import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import LOGS, PRIVATE, SECRETS, SYSTEM, chat_body, chat_response, lines, litellm_row
from stub_server import stub_server

from in_process import trueweight
from trueweight.core import PROTOCOLS, ConfigError, Mode, Provider
from trueweight.suites import find_suite
from trueweight.suites.importers.logs import LOG_FORMATS, read_log
from trueweight.workload.build import BuildOptions, build


def write(folder: Path, name: str) -> Path:
    """The log of that name, in a folder."""
    _, file, text = LOGS[name]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text(), encoding="utf-8")
    return folder / file


def test_each_format_has_a_log_here() -> None:
    """So that a new format is tried as well."""
    assert {form for form, _, _ in LOGS.values()} == set(LOG_FORMATS)


@pytest.mark.parametrize("name", LOGS)
def test_a_line_becomes_a_case_with_its_recorded_answer(name: str, tmp_path: Path) -> None:
    """Recognised without its name; the request in the shape of chat completions, the answer beside it; and of the
    leak list nothing in any file."""
    log = write(tmp_path / "log", name)
    assert set(read_log(log).formats) == {LOGS[name][0]}
    done = trueweight("workload", "from", log, "-o", "tickets", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (case,) = find_suite(str(tmp_path / "tickets")).cases
    first, second = case.request["messages"]
    assert (first["role"], first["content"]) == ("system", SYSTEM)
    assert second["role"] == "user"
    assert "person1@example.com" in second["content"]
    assert case.task is not None
    assert case.task.recorded is not None
    assert case.task.recorded.answer == {"content": "billing"}
    assert case.task.recorded.model == ("" if name == "fine-tuning" else "closed-1-2026")
    for path in (tmp_path / "tickets").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not [secret for secret in SECRETS if secret in text], path
    host = Provider("host", "https://host.invalid/v1", "open-1")
    for protocol in (one for one in PROTOCOLS.all().values() if one.completions):
        body = protocol.body(case, host, case.modes[0])
        assert SYSTEM in body, protocol.name
        assert not [secret for secret in SECRETS if secret in body], "what goes over the wire"


def test_of_no_format_anything_private_goes_over_the_wire(tmp_path: Path) -> None:
    """One run of a workload of each format: in no path, header or body that a host gets is a secret of the log."""
    for at, name in enumerate(LOGS):
        log = write(tmp_path / f"log{at}", name)
        assert trueweight("workload", "from", log, "-o", f"w{at}", cwd=tmp_path).returncode == 0
    with stub_server(lambda asked: "billing") as (url, got):
        host = f'[[provider]]\nname = "host"\nbase_url = "{url}"\nmodel = "open-1"\n'
        (tmp_path / "hosts.toml").write_text(host, encoding="utf-8")
        suites = ",".join(f"w{at}" for at in range(len(LOGS)))
        line = ("run", "--providers", "hosts.toml", "--suite", suites, "-o", "run", "--no-probe", "--quiet")
        done = trueweight(*line, cwd=tmp_path)
    assert len(got) == len(LOGS), done.stderr
    for asked in got:
        assert SYSTEM in json.dumps(asked.body)
        sent = json.dumps([asked.path, asked.headers, asked.body], ensure_ascii=False)
        assert not [secret for secret in SECRETS if secret in sent]
        assert asked.body["model"] == "open-1"
        assert not {"user", "metadata", "store"} & asked.body.keys()


@pytest.mark.parametrize("name", ["ts", "timestamp", "created_at", "started_at", "time"])
def test_the_time_of_an_own_log_is_found(name: str, tmp_path: Path) -> None:
    """As ISO 8601, seconds or milliseconds, by usual names of the field: requests per month are estimated from it."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for form in (lambda at: at.isoformat(), lambda at: at.timestamp(), lambda at: at.timestamp() * 1000):
        rows = [
            {name: form(start + timedelta(hours=n)), "request": chat_body(f"n {n}"), "response": chat_response()}
            for n in range(25)
        ]
        (tmp_path / "a.jsonl").write_text(lines(*rows), encoding="utf-8")
        made = build(tmp_path / "a.jsonl", BuildOptions("w"))
        assert made.per_month == pytest.approx(25 / 24 * 24 * 30, rel=0.01)


@pytest.mark.slow
def test_a_table_in_parquet_is_a_log(tmp_path: Path) -> None:
    """With typed columns as a warehouse has them: times with a zone, decimals, structs and lists, cells without a
    value; the same workload as the same rows as JSON lines, and of the leak list nothing."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra 'history'")
    pq = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'history'")
    rows = []
    for number in range(12):
        row = litellm_row(chat_body(f"{PRIVATE} ticket {number}"), chat_response())
        start = datetime(2026, 11, 1, 10, number, tzinfo=UTC)
        typed = {"startTime": start, "endTime": start + timedelta(milliseconds=840), "spend": Decimal("0.0007")}
        rows.append({**row, **typed, "response": json.loads(row["response"]), "session_id": None})
    (tmp_path / "p").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p" / "spend.parquet")
    plain = [
        {**row, "startTime": str(row["startTime"]), "endTime": str(row["endTime"]), "spend": 0.0007} for row in rows
    ]
    (tmp_path / "j").mkdir()
    (tmp_path / "j" / "spend.jsonl").write_text(lines(*plain), encoding="utf-8")
    found = [read_log(tmp_path / "p"), read_log(tmp_path / "j")]
    assert [one.formats for one in found] == [{"litellm": 12}] * 2
    recorded = [[line.recorded for line in one.lines] for one in found]
    assert [(one.answer, one.ms, one.cost, one.input_tokens) for one in recorded[0] if one] == [
        (one.answer, one.ms, one.cost, one.input_tokens) for one in recorded[1] if one
    ]
    assert recorded[0][0] is not None
    assert (recorded[0][0].ms, recorded[0][0].cost) == (pytest.approx(840), 0.0007)
    done = trueweight("workload", "from", "p/spend.parquet", "-o", "tickets", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "tickets").iterdir())
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.slow
def test_parquet_of_another_form_is_a_clear_error(tmp_path: Path) -> None:
    """It says what is wrong with a file that is none."""
    pytest.importorskip("pyarrow", reason="needs the extra 'history'")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ConfigError, match="not a Parquet file"):
        read_log(tmp_path / "a.parquet")


def test_parquet_without_its_extra_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = trueweight("workload", "from", "a.parquet", "-o", "tickets", cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'trueweight[history]'" in done.stderr


@pytest.mark.parametrize("name", [name for name in LOGS if name != "fine-tuning"])
def test_tokens_are_kept(name: str, tmp_path: Path) -> None:
    """As the log states them, or the response's usage."""
    recorded = read_log(write(tmp_path, name)).lines[0].recorded
    assert recorded is not None
    assert (recorded.input_tokens, recorded.output_tokens) == (120, 2)


@pytest.mark.parametrize("name", ["litellm", "litellm, CSV", "otel, flat", "otel, OTLP", "langfuse", "helicone"])
def test_times_are_kept(name: str, tmp_path: Path) -> None:
    """In milliseconds, whatever the unit of the log."""
    recorded = read_log(write(tmp_path, name)).lines[0].recorded
    assert recorded is not None
    assert recorded.ms == pytest.approx(840)


def test_preview_prints_what_would_be_written_and_writes_nothing(tmp_path: Path) -> None:
    """File by file, the same text."""
    log = write(tmp_path / "log", "litellm")
    shown = trueweight("workload", "from", log, "-o", "tickets", "--preview", cwd=tmp_path)
    assert not (tmp_path / "tickets").exists()
    assert trueweight("workload", "from", log, "-o", "tickets", cwd=tmp_path).returncode == 0
    for path in (tmp_path / "tickets").iterdir():
        assert path.read_text(encoding="utf-8") in shown.stdout


def test_each_line_is_accounted_for(tmp_path: Path) -> None:
    """Requests, lines left out with their reason, malformed lines: they add up."""
    good = {"request": chat_body("first"), "response": chat_response()}
    rows = [good, good, {"request": {"model": "e", "input": ["a"]}, "url": "/v1/embeddings"}, {"spam": 1}]
    (tmp_path / "a.jsonl").write_text(lines(*rows) + "{\n", encoding="utf-8")
    done = trueweight("workload", "from", "a.jsonl", "-o", "w", cwd=tmp_path)
    assert "5 lines: 2 requests, 2 left out, 1 malformed" in done.stderr
    assert "1 × a request to /v1/embeddings, which answers no text" in done.stderr
    assert "1 line is equal to an earlier one" in done.stderr
    (case,) = find_suite(str(tmp_path / "w")).cases
    assert case.task is not None
    assert case.task.stands_for == 2
    assert case.task.recorded is not None
    assert case.task.recorded.others == ({"content": "billing"},)


def test_a_custom_id_of_two_requests_joins_nothing(tmp_path: Path) -> None:
    """Two batches that number their requests alike: which reply answers which request is not known, so both are left
    out with the reason, and the others stay."""
    asked = [("1", "one"), ("1", "two"), ("2", "three"), ("2", "three")]
    rows = [{"custom_id": name, "url": "/v1/chat/completions", "body": chat_body(text)} for name, text in asked]
    replies = [{"custom_id": name, "response": {"status_code": 200, "body": chat_response()}} for name in "12"]
    (tmp_path / "a.jsonl").write_text(lines(*rows, *replies), encoding="utf-8")
    log = read_log(tmp_path / "a.jsonl")
    assert [line.body["messages"][1]["content"] for line in log.lines] == ["three", "three"]
    assert sum("custom_id is that of several requests" in one.reason for one in log.left_out) == 3


def test_a_stream_of_the_log_is_a_stream_of_the_workload(tmp_path: Path) -> None:
    """A request that the log sent as a stream is sent as a stream, any other as one reply."""
    for stream, mode in ((True, Mode.STREAM), (False, Mode.PLAIN), (None, Mode.PLAIN)):
        body = chat_body("hello") if stream is None else chat_body("hello", stream=stream)
        folder = tmp_path / str(stream)
        folder.mkdir()
        (folder / "a.jsonl").write_text(lines({"request": body, "response": chat_response()}), encoding="utf-8")
        assert trueweight("workload", "from", "a.jsonl", "-o", "w", cwd=folder).returncode == 0
        assert find_suite(str(folder / "w")).cases[0].modes == (mode,)


def test_tools_and_schemas_of_all_apis_become_those_of_chat(tmp_path: Path) -> None:
    """A tool, its call, its result and a forced choice, in Responses and in Messages."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    responses = {
        "model": "m",
        "input": [
            {"role": "user", "content": "Weather?"},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Oslo"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "rain"},
        ],
        "tools": [{"type": "function", "name": "weather", "parameters": schema, "strict": True}],
        "tool_choice": {"type": "function", "name": "weather"},
        "max_output_tokens": 50,
    }
    messages = {
        "model": "m",
        "max_tokens": 50,
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "rain"}]},
        ],
        "tools": [{"name": "weather", "input_schema": schema}],
        "tool_choice": {"type": "tool", "name": "weather"},
    }
    answers = (
        {"output": [{"type": "function_call", "call_id": "c", "name": "weather", "arguments": '{"city":"Rome"}'}]},
        {"type": "message", "content": [{"type": "tool_use", "id": "c", "name": "weather", "input": {"city": "Rome"}}]},
    )
    for at, (body, answer) in enumerate(zip((responses, messages), answers, strict=True)):
        path = tmp_path / f"{at}.jsonl"
        path.write_text(lines({"request": body, "response": answer}), encoding="utf-8")
        (line,) = read_log(path).lines
        roles = [message["role"] for message in line.body["messages"]]
        assert roles == ["user", "assistant", "tool"]
        call = line.body["messages"][1]["tool_calls"][0]["function"]
        assert (call["name"], json.loads(call["arguments"])) == ("weather", {"city": "Oslo"})
        assert line.body["messages"][2] == {"role": "tool", "tool_call_id": "c1", "content": "rain"}
        assert line.body["tools"][0]["function"]["parameters"] == schema
        assert line.body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
        assert line.body["max_tokens"] == 50
        assert line.recorded is not None
        assert line.recorded.answer == {"calls": [{"name": "weather", "arguments": {"city": "Rome"}}]}


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["user", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "parts", "function", "tools", "x"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)
_NAMES = """
messages input tools response request body custom_id startTime spend call_type output model_parameters attributes
request_body response_body resourceSpans usage_details system choices tool_choice stream text
"""
_FIELDS = st.sampled_from(_NAMES.split())


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.dictionaries(_FIELDS, _ODD, max_size=6), min_size=1, max_size=3))
def test_no_row_ends_the_reading(rows: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a row holds, it is a request, left out or malformed; and what is written is a suite."""
    folder = tmp_path_factory.mktemp("odd")
    good = {"request": chat_body("hello"), "response": chat_response()}
    text = "".join(json.dumps(row) + "\n" for row in [good, *rows])
    (folder / "a.jsonl").write_text(text, encoding="utf-8")
    log = read_log(folder / "a.jsonl")
    assert log.rows == len(log.lines) + len(log.left_out) + len(log.malformed)
    assert log.rows >= 1
    build(folder / "a.jsonl", BuildOptions("odd")).write(folder / "odd")
    assert find_suite(str(folder / "odd")).cases


def test_what_a_suite_cannot_have_is_malformed(tmp_path: Path) -> None:
    """A request that is nested too deeply, or has half of a surrogate pair."""
    deep: object = "x"
    for _ in range(200):
        deep = [deep]
    rows = [chat_body("fine"), chat_body("\ud800"), {**chat_body("deep"), "logit_bias": deep}]
    (tmp_path / "a.jsonl").write_text(lines(*({"request": row, "response": chat_response()} for row in rows)), "utf-8")
    log = read_log(tmp_path / "a.jsonl")
    assert len(log.lines) == 1
    assert [one.reason[:6] for one in log.malformed] == ["half o", "nested"]


def test_a_compressed_log_is_read_as_the_log_itself(tmp_path: Path) -> None:
    """Line by line, with the same words about a line that is malformed."""
    good = lines({"request": chat_body("hello"), "response": chat_response()})
    text = good + '{"request": {"temperature": NaN}}\n[1]\n{"request" x}\n' + good
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    plain, packed = read_log(tmp_path / "a.jsonl"), read_log(tmp_path / "b.jsonl.gz")
    assert [(one.line, one.reason) for one in packed.malformed] == [(one.line, one.reason) for one in plain.malformed]
    assert [one.line for one in plain.malformed] == [2, 3, 4]
    assert [one._replace(path=tmp_path) for one in packed.lines] == [one._replace(path=tmp_path) for one in plain.lines]
