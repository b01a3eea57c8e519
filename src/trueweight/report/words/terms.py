"""What the words of the report mean: one registry for `trueweight explain` and the documentation."""

from __future__ import annotations

from typing import Final, NamedTuple


class Term(NamedTuple):
    """A word of the report.

    Attributes:
        name: as the report writes it.
        meaning: one or two sentences.
        also: other spellings under which it is found.
    """

    name: str
    meaning: str
    also: tuple[str, ...] = ()


TERMS: Final[tuple[Term, ...]] = (
    Term(
        "self-agreement",
        "The reference is sent every request twice and compared with itself. A provider that differs from it by no "
        "more than it differs from itself cannot be told from it. Bands and brackets show it.",
        ("floor", "noise floor", "band"),
    ),
    Term(
        "reference",
        'The provider with role = "reference" in providers.toml, best the model\'s vendor. The others are compared '
        "with it. Without one, candidates are compared with each other.",
    ),
    Term("candidate", "Each provider that is not the reference."),
    Term(
        "MUST",
        "Severity of a check: a specification, or the request itself, requires it.",
    ),
    Term("SHOULD", "Severity of a check: clients expect it, but no specification requires it."),
    Term("INFO", "Severity of a check: worth knowing, and no fault."),
    Term(
        "of required",
        "Of the calls that the case, or else the reference, requires, the share that arrive and are valid. A call that "
        "is missing counts as much as one that is wrong.",
        ("of due",),
    ),
    Term(
        "95% interval",
        "The values that fit what was seen. With more cases it is narrower. `trueweight explain METRIC` says by which "
        "method it is estimated.",
        ("interval", "confidence interval", "ci"),
    ),
    Term(
        "n",
        'Number of observations behind a value. "n = 40 of 44": 4 were left out of it, and the page says why.',
        ("sample size",),
    ),
    Term(
        "n/a",
        "Not applicable: there is nothing that the number could be made of. It is not zero, and counts neither for nor "
        "against a provider.",
        ("na", "not applicable"),
    ),
    Term(
        "p-value",
        "How often a difference as large as this one would be seen if the provider were as good as what it is compared "
        "with.",
        ("p",),
    ),
    Term(
        "first attempt",
        "A request is sent again after a failure of transport. Numbers of the first attempt show what a client without "
        "retries sees.",
        ("attempt", "retry", "retries"),
    ),
    Term(
        "transport",
        "A reset connection, a timeout, a refused request: a failure on the way. It never counts as a wrong answer.",
    ),
    Term(
        "nats",
        "Unit of drift: the mean logarithm of how many times more probable the reference makes its output than the "
        "candidate does. 0 is no difference.",
        ("nat",),
    ),
    Term(
        "use",
        "Recommendation ✓: nothing was found that chance does not explain, and there were enough cases to find a fault "
        "of 10 points more likely than not.",
        ("✓",),
    ),
    Term(
        "avoid",
        "Recommendation ✕: it is worse than the reference beyond chance, fails a MUST requirement that no model can "
        "break, loses too many requests, drifts, or misses the bar.",
        ("✕",),
    ),
    Term(
        "undecided",
        "Recommendation ?: too few cases, a difference within chance, a feature that it does not offer, a setup fault, "
        "or nothing to compare with.",
        ("?",),
    ),
    Term("inconclusive", "A threshold of the bar lies inside the 95% interval: the data do not say on which side."),
    Term("bar", "Thresholds in bar.toml, written before the run. Its digest is recorded before the first request."),
    Term("beyond chance", "With p at most 5% after Holm's correction, which counts how many comparisons were made."),
    Term("client-limited", "This machine was too busy. Times of those trials are left out; their replies are counted."),
    Term("case", "One request of a suite with the checks that apply to its replies."),
    Term("trial", "One case, sent to one provider through one API, once, as a stream or plain."),
    Term("exchange", "One trial as it happened: each attempt with its request, headers and bytes."),
    Term("streamed", "The reply was requested as server-sent events.", ("stream",)),
    Term("plain", "The reply was requested as one JSON body."),
)


def find_term(text: str) -> Term | None:
    """The term of this name or spelling, whatever its case; None if there is none."""
    wanted = " ".join(text.split())
    exact = (one for one in TERMS if wanted == one.name)
    loose = (one for one in TERMS if wanted.casefold() in {one.name.casefold(), *map(str.casefold, one.also)})
    return next(exact, None) or next(loose, None)


def term_names() -> tuple[str, ...]:
    """All names and spellings."""
    return tuple(name for one in TERMS for name in (one.name, *one.also))
