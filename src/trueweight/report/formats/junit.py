"""JUnit XML: one test suite per provider, one test case per case, API and mode."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import Final

from trueweight.core.summary import CaseSummary, Cell, CellOutcome, Summary
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.text import visible
from trueweight.report.words import Recommended, case_words, ranked, run_notes, summary_sentence
from trueweight.report.words.bar import bar_on_record

_SKIPPED: Final = {
    CellOutcome.UNSUPPORTED: "The provider states that it does not support this.",
    CellOutcome.CUT_IN_THOUGHT: "Not judged: cut in thought.",
    CellOutcome.NOT_APPLICABLE: "No check applies to the reply.",
}


def _test(suite: ET.Element, case: CaseSummary, one: Recommended, mode: str, cell: Cell) -> None:
    name = visible(f"{case.name} [{mode}]", limit=300)
    test = ET.SubElement(suite, "testcase", classname=visible(one.name, limit=100), name=name)
    message = visible(" ".join(case_words(check, one.provider) for check in cell.fails), limit=1_000)
    text = visible(f"{case.why} {case.source}".strip(), limit=1_000)
    match cell.outcome:
        case CellOutcome.FAIL:
            ET.SubElement(test, "failure", message=message, type=case.severity.value).text = text
        case CellOutcome.TRANSPORT:
            ET.SubElement(test, "error", message="No answer arrived.", type="transport").text = text
        case CellOutcome.FLAKY:
            passed = f"Flaky: {cell.passed} of {cell.of} passed. {message}"
            ET.SubElement(test, "failure", message=passed, type="flaky").text = text
        case CellOutcome.UNSUPPORTED | CellOutcome.CUT_IN_THOUGHT | CellOutcome.NOT_APPLICABLE:
            ET.SubElement(test, "skipped", message=_SKIPPED[cell.outcome])


def _properties(suite: ET.Element, one: Recommended, notes: Sequence[str]) -> None:
    """What is recommended of the provider, in the place that JUnit has for facts about a suite; notes on the run."""
    properties = ET.SubElement(suite, "properties")
    facts = (
        ("recommendation", one.recommendation.value),
        ("reason", one.reason),
        ("summary", summary_sentence(one.provider)),
        *(("note", note) for note in notes),
    )
    for name, value in facts:
        if value:
            ET.SubElement(properties, "property", name=name, value=visible(value, limit=1_000))


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """A lost request is an ``error``, a broken requirement a ``failure``: viewers count them apart."""
    root = ET.Element("testsuites", name="trueweight")
    bar = bar_on_record(summary)
    notes = [*run_notes(summary), *([f"Bar {bar}"] if bar else [])]
    for one in ranked(summary):
        suite = ET.SubElement(root, "testsuite", name=visible(one.name, limit=100))
        _properties(suite, one, notes)
        for case in summary.cases:
            for mode, cell in sorted(case.modes(one.name).items()):
                _test(suite, case, one, mode, cell)
        suite.set("tests", str(len(suite.findall("testcase"))))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


register(Format("junit", ".xml", render))
