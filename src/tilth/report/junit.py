"""The report as JUnit XML for CI services: a rule is a test case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from xml.etree import ElementTree as Xml

from tilth.report.blocks import counted, plain
from tilth.report.charts import clean
from tilth.report.finding import Finding, Outcome, jsonable
from tilth.report.report import Report


def to_junit(report: Report) -> str:
    """JUnit XML: Failed is a failure, Error is an error, the class of a case is the evaluated part.

    Metrics are properties of the suite. Without rules the suite has no cases, and passes.

    >>> from tilth.rules.findings import RuleVerdict
    >>> xml = to_junit(Report("check", (Finding("RowCount > 0", outcome=Outcome.PASSED, payload=RuleVerdict()),)))
    >>> '<testcase name="RowCount &gt; 0"' in xml
    True
    """
    verdicts = report.verdicts
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(sum(f.outcome is Outcome.FAILED for f in verdicts)),
        "errors": str(sum(f.outcome in (Outcome.ERROR, None) for f in verdicts)),
        "time": f"{report.facts.seconds:.3f}",
    }
    name = clean(report.title) or "report"
    suites = Xml.Element("testsuites", {"name": name, **counts})
    more = {"timestamp": report.facts.started[:19]} if report.facts.started else {}
    suite = Xml.SubElement(suites, "testsuite", {"name": name, **counts, "skipped": "0", **more})
    _properties(suite, report)
    for finding in verdicts:
        _case(suite, name, finding)
    Xml.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suites, encoding="unicode") + "\n"


def _properties(suite: Xml.Element, report: Report) -> None:
    f = report.facts
    known = {"source": f.source, "engine": f.engine, "rows": report.rows, "scans": len(f.scans), "fingerprint": f.fingerprint}
    present = {name: value for name, value in known.items() if value not in (None, "")}
    properties = Xml.SubElement(suite, "properties")
    for name, value in present.items():
        Xml.SubElement(properties, "property", {"name": name, "value": clean(value)})


def _case(suite: Xml.Element, report: str, finding: Finding) -> None:
    place = clean(".".join(word for word in (report, finding.part) if word))
    case = Xml.SubElement(suite, "testcase", {"name": clean(finding.name), "classname": place, "time": "0"})
    if finding.outcome is Outcome.PASSED:
        return
    tag = "failure" if finding.outcome is Outcome.FAILED else "error"
    lines = [clean(line) for line in finding.message.splitlines()]
    result = Xml.SubElement(case, tag, {"message": " ".join(line for line in lines if line), "type": str(finding.outcome or Outcome.ERROR)})
    result.text = "\n".join(
        [*(plain(line) for line in finding.payload.reasons(finding.message)), *(clean(row) for row in _examples(finding))]
    )


def _examples(finding: Finding) -> Iterator[str]:
    """Each example as JSON, with the number of rows it represents if it is not a single row."""
    rows = finding.payload.example_counts
    for row, n in zip_longest(finding.examples, rows[: len(finding.examples)]):
        yield json.dumps(jsonable(row), ensure_ascii=False) + (f" in {counted(n, 'row')}" if n not in (None, 1) else "")
