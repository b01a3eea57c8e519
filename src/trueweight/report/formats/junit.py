"""JUnit XML: one test suite per provider, one test case per case and mode."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.standing import standings
from trueweight.report.text import visible


def _test(suite: ET.Element, case: Mapping[str, Any], provider: str, mode: str, cell: Mapping[str, Any]) -> None:
    name = visible(f"{case['case']} [{mode}]", limit=300)
    test = ET.SubElement(suite, "testcase", classname=visible(provider, limit=100), name=name)
    outcome = str(cell.get("outcome"))
    message = visible(", ".join(cell.get("fails", ())) or outcome, limit=500)
    text = visible(f"{case.get('why', '')} {case.get('source', '')}".strip(), limit=1_000)
    if outcome == "fail":
        ET.SubElement(test, "failure", message=message, type=visible(str(case.get("severity", "")))).text = text
    elif outcome == "transport":
        ET.SubElement(test, "error", message="no answer arrived", type="transport").text = text
    elif outcome == "flaky":
        passed = f"flaky: {cell.get('passed')} of {cell.get('of')} passed; {message}"
        ET.SubElement(test, "failure", message=passed, type="flaky").text = text
    elif outcome != "pass":
        ET.SubElement(test, "skipped", message=message)


def render(summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """A lost request is an ``error``, a broken law a ``failure``: viewers count them apart."""
    root = ET.Element("testsuites", name="trueweight")
    for standing in standings(summary):
        suite = ET.SubElement(root, "testsuite", name=visible(standing.provider, limit=100))
        for case in summary.get("cases", []):
            for mode, cell in sorted(case["cells"].get(standing.provider, {}).items()):
                _test(suite, case, standing.provider, mode, cell)
        kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        suite.set("tests", str(len(suite)))
        for attribute, tag in kinds.items():
            suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


register(Format("junit", ".xml", render))
