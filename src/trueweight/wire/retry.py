"""Whether to retry, and how long to wait first. Pure: time and randomness are arguments."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from trueweight.core import Attempt, FailureKind
from trueweight.wire.settings import WireSettings

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_WAIT_HEADERS = ("retry-after", "x-ratelimit-")
_WAITS_AS_ASKED = frozenset({FailureKind.RATE_LIMITED, FailureKind.SERVER_ERROR})
"""Failures after which the wait is the one that the server asked for, if it did."""


def asked_wait(attempt: Attempt, now: datetime) -> float | None:
    """Seconds that the server asked the client to wait; None if it asked for no wait.

    Read from ``retry-after-ms``, ``retry-after`` (seconds or HTTP date), and, when no requests or tokens are left,
    from ``x-ratelimit-reset-requests`` or ``-tokens`` (``1s``, ``6m0s``).
    """
    found = {name: value for key, value in reversed(attempt.headers) if (name := key.lower()).startswith(_WAIT_HEADERS)}
    if not found:
        return None
    if (milliseconds := _number(found.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    after = found.get("retry-after")
    if (seconds := _number(after)) is not None:
        return seconds
    if after is not None and (date := _date(after)) is not None:
        return max(0.0, (date - now).total_seconds())
    resets = [
        reset
        for what in ("requests", "tokens")
        if _number(found.get(f"x-ratelimit-remaining-{what}")) == 0
        and (reset := _duration(found.get(f"x-ratelimit-reset-{what}"))) is not None
    ]
    return max(resets, default=None)


def wait_before_retry(
    attempts: Sequence[Attempt], settings: WireSettings, rng: random.Random, now: datetime
) -> float | None:
    """Seconds to wait before a retry; None if the trial must not be retried.

    Args:
        attempts: of this trial; the last one has just ended.
    """
    last = attempts[-1]
    if last.failure is None or not last.failure.kind.transient:
        return None
    if last.failure.kind is FailureKind.STALE_CONNECTION:
        return 0.0  # each retry takes one connection out of the pool, so there is an end
    failed = sum(a.failure is not None and a.failure.kind is not FailureKind.STALE_CONNECTION for a in attempts)
    if failed > settings.retries:
        return None
    asked = asked_wait(last, now) if last.failure.kind in _WAITS_AS_ASKED else None
    if asked is None:
        ceiling = min(settings.backoff_cap, settings.backoff_base * 2 ** min(failed - 1, 60))
        wait = rng.uniform(0.0, ceiling)  # full jitter: clients that failed together do not return together
    else:
        wait = asked
    waited = sum(attempt.waited for attempt in attempts) / 1e9
    return wait if waited + wait <= settings.retry_budget else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _duration(text: str | None) -> float | None:
    if not text or not (found := _DURATION.fullmatch(text.strip())):
        return _number(text)
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
