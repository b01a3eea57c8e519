"""The thought of a reply: how many tokens it took, and whether the limit of tokens cut it, so that no answer came."""

from __future__ import annotations

from collections.abc import Sequence

from trueweight.checks.circles import THOUGHT_ENDS
from trueweight.core import Case, Choice, Finding, Finish, Reply
from trueweight.core.check import CHECKS
from trueweight.protocols import IN_CONTENT


def thinking_tokens(reply: Reply) -> int | None:
    """Completion tokens of the thoughts of all choices: those that the server counts. If it counts none, or writes 0
    beside a thought because the API demands the field, the share of the reply's characters that are thought, times its
    completion tokens. 0 without a thought, None if it is not known.
    """
    usage = reply.usage
    if usage is not None and not reply.thinks and (usage.reasoning is not None or usage.output is not None):
        return 0
    if usage is not None and usage.reasoning:
        return usage.reasoning
    if usage is None or usage.output is None or not all(choice.reasoning_whole for choice in reply.choices):
        return None
    thought = sum(len(choice.thought) for choice in reply.choices)
    answer = sum(map(_answer_size, reply.choices))
    return round(usage.output * thought / (thought + answer)) if thought else 0


def _answer_size(choice: Choice) -> int:
    calls = sum(len(call.name or "") + len(call.arguments or "") for call in choice.calls)
    return len(choice.content or "") + len(choice.refusal or "") + calls


def is_cut_in_thought(case: Case, reply: Reply, allowance: int) -> bool:
    """Whether the limit of tokens ended a choice in its thought, or in an answer that had less room than it needs
    because the thought was longer than the allowance. A case that tests its limit is never cut in thought.

    Args:
        allowance: tokens that the run added to the case's limit for thoughts.
    """
    cut = [choice for choice in reply.choices if choice.finish is Finish.LENGTH]
    if case.keeps_limit or not reply.ok or not cut:
        return False
    if _is_unseen(reply, cut, allowance):
        return True
    tokens = thinking_tokens(reply)
    if tokens == 0 or (tokens is None and not any(map(_may_think, cut))):
        return False
    if any(not _has_answer(choice) for choice in cut):
        return True
    return tokens is not None and tokens > allowance * len(reply.choices)


def _is_unseen(reply: Reply, cut: Sequence[Choice], allowance: int) -> bool:
    """Whether the server sent nothing of more tokens than the allowance, and does not say that none is a thought: it
    keeps the thought. White space is something. Without an allowance no model of the run thinks."""
    usage = reply.usage
    nothing = any(not (one.content or one.calls or one.refusal or one.reasoning) for one in cut)
    return nothing and usage is not None and usage.reasoning is None and (usage.output or 0) > allowance > 0


def _may_think(choice: Choice) -> bool:
    """Whether it has a thought, or has begun one between tags, of which the limit left the first."""
    return choice.thinks or choice.reasoning_field == IN_CONTENT


def _has_answer(choice: Choice) -> bool:
    return bool((choice.content or "").strip() or choice.calls or choice.refusal)


def judged_of_cut(case: Case, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings on a reply that is cut in thought that hold all the same: those of the serving stack alone which no
    case asks for, and of the thought. Nothing is said of an answer that had no room."""
    known = CHECKS.all()
    engine = {f.check for f in findings if f.check in known and known[f.check].info.engine}
    return tuple(f for f in findings if f.check == THOUGHT_ENDS or (f.check in engine and f.check not in case.checks))
