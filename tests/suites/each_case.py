"""One test for one requirement of many cases: it names every case that breaks the requirement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trueweight.core import Case

Requirement = Callable[[Case], None]


def of_each(cases: Sequence[Case]) -> Callable[[Requirement], Callable[[], None]]:
    """Decorate ``requirement(case)``: the test runs it on each of ``cases`` and fails with one line per offender.

    One test item per requirement instead of one per case: pytest spends more on an item than a requirement on a case.
    """

    def decorate(requirement: Requirement) -> Callable[[], None]:
        def test() -> None:
            assert cases, "no case to test"
            offenders = [line for case in cases if (line := _breach(requirement, case))]
            assert not offenders, f"{len(offenders)} of {len(cases)} cases:\n" + "\n".join(offenders)

        test.__name__, test.__doc__, test.__module__ = requirement.__name__, requirement.__doc__, requirement.__module__
        return test

    return decorate


def _breach(requirement: Requirement, case: Case) -> str | None:
    try:
        requirement(case)
    except Exception as error:
        return f"{case.key}: {type(error).__name__}: {error}"
    return None
