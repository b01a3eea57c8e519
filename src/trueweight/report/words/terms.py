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
    Term("provider", "A host with a model: one entry in providers.toml.", ("host", "deployment")),
    Term("check", "A requirement that a reply must hold. `trueweight checks` lists all.", ("requirement",)),
    Term(
        "recommendation",
        "Of a provider: use ✓, avoid ✕ or undecided ?, by rules that were fixed before the run.",
        ("verdict",),
    ),
    Term(
        "probe",
        "Three or four small requests before a run: whether address, key and model are right, and how it answers.",
        ("ping",),
    ),
    Term(
        "profile",
        "What is published about a model family: recommended sampling, how thinking is switched, its markers. "
        "`trueweight profiles list` has them.",
    ),
    Term("cost ceiling", "The most that the requests can cost: each uses its token limit. USD.", ("budget",)),
    Term("seed", "A number that fixes every draw: the same seed gives the same order and the same drawn cases."),
    Term(
        "first divergence",
        "The first part in which two replies to the same request differ, ids and times left out.",
        ("divergence",),
    ),
    Term("goodput", "Requests per second that met every limit of `load --slo`.", ("good", "good/s", "slo")),
    Term(
        "saturated",
        "Of `load`: higher levels of load bring hardly more throughput.",
        ("saturates", "saturation", "throughput"),
    ),
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
        "Unit of drift, of differences between log-probabilities: at 0.05 nats a token is typically about 5% more or "
        "less probable than on the reference. 0 is no difference.",
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
    Term(
        "beyond chance",
        "With p at most 5% after Holm's correction, which counts how many comparisons were made.",
        ("holm", "significant"),
    ),
    Term("client-limited", "This machine was too busy. Times of those trials are left out; their replies are counted."),
    Term("case", "One request of a suite with the checks that apply to its replies."),
    Term("trial", "One case, sent to one provider through one API, once, as a stream or plain."),
    Term("exchange", "One trial as it happened: each attempt with its request, headers and bytes."),
    Term("streamed", "The reply was requested as server-sent events.", ("stream",)),
    Term("plain", "The reply was requested as one JSON body."),
    Term(
        "pass",
        "Of a case: all its MUST and SHOULD checks hold. Of a bar: the whole 95% interval of each rule meets it.",
        ("passes", "meets the bar"),
    ),
    Term(
        "fail",
        "Of a case: a MUST or SHOULD check fails. Of a bar: no value in the 95% interval of a rule meets it.",
        ("fails", "fails the bar"),
    ),
    Term("flaky", "Of a case: it passes in some repeats of the same request and fails in others."),
    Term(
        "unsupported",
        "Of a case: the provider refuses the feature in clear words. That is not a fault, and not a pass.",
    ),
    Term(
        "cut-in-thought",
        "Of a case: the model was still thinking when the token limit ended the reply, so there is no answer to judge.",
        ("not judged", "cut in thought"),
    ),
    Term("severity", "Of a check: MUST, SHOULD or INFO. A provider breaks a MUST or a SHOULD; an INFO is only shown."),
    Term(
        "no fault",
        "Recommendation ✓: nothing was found in what this run tested. Drift was not measured, or not precisely enough.",
        ("no fault found",),
    ),
    Term(
        "no drift",
        "Recommendation ✓: no fault, and its output distribution is the reference's, but for what engines do.",
        ("same",),
    ),
    Term(
        "drifted",
        "Recommendation ✕: the output distribution differs from the reference's by more than engines do.",
        ("not the same",),
    ),
    Term("slower", "Recommendation ✓: its answers are as good, and its times are longer beyond chance."),
    Term(
        "worse",
        "Recommendation ✕: it passes fewer cases than the others, or a metric of it is worse, beyond chance.",
    ),
    Term(
        "breaks MUST", "Recommendation ✕: a MUST requirement that a server can guarantee is broken, and not by chance."
    ),
    Term(
        "unreliable",
        "Recommendation ✕: too many requests fail on the way, at the first attempt or after all retries.",
    ),
    Term("good enough", "Recommendation ✓ on your own workload: its answers meet the bar of the workload."),
    Term("feature missing", "Recommendation ?: it refuses something that the cases need, in clear words."),
    Term("no answer", "Of the reference: none of its replies arrived, so nothing can be compared with it."),
    Term(
        "not comparable",
        "Of drift: its sampler changes the log-probabilities (a cut, a penalty), so its weights cannot be judged.",
        ("misconfigured",),
    ),
    Term(
        "setup fault",
        "The entry in providers.toml, the key, the account or the way to the host is wrong. The probe finds it before "
        "the run, and nothing else is sent.",
    ),
    Term(
        "cause",
        "Who can have broken a requirement: the serving stack, if no model can break it; else the model or the stack.",
        ("blame", "cause unclear"),
    ),
    Term(
        "rung",
        "A precision of the ladder that was measured once on a real model (Q8_0, Q4_0, …). Drift is consistent with a "
        "rung if it is about as large.",
        ("ladder", "grade", "consistent with"),
    ),
    Term(
        "e-value",
        "Evidence of a test that may look at the data at any time: 20 or more is as strong as p at most 5%.",
        ("evidence",),
    ),
    Term("p50", "The median: half of the values are below it.", ("median",)),
    Term("p95", "95% of the values are below it.", ("p99", "percentile")),
    Term(
        "thought",
        "Text that a model writes before its answer, in a field beside the content. It costs tokens and time.",
        ("reasoning",),
    ),
    Term("suite", "A named set of cases. `trueweight suites list` has the shipped ones."),
    Term("repeat", "The same case sent again to the same provider, to see what chance does.", ("pass A", "pass B")),
    Term(
        "mode",
        "How a case is sent: plain or streamed; and whether its model thinks as served, or with thinking off or on.",
    ),
    Term("recorded answer", "The answer that your log has to a request of the workload."),
    Term("golden answer", "An answer that a person wrote or confirmed as right.", ("golden",)),
    Term("grader", "A function that gives an answer a score from 0 to 1. `trueweight checks` lists all.", ("score",)),
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
