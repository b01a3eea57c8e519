"""JUnit XML: one test suite per provider, one test case per case, API and mode."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from trueweight.core.summary import CaseSummary, Cell, CellOutcome, Summary
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.text import visible
from trueweight.report.words import Recommended, ranked, summary_sentence


def _test(suite: ET.Element, case: CaseSummary, provider: str, mode: str, cell: Cell) -> None:
    name = visible(f"{case.name} [{mode}]", limit=300)
    test = ET.SubElement(suite, "testcase", classname=visible(provider, limit=100), name=name)
    message = visible(", ".join(cell.fails) or cell.outcome.value, limit=500)
    text = visible(f"{case.why} {case.source}".strip(), limit=1_000)
    match cell.outcome:
        case CellOutcome.FAIL:
            ET.SubElement(test, "failure", message=message, type=case.severity.value).text = text
        case CellOutcome.TRANSPORT:
            ET.SubElement(test, "error", message="no answer arrived", type="transport").text = text
        case CellOutcome.FLAKY:
            passed = f"flaky: {cell.passed} of {cell.of} passed; {message}"
            ET.SubElement(test, "failure", message=passed, type="flaky").text = text
        case CellOutcome.UNSUPPORTED | CellOutcome.CUT_IN_THOUGHT | CellOutcome.NOT_APPLICABLE:
            ET.SubElement(test, "skipped", message=message)


def _properties(suite: ET.Element, one: Recommended) -> None:
    """What is recommended of the provider, in the place that JUnit has for facts about a suite."""
    properties = ET.SubElement(suite, "properties")
    facts = (
        ("recommendation", one.recommendation.value),
        ("reason", one.reason),
        ("summary", summary_sentence(one.provider)),
    )
    for name, value in facts:
        if value:
            ET.SubElement(properties, "property", name=name, value=visible(value, limit=1_000))


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """A lost request is an ``error``, a broken requirement a ``failure``: viewers count them apart."""
    root = ET.Element("testsuites", name="trueweight")
    for one in ranked(summary):
        suite = ET.SubElement(root, "testsuite", name=visible(one.name, limit=100))
        _properties(suite, one)
        for case in summary.cases:
            for mode, cell in sorted(case.modes(one.name).items()):
                _test(suite, case, one.name, mode, cell)
        suite.set("tests", str(len(suite.findall("testcase"))))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


register(Format("junit", ".xml", render))
