"""A key that is refused during the run: said of the API that refused it, or of the whole provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trueweight.core import Case, Exchange, Failure, FailureKind, Provider, Trial
from trueweight.report.words import note_words
from trueweight.store import Manifest, RunDir
from trueweight.workflow.judge import judge_run, summarise

Make = Callable[..., Any]
APIS = ("chat", "messages")
_AUTH = Failure(FailureKind.AUTH, "HTTP 401")


@pytest.mark.parametrize(
    ("refusing", "words"),
    [
        ((), []),
        (
            ("messages",),
            [
                "host refused the key through Messages during the run (HTTP 401), so nothing more was sent there; its "
                "other APIs were asked on. Check the key, and key_header in providers.toml for Messages, then run the "
                "same command again."
            ],
        ),
        (
            APIS,
            [
                "host refused the key during the run (HTTP 401), so nothing more was sent there. Check the key, and "
                "key_header in providers.toml, then run the same command again."
            ],
        ),
    ],
    ids=["an unfinished run", "Messages", "each API"],
)
def test_a_refused_key_is_a_note_with_the_cure(
    tmp_path: Path,
    make_case: Make,
    make_provider: Make,
    make_exchange: Make,
    say: Make,
    refusing: tuple[str, ...],
    words: list[str],
) -> None:
    """An unfinished run alone has no such note; one note where each API refuses it."""
    provider = replace(make_provider("host"), api=APIS)
    cases = [make_case("a"), make_case("never-sent")]

    def exchange(api: str) -> Exchange:
        return _refused(cases[0], provider, api, make_exchange(cases[0], provider, say("hi")), api in refusing)

    manifest = Manifest("0", 1, 1, 1, (), (provider,), "2026-01-01T00:00:00+00:00")
    with RunDir.create(tmp_path / "run", manifest, cases) as run:
        for api in APIS:
            run.append(exchange(api))
        notes = summarise(judge_run(run)).run.notes
    assert [note_words(note) for note in notes if note.code == "key-refused"] == words


def _refused(case: Case, provider: Provider, api: str, plain: Exchange, refuses: bool) -> Exchange:
    """The exchange of this API, with a 401 if it ``refuses``."""
    final = plain.final
    if refuses:
        final = replace(final, status=401, failure=_AUTH)
    trial = Trial.of(case, provider, 0, plain.mode, api)
    return replace(plain, trial=trial.id, api=api, attempts=(final,))
