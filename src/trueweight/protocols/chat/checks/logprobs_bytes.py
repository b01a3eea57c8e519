"""The bytes of tokens in log-probabilities: those of the text, not of the name that the vocabulary has."""

from __future__ import annotations

from typing import Final

from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import Example, sample_case
from trueweight.protocols import locate_field
from trueweight.protocols.chat.checks.logprobs import SIGNS, Entry, alternatives, scored, scores

_NAMED: Final = tuple(map(chr, SIGNS))
_FEWEST_NAMES: Final = 3
"""Names of tokens that a reply has by chance at most, as in a text about the Maltese alphabet, plus one."""


@check(
    "logprobs-bytes",
    "The bytes of a token are those of its text, not of its name in the vocabulary.",
    failure="Log-probabilities have tokens by their names in the vocabulary (Ġ for a space), and the bytes of these "
    "names, in {cases}",
    protocol="chat",
    engine=True,
    row=20,
    explains=("logprobs-characters", "logprobs-spell-content", "logprobs-sampled-listed"),
    source="https://github.com/InternLM/lmdeploy/issues/2802",
    why="No text can be joined from the bytes, and the same token of two servers compares as different.",
    fix="Decode each token, sampled or alternative, and send the bytes of the decoded text.",
    example=Example(
        scored("hi", scores("hi", -0.1, *((name, -3.0 - at) for at, name in enumerate(("Ġhi", "Ġho", "Ġha"))))),
        "top_logprobs",
        scored("hi", scores("hi", -0.1, ("hi", -0.1), (" ho", -3.0))),
        sample_case(logprobs=True, top_logprobs=2),
    ),
)
def logprobs_bytes(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on three tokens or more with a name such as ``Ġthe`` and its bytes, where no text of the reply has such a
    letter. Accepts names without bytes, which some servers send."""
    texts = [text for text in (reply.content, reply.reasoning) if text]
    if not reply.logprobs or any(sign in text for text in texts for sign in _NAMED):
        return None
    listed = [one for entry in reply.logprobs for one in (entry, *alternatives(entry))]
    named = [one for one in listed if _is_name(one)]
    if len({one["token"] for one in named}) >= _FEWEST_NAMES:
        spans = locate_field(reply, "top_logprobs") or locate_field(reply, "token") or whole(reply)
        return Fail(f"{len(named)} tokens have the bytes of their names", "bytes of the text", quote(named[0]), spans)
    return Pass()


def _is_name(entry: Entry) -> bool:
    """Whether a token begins with the sign of a vocabulary for white space, and its bytes are those of the sign."""
    token = entry.get("token")
    if not isinstance(token, str) or not token.startswith(_NAMED):
        return False
    return entry.get("bytes") == list(token.encode("utf-8", "surrogatepass"))
