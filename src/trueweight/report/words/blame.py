"""Where a failure comes from, in words."""

from __future__ import annotations

from typing import Final

from trueweight.core.assessment import Blame
from trueweight.core.finding_summary import BlameCode, BlameReason
from trueweight.report.numbers import counted

_WHOSE: Final = {
    Blame.MODEL: "Cause: the model",
    Blame.SERVING: "Cause: the serving stack",
    Blame.TRANSPORT: "Cause: the connection",
    Blame.CLIENT: "Cause: this client",
    Blame.UNCLEAR: "Cause unclear",
}


def cause_words(blame: Blame | None) -> str:
    """``Cause: the model``, ``Cause unclear`` …: the head of a sentence that `blame_words` ends."""
    return _WHOSE[blame or Blame.UNCLEAR]


def blame_words(reason: BlameReason | None) -> str:  # noqa: PLR0911 - one sentence for each code
    """Why a failure is attributed to model or serving, in one sentence without its full stop; empty if unknown."""
    if reason is None:
        return ""
    match reason.code:
        case BlameCode.ENGINE_ONLY:
            too = f"; the reference breaks it too, in {reason.shared} of these cases" if reason.shared else ""
            return f"no model can break this requirement, only what writes the reply{too}"
        case BlameCode.NO_REFERENCE:
            return "a model or a server can break this requirement, and there is no reference to tell which"
        case BlameCode.REFERENCE_UNJUDGED:
            return "the reference's replies to these cases gave this check nothing to judge"
        case BlameCode.REFERENCE_FAILS:
            return f"the reference fails it too, in {reason.shared} of the same {counted(reason.common or 0, 'case')}"
        case BlameCode.REFERENCE_PASSES:
            return f"{_against(reason)}: the same model, so weights, template or engine differ"
    rest = f"; in {reason.unjudged} more its replies gave this check nothing to judge" if reason.unjudged else ""
    return f"{_against(reason)}: too few to distinguish from chance{rest}"


def _against(reason: BlameReason) -> str:
    verb = "fails" if reason.alone == 1 else "fail"
    cases = counted(reason.alone or 0, "case")
    return (
        f"the reference passes {cases} that {verb} here and fails {reason.reverse or 0} that pass "
        f"(p = {reason.p or 0:.2g})"
    )
