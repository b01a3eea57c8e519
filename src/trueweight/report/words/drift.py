"""Drift in sentences. A place on the ladder is "consistent with" a rung; it is never certain."""

from __future__ import annotations

from typing import Final

import msgspec

from trueweight.core import Drift, DriftFinding, DriftFindingCode, DriftGrade, DriftMode, DriftVerdict
from trueweight.report.numbers import NONE, Towards, counted, percent, significant, span, write

_GRADES: Final = {
    DriftGrade.INDISTINGUISHABLE: "indistinguishable",
    DriftGrade.LIKE_ENGINE: "like another engine",
    DriftGrade.DIFFERENT: "different",
    DriftGrade.ANOTHER_MODEL: "another model",
}


_RUNS: Final = 10_000
"""The largest number of runs in a sentence: a reader gains nothing from a larger one."""


def drift_words(drift: Drift) -> str:
    """The verdict, the effect beside the noise, how sure it is, and the place on the ladder."""
    found = drift.cause
    if found is not None and found.code is DriftFindingCode.TEXT:
        return found.text  # An earlier version wrote all of it as one text.
    parts = (_verdict(drift), _cause(drift), _noise(drift) if _in_nats(drift) else _effect(drift), _place(drift))
    return " ".join(filter(None, parts))


def finding_words(found: DriftFinding) -> str:
    """One finding in a clause, without a full stop. It may hold what a provider wrote: escape it."""
    if found.code in _LOGPROBS:
        return _logprob_words(found)
    if found.code in _PROMPTS:
        return _prompt_words(found)
    return _answer_words(found)


def grade_words(drift: Drift) -> str:
    """The grade in two or three words; empty without one."""
    if drift.grade is DriftGrade.LIKE_RUNG:
        return f"like rung {drift.rung}"
    return "" if drift.grade is None else _GRADES[drift.grade]


def _in_nats(drift: Drift) -> bool:
    return drift.effect.unit == "nats"


def _verdict(drift: Drift) -> str:
    match drift.verdict:
        case DriftVerdict.DRIFT:
            found = _odd(drift) or f"Its output distribution differs from the reference's by {_more(drift)}"
            return f"{found}{_how_sure(drift)}."
        case DriftVerdict.EQUIVALENT:
            return _equivalent(drift)
        case DriftVerdict.INCONCLUSIVE:
            return _undecided(drift)
        case DriftVerdict.MISCONFIGURED:
            why = f": {finding_words(drift.cause)}" if drift.cause is not None else ""
            return f"Its sampler changes the log-probabilities, so its weights cannot be judged{why}."


def _odd(drift: Drift) -> str:
    """Drift that only part of the answers show; "" if the average does."""
    far = next((found for found in drift.findings if found.code is DriftFindingCode.FAR_ANSWERS), None)
    if far is None or not _in_nats(drift) or (drift.effect.low or 0.0) > drift.tau:
        return ""
    return (
        f"Part of its answers differ: {far.count} of {far.of} are far from the reference's, most are not. All together "
        f"they differ by {_how_far(drift)}; {_explained(drift)}"
    )


def _how_sure(drift: Drift) -> str:
    """How rarely an honest engine shows as much: an e-value of 54, in at most 1 of 54 runs (Ville's inequality)."""
    if drift.e_value < 1 / drift.alpha:
        return ""
    runs = int(min(drift.e_value, _RUNS))
    return f"; an honest engine shows as much in at most 1 of {runs:,} runs"


def _equivalent(drift: Drift) -> str:
    if not _in_nats(drift):
        return "Its output distribution differs from the reference's by less than another engine would explain."
    by = f"by {_how_far(drift)}; {_explained(drift)}"
    if drift.grade is DriftGrade.INDISTINGUISHABLE:
        return f"Its output distribution is indistinguishable from the reference's: it differs {by}."
    return f"Its output distribution differs from the reference's {by}."


def _undecided(drift: Drift) -> str:
    if any(found.code is DriftFindingCode.OLD_METHOD for found in drift.findings):
        return "Drift was measured by an earlier version; measure it again."
    if drift.missing.get("no-common-tokens") and not drift.prompts:
        return "It cannot be compared: its lists of tokens and the reference's have none in common."
    if not _in_nats(drift) or drift.effect.value is None:
        return "There is too little evidence to decide."
    return (
        f"There is too little evidence to decide: the difference is {_how_far(drift)}, and honest engines differ by up "
        f"to {_nats(drift.tau)}."
    )


def _how_far(drift: Drift) -> str:
    """``0.03 nats (95%: at most 0.05)``, or with both ends."""
    effect = drift.effect
    if effect.high is None:
        return f"{_nats(effect.value)} nats"
    low, high = _nats(effect.low, Towards.DOWN), _nats(effect.high, Towards.UP)
    inside = f"{low} to {high}" if effect.low else f"at most {high}"
    return f"{_nats(effect.value)} nats (95%: {inside})"


def _explained(drift: Drift) -> str:
    return f"another engine with the same weights would explain up to {_nats(drift.tau)}"


def _cause(drift: Drift) -> str:
    """Another prompt that explains the difference; the weights are then not accused."""
    if drift.verdict is not DriftVerdict.DRIFT or drift.cause is None:
        return ""
    return (
        f"The likely cause is not the weights but another prompt: {finding_words(drift.cause)}. Whether the weights "
        "differ too, only the same prompt can show."
    )


def _noise(drift: Drift) -> str:
    """What the effect is to be read beside: single answers, the noise of either side, the resolution."""
    found = drift.details
    if not drift.prompts:
        return ""
    parts = [f"{counted(drift.prompts, 'question')} in two variants"]
    if found.distance is not None:
        parts.append(f"single answers differ by a median of {_nats(found.distance)} nats")
    if found.noise is not None and found.noise_reference is not None:
        parts.append(
            f"answers to the same request scatter by {_nats(found.noise)} nats (the reference's: "
            f"{_nats(found.noise_reference)})"
        )
    if found.resolution is not None and drift.verdict is not DriftVerdict.DRIFT:
        parts.append(f"a systematic difference below {_nats(found.resolution)} nats would not have been found")
    return f"{'; '.join(parts)}."


def _more(drift: Drift) -> str:
    """The effect beside what is tolerated: in nats, or of texts a mean of distances that lie between 0 and 1.

    Texts can show drift by other evidence, at an effect that is tolerated.
    """
    if _in_nats(drift):
        other = ", more than any rung of the ladder" if drift.grade is DriftGrade.ANOTHER_MODEL else ""
        return f"{_how_far(drift)}{other}; {_explained(drift)}"
    effect = msgspec.structs.replace(drift.effect, unit="")
    if effect.value is None or effect.value <= drift.tau:
        return "more than another engine would explain"
    interval = span(effect, 2)
    return (
        f"{write(effect.value, '', 2)}{f' ({interval})' if interval else ''} on a scale of 0 to 1; another "
        f"engine would explain up to {_nats(drift.tau)}"
    )


def _effect(drift: Drift) -> str:
    found, n = drift.details, drift.prompts
    if not n:
        return "No prompt could be compared."
    if found.top_differs is not None:
        return (
            f"The top token differs on {_share(found.top_differs)} of {n} first tokens (the reference against itself: "
            f"{_share(found.top_differs_floor)}); log-probabilities differ by a median of {_nats(found.distance)} nats "
            f"(itself: {_nats(found.distance_floor)})."
        )
    if found.text_differs is None:
        return ""
    kind = "sampled answers under the same seed" if drift.mode is DriftMode.SAMPLED else "answers at temperature 0"
    differ = (
        f"{_share(found.text_differs)} of {n} {kind} differ within their first tokens "
        f"(the reference against itself: {_share(found.text_differs_floor)})"
    )
    if found.typical is not None:
        return (
            f"{differ}; {_share(found.typical)} of its answers also occur among the reference's draws under other "
            f"seeds (of the reference's draws: {_share(found.typical_floor)})."
        )
    if found.gross is not None:
        return f"{differ}; {_share(found.gross)} more differ at a token where the reference had a large margin."
    return f"{differ}."


def _place(drift: Drift) -> str:
    if drift.rung is None:
        return ""
    first, last = (drift.rungs[0], drift.rungs[-1]) if drift.rungs else (drift.rung, drift.rung)
    consistent = f"{first} to {last}" if first != last else first
    return f"On the recorded ladder it is consistent with {consistent}; nearest is {drift.rung}."


def _share(value: float | None) -> str:
    return NONE if value is None else percent(value)


def _nats(value: float | None, towards: Towards | None = None) -> str:
    return significant(value, towards=towards)


_LOGPROBS: Final = {
    DriftFindingCode.NO_LOGPROBS,
    DriftFindingCode.FEWER_LOGPROBS,
    DriftFindingCode.CAPPED_LOGPROBS,
    DriftFindingCode.PROCESSED_LOGPROBS,
    DriftFindingCode.TEMPERATURE,
    DriftFindingCode.TRUNCATED,
}
_PROMPTS: Final = {
    DriftFindingCode.PROMPTS_LONGER,
    DriftFindingCode.PROMPTS_SHORTER,
    DriftFindingCode.PROMPT_LENGTHS_VARY,
    DriftFindingCode.START_OF_TEXT,
    DriftFindingCode.COUNTED_OTHERWISE,
    DriftFindingCode.PROMPT_LENGTHS_DIFFER,
}


def _logprob_words(found: DriftFinding) -> str:
    refusal = f" ({found.why}: {found.detail})" if found.why else ""
    match found.code:
        case DriftFindingCode.NO_LOGPROBS:
            return f"sends no log-probabilities{refusal}"
        case DriftFindingCode.FEWER_LOGPROBS:
            return f"refuses top_logprobs = {found.of}{refusal} and answers {found.count}"
        case DriftFindingCode.CAPPED_LOGPROBS:
            return f"shows {found.count} of the {found.of} requested alternatives"
        case DriftFindingCode.TEMPERATURE:
            return (
                f"its log-probabilities are {found.factor or 0:.2f} times the reference's on every prompt: sampler, "
                f"a temperature of {found.temperature or 0:.2f} is applied to every request"
            )
        case DriftFindingCode.TRUNCATED:
            return (
                f"its log-probabilities are all {found.nats or 0:.2f} higher than the reference's: sampler, "
                "the distribution is truncated (top-p, top-k or min-p) before they are taken"
            )
    return (
        "its log-probabilities change with the requested temperature: they are taken after the sampler, and were "
        "compared at temperature 1"
    )


def _prompt_words(found: DriftFinding) -> str:
    tokens = f"{found.tokens or 0:+d}"
    match found.code:
        case DriftFindingCode.PROMPTS_LONGER:
            cause = "an injected system prompt or another chat template"
            return f"every prompt counts {tokens} tokens on this provider: {cause}"
        case DriftFindingCode.PROMPTS_SHORTER:
            return f"every prompt counts {tokens} tokens on this provider: another chat template"
        case DriftFindingCode.PROMPT_LENGTHS_VARY:
            span_words = f"{tokens} to {found.most_tokens or 0:+d}"
            return f"prompts count {span_words} tokens on this provider: another tokenizer or chat template"
        case DriftFindingCode.START_OF_TEXT:
            how = "missing" if (found.tokens or 0) < 0 else "doubled"
            return f"every prompt counts {tokens} token: chat template, the start-of-text token is {how}"
        case DriftFindingCode.COUNTED_OTHERWISE:
            return f"its usage counts {tokens} prompt tokens on every request; its answers show the same prompt"
    return f"{found.count} of {found.of} prompts have other token counts than on the reference"


def _answer_words(found: DriftFinding) -> str:  # noqa: PLR0911, PLR0912 - one clause for each code
    match found.code:
        case DriftFindingCode.WHITE_SPACE:
            return f"{found.count} of {found.of} answers differ from the reference's only in white space at their ends"
        case DriftFindingCode.EMPTY:
            return f"{found.count} of {found.of} answers are empty where the reference's are not"
        case DriftFindingCode.REFUSED:
            return f"refused {found.count} of {found.of} prompts; the reference refused {found.reference}"
        case DriftFindingCode.STOPPED if found.why == "thinks-although-off":
            return "thinks although its requests turn thinking off, so nothing could be compared"
        case DriftFindingCode.STOPPED if found.why == "thinks-alone":
            return "thinks before it answers and the reference shows no thought, so nothing could be compared"
        case DriftFindingCode.STOPPED:
            return f"stopped answering ({found.why}); what was measured before is kept"
        case DriftFindingCode.REFERENCE_STOPPED:
            return f"the reference stopped answering ({found.why}); what was measured before is kept"
        case DriftFindingCode.USAGE_MISSING:
            requests = "request" if found.count == 1 else "requests"
            return f"{found.count} {requests} reported no usage; the cost does not include them"
        case DriftFindingCode.DRAWS_RARELY_REPEAT:
            return "the reference's draws rarely repeat, so how typical an answer is shows little"
        case DriftFindingCode.NO_COMMON_TOKENS:
            return (
                f"{found.count} of {found.of} prompts cannot be compared: its tokens are spelled in another way than "
                "the reference's"
            )
        case DriftFindingCode.FAR_ANSWERS:
            return (
                f"{found.count} of {found.of} answers are far from the reference's, most are not: another model may "
                "answer part of the requests, or its noise has a heavy tail"
            )
        case DriftFindingCode.OLD_METHOD:
            return "drift was measured by an earlier version, whose requests the present test cannot use"
        case DriftFindingCode.SEEDS_DIFFER:
            return (
                "its seeds do not reproduce the reference's draws: only how typical its answers are can be judged, "
                "which cannot show equivalence"
            )
    return found.text
