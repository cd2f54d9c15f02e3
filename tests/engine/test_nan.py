"""What is asked of floats as they are stored is what is said of them as they are read."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

import tilth
from tests.engines import duckdb_session
from tilth.engine import answering
from tilth.engine.dry_run import DryRun
from tilth.engine.expressions import all_rows, col, gt, is_null, le, lit, lt
from tilth.engine.statistics import central_moment, count, count_of, distinct, highest, lowest, over_groups, quantile, total

X, Y = col("x"), col("y")
FLOATS = [0.0, -0.0, 1.5, -2.0, float("nan"), None]
ROWS = st.lists(st.tuples(st.sampled_from([*FLOATS, 1e300, float("inf")]), st.sampled_from(FLOATS), st.integers(0, 2)), max_size=9)
COUNTS = [count(is_null(X)), count_of(X), *(count(test(X, lit(n))) for test in (gt, le, lt) for n in (-3, 0, 1.5, 2))]
ASKED = [
    count(), *COUNTS, lowest(X), highest(X), distinct(X), quantile(X, 0.5), total(Y), central_moment(Y), lowest(Y), count_of(Y),
    over_groups(all_rows(), ("x",)), count_of(Y).filtered(gt(X, lit(1))), highest(Y).grouped(col("k")), count().grouped(X),
]  # fmt: skip


@pytest.mark.slow
@given(ROWS)
def test_it_is_what_is_said_of_them_as_they_are_read(tmp_path_factory, rows):
    place, session = tmp_path_factory.mktemp("nan") / "a.parquet", duckdb_session()
    x, y, k = zip(*rows, strict=True) if rows else ((), (), ())
    table = pa.table({"x": pa.array(x, pa.float64()), "y": pa.array(y, pa.float32()), "k": pa.array(k, pa.int64())})
    pq.write_table(table, place, row_group_size=3)
    data = tilth.read(place, engine=session)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answering, "FIRST", 1)  # row that is looked at beforehand
        found = session.answer(data, ASKED)
        patch.setattr(answering, "as_stored", lambda *_: None)
        assert found == duckdb_session().answer(data, ASKED)


def test_floats_without_nan_are_told_by_footers_and_their_largest_value(tmp_path):
    pq.write_table(pa.table({"x": [1.0, None, 2.5], "y": [0.5, 0.25, 1.0]}), tmp_path / "a.parquet")
    data, session = tilth.read(tmp_path / "a.parquet"), duckdb_session()
    asked = [*COUNTS, lowest(X), lowest(Y)]
    planned = DryRun(duckdb_session())
    planned.answer(data, asked), session.answer(data, asked)
    for ran in (session, planned):
        (scan,) = ran.scans
        assert "ISNAN" not in scan.query and "MIN" not in scan.query
        assert ran.unscanned == {"Parquet footers, as the scan finds no NaN": ["x", "y"]}


def test_nan_is_found_behind_the_first_rows_and_where_a_conversion_refuses_it(tmp_path):
    pq.write_table(pa.table({"x": [1.0] * answering.FIRST + [float("nan")], "y": [2.0] * (answering.FIRST + 1)}), tmp_path / "a.parquet")
    data, session = tilth.read(tmp_path / "a.parquet"), duckdb_session()
    refused = count(gt(exp.Cast(this=X.copy(), to=exp.DataType.build("bigint")), lit(0)))
    asked = [count_of(X), lowest(Y)]
    assert session.answer(data, asked) == {asked[0]: answering.FIRST, asked[1]: 2.0} and len(session.scans) == 2
    assert session.unscanned == {"Parquet footers, as the scan finds no NaN": ["y"]}
    assert session.answer(data, [refused]) == {refused: answering.FIRST}
