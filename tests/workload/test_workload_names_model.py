"""Names of people by a spaCy pipeline: replaced like any other personal data, in requests and answers alike."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from logs import chat_body, chat_response, lines

from in_process import trueweight
from trueweight.core import ConfigError
from trueweight.workload.names_model import people_of
from trueweight.workload.personal import Replacer

KNOWN = ("Ada Lovelace", "Grace Hopper")


class _Pipeline:
    """As a spaCy pipeline behaves; it also finds a place, which is no person."""

    def __init__(self, *labels: str) -> None:
        self.pipe_labels = {"ner": list(labels), "tok2vec": []}
        self.longest = 0

    def __call__(self, text: str) -> Any:
        self.longest = max(self.longest, len(text))
        hits = re.finditer(r"Ada Lovelace|Grace Hopper|London", text)
        labels = {"London": "GPE"}
        entities = [
            SimpleNamespace(start_char=hit.start(), end_char=hit.end(), label_=labels.get(hit[0], "PERSON"))
            for hit in hits
        ]
        return SimpleNamespace(ents=entities)


def test_people_are_replaced_and_places_stay() -> None:
    """One person is the same stand-in everywhere, beside what the rules find."""
    replacer = Replacer(people_of("x", load=lambda _: _Pipeline("PERSON", "GPE")))
    found = replacer.value(["Ada Lovelace of London, ada@firma.de", {"Grace Hopper": "asks Ada Lovelace"}])
    assert found == ["Person 1 of London, person1@example.com", {"Person 2": "asks Person 1"}]


def test_a_long_text_is_searched_in_pieces() -> None:
    """Each ends at white space, so no name is cut; a text without any is searched too."""
    pipeline = _Pipeline("PER")
    replacer = Replacer(people_of("x", load=lambda _: pipeline))
    text = "word " * 30_000 + "Ada Lovelace " + "w" * 120_000 + " Grace Hopper"
    assert replacer.text(text).count("Person") == 2
    assert pipeline.longest <= 50_000


def test_a_pipeline_that_finds_no_people_is_refused() -> None:
    """It would replace nothing, and the user would think that it did."""
    with pytest.raises(ConfigError, match="finds no people"):
        people_of("x", load=lambda _: _Pipeline("GPE"))


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is written."""
    monkeypatch.setitem(sys.modules, "spacy", None)
    row = {"request": chat_body("Ada Lovelace asks"), "response": chat_response()}
    (tmp_path / "a.jsonl").write_text(lines(row), encoding="utf-8")
    line = ("workload", "from", "a.jsonl", "-o", "tickets", "--names-model", "en_core_web_sm")
    done = trueweight(*line, cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'trueweight[names]'" in done.stderr
    assert not (tmp_path / "tickets").exists()


@pytest.mark.slow
def test_a_real_pipeline_is_loaded_from_its_folder(tmp_path: Path) -> None:
    """One that knows its people by rules, saved and loaded by spaCy itself; a missing one is a clear error."""
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    rules = pipeline.add_pipe("entity_ruler")
    rules.add_patterns([{"label": "PERSON", "pattern": name} for name in KNOWN])
    pipeline.to_disk(tmp_path / "people")
    row = {"request": chat_body("Ada Lovelace asks about an invoice"), "response": chat_response()}
    (tmp_path / "a.jsonl").write_text(lines(row), encoding="utf-8")
    line = ("workload", "from", "a.jsonl", "-o", "tickets", "--names-model")
    done = trueweight(*line, tmp_path / "people", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "tickets").iterdir())
    assert "Person 1 asks about an invoice" in text
    assert "Lovelace" not in text
    assert "no spaCy pipeline" in trueweight(*line, "not-there", "--preview", cwd=tmp_path).stderr
