"""The nouns of trueweight: frozen values. This package imports no other package of trueweight."""

from trueweight.core.bar_outcome import Ruling
from trueweight.core.body_changes import BodyChanges
from trueweight.core.case import DEFAULT_API, SEVERE, Case, Mode, Severity, Suite
from trueweight.core.changed_case import as_sent
from trueweight.core.check import CheckInfo
from trueweight.core.drift import (
    Drift,
    DriftDetails,
    DriftFinding,
    DriftFindingCode,
    DriftGrade,
    DriftMode,
    DriftVerdict,
    LadderRung,
)
from trueweight.core.errors import ConfigError, ExitCode, InfrastructureError, TrueweightError, near_miss, value_path
from trueweight.core.estimate import Comparison, Estimate
from trueweight.core.exchange import Attempt, Exchange, Failure, FailureKind, RequestRecord, Stamp
from trueweight.core.json_value import canonical_json, compact_json, digest
from trueweight.core.observation import Finding, Observation, Outcome
from trueweight.core.price import Price, TokenCount, bill
from trueweight.core.profile import (
    Habit,
    HistoryRule,
    Profile,
    ProfileHistory,
    ProfileLimits,
    ProfileSampling,
    ProfileThinking,
    ThinkingSwitch,
    Thinks,
    ZeroTemperature,
)
from trueweight.core.protocol import (
    PROTOCOLS,
    CaseApis,
    Protocol,
    RequestLine,
    RequestSize,
    Variant,
    apis_of,
    counterparts,
    variants_of,
)
from trueweight.core.provider import Provider, Role
from trueweight.core.reply import Anomaly, Channel, Choice, Event, Finish, Piece, Reply, Span, ToolCall, Usage
from trueweight.core.reply_digest import ReplyDigest, digest_choices
from trueweight.core.shard import Shard, parse_shard
from trueweight.core.thinking import (
    MOST_ALLOWANCE,
    SwitchWays,
    ThinkingControl,
    ThinkingMode,
    way,
    with_allowance,
)
from trueweight.core.timing import Timing
from trueweight.core.trial import MOST_PASSES, MOST_REPEATS, MOST_SEED, Trial, TrialPlace, trial_id

__all__ = [
    "DEFAULT_API",
    "MOST_ALLOWANCE",
    "MOST_PASSES",
    "MOST_REPEATS",
    "MOST_SEED",
    "PROTOCOLS",
    "SEVERE",
    "Anomaly",
    "Attempt",
    "BodyChanges",
    "Case",
    "CaseApis",
    "Channel",
    "CheckInfo",
    "Choice",
    "Comparison",
    "ConfigError",
    "Drift",
    "DriftDetails",
    "DriftFinding",
    "DriftFindingCode",
    "DriftGrade",
    "DriftMode",
    "DriftVerdict",
    "Estimate",
    "Event",
    "Exchange",
    "ExitCode",
    "Failure",
    "FailureKind",
    "Finding",
    "Finish",
    "Habit",
    "HistoryRule",
    "InfrastructureError",
    "LadderRung",
    "Mode",
    "Observation",
    "Outcome",
    "Piece",
    "Price",
    "Profile",
    "ProfileHistory",
    "ProfileLimits",
    "ProfileSampling",
    "ProfileThinking",
    "Protocol",
    "Provider",
    "Reply",
    "ReplyDigest",
    "RequestLine",
    "RequestRecord",
    "RequestSize",
    "Role",
    "Ruling",
    "Severity",
    "Shard",
    "Span",
    "Stamp",
    "Suite",
    "SwitchWays",
    "ThinkingControl",
    "ThinkingMode",
    "ThinkingSwitch",
    "Thinks",
    "Timing",
    "TokenCount",
    "ToolCall",
    "Trial",
    "TrialPlace",
    "TrueweightError",
    "Usage",
    "Variant",
    "ZeroTemperature",
    "apis_of",
    "as_sent",
    "bill",
    "canonical_json",
    "compact_json",
    "counterparts",
    "digest",
    "digest_choices",
    "near_miss",
    "parse_shard",
    "trial_id",
    "value_path",
    "variants_of",
    "way",
    "with_allowance",
]
