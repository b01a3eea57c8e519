"""Which evidence goes into the page: what fails, what the reference said there, and one thing that each does right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

MAX_ITEMS: Final = 3_000
_WRONG: Final = ("fail", "flaky", "unsupported", "transport")
_FLAKY_TRIALS: Final = 2


def _examples(summary: Mapping[str, Any], providers: Sequence[str]) -> Iterator[str]:
    """One passing trial per provider and mode."""
    for provider in providers:
        seen: set[str] = set()
        for case in summary.get("cases", []):
            for mode, cell in case["cells"].get(provider, {}).items():
                if mode not in seen and cell.get("outcome") == "pass" and cell.get("trials"):
                    seen.add(mode)
                    yield cell["trials"][0]


def _failing(case: Mapping[str, Any], providers: Sequence[str], reference: str | None) -> Iterator[str]:
    """The trials of one case that went wrong, each mode followed by the reference's own."""
    modes = sorted({mode for provider in providers for mode in case["cells"].get(provider, {})})
    for mode in modes:
        wrong = False
        for provider in providers:
            cell = case["cells"].get(provider, {}).get(mode, {})
            if cell.get("outcome") in _WRONG:
                wrong = True
                yield from cell.get("trials", ())[: _FLAKY_TRIALS if cell["outcome"] == "flaky" else 1]
        ours = case["cells"].get(reference, {}).get(mode, {}) if reference else {}
        if wrong:
            yield from ours.get("trials", ())[:1]


def choose(
    summary: Mapping[str, Any], providers: Sequence[str], order: Sequence[str], limit: int = MAX_ITEMS
) -> dict[str, int]:
    """Trial id → rank, for the trials to embed, the most telling first.

    Args:
        order: case keys, most disagreement first.
    """
    by_key = {str(case["case"]): case for case in summary.get("cases", [])}
    reference = summary["run"].get("reference")
    chosen: dict[str, int] = {}
    for finding in (f for name in providers for f in summary["providers"][name].get("findings") or []):
        if finding.get("example"):
            chosen.setdefault(str(finding["example"]), len(chosen))
    for trial in _examples(summary, providers):
        chosen.setdefault(trial, len(chosen))
    for key in order:
        for trial in _failing(by_key[key], providers, reference):
            if len(chosen) >= limit:
                return chosen
            chosen.setdefault(trial, len(chosen))
    return chosen
