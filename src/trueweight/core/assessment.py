"""What is recommended of a provider, decided once: reason codes with their numbers, and never a sentence.

`trueweight.assess` decides and fills these classes; `trueweight.report` turns their codes into words. Both live in
``summary.json``, so that page, terminal, markdown, JSON, JUnit, badge, site, gate and exit code say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from trueweight.core.bar_outcome import BarOutcome
from trueweight.core.case import Mode
from trueweight.core.drift import DriftVerdict
from trueweight.core.estimate import Estimate
from trueweight.core.observation import Feature


class Recommendation(StrEnum):
    """What a reader should do with a provider, best first."""

    REFERENCE = "reference"
    USE = "use"
    UNDECIDED = "undecided"
    AVOID = "avoid"


class Blame(StrEnum):
    """Where a failure comes from."""

    MODEL = "model"
    SERVING = "serving"
    TRANSPORT = "transport"
    CLIENT = "client"
    """The user's key or proxy was refused, or this machine was too busy."""
    UNCLEAR = "unclear"


class ReasonCode(StrEnum):
    """Why a provider is recommended or not, or what else was seen of it. Beside each code: the fields that it fills."""

    NOT_ASSESSED = "not-assessed"
    """The summary was not assessed yet."""
    REFERENCE = "reference"
    """It is the reference, with which the others are compared. ``of``: recorded trials."""
    REFERENCE_SILENT = "reference-silent"
    """It is the reference and nothing can be compared with it; the run's limits say why. ``of``: recorded trials."""
    BAR = "bar"
    """The bar decided; its rules are in `Assessment.bar`."""
    NOT_ASKED = "not-asked"
    """No trial is on record."""
    SETUP_FAULT = "setup-fault"
    """The probe before the run found a setup fault, so nothing was sent. The probe's entry says which."""
    NOT_OFFERED = "not-offered"
    """It refuses every request that uses one of ``features`` and answers others. ``count``: requests refused for
    them, which no number counts."""
    NEVER_ANSWERED = "never-answered"
    """Each request failed on the way. ``of``: recorded trials, ``failures``: by kind."""
    REFUSED_ALL = "refused-all"
    """Each request was refused. ``count`` refusals ``of`` recorded trials."""
    SUCCESS_LOW = "success-low"
    """The success rate is surely too low. ``metric``, ``estimate``, ``bound``, ``failures``."""
    SUCCESS_UNCERTAIN = "success-uncertain"
    """The success rate is too low, but its interval, corrected for the number of providers, reaches the bound. Fields
    as above."""
    FIRST_ATTEMPTS_LOW = "first-attempts-low"
    """The success rate of first attempts is surely too low. ``metric``, ``estimate``, ``bound``; ``share``: success
    rate in the end."""
    FIRST_ATTEMPTS_UNCERTAIN = "first-attempts-uncertain"
    """The same, but its interval reaches the bound."""
    CASES_WORSE = "cases-worse"
    """It passes less often than the reference, paired by case, beyond chance. ``count``: cases in which it passes less
    often, ``reverse``: more often, ``of``: cases compared; ``estimate``: the mean difference of the pass rates; ``p``:
    one-sided, of exact tests of all modes together and of each mode, corrected over all tests of the run; ``alpha``.
    ``way``: the mode (behind its API, if there are several) in which it was found, and of which the numbers are; "" for
    all together. ``joint``: the difference from the mean of all other providers, if the test with them found it. The
    interval of the comparison that found it ends at zero at most."""
    CASES_UNCERTAIN = "cases-uncertain"
    """The same, but within chance among all candidates of the run. Fields as above."""
    CASES_WORSE_THAN_OTHERS = "cases-worse-than-others"
    """There is no reference, and it passes less often than the other candidates, paired by case, beyond chance. Fields
    as above; the test is leave-one-out."""
    CASES_UNCERTAIN_OTHERS = "cases-uncertain-others"
    """The same, but within chance among all candidates."""
    PROVIDERS_DIFFER = "providers-differ"
    """There is no reference, and the two candidates pass different cases, beyond chance: which of them is wrong is not
    known. Fields as above; ``p`` is two-sided."""
    TOO_FEW_TO_SAY = "too-few-to-say"
    """Nothing was found, and a fault of 10 points would more likely have been missed than found. ``of``: cases
    compared; ``count`` as for ``nothing-found``; ``bound``: those 10 points; ``share``: the smallest fall that would be
    found with a probability of 80%, absent if there is none."""
    REFERENCE_NOT_COMPARED = "reference-not-compared"
    """The reference gave no answer to compare with."""
    METRIC_WORSE = "metric-worse"
    """A metric is below the reference's, beyond chance. ``metric``, ``estimate`` (the paired difference), ``p``
    (one-sided, corrected over all tests of the run), ``alpha``."""
    METRIC_UNCERTAIN = "metric-uncertain"
    """The same, but within chance among all tests of the run. Fields as above."""
    REQUIREMENT_BROKEN = "requirement-broken"
    """A check fails. ``check``, ``count`` ``of`` cases, ``trials``: one that shows it, ``blame``. ``mode``: the one in
    which all failures were, if the check judged both; ``apis``: those of all failures, if the provider was asked
    through others too. The cases are those judged in that mode and through those APIs."""
    REQUIREMENT_UNCERTAIN = "requirement-uncertain"
    """A MUST check fails that a model can break, and there is no reference to compare with. Fields as above."""
    SHARED_FAILURES = "shared-failures"
    """The reference fails the same checks in the same cases. ``count``: such checks."""
    API_DROPS_TOOLS = "api-drops-tools"
    """Tools are called through some APIs and not through another one of the same host, beyond chance. ``apis``: the
    last one drops them. ``count``: cases that call through another alone, ``reverse``: through the last alone, ``of``:
    cases with tools; ``share``: cases that call through the last, of those that call through another; ``p``, ``alpha``.
    The numbers are of the API that differs least from it."""
    SLOWER = "slower"
    """A time is longer than the reference's, beyond chance, by more than the reference's own spread and by a share of
    the provider's own time that matters. ``metric``, ``estimate`` (the paired difference), ``p``, ``bound`` (the
    share)."""
    REQUESTS_LOST = "requests-lost"
    """Requests failed on the way. ``count`` ``of`` recorded trials, ``failures``: by kind."""
    RETRIES_NEEDED = "retries-needed"
    """First attempts failed and retries brought most of the replies. ``estimate``: success rate of first attempts,
    ``share``: success rate in the end, ``of`` recorded trials, ``failures``: by kind."""
    DRIFT = "drift"
    """Its output distribution differs from the reference's. ``estimate``: the effect; ``rung``: nearest rung."""
    DRIFT_EQUIVALENT = "drift-equivalent"
    """Its output distribution differs by less than another engine would explain. ``estimate``: the effect."""
    DRIFT_UNDECIDED = "drift-undecided"
    """Too few replies tell about drift."""
    DRIFT_MISCONFIGURED = "drift-misconfigured"
    """It was asked something else, or samples otherwise, so its weights cannot be judged."""
    TOO_FEW_ANSWERED = "too-few-answered"
    """``count`` ``of`` cases were answered, too few to clear it."""
    WORKLOAD_MET = "workload-met"
    """Its answers to the workload meet the bar, or the default bar. ``metric``: the rule about the answers;
    ``estimate``, ``bound``, ``of``: cases."""
    WORKLOAD_FAILS = "workload-fails"
    """A rule about the workload is surely missed. ``metric``: the rule; ``task``: "" for all; ``estimate``,
    ``bound``."""
    WORKLOAD_OPEN = "workload-open"
    """A rule about the workload is not decided. Fields as above; ``count``: how many more cases would decide."""
    NOTHING_FOUND = "nothing-found"
    """No fault was found. ``count``: tests that took place against the reference; 0 if there was none. ``of``: cases
    compared with the reference, or with the other candidates; ``share``: the smallest fall of the pass rate that would
    be found with a probability of 80%."""


class LimitCode(StrEnum):
    """What this run cannot say."""

    NOT_FINISHED = "not-finished"
    """``count`` ``of`` planned trials are on record."""
    ONLY_DRIFT = "only-drift"
    """Only drift was measured: no suite was asked."""
    TOO_FEW_CASES = "too-few-cases"
    """With ``of`` cases, a provider may fail the ``share`` of such cases and show none (95% exact limit)."""
    FAILED_BY_ALL = "failed-by-all"
    """In ``count`` ``of`` cases every provider fails the ``checks`` in every trial of a mode. The comparison of pass
    rates leaves these checks out there."""
    NO_REFERENCE = "no-reference"
    """There is no reference: candidates are compared with each other."""
    REFERENCE_NOT_ASKED = "reference-not-asked"
    """The reference has no trial on record."""
    REFERENCE_SILENT = "reference-silent"
    """The reference never answered."""
    REFERENCE_SETUP_FAULT = "reference-setup-fault"
    """The probe before the run found a setup fault of the reference."""
    REFERENCE_REFUSED = "reference-refused"
    """The reference refused every request."""
    REFERENCE_UNJUDGEABLE = "reference-unjudgeable"
    """Most replies of the reference have no answer, or it passes no case: replies are empty, malformed or refusals."""
    REFERENCE_CUT = "reference-cut"
    """At least half of the reference's replies are not judged, because the limit of tokens ended in their thought."""
    DRIFT_NOT_MEASURED = "drift-not-measured"
    """Whether the weights, or their precision, are the reference's was not measured."""
    DRIFT_UNDECIDED = "drift-undecided"
    """Drift was measured and not decided."""
    SETUP_FAULT = "setup-fault"
    """The probe before the run found a setup fault of the provider, so nothing was sent."""
    NOT_ASKED = "not-asked"
    """The provider has no trial on record."""
    NEVER_ANSWERED = "never-answered"
    """The provider never answered ``of`` requests."""
    NOT_ANSWERED = "not-answered"
    """The provider answered ``count`` ``of`` cases."""
    CUT_IN_THOUGHT = "cut-in-thought"
    """``count`` ``of`` replies of ``provider`` are not judged, because the limit of tokens ended in their thought.
    ``circles`` of them repeat themselves; ``tokens``: the thinking allowance that should do for the others."""


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason with the numbers that carry it. `ReasonCode` says which fields a code fills; the others are empty.

    Attributes:
        estimate: with its own unit, interval and n.
        joint: like ``estimate``, from the comparison with all other providers.
        p: after correction for multiplicity, to be held against ``alpha``.
        bound: the threshold that the estimate is held against.
        trials: evidence, by trial id.
    """

    code: ReasonCode
    metric: str = ""
    check: str = ""
    estimate: Estimate | None = None
    joint: Estimate | None = None
    bound: float | None = None
    share: float | None = None
    p: float | None = None
    alpha: float | None = None
    count: int | None = None
    reverse: int | None = None
    of: int | None = None
    failures: Mapping[str, int] = msgspec.field(default_factory=dict)
    rung: str = ""
    blame: Blame | None = None
    trials: tuple[str, ...] = ()
    way: str = ""
    mode: Mode | None = None
    task: str = ""
    label: str = ""
    features: tuple[Feature, ...] = ()
    apis: tuple[str, ...] = ()


class Limitation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that this run cannot say. `LimitCode` says which fields a code fills."""

    code: LimitCode
    count: int | None = None
    of: int | None = None
    share: float | None = None
    provider: str = ""
    circles: int | None = None
    tokens: int | None = None
    checks: tuple[str, ...] = ()


class Assessment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is recommended of one provider.

    Attributes:
        reasons: why. The first one decides; those after it support it.
        observations: what else was seen of it, most important first: what its sentence is made of.
        limits: what the run cannot say of this provider.
        bar: the outcome of the bar's rules; None without a bar, or if none of its rules applies.
        drift: what was decided of its output distribution; None if drift was not measured.
        blame: where the decisive fault comes from; None if there is no fault.
        rank: place among all providers of the run, best first, from 0.
    """

    recommendation: Recommendation
    reasons: tuple[Reason, ...]
    observations: tuple[Reason, ...] = ()
    limits: tuple[Limitation, ...] = ()
    bar: BarOutcome | None = None
    drift: DriftVerdict | None = None
    blame: Blame | None = None
    rank: int = 0

    def has(self, *codes: ReasonCode) -> bool:
        """Whether one of its reasons has one of these codes."""
        return any(reason.code in codes for reason in self.reasons)


NOT_ASSESSED = Assessment(recommendation=Recommendation.UNDECIDED, reasons=(Reason(code=ReasonCode.NOT_ASSESSED),))
"""What a summary holds of a provider before `trueweight.assess.assess` has seen it."""
