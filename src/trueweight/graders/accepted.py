"""Arguments with several right values, noted and compared as by the Berkeley Function-Calling Leaderboard.

Each name has the list of its right values. ``""`` in the list says that the name may be absent. The values of an object
are lists of right values again, and so are those of the objects in a list. Texts are compared without case, blanks and
the characters ``,./-_*^``, and with both kinds of quotes alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.graders.json_value import same_json

_IGNORED: Final = re.compile(r"[ ,./\-_*^]")


def accepted(got: Mapping[str, Any], accepts: Mapping[str, Any]) -> bool:
    """Whether every value is one of the right ones of its name, and no name is missing or unexpected."""
    if any(name not in accepts or not _is_one_of(value, accepts[name]) for name, value in got.items()):
        return False
    return all(name in got or "" in _listed(values) for name, values in accepts.items())


def _listed(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else (values,)


def _is_one_of(value: Any, right: Any) -> bool:
    return any(_same(value, one) for one in _listed(right))


def _same(value: Any, right: Any) -> bool:
    if isinstance(value, str) and isinstance(right, str):
        return _plain(value) == _plain(right)
    if isinstance(value, Mapping) and isinstance(right, Mapping):
        return accepted(value, right)
    if isinstance(value, list | tuple) and isinstance(right, list | tuple):
        return len(value) == len(right) and all(map(_same, value, right))
    return same_json(value, right)


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')
