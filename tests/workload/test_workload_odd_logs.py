"""A log is hostile input: whatever is in one line, the others are read; a packed file that is too large is refused."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from logs import LOGS

from in_process import trueweight
from trueweight.suites import lines

sys.path[:0] = [str(Path(__file__).parent.parent / "checks")]

from odd_replies import ODD, paths, replaced  # noqa: E402

STRIDE = 5
"""A field meets every fifth of the odd values; which ones, its place says."""
TABLES = [name for name, (_, file, _) in LOGS.items() if ".csv" in file or "parquet" in file]


@pytest.mark.parametrize("name", [name for name in LOGS if name not in TABLES])
def test_no_value_in_any_field_ends_the_reading(tmp_path: Path, name: str) -> None:
    """Numbers beyond doubles, lone surrogates, NUL, deep nesting and wrong types, in each field of a row."""
    form, _, make = LOGS[name]
    text = make()
    try:
        row = json.loads(text)
    except ValueError:
        row = json.loads(text.splitlines()[0])
    row = row[0] if isinstance(row, list) else row
    odd_rows = [
        replaced(row, {place: odd}) for number, place in enumerate(paths(row)) for odd in ODD[number % STRIDE :: STRIDE]
    ]
    log = tmp_path / "log.jsonl"
    log.write_bytes("\n".join([json.dumps(row), "\0", "{" * 5000, *odd_rows]).encode("utf-8", "surrogatepass"))
    done = trueweight("workload", "from", log.name, "--preview", "--format", form, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-800:]
    assert f"{form} (" in done.stderr + done.stdout


@pytest.mark.parametrize("file", ["log.json.gz", "log.json"])
@pytest.mark.parametrize("command", [("workload", "from", "FILE", "--preview"), ("suites", "import", "k2vv", "FILE")])
def test_a_document_of_too_many_values_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], file: str
) -> None:
    """Packed, a gigabyte of empty objects has a megabyte; in memory they would take 25."""
    monkeypatch.setattr(lines, "_MOST_MEMORY", 200_000)
    text = ("[" + "{}," * 2000 + "{}]").encode()
    (tmp_path / file).write_bytes(gzip.compress(text) if file.endswith(".gz") else text)
    out = () if command[0] == "workload" else ("-o", "out")
    done = trueweight(*(word.replace("FILE", file) for word in command), *out, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
