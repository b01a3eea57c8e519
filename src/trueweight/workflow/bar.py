"""The bar of a run, and notes if it was not recorded before the first request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from trueweight.assess import Bar, parse_bar
from trueweight.core.note import Note, NoteCode
from trueweight.store import EARLIER_BARS, Manifest, RunDir, RunFile


def keep_bar(run: RunDir, now: Manifest) -> Manifest:
    """The manifest of a resumed run: without a new bar the old one stays; the digest of a replaced one is kept."""
    before = run.manifest
    earlier: list[Any] = list(before.options.get(EARLIER_BARS, ()))
    digest = now.bar_digest or before.bar_digest
    if digest != before.bar_digest and run.recorded() and before.bar_digest not in earlier:
        earlier.append(before.bar_digest)
    options: Mapping[str, Any] = {**now.options, EARLIER_BARS: earlier} if earlier else now.options
    return replace(now, bar_digest=digest, options=options)


def bar_of(run: RunDir) -> Bar | None:
    """The bar in the run's directory; None if there is none.

    Raises:
        ConfigError: if the file is no bar.
    """
    text = run.bar()
    return None if text is None else parse_bar(text, str(RunFile.BAR.of(run.path)))


def bar_notes(manifest: Manifest, bar: Bar | None) -> Iterator[Note]:
    """Notes on the bar; none if it was recorded before the run."""
    recorded = manifest.bar_digest
    if bar is None:
        if recorded is not None:
            yield Note(code=NoteCode.BAR_MISSING, recorded=recorded)
        return
    if recorded is None:
        yield Note(code=NoteCode.BAR_ADDED, bar=bar.digest())
    elif recorded != bar.digest():
        yield Note(code=NoteCode.BAR_CHANGED, bar=bar.digest(), recorded=recorded)
    for digest in manifest.options.get(EARLIER_BARS, ()):
        yield Note(code=NoteCode.BAR_EARLIER, recorded="" if digest is None else str(digest))
