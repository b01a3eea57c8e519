"""What msgspec says of a value of the wrong type → the field and the problem, for an error that a person reads."""

from __future__ import annotations

import re

_AT = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key in )?(?P<field>\$[^`]*)`)?$", re.DOTALL)


def problem_of(error: Exception) -> tuple[str, str]:
    """The path of the field, such as ``$.attempts[0].status``, and what is wrong with it.

    The path is ``$`` where msgspec names none: the value as a whole is meant.
    """
    found = _AT.match(str(error))
    assert found is not None
    return found["field"] or "$", found["problem"].replace("`", "")[:200]
