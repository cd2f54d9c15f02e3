"""Relations of DuckDB and frames of Spark."""

import duckdb
import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.data import Kind, Memory, Native
from tilth.engine.duckdb import DuckDB
from tilth.errors import ColumnError, SourceError
from tilth.flow import Flow
from tilth.formats import read, to_arrow


def test_a_relation_is_read_in_place_on_its_own_connection():
    connection = duckdb.connect()
    engine = DuckDB(connection=connection).session()
    data = read(connection.sql("select 1 as x"), engine=engine)
    assert isinstance(data.source, Native)
    assert to_arrow(data, engine).to_pydict() == {"x": [1]}


def test_a_relation_of_another_connection_comes_through_arrow():
    engine = duckdb_session()
    data = read(duckdb.connect().sql("select 1 as x"), names=["y"], engine=engine)
    assert isinstance(data.source, Memory)
    assert to_arrow(data, engine).to_pydict() == {"y": [1]}


RELATIONS = {
    "a query": "select x from t where x > 1",
    "named selects": "with big as (select x from t) select * from big order by x desc limit 2",
    "a table": "from t",
    "a frame": "from frame",
}


@pytest.mark.slow
@pytest.mark.parametrize("query", RELATIONS.values(), ids=RELATIONS)
@pytest.mark.parametrize("in_place", [True, False])
def test_a_connection_of_the_users_is_left_as_it_was(query, in_place, tmp_path):
    """A view that `read` left there would stay in the file, and one called `source0` would hide a table of that name."""
    place = tmp_path / "ours.db"
    with duckdb.connect(place) as connection:
        connection.execute(
            "create table t as select unnest([1, 2, 3]) as x; create table source0 as select 7 as x; create table held0 (x int)"
        )
        frame = pa.table({"x": [1, 2, 3]})
        relation = connection.sql(query)
        del frame
        expected = sorted(relation.fetchall())
        for _ in range(2):  # another engine on the same connection minds its own names
            engine = DuckDB(connection=connection).session() if in_place else duckdb_session()
            data = read(relation, engine=engine)
            assert isinstance(data.source, Native if in_place else Memory)
            assert sorted(to_arrow(engine.checkpoint(data), engine)["x"].to_pylist()) == [x for (x,) in expected]
        assert connection.execute("from source0").fetchall() == [(7,)]
        named = connection.execute("select view_name from duckdb_views() where not internal and not temporary").fetchall()
        assert named == []
    with duckdb.connect(place) as connection:
        assert connection.execute("show tables").fetchall() == [("held0",), ("source0",), ("t",)]


def test_a_database_that_may_only_be_read(tmp_path):
    place = tmp_path / "theirs.db"
    duckdb.connect(place).execute("create table t as select 1 as x").close()
    with duckdb.connect(place, read_only=True) as connection:
        for engine in (duckdb_session(), DuckDB(connection=connection).session()):
            assert to_arrow(read(connection.table("t"), engine=engine), engine).to_pydict() == {"x": [1]}


def test_a_relation_is_read_by_the_verbs_and_given_back():
    connection = duckdb.connect()
    relation = connection.sql("select * from (values (1.0::double, 'a'), (null, 'b'), (3.0, null)) t(x, s)")
    flow = tilth.fit(Flow.parse("features: [{impute: {columns: x, with: mean}}, {encode: s}]"), relation)
    made = tilth.write(tilth.apply(flow, relation), format="duckdb")
    assert isinstance(made, duckdb.DuckDBPyRelation)
    assert sorted(made.fetchall()) == [(1.0, 1, 0), (2.0, 0, 1), (3.0, 0, 0)]


ENDLESS = """
    select * from (values
        (1, date 'infinity', timestamp '-infinity', timestamptz 'infinity', 'infinity'::timestamp_ns),
        (2, date '2024-02-29', timestamp '2024-02-29', timestamptz '2024-02-29', '2024-02-29'::timestamp_ns),
        (3, date '20240-02-29', timestamp '9999-12-31 23:59:59.999999', timestamptz '0001-01-01', null),
        (4, date '0001-01-01 (BC)', timestamp '20240-02-29', null, null)
    ) t(i, d, t, z, n)
"""


@pytest.mark.parametrize("in_place", [True, False])
def test_times_that_no_other_library_has_are_null(in_place):
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    engine = DuckDB(connection=connection).session() if in_place else duckdb_session()
    data = read(connection.sql(ENDLESS), engine=engine)
    found = [[None if v is None else str(v)[:10] for v in row.values()] for row in to_arrow(data, engine).to_pylist()]
    leap = "2024-02-29"
    assert sorted(found) == [
        ["1", None, None, None, None],
        ["2", leap, leap, leap, leap],
        ["3", None, "9999-12-31", "0001-01-01", None],
        ["4", None, None, None, None],
    ]
    lowest = {f.name: f.payload.minimum for f in tilth.measure(data, "profile", engine=engine).of("column")}
    assert str(lowest["d"]) == leap


def test_a_sum_of_another_connection_is_a_whole_number():
    relation = duckdb.connect().sql("select sum(x) as s, 2::hugeint ** 70 as large, (2::hugeint ** 70)::hugeint as huge from range(4) t(x)")
    found = to_arrow(read(relation, engine=duckdb_session()), duckdb_session())
    assert found.schema.field("s").type == pa.int64()
    assert found["s"].to_pylist() == [6]
    assert [int(v) for v in found["huge"].to_pylist()] == [2**70]  # too large for 64 bits: a decimal


def test_duplicate_columns_of_a_relation():
    duplicates = duckdb.connect().sql("select 1 as a, 2 as A")
    with pytest.raises(ColumnError, match="equal without regard to case"):
        read(duplicates, engine=duckdb_session())
    with pytest.raises(SourceError, match="1 names are given for 2 columns"):
        read(duplicates, names=["p"], engine=duckdb_session())


@pytest.mark.spark
def test_a_spark_frame_is_read_by_the_verbs_and_given_back(spark):
    frame = spark.createDataFrame([(1.0, "a"), (None, "b"), (3.0, None)], "x double, s string")
    flow = tilth.fit(Flow.parse("features: [{impute: {columns: x, with: mean}}, {encode: s}]"), frame)
    made = tilth.write(tilth.apply(flow, frame), format="spark")
    assert type(made).__module__.startswith("pyspark.sql")
    assert sorted(tuple(r) for r in made.collect()) == [(1.0, 1, 0), (2.0, 0, 1), (3.0, 0, 0)]
    there = read(frame, engine=duckdb_session())  # by another engine, through Arrow
    assert isinstance(there.source, Memory)
    assert [c.kind for c in duckdb_session().schema(there)] == [Kind.FLOAT, Kind.STRING]
