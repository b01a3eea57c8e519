"""pytest: ``--trueweight-run DIR`` turns a recorded run into test cases, and the fixture ``trueweight`` reads it.

Every pytest of an environment with trueweight loads this module, so at the top it imports only pytest.
PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from trueweight.core import Estimate
    from trueweight.core.finding_summary import FindingSummary
    from trueweight.core.summary import CaseSummary, Cell, ProviderSummary, Summary

T = TypeVar("T")

_OPTION = "trueweight_run"


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option, in a separate group."""
    group = parser.getgroup("trueweight")
    group.addoption(
        "--trueweight-run",
        dest=_OPTION,
        metavar="DIR",
        help="a run of trueweight, or a folder with its summary.json: a test for each provider, case and mode",
    )


class RecordedRun:
    """The value of the fixture ``trueweight``: a judged run to assert on.

    Attributes:
        summary: of the whole run, assessed.
    """

    def __init__(self, summary: Summary) -> None:
        self.summary = summary

    @property
    def providers(self) -> list[str]:
        """Names of all providers, in the order of the run."""
        return list(self.summary.providers)

    def provider(self, name: str) -> ProviderSummary:
        """A provider's part of the summary."""
        return _find(name, self.summary.providers, "provider")

    def recommendation(self, provider: str) -> str:
        """``reference``, ``use``, ``undecided`` or ``avoid``."""
        return self.provider(provider).assessment.recommendation.value

    def metric(self, provider: str, name: str) -> Estimate:
        """An estimate: ``value``, ``low``, ``high``, ``n`` …"""
        return _find(name, self.provider(provider).metrics, "metric")

    def findings(self, provider: str, severity: str = "") -> list[FindingSummary]:
        """The failing checks of a provider, of all severities or of the given one."""
        return [one for one in self.provider(provider).findings if severity in ("", one.severity.value)]

    def bar(self, provider: str) -> str | None:
        """The bar's outcome: ``pass``, ``fail`` or ``inconclusive``; None without a bar."""
        found = self.provider(provider).assessment.bar
        return None if found is None else found.outcome.value


def _find(name: str, there: Mapping[str, T], kind: str) -> T:
    if name not in there:
        from trueweight.core import near_miss

        raise LookupError(f"the run has no {kind} {name!r}. {near_miss(name, there)}")
    return there[name]


def _load(config: pytest.Config) -> RecordedRun | None:
    """The run of ``--trueweight-run``, judged once per session; None without the option.

    Raises:
        pytest.UsageError: if it cannot be read.
    """
    given = config.getoption(_OPTION)
    if not given:
        return None
    if _KEY not in config.stash:
        from trueweight.core import TrueweightError
        from trueweight.workflow.gate import summary_of

        try:
            config.stash[_KEY] = RecordedRun(summary_of(Path(given)))
        except TrueweightError as error:
            raise pytest.UsageError(f"--trueweight-run: {error}") from None
    return config.stash[_KEY]


_KEY = pytest.StashKey[RecordedRun]()


@pytest.fixture(scope="session")
def trueweight(request: pytest.FixtureRequest) -> RecordedRun:
    """The run of ``--trueweight-run``; without the option, tests that use it are skipped."""
    found = _load(request.config)
    if found is None:
        pytest.skip("needs --trueweight-run DIR")
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each provider, case and mode, before ``-k`` and ``-m`` select."""
    found = _load(config)
    if found is not None:
        root = _Run.from_parent(session, name="trueweight", nodeid="trueweight")
        items.extend(_tests(root, found.summary))


class _Run(pytest.Collector):
    def collect(self) -> list[pytest.Item | pytest.Collector]:
        return []


def _tests(root: _Run, summary: Summary) -> Iterator[pytest.Item]:
    from trueweight.report import for_log
    from trueweight.report.words import fault_sentence

    for provider, found in summary.providers.items():
        fault = "" if found.setup_fault is None else fault_sentence(found.setup_fault)
        for case in summary.cases:
            for mode, cell in case.modes(provider).items():
                name = f"{for_log(provider, limit=80)}::{for_log(case.name, limit=160)}[{mode}]"
                yield CellTest.from_parent(root, name=name, case=case, cell=cell, fault=fault)


class BrokenRequirementError(Exception):
    """A case that a provider fails."""


class CellTest(pytest.Item):
    """One provider's answers to one case in one mode."""

    def __init__(self, *, case: CaseSummary, cell: Cell, fault: str, **more: Any) -> None:
        super().__init__(**more)
        self._case, self._cell, self._fault = case, cell, fault

    def setup(self) -> None:
        """A setup fault, or a lost request, is an error and not a failure, because it shows nothing of the model."""
        if self._fault:
            from trueweight.redaction import for_people
            from trueweight.report import for_log

            raise BrokenRequirementError(for_people(for_log(self._fault, limit=1_000)))
        if self._cell.outcome.value == "transport":
            raise BrokenRequirementError("no answer arrived")

    def runtest(self) -> None:
        """Fail with the checks that failed; a case that does not apply is skipped."""
        outcome = self._cell.outcome.value
        if outcome in ("fail", "flaky"):
            self._fail(outcome)
        if outcome != "pass":
            pytest.skip(outcome)

    def _fail(self, outcome: str) -> NoReturn:
        from trueweight.redaction import for_people
        from trueweight.report import for_log

        flaky = f"flaky, {self._cell.passed} of {self._cell.of} passed; " if outcome == "flaky" else ""
        lines = [f"{self._case.severity.value}: {flaky}{', '.join(self._cell.fails)}"]
        lines += [for_log(text, limit=500) for text in (self._case.why, self._case.source) if text]
        raise BrokenRequirementError(for_people("\n".join(lines)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: a traceback through this plugin does not help."""
        return (
            str(excinfo.value)
            if isinstance(excinfo.value, BrokenRequirementError)
            else super().repr_failure(excinfo, style)
        )

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The location that pytest prints."""
        return self.path, None, self.name
