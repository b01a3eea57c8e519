"""What did not arrive. A lost request breaks no law, and yet it is a reason: it has its place and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Lost(NamedTuple):
    """A provider's failed first attempts, and what became of them.

    Attributes:
        failed: first attempts that failed, of ``of`` trials.
        words: how many were lost for good, by kind.
        example: a lost trial, if one is known.
    """

    failed: int
    of: int
    words: str
    example: str


def lost_requests(summary: Mapping[str, Any], name: str) -> Lost | None:
    """None where every first attempt arrived."""
    provider = summary["providers"][name]
    bins = (provider.get("over_time") or {}).get("bins", ())
    failures: Mapping[str, int] = provider.get("failures") or {}
    gone = sum(failures.values())
    failed = max(gone, sum(one["first_failed"] for one in bins))
    if not failed:
        return None
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(failures.items(), key=lambda item: -item[1]))
    words = f"{gone} failed after retries too: {kinds}." if gone else "Retries brought all of them."
    return Lost(failed, max(failed, sum(one["trials"] for one in bins)), words, _example(summary, name))


def _example(summary: Mapping[str, Any], name: str) -> str:
    cells = (cell for case in summary.get("cases", ()) for cell in case["cells"].get(name, {}).values())
    return next((str(c["trials"][0]) for c in cells if c.get("outcome") == "transport" and c.get("trials")), "")
