"""The bar of a run: on record before anything is sent, and said plainly where it was not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from trueweight.assess import Bar, parse_bar
from trueweight.store import EARLIER_BARS, Manifest, RunDir, RunFile


def keep_bar(run: RunDir, now: Manifest) -> Manifest:
    """The manifest of a run that goes on: a bar not mentioned again stays, and a changed one leaves its mark."""
    before = run.manifest
    earlier: list[Any] = list(before.options.get(EARLIER_BARS, ()))
    digest = now.bar_digest or before.bar_digest
    if digest != before.bar_digest and run.recorded() and before.bar_digest not in earlier:
        earlier.append(before.bar_digest)
    options: Mapping[str, Any] = {**now.options, EARLIER_BARS: earlier} if earlier else now.options
    return replace(now, bar_digest=digest, options=options)


def bar_of(run: RunDir) -> Bar | None:
    """The bar that lies in the run's directory; None if there is none.

    Raises:
        ConfigError: if the file is no bar.
    """
    text = run.bar()
    return None if text is None else parse_bar(text, str(RunFile.BAR.of(run.path)))


def bar_notes(manifest: Manifest, bar: Bar | None) -> Iterator[str]:
    """What a reader must know of how the bar came about, a plain sentence each; none if it was there first."""
    recorded = manifest.bar_digest
    if bar is None:
        if recorded is not None:
            yield f"The run was made against the bar {recorded[:12]}, which is no longer in its directory: no verdicts."
        return
    if recorded is None:
        yield f"The bar {bar.digest()[:12]} was put into the run after it was recorded."
    elif recorded != bar.digest():
        yield f"The bar was changed after the run was recorded: it was {recorded[:12]} and is {bar.digest()[:12]}."
    for digest in manifest.options.get(EARLIER_BARS, ()):
        was = "without a bar" if digest is None else f"under another bar, {str(digest)[:12]}"
        yield f"Part of the data was recorded {was}: this one was not written before all of it."
