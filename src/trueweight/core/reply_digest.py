"""The facts about a reply that paired checks compare. It is small, so that a run of any size fits in memory."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core.case import Case, Mode
from trueweight.core.digest import digest
from trueweight.core.reply import Finish, Reply

_KEPT = 400
"""Characters of content that are kept for quoting."""


@dataclass(frozen=True, slots=True)
class ReplyDigest:
    """One reply, reduced to what paired checks compare.

    Attributes:
        content: its first 400 characters, for quoting; None if there was none.
        calls: name and arguments text of each call.
        text: digest of content and reasoning.
        reasoned: number of characters of reasoning.
        cut: whether the reply ended at a length limit.
    """

    trial: str
    case: Case
    mode: Mode
    repeat: int
    content: str | None
    calls: tuple[tuple[str | None, str | None], ...]
    text: str
    reasoned: int
    cut: bool
    finish: Finish | None
    input_tokens: int | None
    output_tokens: int | None


def digest_reply(trial: str, case: Case, mode: Mode, repeat: int, reply: Reply) -> ReplyDigest | None:
    """The digest of a reply; None for a status other than 2xx, an error, or a reply without choices."""
    if not reply.ok or reply.error is not None or not reply.choices:
        return None
    usage = reply.usage
    return ReplyDigest(
        trial=trial,
        case=case,
        mode=mode,
        repeat=repeat,
        content=None if reply.content is None else reply.content[:_KEPT],
        calls=tuple((call.name, call.arguments) for call in reply.calls),
        text=digest([reply.content or "", reply.reasoning or ""])[:20],
        reasoned=len(reply.reasoning or ""),
        cut=reply.finish is Finish.LENGTH,
        finish=reply.finish,
        input_tokens=usage.input if usage else None,
        output_tokens=usage.output if usage else None,
    )
