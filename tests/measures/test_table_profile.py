"""Duplicates, missing patterns and sample rows of a table."""

import math

import pyarrow as pa

import tilth
from tilth.report.blocks import plain
from tilth.report.html import to_html
from tilth.report.page import page

TABLE = pa.table(
    {
        "a": [1, 1, 2, None, None, 3, 3],
        "b": [1.0, 1.0, math.nan, None, 2.0, 3.0, 3.0],
        "s": ["x", "x", " ", None, "y", "z", "w"],
    }
)


def found(table=TABLE, **roles):
    report = tilth.measure(tilth.read(table, roles=roles), "profile")
    return report, report.of("table")[0]


def test_duplicates_and_columns_that_are_missing_together_are_counted():
    _, finding = found()
    assert finding.payload.duplicates == 1
    assert finding.payload.patterns == (((), 4), (("a",), 1), (("a", "b", "s"), 1), (("b", "s"), 1))
    assert finding.value == 4 / 7


def test_rows_of_other_kinds_are_not_compared():
    assert found(pa.table({"x": [1, 1], "l": [[1], [2]]}))[1].payload.duplicates is None


def test_a_few_rows_are_shown_and_private_values_masked():
    report, finding = found(private=["s"])
    assert len(finding.examples) == 5
    assert {row["s"] for row in finding.examples} <= {"***", None}
    assert "A few rows" in to_html(report)


def test_the_section_says_what_to_do():
    report, _ = found()
    section = next(s for s in page(report).sections if s.key == "rows")
    assert section.lead == "1 row (14.3 %) is a duplicate of an earlier row; 57.1 % of the rows have a value in every column."
    assert section.figures == (("1", "duplicate row"),)
    assert plain(section.advice[0].words) == "14.3 % of the rows are duplicates of an earlier row: the step dedupe drops them."


def test_no_rows_have_no_profile():
    assert not tilth.measure(TABLE.slice(0, 0), "profile").of("table")


def test_a_fitted_flow_holds_no_rows(tmp_path):
    flow = tilth.Flow.parse(
        "features: [impute: {columns: a, with: median}]\nmeasure: [profile]\nsplit: {train: 0.5, test: 0.5, by: hash(s)}\n"
    )
    from tests.engines import duckdb_session
    from tilth.flow.running import run

    prepared = run(flow, tilth.read(TABLE), duckdb_session())
    assert prepared.flow.need_learned().baseline
    assert not any(f.get("examples") for f in prepared.flow.need_learned().baseline)
