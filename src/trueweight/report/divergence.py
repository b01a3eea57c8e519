"""Where two replies first differ, apart from ids and times."""

from __future__ import annotations

from typing import Final, NamedTuple

from trueweight.core import Reply
from trueweight.report.page.reply_rows import reply_rows

_BEFORE: Final = 60
_AFTER: Final = 240
ABSENT: Final = "absent"


class Divergence(NamedTuple):
    """The label of the row that differs, the text before the difference in both, and the text of each from there on."""

    label: str
    same: str
    left: str
    right: str


def divergence(left: Reply, right: Reply) -> Divergence | None:
    """The first of their `reply_rows` that differs, from its first different character on; None if all is the same."""
    ours, theirs = dict(reply_rows(left)), dict(reply_rows(right))
    for label in dict.fromkeys([*ours, *theirs]):
        one, other = ours.get(label, ABSENT), theirs.get(label, ABSENT)
        if one == other:
            continue
        at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
        at = min(len(one), len(other)) if at is None else at
        start = max(0, at - _BEFORE)
        same = ("…" if start else "") + one[start:at]
        return Divergence(label, same, _from(one, at), _from(other, at))
    return None


def _from(text: str, at: int) -> str:
    rest = text[at : at + _AFTER]
    return (rest + ("…" if len(text) > at + _AFTER else "")) or "(ends here)"
