"""The section of columns: what is missing before and after, and what values look like."""

import pytest

from tests.report.samples import REPORTS
from tests.report.test_page import columns, table
from tilth.measures.distributions import Histogram
from tilth.measures.profile import ColumnProfile
from tilth.measures.profile_section import GONE, MOST, remarks
from tilth.report import Finding, Report
from tilth.report.blocks import Words, plain
from tilth.report.html import to_html
from tilth.report.page import page
from tilth.report.text import to_text


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
    assert rows["column"][2:] == ["missing in raw", "invalid in raw", "missing in train", "missing in test", "distinct", "distribution"]
    assert rows["age"][2:] == ["299 (1.5 %)", "96 (0.5 %)", "0", "0", "152", ""]
    assert rows["sex"][2:] == ["119 (0.6 %)", "0", "", "", "7", "male 61.3 %, female 37.2 %, Female 1.5 %, 4 more"]
    assert table(columns(REPORTS["loans"]), "Columns made by preparation")[1] == ["sex=female", "0", "0"]


def test_of_many_columns_those_with_most_gaps_are_shown():
    section = columns(REPORTS["many columns"])
    assert table(section, "Values of each column")[1][0].endswith("number 199")
    assert len(table(section, "Values of each column")) == MOST + 1
    assert len(table(section, "More columns")) == 200 - MOST + 1


@pytest.mark.parametrize(
    "column, remark",
    [
        ({"distinct": 1}, "it has the same value in every row."),
        ({"distinct": 1, "missing": 1, "valid": 99}, "it has one value only."),
        ({"valid": 0, "missing": 100}, "it has no values."),
        ({"distinct": 9, "top": (("?", 7),)}, "7 % of its values are ?, which may stand for a missing one."),
        ({"distinct": 2, "top": (("no", 99), ("yes", 1))}, "99 % of its values are no."),
        ({"kind": "string", "distinct": 100}, "no two rows have the same value: it may be an id."),
        (
            {"kind": "float", "minimum": 0.1, "p25": 0.5, "p75": 3.6, "maximum": 61_370.0, "far_outliers": 0.02},
            "the largest value is 61,370, while three quarters are at most 3.6; 2 % of the values are beyond 3 interquartile ranges.",
        ),
        (
            {"kind": "integer", "minimum": -999, "p25": 10, "p75": 20, "maximum": 30},
            "the smallest value is −999, while three quarters are at least 10.",
        ),
        ({"kind": "integer", "minimum": 1, "p25": 10, "p75": 20, "maximum": 30, "distinct": 9}, None),
        ({"kind": "float", "distinct": 100}, None),
        ({"minimum": "***", "p25": "***", "p75": "***", "maximum": "***"}, None),
    ],
)  # fmt: skip
def test_what_is_odd_about_a_column_is_said(column, remark):
    found = remarks(ColumnProfile(**{"rows": 100, "valid": 100, "distinct_exact": True, **column}))
    assert [plain(words) for words in found] == ([] if remark is None else [remark])


def test_what_may_stand_for_a_missing_value_is_to_be_looked_at_first():
    found = [
        Finding(n, (n,), payload=ColumnProfile("string", rows=9, valid=9, distinct=2, top=top))
        for n, top in (("a", (("x", 8), ("?", 1))), ("b", (("?", 5), ("y", 4))), ("c", (("x", 5), ("y", 4))))
    ]
    said = [plain(words) for words, _ in page(Report("x", tuple(found))).advice]
    assert said == ["? may stand for a missing value in a, b: it can be read as null.", "2 columns with odd values: a, b."]


def test_a_column_shows_its_distribution():
    findings = [
        Finding(name, (name,), payload=ColumnProfile(kind, rows=100, valid=100, distinct=40, **more))
        for name, kind, more in (
            ("age", "integer", {"histogram": Histogram(18, 94, (1, 9, 0), 0, 2), "maximum": 120, "sampled": 50}),
            ("city", "string", {"frequent": (("Oslo", 20), ("Rome", 5)), "sampled": 50}),
            ("size", "string", {"top": (("small", 90), ("large", 10))}),
        )
    ]
    report = Report("x", tuple(findings))
    cells = [row[-1] for row in table(columns(report), "Values of each column")[1:]]
    assert cells == ["18 to 120, 2 above 94", "Oslo 40 %, Rome 10 %, 38 more", "small 90 %, large 10 %, 38 more"]
    text = to_text(report, colour=False)
    assert "▁█  18 to 120, 2 above 94" in text and "sample of 50 rows" in text
    assert to_html(report).count('class="chart"') == 8  # a small one of each, the large one of age, and four bars
