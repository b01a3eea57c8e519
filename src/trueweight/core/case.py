"""Suites and cases: the requests to send, why, and the requirements on their replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from trueweight.core.json_value import digest
from trueweight.core.task import CaseTask


class Severity(StrEnum):
    """How bad a failure is. MUST: it breaks clients. SHOULD: it surprises clients. INFO: it is worth knowing."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    INFO = "INFO"

    @property
    def rank(self) -> int:
        """0 for MUST, 1 for SHOULD, 2 for INFO: sorts the worst first."""
        return list(Severity).index(self)


SEVERE: Final = frozenset({Severity.MUST, Severity.SHOULD})
"""Severities that matter: a failure of one fails the trial, and a difference in one counts against a provider."""


class Mode(StrEnum):
    """The form of the requested reply: one JSON body (``plain``), or server-sent events (``stream``)."""

    PLAIN = "plain"
    STREAM = "stream"


REFUSAL_CHECK: Final = "request-refused"
"""The check of cases whose request must be refused."""

ANSWERED_CHECK: Final = "request-answered"
"""The check that fails where a request gets a 5xx each time."""

SERVED_MODEL_CHECK: Final = "models-lists-served"
"""The check that looks for the provider's model in its list of models; judging gives it the model."""

DEFAULT_API = "chat"
"""The API of a provider that names no other one. Requests of cases are written in its shape."""


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and the checks of its replies.

    Attributes:
        id: unique in its suite.
        why: the purpose of the case, in one sentence.
        source: link to the clause or the bug report that the case comes from.
        request: a chat-completions request body without ``model`` and ``stream``, which the protocol adds. Empty if
            the case's API takes no body.
        modes: the modes in which it is sent.
        checks: check id → parameters. Checks without parameters that apply to every reply need no entry.
        answer: an example of a right reply (``{"calls": […]}``, ``{"json": …}`` or ``{"content": …}``). It is never
            sent: the embedded fleet answers with it, and each suite is tested against its own answers.
        keeps_limit: whether the request's limit of tokens is what the case tests. Else it is what the answer needs, and
            a run adds the tokens that a thought may need before it.
        task: for a case of a workload, its task, grader, recorded and right answer.
        follows: id of an earlier case of the suite, whose response this one continues: it is sent after that response,
            and names it.
        after: id of an earlier case of the suite: this one is sent when the reply to that one has ended. It names
            nothing of that reply, and is sent without it too.
        api: the name of the only protocol through which it is sent, e.g. ``models``; None for every API that can
            express its request.
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
    keeps_limit: bool = False
    task: CaseTask | None = None
    follows: str | None = None
    after: str | None = None

    @property
    def key(self) -> str:
        """``suite/id``: unique in a run."""
        return f"{self.suite}/{self.id}"

    @property
    def behind(self) -> str | None:
        """Id of the case that it is sent after: the one that it continues, or that `after` names."""
        return self.follows or self.after

    def key_of(self, name: str) -> str:
        """The key of the case that a parameter of a check names: ``suite/id``, or the id of a case of this suite."""
        return name if "/" in name else f"{self.suite}/{name}"

    @property
    def must_be_refused(self) -> bool:
        """Whether the right answer to the request is a refusal, as for a malformed one."""
        return REFUSAL_CHECK in self.checks

    def request_digest(self) -> str:
        """Digest of suite, id, request and API. A changed request makes another trial; a changed ``why`` does not."""
        asked: dict[str, Any] = {"suite": self.suite, "id": self.id, "request": dict(self.request)}
        if self.follows is not None:
            asked["follows"] = self.follows
        if self.after is not None:
            asked["after"] = self.after
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
