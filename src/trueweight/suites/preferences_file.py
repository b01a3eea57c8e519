"""``preferences.yaml`` of a workload: which of two answers is better, the labels that measure an LLM judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from trueweight.core import Case, ConfigError
from trueweight.core.preference import Better
from trueweight.core.schemas import load_schema
from trueweight.core.task import Answer
from trueweight.suites.workload_folder import PREFERENCES_FILE, read_document

_HEAD: Final = "# Which of two answers is better, by hand: given, recorded or equal. See docs/workload.md.\n"


class Preference(NamedTuple):
    """A label: of the case with this id, the given answer compared with the recorded one."""

    case: str
    given: Answer
    better: Better


def read_preferences(folder: Path) -> list[Preference]:
    """The labels of a workload; none without the file.

    Raises:
        ConfigError: for the first mistake, with its line.
    """
    path = folder / PREFERENCES_FILE
    if not path.is_file():
        return []
    rows = read_document(path, _schema()).value or []
    return [Preference(row["case"], row["given"], Better(row["better"])) for row in rows]


def append_preference(folder: Path, case: Case, given: Answer, better: Better) -> None:
    """Write one label behind the others.

    Raises:
        ConfigError: ``workload-preferences`` if the file cannot be written.
    """
    path = folder / PREFERENCES_FILE
    row = json.dumps({"case": case.id, "better": better.value, "given": dict(given)}, ensure_ascii=True)
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else _HEAD
        end = "" if before.endswith("\n") else "\n"
        path.write_text(f"{before}{end}- {row}\n", encoding="utf-8")
    except OSError as error:
        message = f"cannot write: {error.strerror}"
        raise ConfigError(message, code="workload-preferences", where=str(path)) from None


def _schema() -> Mapping[str, Any]:
    row = {
        "type": "object",
        "properties": {
            "case": {"type": "string"},
            "better": {"enum": [one.value for one in Better]},
            "given": {"$ref": "#/$defs/task-answer"},
        },
        "required": ["case", "better", "given"],
        "additionalProperties": False,
    }
    return {"type": ["array", "null"], "items": row, "$defs": load_schema("suite")["$defs"]}
