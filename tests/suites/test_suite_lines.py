"""Files of other verifiers are read however they are packed; one that is not says what it is and what to do."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from trueweight.core import ConfigError
from trueweight.suites.importers.importer import read_format
from trueweight.suites.lines import numbered_lines

ROWS = [{"messages": [{"role": "user", "content": f"Grüezi {at}"}]} for at in range(3)]
LINES = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in ROWS)
TEXT = LINES.encode()
WRITTEN: dict[str, bytes] = {
    "lines": TEXT,
    "CR LF": TEXT.replace(b"\n", b"\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + TEXT,
    "blank lines": b"\n\n" + TEXT.replace(b"\n", b"\n \n"),
    "no line break at the end": TEXT.rstrip(),
    "a comma after each line": TEXT.replace(b"\n", b",\n"),
    "a list": json.dumps(ROWS).encode(),
    "a list, a line each": b"[\n" + TEXT.replace(b"\n", b",\n").rstrip(b",\n") + b"\n]\n",
    "a list with a last comma": b"[\n" + TEXT.replace(b"\n", b",\n") + b"]\n",
    "an indented list": json.dumps(ROWS, indent=2).encode(),
    "one document": json.dumps({"version": 1, "data": ROWS}, indent=2).encode(),
    "gzip": gzip.compress(TEXT, mtime=0),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "a list in gzip": gzip.compress(json.dumps(ROWS).encode()),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_every_form_of_one_file_has_the_same_cases(tmp_path: Path, form: str) -> None:
    """And the account adds up: each row is a case."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(WRITTEN[form])
    found = read_format("k2vv", path, "s")
    assert [case.request["messages"] for case in found.cases] == [row["messages"] for row in ROWS]
    assert (found.lines, found.malformed, found.left_out) == (3, (), ())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x28\xb5\x2f\xfd" + TEXT, "the file is zstd"),
        (LINES.encode("utf-16"), "the file is UTF-16"),
        (b"PK\x03\x04" + TEXT, "the file is a zip archive"),
        (b"PAR1" + TEXT, "the file is a Parquet table"),
        pytest.param(gzip.compress(TEXT, mtime=0)[:-20], "the packed file is damaged", id="cut gzip"),
    ],
)
def test_another_form_is_an_error_that_says_what_to_do(tmp_path: Path, data: bytes, words: str) -> None:
    """Not a thousand malformed lines."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        read_format("k2vv", path, "s")
    assert words in str(raised.value)


@pytest.mark.parametrize("start", [b'["a", 1]\n', b"{\n", b"[\n"])
def test_lines_that_are_no_document_are_lines(tmp_path: Path, start: bytes) -> None:
    """A file that begins as a document and is none is read by lines, which are malformed each."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(start + TEXT)
    assert len(list(numbered_lines(path))) == 4


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_latin_1_is_malformed_line_by_line(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Only the lines with such letters."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(pack(LINES.encode("latin-1") + b'{"messages": [{"role": "user", "content": "x"}]}\n'))
    found = read_format("k2vv", path, "s")
    assert ([one.reason for one in found.malformed], len(found.cases)) == (["not UTF-8"] * 3, 1)
