"""A provider that sends the key back in any way: no file, no screen and no artifact shows twelve characters of it."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from key_echoes import ECHOES, echoing, form_of
from key_views import shown_parts

from in_process import trueweight
from records import recorded_lines, text_of
from trueweight.report.formats import format_names

SUITE = """\
suite: geography
title: Geography
version: 1
cases:
  - id: capital
    why: A plain question.
    source: https://example.org/
    severity: MUST
    request: {messages: [{role: user, content: What is the capital of Norway?}], max_tokens: 50}
    checks: {content-matches: {contains: [Oslo]}}
  - id: weather
    why: A call.
    source: https://example.org/
    severity: MUST
    request:
      messages: [{role: user, content: How is the weather in Oslo?}]
      tools: [{type: function, function: {name: get_weather, parameters: {type: object,
        properties: {city: {type: string}}, required: [city], additionalProperties: false}}}]
      tool_choice: required
      max_tokens: 50
    checks: {tool-arguments-schema: {}}
"""
BAR = "".join(
    f'[[require]]\nmetric = "{name}"\nat_least = 0.9\nside = "value"\n' for name in ("success_rate", "must_pass_rate")
)
VARIABLES = ("ECHOED_KEY_A", "ECHOED_KEY_B", "ECHOED_KEY_C")
SEEDS = (1,)


def random_keys(seed: int) -> dict[str, str]:
    """One as of OpenAI, one as of a gateway, and one with every character that a header may have."""
    draw = random.Random(seed)
    letters = string.ascii_letters + string.digits
    alphabets = (letters + "-_", letters + "+/=.~", letters + "".join(set(string.punctuation) - {"*"}))
    keys = ["".join(draw.choice(sorted(alphabet)) for _ in range(draw.randint(24, 60))) for alphabet in alphabets]
    return dict(zip(VARIABLES, ["sk-" + keys[0], *keys[1:]], strict=True))


def log_row(number: int) -> str:
    """A line of a team's log."""
    messages = [{"role": "user", "content": f"What is the capital of country {number}?"}]
    choices = [{"message": {"role": "assistant", "content": "Oslo"}}]
    return json.dumps({"request": {"model": "m", "messages": messages}, "response": {"choices": choices}}) + "\n"


def rows_of(path: Path) -> str:
    """All rows of a database or of a Parquet file; "" for another file."""
    if path.suffix not in (".duckdb", ".parquet"):
        return ""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as database:
        if path.suffix == ".parquet":
            return repr(database.read_parquet(str(path)).fetchall())
        database.execute(f"ATTACH '{path}' AS made (READ_ONLY)")
        tables = [name for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        assert tables
        return "\n".join(repr(database.execute(f"SELECT * FROM made.{name}").fetchall()) for name in tables)


class Echoed:
    """A folder in which commands run, with all that they print."""

    def __init__(self, folder: Path, keys: dict[str, str]) -> None:
        self.folder = folder
        self.keys = keys
        self.screens: dict[str, str] = {}

    def run(self, *words: object, with_keys: bool = False) -> None:
        env = self.keys if with_keys else None

        done = trueweight(*words, cwd=self.folder, env=env)
        assert done.returncode in (0, 1, 3, 4), (words, done.returncode, done.stderr[-800:])
        assert "Traceback" not in done.stderr
        self.screens[" ".join(map(str, words))] = done.stdout + done.stderr

    def leaks(self) -> dict[str, set[str]]:
        """Parts of keys by the file or the command that shows them."""
        keys = list(self.keys.values())
        texts = {**self.screens}
        for path in self.folder.rglob("*"):
            if path.is_file() and path.suffix != ".py":
                texts[str(path.relative_to(self.folder))] = rows_of(path) or text_of(path)
        assert len(texts) > 40
        names = {text: name for name, text in texts.items()}  # copies are searched once
        return {name: found for text, name in names.items() if (found := shown_parts(f"{name}\n{text}", keys))}


@pytest.fixture(scope="module", params=SEEDS)
def echoed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echoed]:
    """A run of every echo, then every command on its record, by somebody who does not have the keys."""
    folder = tmp_path_factory.mktemp("echoed")
    work = Echoed(folder, random_keys(request.param))
    with echoing(request.param) as url:
        tables = [
            f'[[provider]]\nname = "{name}"\nbase_url = "{url}/{name}/v1"\nmodel = "m"\nrole = "candidate"\n'
            f'api_key_env = "{VARIABLES[at % len(VARIABLES)]}"\ntimeout = 5\n'
            for at, name in enumerate(ECHOES)
        ]
        (folder / "providers.toml").write_text("\n".join(tables), encoding="utf-8")
        (folder / "few.toml").write_text("\n".join(tables[:6]), encoding="utf-8")
        (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
        (folder / "bar.toml").write_text(BAR, encoding="utf-8")
        for out, file, probe in (("run", "few.toml", []), ("unprobed", "providers.toml", ["--no-probe"])):
            work.run(
                "run", "--providers", file, "--suite", "suite.yaml", "--out", out, "--retries", 0,
                "--bar", "bar.toml", *probe, with_keys=True,
            )  # fmt: skip
        work.run("ping", "--providers", "providers.toml", with_keys=True)
        trials = [(one["trial"], one["provider"]) for one in recorded_lines(folder / "unprobed")]
        for number, (trial, _) in enumerate(trials[:2]):
            work.run(
                "replay", "unprobed", trial, "--providers", "providers.toml", "--out", f"replayed-{number}",
                with_keys=True,
            )  # fmt: skip
        work.run(
            "load", "--providers", "few.toml", "--suite", "suite.yaml", "--out", "load", "--concurrency", "2",
            "--requests", 4, with_keys=True,
        )  # fmt: skip
        (folder / "log.jsonl").write_text("".join(map(log_row, range(4))), encoding="utf-8")
        work.run("workload", "from", "log.jsonl", "-o", "tickets")
        work.run(
            "run", "--providers", "few.toml", "--suite", "tickets", "--out", "worked", "--retries", 0, "--no-probe",
            with_keys=True,
        )  # fmt: skip
        (folder / "judge.toml").write_text(tables[list(ECHOES).index("content")], encoding="utf-8")
        work.run(
            "workload", "judge", "worked", "--providers", "judge.toml", "--no-probe", "--task", "other", with_keys=True
        )
        pytest.importorskip("duckdb")
        work.run(
            "watch", "tickets", "--providers", "few.toml", "--bar", "bar.toml", "--once", "--no-probe",
            "--history", "history", "--export", "looks.duckdb", with_keys=True,
        )  # fmt: skip
    offline(work)
    yield work


def offline(work: Echoed) -> None:
    """Every command that only reads, without the keys in its environment."""
    shutil.copytree(work.folder / "unprobed", work.folder / "again")
    for run in ("unprobed", "worked"):
        for name in format_names():
            work.run("report", run, "--format", name, "-o", f"{run}.{name}")
    for words in (
        ("decide", "worked", "-o", "decision.html"),
        ("judge", "unprobed"),
        ("show", "unprobed"),
        ("show", "unprobed", "geography/capital"),
        ("show", "unprobed", "geography/weather", "--json"),
        ("gate", "unprobed", "--bar", "bar.toml"),
        ("compare", "unprobed", "again"),
        ("compare", "unprobed", "again", "--format", "markdown"),
        ("merge", "unprobed", "-o", "merged"),
        ("attest", "unprobed", "-o", "attestation.json"),
        ("verify", "attestation.json", "unprobed"),
        ("watch", "history", "--export", "looks.parquet", "--markdown"),
        ("site", "reports", "--add", "unprobed", "-o", "public", "--public"),
    ):
        work.run(*words)
    for provider in list(ECHOES)[::6]:
        work.run("show", "unprobed", "geography/capital", "--provider", provider)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--junit-xml", "pytest.xml"]
    done = subprocess.run(
        [*command, "-p", "no:xdist", "--trueweight-run", "unprobed"],
        cwd=work.folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    work.screens["pytest"] = done.stdout + done.stderr


def test_no_file_and_no_screen_shows_a_part_of_a_key(echoed: Echoed) -> None:
    """Raw, decoded, decompressed and joined."""
    assert echoed.leaks() == {}


@pytest.mark.parametrize("name", ECHOES)
def test_the_search_of_this_test_finds_what_the_server_sends(name: str) -> None:
    """Without redaction each answer shows a part of the key: the test above can fail."""
    found = 0
    for number in range(20):
        draw = random.Random(number)
        key = random_keys(number)[VARIABLES[0]]
        answer = ECHOES[name](form_of(key, draw), draw)
        _, _, body = answer.partition(b"\r\n\r\n")
        if b"chunked" in answer:
            body = re.sub(rb"\r\n[0-9a-f]+(?:;[^\r]*)?\r\n|^[0-9a-f]+\r\n", b"", body)
        texts = [answer.decode("latin-1"), body.decode("latin-1"), body.decode("utf-16", "replace")]
        texts.append(base64.b64encode(body).decode())
        found += any(shown_parts(text, [key]) for text in texts)
    assert found >= 10
