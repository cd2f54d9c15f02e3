"""What is said without reading rows is what a scan of all rows says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

import tilth
from tests.engines import duckdb_session
from tilth.data import Dataset, Kind
from tilth.engine import footers
from tilth.engine.expressions import and_, cast, coalesce, col, is_null, lit, not_, null_if, or_
from tilth.engine.statistics import Statistic, count, count_of, highest, lowest

TYPES = {
    "whole": (pa.int64(), st.integers(-3, 3)),
    "narrow": (pa.uint8(), st.integers(0, 3)),
    "day": (pa.date32(), st.dates(date(2020, 1, 1), date(2020, 1, 4))),
    "moment": (pa.timestamp("us"), st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 3))),
    "word": (pa.string(), st.sampled_from(["", "a", "b" * 100])),
    "yes": (pa.bool_(), st.booleans()),
    "number": (pa.float64(), st.sampled_from([0.0, -0.0, 1.5, float("nan")])),
    "fine": (pa.timestamp("ns"), st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 3))),
}
COMPARE = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ)
TABLES = st.lists(st.fixed_dictionaries({name: st.none() | of for name, (_, of) in TYPES.items()}), max_size=12)


def written(rows: list[dict[str, object]], folder: Path) -> Dataset:
    """The rows in two files of row groups of three rows."""
    schema = pa.schema([(name, type_) for name, (type_, _) in TYPES.items()])
    for k, part in enumerate((rows[: len(rows) // 2], rows[len(rows) // 2 :])):
        pq.write_table(pa.Table.from_pylist(part, schema), folder / f"{k}.parquet", row_group_size=3)
    return tilth.read(folder, engine=duckdb_session())


def asked() -> dict[str, list[Statistic]]:
    """Statistics by column."""
    found = {}
    for name in TYPES:
        x = col(name)
        found[name] = [count(is_null(x)), count(exp.paren(not_(is_null(x)))), count_of(x), lowest(x), highest(x)]
    for name in ("whole", "narrow", "number"):
        x = col(name)
        compared = [compare(this=col(name), expression=lit(n)) for compare in COMPARE for n in (-4, 0, 2)]
        between = and_(exp.GT(this=col(name), expression=lit(-1)), exp.LT(this=col(name), expression=lit(4)))
        several = [between, coalesce(between, exp.false()), not_(between), or_(between, is_null(x)), exp.GT(this=lit(2), expression=x)]
        found[name] += map(count, (*compared, *several))
    found["whole"].append(count(exp.LTE(this=coalesce(col("whole"), lit(0)), expression=lit(0))))  # of a null, too
    for name in ("day", "moment"):
        days = (cast(lit(f"2020-01-0{d}"), Kind.DATE) for d in (1, 2, 4))
        found[name] += (count(exp.GTE(this=cast(col(name), Kind.DATE), expression=d)) for d in days)
    return found


ASKED = asked()


@pytest.mark.slow
@given(TABLES)
def test_it_is_what_a_scan_says(tmp_path_factory, rows):
    data, session = written(rows, tmp_path_factory.mktemp("footers")), duckdb_session()
    statistics = [count(), *(s for of in ASKED.values() for s in of)]
    known = footers.answered(data, statistics, lambda: session.schema(data))
    scanned = session.answer(tilth.read(tilth.write(data)), known)
    assert known == scanned
    assert [type(v) for v in known.values()] == [type(v) for v in scanned.values()]
    assert known[count()] == len(rows)


def test_it_says_all_that_footers_know(tmp_path):
    rows = [
        {
            "whole": n,
            "narrow": n,
            "day": date(2020, 1, n),
            "moment": datetime(2020, 1, n),
            "word": "a",
            "yes": True,
            "fine": datetime(2020, 1, n),
        }
        for n in (1, 2, 3)
    ]
    data, session = written([*rows, {}], tmp_path), duckdb_session()
    known = footers.answered(data, [s for of in ASKED.values() for s in of], lambda: session.schema(data))
    told = {name: [s in known for s in of] for name, of in ASKED.items()}
    assert all(told["whole"][:5]) and all(told["narrow"][:5]) and all(told["day"][:5]) and all(told["moment"][:5])
    assert told["word"] == told["yes"] == [True] * 3 + [False] * 2
    assert not any(told["number"]) and not any(told["fine"])  # NaN is null here and not there; Python has no nanoseconds
    assert {s.where.sql(): known[s] for s in ASKED["whole"][5:] if s in known} == {
        '"whole" > -4': 3, '"whole" >= -4': 3, '"whole" > 0': 3, '"whole" >= 0': 3,
        '(("whole" > -1) AND ("whole" < 4))': 3, 'COALESCE((("whole" > -1) AND ("whole" < 4)), FALSE)': 3,
    }  # fmt: skip
    assert [known[s] for s in ASKED["moment"][5:] if s in known] == [3]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.rows(exp.select("*").from_("below").where(exp.GT(this=col("whole"), expression=lit(1)))),
        lambda data: data.change({"whole": null_if(col("whole"), lit(1))}),
        lambda data: replace(data, source=replace(data.source, options=(*data.source.options, ("names", tuple(TYPES))))),
    ],
    ids=["fewer rows", "another column", "other names"],
)
def test_what_is_not_the_rows_as_they_are_read_is_scanned(tmp_path, change):
    data, session = change(written([{"whole": 1}, {"whole": 2}], tmp_path)), duckdb_session()
    assert footers.answered(data, [count(), *ASKED["whole"]], lambda: session.schema(data)) == {}


def test_a_field_of_a_struct_and_a_column_that_a_file_lacks_are_scanned(tmp_path):
    pq.write_table(pa.table({"a": [{"b": 1}, None], "a.b": [None, 2], "l": [[1], []], "n": [1, 2]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"a": [{"b": 1}], "a.b": [1], "l": [[1]]}), tmp_path / "1.parquet")
    data, session = tilth.read(tmp_path, engine=duckdb_session()), duckdb_session()
    statistics = [count_of(col(name)) for name in ("a", "a.b", "l", "n")]
    assert footers.answered(data, statistics, lambda: session.schema(data)) == {}
    assert footers.answered(data, [count()], lambda: session.schema(data)) == {count(): 3}


def test_a_range_of_all_values_reads_no_row(tmp_path):
    pq.write_table(pa.table({"n": [1, 2, None, 9], "x": [1.0, 2.0, None, 4.0]}), tmp_path / "a.parquet")
    all_pass = 'RowCount = 4, Completeness "n" = 0.75, ColumnValues "n" between 0 and 10 with threshold > 0.7'
    report = tilth.check(tilth.read(tmp_path / "a.parquet"), f"Rules = [{all_pass}]")
    assert report and not report.facts.scans
    assert report.facts.more["from Parquet footers"] == "number of rows, n"
    report = tilth.check(tilth.read(tmp_path / "a.parquet"), f'Rules = [{all_pass}, ColumnValues "n" < 9]')
    assert not report and [s.title for s in report.facts.scans if s.purpose == "rules"] == ["row aggregates"]


def test_a_condition_that_a_null_may_meet_is_scanned(tmp_path):
    pq.write_table(pa.table({"word": pa.array([None, None], pa.string())}), tmp_path / "a.parquet")
    report = tilth.check(tmp_path / "a.parquet", 'Rules = [ ColumnLength "word" <= 0 with threshold >= 1 ]')
    assert report.passed
