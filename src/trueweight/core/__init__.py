"""The nouns of trueweight. Frozen values that import nothing else of ours."""

from trueweight.core.case import Case, Endpoint, Mode, Severity, Suite
from trueweight.core.check import CheckInfo
from trueweight.core.digest import canonical_json, compact_json, digest
from trueweight.core.drift import Drift, DriftMode, DriftVerdict
from trueweight.core.errors import ConfigError, ExitCode, InfrastructureError, TrueweightError, near_miss
from trueweight.core.estimate import Estimate
from trueweight.core.exchange import Attempt, Exchange, Failure, FailureKind, RequestRecord, Stamp
from trueweight.core.finding import Finding, Outcome
from trueweight.core.observation import Observation
from trueweight.core.provider import Price, Provider, Role
from trueweight.core.reply import Anomaly, Channel, Event, Reply, Span, ToolCall, Usage
from trueweight.core.reply_digest import ReplyDigest, digest_reply
from trueweight.core.shard import Shard, parse_shard
from trueweight.core.timing import Timing
from trueweight.core.trial import Trial, trial_id
from trueweight.core.verdict import Reason, Ruling, Verdict

__all__ = [
    "Anomaly",
    "Attempt",
    "Case",
    "Channel",
    "CheckInfo",
    "ConfigError",
    "Drift",
    "DriftMode",
    "DriftVerdict",
    "Endpoint",
    "Estimate",
    "Event",
    "Exchange",
    "ExitCode",
    "Failure",
    "FailureKind",
    "Finding",
    "InfrastructureError",
    "Mode",
    "Observation",
    "Outcome",
    "Price",
    "Provider",
    "Reason",
    "Reply",
    "ReplyDigest",
    "RequestRecord",
    "Role",
    "Ruling",
    "Severity",
    "Shard",
    "Span",
    "Stamp",
    "Suite",
    "Timing",
    "ToolCall",
    "Trial",
    "TrueweightError",
    "Usage",
    "Verdict",
    "canonical_json",
    "compact_json",
    "digest",
    "digest_reply",
    "near_miss",
    "parse_shard",
    "trial_id",
]
