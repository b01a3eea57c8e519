"""Suites and cases: what is asked, why, and what must hold of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from trueweight.core.digest import digest


class Severity(StrEnum):
    """How bad a failure is: MUST breaks a client, SHOULD surprises one, INFO is worth knowing."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    INFO = "INFO"


SEVERE: Final = frozenset({Severity.MUST, Severity.SHOULD})
"""Severities that matter: a failure of one fails the trial, and a difference in one counts against a provider."""


class Mode(StrEnum):
    """How a reply is asked for: one JSON body, or server-sent events."""

    PLAIN = "plain"
    STREAM = "stream"


DEFAULT_API = "chat"
"""The API in whose request shape cases are written, and through which a provider is asked if it names no other."""


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and what must hold of its replies.

    Attributes:
        id: unique in its suite.
        why: the one purpose of this case, in one sentence.
        source: link to the clause or the bug report it comes from.
        request: a chat-completions request body without ``model`` and ``stream``, which the protocol adds. Empty if
            the case's API takes no body.
        modes: the modes it is asked in.
        checks: check id → parameters. Checks without parameters that apply to every reply need no entry.
        answer: an example of a right reply (``{"calls": […]}``, ``{"json": …}`` or ``{"content": …}``). It is never
            sent: the embedded fleet answers with it, and each suite is tested against its own answers.
        api: the name of the one protocol that the case is about, e.g. ``models``; None for any API that can express
            its request.
    """

    suite: str
    id: str
    request: Mapping[str, Any]
    why: str = ""
    severity: Severity = Severity.SHOULD
    source: str = ""
    tags: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = (Mode.PLAIN, Mode.STREAM)
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answer: Mapping[str, Any] | None = None
    api: str | None = None

    @property
    def key(self) -> str:
        """``suite/id``: unique in a run."""
        return f"{self.suite}/{self.id}"

    def request_digest(self) -> str:
        """Digest of what is sent, so that a changed case is a different trial and a reworded ``why`` is not."""
        asked = {"suite": self.suite, "id": self.id, "request": dict(self.request)}
        # "endpoint" was the name of this field when the first runs were recorded: ids must not change with names.
        return digest(asked if self.api in (None, DEFAULT_API) else {**asked, "endpoint": self.api})


@dataclass(frozen=True, slots=True)
class Suite:
    """A named set of cases."""

    name: str
    cases: tuple[Case, ...]
    title: str = ""
    origin: str = ""

    def digest(self) -> str:
        """Digest of all requests in the suite, in order of case id."""
        return digest(sorted(case.request_digest() for case in self.cases))
