"""The noun: what a report says of itself, and the keys of its findings as `docs/report.md` tells them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pytest

from tests.report.samples import REPORTS
from tilth.errors import DataFailure
from tilth.measures.balance import ClassBalance
from tilth.report import Outcome, Report, jsonable
from tilth.report.sections import SECTIONS

ROOT = Path(__file__).parents[2]


def documented() -> dict[str, set[str]]:
    """Kind → the keys that the table tells."""
    text = re.search(r"<!-- keys: begin -->(.*?)<!-- keys: end -->", (ROOT / "docs/report.md").read_text("utf-8"), re.DOTALL)[1]
    rows = [line.split(" | ") for line in text.strip().splitlines()[2:]]
    return {row[0].strip("| `"): set(re.findall(r"`([a-z_0-9]+)`", row[2])) for row in rows}


def further() -> set[str]:
    """The keys that no renderer shows."""
    text = re.search(r"<!-- more: begin -->(.*?)<!-- more: end -->", (ROOT / "docs/report.md").read_text("utf-8"), re.DOTALL)[1]
    return set(re.findall(r"`([a-z_0-9]+)`", text))


def test_every_kind_is_documented_with_every_field_of_its_payload():
    told = documented()
    assert set(told) == set(SECTIONS)
    for kind, entry in SECTIONS.items():
        assert kind == entry.payload.KIND
        assert {f.name for f in fields(entry.payload)} - {"more", "details"} <= told[kind] | further(), kind


def test_passed_means_that_all_rules_did():
    assert Report("x").passed
    assert not REPORTS["rules"].passed
    assert REPORTS["measures"].passed


def test_failures_are_raised_on_request():
    with pytest.raises(DataFailure) as caught:
        REPORTS["rules"].raise_for_failures()
    assert len(caught.value.mistakes) == 7
    assert 'IsComplete "income": Failed: Value: 0.957' in str(caught.value)


def test_findings_are_found_by_kind_and_part():
    report = REPORTS["loans"]
    assert {f.part for f in report.of("balance", part="test")} == {"test"}
    assert report.of() == ()
    assert report.of("balance") == report.of(ClassBalance)


@pytest.mark.parametrize(
    ("value", "plain"),
    [(float("inf"), "Infinity"), (float("nan"), "NaN"), ({1: (Outcome.PASSED,)}, {"1": ["Passed"]}), (b"x", "b'x'"), (True, True)],
)
def test_values_become_json(value, plain):
    assert jsonable(value) == plain


def test_what_the_verbs_leave_behind_renders(tmp_path):
    import tilth
    from tilth.report.files import FORMATS, write_report

    ages = [None if k % 7 == 0 else 20 + k for k in range(60)]
    columns = {"age": ages, "sex": ["f", "m", "m"] * 20, "hired": ["yes", "no"] * 30}
    data = tilth.read(pa.table(columns), roles={"label": "hired", "positive": "yes", "facet": ["sex"]})
    rules = 'Rules = [ IsComplete "age", (RowCount > 5) AND (Mean "age" > 99), Mean "nosuch" > 1 ] Analyzers = [ Mean "age" ]'
    report = Report("both", (*tilth.check(data, rules).findings, *tilth.measure(data, part="raw").findings))
    kinds = {f.kind for f in report.findings}
    assert {"rule", "analyzer", "bias", "balance", "column"} <= kinds
    for name in FORMATS:
        assert write_report(report, tmp_path / name, name).stat().st_size > 100
    text = (tmp_path / "text").read_text("utf-8")
    assert "9 of 60 rows fail (15 %)." in text
    assert "sex=f" in text
