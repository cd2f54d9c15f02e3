"""Tests of rulesets: what the cases beside them expect, and what is found."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.engines import duckdb_session
from tilth.engine.session import Session
from tilth.report import Outcome, Report
from tilth.report.files import FORMATS
from tilth.report.json import from_json, to_json
from tilth.rules.case_verdicts import run_tests

RULES = """states = ["new", "paid"]
Rules = [
    RowCount > 2, IsPrimaryKey "id", ColumnValues "state" in $states, ColumnValues "amount" > 0 where "state = 'paid'",
    ReferentialIntegrity "customer" "customers.id" = 1.0, DataFreshness "at" <= 24 hours, (IsComplete "state") OR (IsComplete "amount"),
    CustomSql "select id from primary where id < 2", Mean "zip" > 1, ColumnCount = 6
]"""
CASES = """at: 2024-03-02
types: {zip: string}
tables: {customers: [{id: 1}, {id: 2}]}
cases:
  - name: good
    rows: good.csv
    expect:
      RowCount: passed
      IsPrimaryKey "id": []
      DataFreshness "at" <= 24 hours: passed
      Mean: error
  - name: bad
    at: 2024-03-02T12:00:00
    tables: {customers: "id\\n1\\n"}
    rows:
      - {id: 1, customer: 1, state: new, amount: -1, at: 2024-03-01}
      - {id: 1, customer: 2, state: paid, amount: 0, at: 2024-02-01, zip: "01"}
      - {id: 2, customer: null, state: lost, amount: 1, at: 2024-03-02}
    expect:
      RowCount: failed
      IsPrimaryKey "id": [2, 1]
      ColumnValues "state"  in $states: [3]
      ColumnValues "amount": [2]
      ReferentialIntegrity "customer" "customers.id" = 1.0: [2, 3]
      DataFreshness "at" <= 24 hours: [1, 2]
      (IsComplete "state") OR: passed
      CustomSql: [3]
      Mean: failed
      ColumnCount: [1]
"""
UNMET = {
    "RowCount > 2": ("failed", "passed"),
    'Mean "zip" > 1': ("failed", "error: Mean needs a numeric column; zip is string"),
    "ColumnCount = 6": ("row 1 fails", "it judges no single rows"),
}


def run(folder: Path, session: Session) -> Report:
    (folder / "r.dqdl").write_text(RULES)
    (folder / "r.test.yaml").write_text(CASES)
    (folder / "good.csv").write_text("id,customer,state,amount,at,zip\n" + "".join(f"{i},1,new,5.5,2024-03-01,0{i}\n" for i in range(3)))
    return run_tests([folder / "r.dqdl"], session)


def assert_verdicts(report: Report) -> None:
    unmet = {f.name: (f.payload.expected, f.payload.found) for f in report.failures()}
    assert unmet.keys() == UNMET.keys()
    assert all(unmet[rule][0] == expected and unmet[rule][1].startswith(found[:12]) for rule, (expected, found) in UNMET.items()), unmet
    assert len(report.verdicts) == 14


def test_expectations_and_how_they_are_shown(tmp_path: Path) -> None:
    report = run(tmp_path, duckdb_session())
    assert_verdicts(report)
    assert from_json(to_json(report)).failures() == report.failures()
    suite = Xml.fromstring(FORMATS["junit"](report))[0]
    assert (suite.get("tests"), suite.get("failures"), suite[1].get("classname")) == ("14", "3", "test.good")
    place = report.failures()[0].payload.rule_place
    assert place is not None
    assert CASES.splitlines()[(place.line or 0) - 1].strip() == "RowCount: failed"
    text = FORMATS["text"](report)
    assert "3 of 14 expectations failed." in str(text)
    assert "UNTESTED" not in [f.name for f in report.findings]


def test_rules_of_which_nothing_is_expected_are_named(tmp_path: Path) -> None:
    (tmp_path / "r.dqdl").write_text('Rules = [ RowCount > 0, IsComplete "a", IsUnique "a" ]')
    (tmp_path / "r.test.yaml").write_text('cases: [{name: none, rows: "a\\n", expect: {RowCount: failed}}]')
    report = run_tests([tmp_path / "r.dqdl"], duckdb_session())
    assert report.passed
    (untested,) = report.of("warning")
    assert untested.message.endswith('no case expects anything of 2 rules: IsComplete "a"; IsUnique "a"')
    (tmp_path / "s.dqdl").write_text("Rules = [ ColumnCount > last() ]")  # in a case there is no earlier check
    (tmp_path / "s.test.yaml").write_text("cases: [{name: one, rows: [{a: 1}], expect: passed}]")
    both = run_tests([tmp_path / "r.dqdl", tmp_path / "s.dqdl"], duckdb_session())
    assert [f.part for f in both.verdicts] == ["r: none", "s: one"]
    assert {f.outcome for f in both.verdicts} == {Outcome.PASSED}


@pytest.mark.spark
def test_both_engines_judge_cases_alike(tmp_path: Path, spark) -> None:
    from tilth.engine.spark import Spark

    assert_verdicts(run(tmp_path, Spark(spark).session()))
