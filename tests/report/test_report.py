"""The noun: what a report says of itself, and the keys of its findings as `docs/report.md` tells them."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from tests.report.samples import REPORTS
from tilth.errors import DataFailure
from tilth.report import Facts, Finding, FindingKind, Outcome, Pass, Report, joined, jsonable

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "src/tilth/report/sections").glob("*.py"), ROOT / "src/tilth/aws/glue.py"]


def documented() -> dict[str, set[str]]:
    """Kind → the keys that the table tells."""
    text = re.search(r"<!-- keys: begin -->(.*?)<!-- keys: end -->", (ROOT / "docs/report.md").read_text("utf-8"), re.DOTALL)[1]
    rows = [line.split(" | ") for line in text.strip().splitlines()[2:]]
    return {row[0].strip("| `"): set(re.findall(r"`([a-z_0-9]+)`", row[2])) for row in rows}


def further() -> set[str]:
    """The keys that no renderer shows."""
    text = re.search(r"<!-- more: begin -->(.*?)<!-- more: end -->", (ROOT / "docs/report.md").read_text("utf-8"), re.DOTALL)[1]
    return set(re.findall(r"`([a-z_0-9]+)`", text))


def test_every_kind_is_documented():
    assert set(documented()) == {str(kind) for kind in FindingKind}


def test_the_renderers_read_the_documented_keys_and_no_others():
    read = set()
    for source in SOURCES:
        text = source.read_text("utf-8")
        read |= set(re.findall(r'given\.(?:mapping|words|listed|figure|count)\(\w+, f?"([a-z_0-9]+)"\)', text))
        read |= set(re.findall(r'details\.get\("([a-z_0-9]+)"\)', text))
    told = set().union(*documented().values())
    assert read - told <= {"n_a", "n_d"}, "a key that no one is told of"


def test_the_samples_carry_documented_keys_only():
    told = documented()
    for finding in REPORTS["loans"].findings:
        assert set(finding.details) <= told[finding.kind] | further(), finding


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
    assert {f.part for f in report.of(FindingKind.BALANCE, part="test")} == {"test"}
    assert report.of() == ()
    assert Report("x", (Finding(FindingKind.METRIC, "m"),)).in_part("raw").parts == ("raw",)


def test_reports_join_in_order():
    one = Report("a", (Finding(FindingKind.METRIC, "m"),))
    two = Report("b", (Finding(FindingKind.RULE, "r", outcome=Outcome.PASSED),))
    both = joined("both", [one, two], Facts(passes=(Pass("p", 0.1),)))
    assert [f.name for f in both.findings] == ["m", "r"]
    assert both.facts.scans == 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [(float("inf"), "Infinity"), (float("nan"), "NaN"), ({1: (Outcome.PASSED,)}, {"1": ["Passed"]}), (b"x", "b'x'"), (True, True)],
)
def test_values_become_json(value, plain):
    assert jsonable(value) == plain


def test_what_the_verbs_leave_behind_carries_documented_keys_and_renders(tmp_path):
    import tilth
    from tilth.report.files import FORMATS, write_report

    ages = [None if k % 7 == 0 else 20 + k for k in range(60)]
    columns = {"age": ages, "sex": ["f", "m", "m"] * 20, "hired": ["yes", "no"] * 30}
    data = tilth.read(pa.table(columns), roles={"label": "hired", "positive": "yes", "facet": ["sex"]})
    rules = 'Rules = [ IsComplete "age", (RowCount > 5) AND (Mean "age" > 99), Mean "nosuch" > 1 ] Analyzers = [ Mean "age" ]'
    report = joined("both", [tilth.check(data, rules), tilth.measure(data, part="raw")], Facts())
    kinds = {f.kind for f in report.findings}
    assert {FindingKind.RULE, FindingKind.ANALYZER, FindingKind.BIAS, FindingKind.BALANCE, FindingKind.COLUMN} <= kinds
    told = documented()
    for finding in report.findings:
        if finding.kind not in (FindingKind.WARNING, FindingKind.BIAS):  # a warning has what its cause has, a bias metric what it alone has
            assert set(finding.details) <= told[finding.kind] | further(), finding
    for name in FORMATS:
        assert write_report(report, tmp_path / name, name).stat().st_size > 100
    text = (tmp_path / "text").read_text("utf-8")
    assert "9 of 60 rows fail (15 %)." in text
    assert "sex=f" in text
