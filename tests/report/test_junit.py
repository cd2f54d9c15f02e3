"""JUnit XML: sound whatever is in it, and counted as CI counts."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest

from tests.report.samples import REPORTS
from tilth.report import Outcome
from tilth.report.junit import to_junit


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_sound_and_counts_what_it_holds(name):
    report = REPORTS[name]
    root = Xml.fromstring(to_junit(report).encode())
    assert root.tag == "testsuites"
    suite = root[0]
    rules = report.verdicts
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests")) == len(rules)
    assert len(suite.findall("testcase/failure")) == int(suite.get("failures")) == sum(r.outcome is Outcome.FAILED for r in rules)
    assert len(suite.findall("testcase/error")) == int(suite.get("errors"))
    assert all(case.get("name") is not None and case.get("classname") is not None for case in cases)


def test_a_failure_has_its_reason():
    suite = Xml.fromstring(to_junit(REPORTS["loans"]).encode())[0]
    case = next(c for c in suite.iter("testcase") if c.get("name") == 'IsComplete "income"')
    assert case.get("classname") == "run loans.raw"
    failure = case.find("failure")
    assert failure.get("type") == "Failed"
    assert failure.get("message") == "Value: 0.957 does not meet the constraint requirement!"
    assert "868 of 20,212 rows fail" in failure.text
    assert "self-employed" in failure.text


def test_the_run_is_in_the_properties():
    suite = Xml.fromstring(to_junit(REPORTS["loans"]).encode())[0]
    assert {p.get("name"): p.get("value") for p in suite.iter("property")}["rows"] == "20212"
    assert suite.get("timestamp") == "2026-03-02T09:14:07"
