"""Differences of numbers that two findings have."""

from tilth.measures.changes import CHANGES, Change, changes
from tilth.measures.profile import ColumnProfile
from tilth.measures.table_profile import TableProfile
from tilth.report import Finding
from tilth.report.blocks import plain


def profile(value, mean):
    return Finding("age", ("age",), value, payload=ColumnProfile("integer", rows=10, mean=mean))


def test_numbers_are_matched_and_those_that_one_lacks_are_left_out():
    found = changes([profile(0.5, 4.0), Finding("Mean", ("x",), 2.0)], [profile(0.75, None), Finding("Mean", ("y",), 1.0)])
    assert [(f.name, f.subject, f.value, f.payload) for f in found] == [
        ("share of valid values", ("age",), -0.25, Change("column", 0.75, 0.5)),
        ("rows", ("age",), 0, Change("column", 10, 10)),
    ]


def test_the_section_has_a_row_for_each():
    (table,) = CHANGES.section(changes([Finding("Mean", ("x",), 2.0)], [Finding("Mean", ("x",), 1.5)])).blocks
    assert [c.words for c in table.rows[0]][2:] == ["1.5", "2", "0.5"]


def test_what_is_of_the_whole_table_names_no_column():
    def of(share, mean):
        return [Finding("table", (), share, payload=TableProfile(rows=4)), Finding("Mean", ("x",), mean)]

    (table,) = CHANGES.section(changes(of(0.5, 3), of(1.0, 2))).blocks
    assert [plain(c.words) for c in table.rows[0]][:3] == ["share of rows without a missing value", "", "1"]


def test_what_differs_most_comes_first_rows_once_and_what_does_not_is_folded():
    def of(rows, **means):
        return [Finding(name, (name,), 1.0, payload=ColumnProfile(rows=rows, mean=mean)) for name, mean in means.items()]

    section = CHANGES.section(changes(of(9, a=4, b=9), of(8, a=3, b=3)))
    differ, fold = section.blocks
    assert [[plain(c.words) for c in row] for row in differ.rows] == [
        ["mean", "b", "3", "9", "6"],
        ["mean", "a", "3", "4", "1"],
        ["rows", "", "8", "9", "1"],
    ]
    assert section.lead == "3 of 5 numbers differ."
    assert [plain(row[0].words) for row in fold.blocks[0].rows] == ["share of valid values"] * 2
