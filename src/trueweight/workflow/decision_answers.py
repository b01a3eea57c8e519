"""The file in which a team answers what a run cannot measure."""

from __future__ import annotations

from pathlib import Path

from trueweight.core import ConfigError, near_miss
from trueweight.core.regular_file import read_regular
from trueweight.report.words.move_plan import QUESTIONS
from trueweight.suites.strict_yaml import parse_yaml


def read_answers(path: Path) -> dict[str, str]:
    """Key → answer; the answers that are empty are left out. A file that does not exist is written, without answers.

    Raises:
        ConfigError: ``decide-answers`` for a key or a value that is not known, with its line; ``yaml-syntax``.
    """
    if not path.exists():
        lines = [line for key, text in QUESTIONS.items() for line in (f"# {text}", f'{key}: ""')]
        _write(path, "\n".join(["# What a run cannot measure. Answer in the quotes.", *lines]) + "\n")
        return {}
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", code="decide-answers", where=str(path)) from None
    document = parse_yaml(text, str(path))
    value = document.value or {}
    if not isinstance(value, dict):
        raise ConfigError("not a mapping of answers", code="decide-answers", where=str(path), hint="Valid: key: text.")
    for key, answer in value.items():
        where = f"{path}:{document.line((key,))}"
        if key not in QUESTIONS:
            hint = near_miss(key, QUESTIONS)
            raise ConfigError(f"unknown key {key!r}", code="decide-answers", where=where, hint=hint)
        if answer is not None and not isinstance(answer, str):
            raise ConfigError(f"{key} is not text", code="decide-answers", where=where, hint="Put it in quotes.")
    return {key: answer for key, answer in value.items() if answer}


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", code="decide-answers", where=str(path)) from None
