"""The ladder's files: made once, each with its checksum on record, and checked every time before use."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trueweight.core import InfrastructureError
from trueweight.lab.engines import Engine, LabRung, find_engine
from trueweight.lab.extra import SOURCE_SHA256, assemble_source
from trueweight.lab.places import write_json
from trueweight.lab.weights import Weights, read_weights

FORMAT = "trueweight.lab-models/2"

Progress = Callable[[str], None]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class ModelStore:
    """The folder of model files.

    Checksums are recorded, not pinned: the rounding of a quantiser may differ between processors and builds, while a
    file on this disk must never change under us.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source_sha256: str = SOURCE_SHA256,
        assemble: Callable[[Path], None] = assemble_source,
        read: Callable[[Path], Weights] = read_weights,
        engine_of: Callable[[str], Engine] = find_engine,
    ) -> None:
        self._folder = folder
        self._source_sha256 = source_sha256
        self._assemble = assemble
        self._read = read
        self._engine_of = engine_of

    def ensure(self, rungs: Sequence[LabRung], progress: Progress) -> dict[str, Path]:
        """A verified file for each rung, by rung name; those that are missing are made, from one reading of the source.

        Raises:
            InfrastructureError: ``lab-checksum`` if a file is not what it was when it was made, or if the source
                model is not the one we know.
        """
        by_file = {self._engine_of(rung.engine).file_name(rung): rung for rung in rungs}
        missing = {name: rung for name, rung in by_file.items() if not self._recorded(name, rung)}
        if missing:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".making-") as scratch:
                weights = self._source(Path(scratch), progress)
                for name, rung in missing.items():
                    progress(f"making {name}")
                    self._make(weights, rung, Path(scratch) / name)
        return {rung.name: self._folder / self._engine_of(rung.engine).file_name(rung) for rung in rungs}

    def _make(self, weights: Weights, rung: LabRung, fresh: Path) -> None:
        self._engine_of(rung.engine).write(weights, rung, fresh)
        entry = {**self._recipe(rung), "sha256": sha256_of(fresh), "bytes": fresh.stat().st_size}
        # File first: killed between the two lines, it lacks a record and is made again. The other way round, the
        # record would accuse a good file.
        fresh.replace(self._folder / fresh.name)
        self._record(fresh.name, entry)

    def _source(self, scratch: Path, progress: Progress) -> Weights:
        progress("reading the source model")
        source = scratch / "source.gguf"
        self._assemble(source)
        _verify(source, self._source_sha256, "Install the model's package again; do not use this one.")
        return self._read(source)

    def _recorded(self, name: str, rung: LabRung) -> bool:
        """Whether the file is there, made as we would make it now, and still the same, byte for byte."""
        path = self._folder / name
        entry = self._manifest().get(name)
        if entry is None or not path.is_file() or any(entry.get(k) != v for k, v in self._recipe(rung).items()):
            return False
        _verify(path, str(entry.get("sha256")), "Delete it and run `trueweight lab up` again, which makes it anew.")
        return True

    def _recipe(self, rung: LabRung) -> dict[str, str]:
        return {"source_sha256": self._source_sha256, "maker": self._engine_of(rung.engine).maker()}

    def _manifest(self) -> dict[str, Any]:
        try:
            value = json.loads((self._folder / "manifest.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}  # Without a record no file is trusted: all are made again.
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            return {}
        return dict(value["files"])

    def _record(self, name: str, entry: dict[str, Any]) -> None:
        write_json(self._folder / "manifest.json", {"format": FORMAT, "files": {**self._manifest(), name: entry}})


def _verify(path: Path, expected: str, hint: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise InfrastructureError(
            f"Wrong checksum: expected SHA-256 {expected}, found {found}.",
            code="lab-checksum",
            where=str(path),
            hint=hint,
        )
