"""``label``: the content names the expected label and no other of the set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import Options, Score, grader
from trueweight.core.task import Answer
from trueweight.graders.text import BARE, MOSTLY

NO_LABEL: Final = "(none)"
SEVERAL: Final = "(several)"
_LONGEST: Final = 40
"""Characters of the longest label that is proposed."""
_MOST: Final = 30


def named_labels(content: str, labels: Iterable[str]) -> set[str]:
    """The labels that a text names, in lower case: whole words, whatever their case. A label inside a longer label
    that is also named does not count."""
    # The longest first, so that "not spam" is found before "spam" is found in it.
    known = sorted(set(labels), key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in known)
    return {found[0].casefold() for found in re.finditer(pattern, content, re.IGNORECASE)}


def _expect(answer: Answer, options: Options) -> Any:
    named = named_labels(str(answer.get("content", "")), options["labels"])
    if len(named) != 1:
        return None
    (name,) = named
    wanted = next(one for one in options["labels"] if one.casefold() == name)
    return {"label": wanted, **options}


def _propose(answers: Sequence[Answer]) -> Options | None:
    """Few short answers that repeat. Those that come once are left to be noise, if they are few."""
    texts = [str(answer.get("content", "")).strip().strip(".\"'*").strip() for answer in answers]
    counts = Counter(text for text in texts if text and len(text) <= _LONGEST and "\n" not in text and text[:1] != "{")
    spelled: Mapping[str, str] = {text.casefold(): text for text, _ in reversed(counts.most_common())}
    often: Counter[str] = Counter()
    for text, count in counts.items():
        often[text.casefold()] += count
    labels = [spelled[name] for name, count in often.most_common(_MOST) if count > 1]
    covered = sum(often[label.casefold()] for label in labels)
    if len(labels) < 2 or covered < MOSTLY * len(answers) or any(answer.get("calls") for answer in answers):
        return None
    if all(_is_number(label) for label in labels):
        return None
    bare = sum(_is_bare(str(answer.get("content", "")), labels) for answer in answers) >= MOSTLY * len(answers)
    return {"labels": sorted(labels), **({"bare": True} if bare else {})}


def _is_bare(content: str, labels: Iterable[str]) -> bool:
    """Whether the content is a label and nothing else, whatever its case, quotes and full stop."""
    return content.strip().strip(".\"'*`").strip().casefold() in {label.casefold() for label in labels}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[\d.,]+%?", text) is not None


_LABELS: Final = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2}


@grader(
    "label",
    "1 if the expected label is the only one of the labels that the content names; else 0.",
    expected={
        "type": "object",
        "properties": {"label": {"type": "string", "minLength": 1}, "labels": _LABELS, "bare": BARE},
        "required": ["label", "labels"],
        "additionalProperties": False,
    },
    options={
        "type": "object",
        "properties": {"labels": _LABELS, "bare": BARE},
        "required": ["labels"],
        "additionalProperties": False,
    },
    expect=_expect,
    propose=_propose,
)
def label(_: Case, reply: Reply, expected: Any) -> Score:
    """Whole words, without regard to case."""
    named = named_labels(reply.content or "", (*expected["labels"], expected["label"]))
    wanted = expected["label"]
    formed = not expected.get("bare") or _is_bare(reply.content or "", (*expected["labels"], wanted))
    if named == {wanted.casefold()}:
        return Score(1.0, "" if formed else "other words stand around it", wanted, wanted, readable=formed)
    spelled = {one.casefold(): one for one in expected["labels"]}
    read = next((spelled.get(one, one) for one in named), NO_LABEL) if len(named) < 2 else SEVERAL
    reason = f"the content names {', '.join(map(quote, sorted(named)))}" if named else "no label is named"
    return Score(0.0, reason, read, wanted, readable=len(named) == 1 and formed)
