"""The section of columns: what is missing before and after, and what values look like."""

from tests.report.samples import REPORTS
from tests.report.test_page import columns, table
from tilth.measures.profile import ColumnProfile
from tilth.measures.profile_section import GONE, MOST
from tilth.report import Finding, Report
from tilth.report.blocks import Words


def test_a_blank_cell_of_a_column_that_a_part_lacks_is_explained():
    def said(*findings: Finding) -> bool:
        return Words(GONE) in columns(Report("x", findings)).blocks

    raw, other, train = (
        Finding(name, (name,), part=part, payload=ColumnProfile(rows=2, valid=2, missing=0))
        for name, part in (("sex", "raw"), ("age", "raw"), ("age", "train"))
    )
    assert said(raw, other, train)
    assert not said(other, train)


def test_columns_have_missing_values_before_and_after():
    rows = {row[0]: row for row in table(columns(REPORTS["loans"]), "Values of each column")}
    assert rows["column"][3:] == ["missing in raw", "invalid in raw", "missing in train", "missing in test", "distinct"]
    assert rows["age"][3:] == ["299 (1.5 %)", "96 (0.5 %)", "0", "0", "152"]
    assert rows["sex"][3:] == ["119 (0.6 %)", "0", "", "", "7"]
    assert table(columns(REPORTS["loans"]), "Columns made by preparation")[1] == ["sex=female", "0", "0"]
    assert table(columns(REPORTS["loans"]), "Numbers of raw")[1][:3] == ["age", "−75", "29"]
    assert table(columns(REPORTS["loans"]), "Frequent values of raw")[1][1].startswith("male 12,325, female 7,477")


def test_of_many_columns_those_with_most_gaps_are_shown():
    section = columns(REPORTS["many columns"])
    assert table(section, "Values of each column")[1][0].endswith("number 199")
    assert len(table(section, "Values of each column")) == MOST + 1
    assert len(table(section, "More columns")) == 200 - MOST + 1
