"""Differences of numbers that two findings have."""

from tilth.measures.changes import CHANGES, Change, changes
from tilth.measures.profile import ColumnProfile
from tilth.report import Finding


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
