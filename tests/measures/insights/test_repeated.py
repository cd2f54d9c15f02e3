"""Rows that occur more than once."""

from __future__ import annotations

import pyarrow as pa

from tilth.data import Column, Kind, Roles
from tilth.measures.insights.repeated import REPEATED, repeated_finding
from tilth.measures.sampled import Rows
from tilth.report.blocks import plain

TABLE = pa.table({"no": [1, 2, 3, 4, 5, 6], "a": [1, 1, None, None, None, 2], "s": ["x", "x", "y", "y", "y", "z"]})
COLUMNS = [Column("no", Kind.INTEGER), Column("a", Kind.INTEGER), Column("s", Kind.STRING)]


def test_the_most_repeated_rows_are_counted_apart_from_ids():
    found = repeated_finding(COLUMNS, Rows(TABLE, 6), Roles(private=("s",)))
    assert found.value == 0.5
    assert (found.payload.repeated, found.payload.rows, found.payload.apart) == (3, 6, ("no",))
    assert (found.payload.counts, found.examples) == ((3, 2), ({"a": None, "s": "***"}, {"a": 1, "s": "***"}))
    assert found.payload.example_counts == (3, 2)
    assert plain(REPEATED.section([found]).lead) == "3 rows (50 %) are duplicates of an earlier row, except for no."


def test_rows_that_all_differ_have_no_section():
    found = repeated_finding(COLUMNS[1:], Rows(TABLE.slice(4).select(["a", "s"]), 2), Roles())
    assert (found.value, found.examples) == (0.0, ())
    assert REPEATED.section([found]) is None


def test_nothing_to_compare_has_none():
    assert repeated_finding([], Rows(pa.table({}), 0), Roles()) is None
    assert repeated_finding(COLUMNS, Rows(TABLE.slice(0, 0), 0), Roles()) is None
    assert repeated_finding(COLUMNS[:1], Rows(TABLE.select(["no"]), 6), Roles(id=("no",))) is None
