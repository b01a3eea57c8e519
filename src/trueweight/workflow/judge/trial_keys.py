"""The keys of trials in the cache: digests of their lines, cases, providers, and of the code that judges them."""

from __future__ import annotations

import json
from hashlib import blake2b, sha256
from typing import Any, Final

import msgspec

from trueweight.store import RunDir, names_in
from trueweight.workflow.judge.judged_trial import TrialJudge

KEY_SIZE: Final = 16
"""Bytes of a key."""


class TrialKeys:
    """The keys of a run's trials, for one version of the code."""

    def __init__(self, run: RunDir, judge: TrialJudge, code: str) -> None:
        self._run, self._judge, self._code = run, judge, code
        self._known: dict[tuple[str, str, str], bytes] = {}

    def of(self, trial: str) -> bytes:
        """The key of a recorded trial; b"" if it has none."""
        line = self._run.line_of(trial)
        named = None if line is None else names_in(line)
        if line is None or named is None:
            return b""
        of_settings = self._known.get(named)
        if of_settings is None:
            of_settings = self._known[named] = self._settings(*named)
        return blake2b(line, digest_size=KEY_SIZE, key=of_settings).digest()

    def _settings(self, provider: str, suite: str, case: str) -> bytes:
        """A digest of what judging an exchange uses beside it. If a line has a member twice, it is of the last: then
        its provider or its case is another one, so all that is known of those is in the digest of such names."""
        judge = self._judge
        parts: list[Any] = [
            self._code,
            self._run.manifest.thinking_allowance,
            judge.providers.get(provider),
            judge.cases.get(f"{suite}/{case}", judge.cases.get(case)),
            judge.compared_as.get(provider),
            sorted(judge.without),
        ]
        try:
            text = msgspec.json.encode(parts, order="deterministic")
        except UnicodeEncodeError:  # a case may send half of a surrogate pair, which UTF-8 cannot express
            text = json.dumps(msgspec.to_builtins(parts), sort_keys=True).encode("ascii")
        return sha256(text).digest()
