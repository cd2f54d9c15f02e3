"""A card for each column: its picture, its numbers, and those of the parts beside each other."""

from tests.report.samples import REPORTS
from tests.report.test_page import columns, table
from tilth.measures.column_cards import distribution
from tilth.measures.distributions import Histogram
from tilth.measures.profile import ColumnProfile
from tilth.report import Finding, Report
from tilth.report.html import to_html


def test_each_column_has_a_card_with_the_numbers_of_the_parts_beside_each_other():
    section = columns(REPORTS["loans"])
    age = table(section, "age")
    assert age[0] == ["", "raw", "train", "test"]
    assert ["missing", "299 (1.5 %)", "0", "0"] in age
    assert ["25 %", "29", "", ""] in age
    assert table(section, "Most frequent values")[1:3] == [["male", "12,325 (61.3 %)"], ["female", "7,477 (37.2 %)"]]


def test_before_and_after_are_beside_each_other():
    parts = {
        "raw": ColumnProfile("string", rows=4, valid=4, top=(("a", 3), ("b", 1))),
        "train": ColumnProfile("string", rows=2, valid=2, top=(("b", 1), ("c", 1))),
    }
    section = columns(Report("x", tuple(Finding("x", ("x",), part=part, payload=of) for part, of in parts.items())))
    assert table(section, "Most frequent values") == [
        ["value", "raw", "train"],
        ["a", "3 (75 %)", ""],
        ["b", "1 (25 %)", "1 (50 %)"],
        ["c", "", "1 (50 %)"],
    ]


def test_the_only_part_has_a_large_picture_with_a_scale():
    column = ColumnProfile("integer", rows=10, valid=10, minimum=18, maximum=120, histogram=Histogram(18, 94, (1, 7, 0), 0, 2))
    html = to_html(Report("x", (Finding("age", ("age",), payload=column),)))
    assert ">40</text>" in html
    assert "43.33 to 68.67: 7" in html


def test_what_may_be_years_is_written_without_a_comma():
    def words(low: int, high: int) -> str:
        drawn = Histogram(low, high, (4, 5), 0, 0)
        column = ColumnProfile("integer", rows=9, valid=9, minimum=low, maximum=high, median=high, histogram=drawn)
        return distribution("x", column).words.split(" to ")[1]

    assert [words(1946, 2008), words(946, 2008), words(1946, 3008)] == ["2008, median 2008", "2,008, median 2,008", "3,008, median 3,008"]
