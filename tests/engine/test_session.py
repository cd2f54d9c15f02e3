"""Sessions of one engine: each owns what it makes, none sees another's, and nothing is left when they are closed."""

from __future__ import annotations

import ctypes
import gc
import resource
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

import tilth
from tilth.data import Dataset
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import alias, all_rows
from tilth.engine.session import Engine, Session
from tilth.errors import MachineError
from tilth.formats import read, to_arrow

SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range + b.range) % 7 = 3"


@pytest.fixture(params=["duckdb", "duckdb of the user", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "spark":
        from tilth.engine.spark import Spark

        return Spark(request.getfixturevalue("spark"))
    return DuckDB(connection=duckdb.connect() if "user" in request.param else None)


@pytest.fixture(autouse=True)
def only_what_a_test_makes() -> None:
    """The collector of garbage looks at nothing that is there already, which takes it a second late in a run."""
    gc.freeze()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,a\n2,b\n", "utf-8")
    return path


def rows_of(data: Dataset, run: Session) -> int:
    return int(run.rows(data, exp.Select(expressions=[alias(all_rows(), "n")]))[0][0])


def used(run: Session, file: Path) -> weakref.ref[Any]:
    """Everything that a session holds is made; a weak reference to a table in memory that it read."""
    table = pa.table({"x": [1, 2]})
    data = read(table, engine=run)
    assert to_arrow(data, run)["x"].to_pylist() == [1, 2]
    assert run.view(data.change({"y": exp.Literal.number(1)}))
    assert rows_of(run.checkpoint(data), run) == rows_of(read(file, engine=run), run) == 2
    return weakref.ref(table)


def left(engine: Any) -> list[Any]:
    """The tables and views that an engine has, those of sessions that other tests forgot to close left out."""
    gc.collect()
    if engine.name == "spark":
        return [session.sql("SHOW TABLES").collect() for session in (engine.own, engine.given)]
    names = "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
    return [engine._connection.execute(names).fetchall()]


@pytest.mark.slow
def test_a_closed_session_leaves_nothing(engine, file):
    before = left(engine)
    for _ in range(2):
        with engine.session("a") as run:
            table = used(run, file)
            assert [p.title for p in run.scans] == ["hold rows", "rows", "load text files", "rows"]
        del run
        gc.collect()
        assert table() is None
    assert left(engine) == before


@pytest.mark.parametrize(
    ("limits", "rows", "table"), [({}, 3, False), ({}, 10**12, True), ({}, None, True), ({"memory_limit": "1GiB"}, 3, True)]
)
def test_few_rows_are_held_in_memory_unless_that_is_limited(limits, rows, table):
    with DuckDB(**limits).session() as run:
        data = run.checkpoint(read(pa.table({"x": [3, 1, None, 2]}), engine=run), rows)
        assert to_arrow(data, run)["x"].to_pylist() == [3, 1, None, 2]
        assert to_arrow(run.with_extremes(data), run)["x"].to_pylist()[:8] == [3] * 4 + [1] * 4
        assert bool(run.run("SELECT * FROM duckdb_tables()")) is table


def test_few_images_are_held_in_a_table():
    with DuckDB().session() as run:
        run.checkpoint(read(pa.table({"image": [b"P6", None]}), engine=run), 2)
        assert len(run.run("SELECT * FROM duckdb_tables()")) == 1


@pytest.mark.slow
def test_sessions_side_by_side_do_not_meet(file):
    engine = DuckDB()

    def work(n: int) -> tuple[list[str], int]:
        with engine.session(str(n)) as run, run.working_for(str(n)):
            data = run.checkpoint(read(pa.table({"x": list(range(n))}), engine=run))
            used(run, file)
            return [p.purpose for p in run.scans], rows_of(data, run)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(1, 21)))
    assert found == [([str(n)] * 5, n) for n in range(1, 21)]
    assert left(engine) == [[]]


def test_a_session_is_cancelled_alone():
    engine = DuckDB()
    with engine.session("slow") as slow, engine.session("other") as other:
        timer = threading.Timer(0.2, slow.cancel)
        timer.start()
        for _ in range(2):  # the query that runs, and every later one
            with pytest.raises(MachineError, match="cancelled") as error:
                slow.run(SLOW)
            assert error.value.mistakes[0].code == "cancelled"
        assert other.run("SELECT 1") == [(1,)]


@pytest.mark.spark
def test_rows_that_spark_keeps_go_with_their_session(spark):
    with tilth.Spark(spark).session() as run:
        kept: Any = run.checkpoint(read(pa.table({"x": [1]}), engine=run)).source
        assert kept.handle.storageLevel.useMemory
    assert not kept.handle.storageLevel.useMemory


@pytest.mark.spark
def test_a_session_of_spark_is_cancelled_alone(spark):
    engine = tilth.Spark(spark)
    with engine.session("slow") as slow, engine.session("other") as other:
        timer = threading.Timer(1, slow.cancel)
        timer.start()
        for _ in range(2):
            with pytest.raises(MachineError, match="cancelled"):
                slow.execute("slow", "SELECT count(*) FROM range(1000000000000) WHERE id % 7 = 3")
        assert other.execute("quick", "SELECT 1") == [(1,)]


@pytest.mark.slow
def test_many_sessions_leave_memory_flat(file):
    engine = DuckDB()

    def work(times: int) -> int:
        for _ in range(times):
            with engine.session() as run:
                used(run, file)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    work(25)
    before = work(1)
    assert work(100) - before < 12  # MiB; a leaked session is one of some hundred kilobytes
    assert left(engine) == [[]]


def allocated() -> int:
    """The bytes that C's allocator has handed out."""
    asked = ctypes.CDLL(None).mallinfo2  # ten numbers, of which the eighth is what is in use
    asked.restype = type("mallinfo2", (ctypes.Structure,), {"_fields_": [(f"n{i}", ctypes.c_size_t) for i in range(10)]})
    return int(asked().n7)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="another C library")
def test_asking_for_a_schema_keeps_nothing():
    """DuckDB keeps some 300 bytes of each DESCRIBE."""
    run = DuckDB().session()

    def work() -> int:
        for _ in range(2000):
            run.schema_of("SELECT 1 AS x, 'a' AS s")  # type: ignore[attr-defined]
        gc.collect()
        return allocated()

    before = work()
    assert work() - before < 300_000  # half of what that many times 300 bytes are; other tests' objects come and go


def test_a_schema_is_what_describe_says():
    values = {
        "i": "1::TINYINT", "d": "1.5::DECIMAL(18,3)", "l": "[[1], NULL]", "a": "[1, 2]::INT[2]", "e": "'a'::ENUM ('a', 'b c')",
        "st": "{'x': [1::FLOAT], 'y z': 'a'}", "m": "MAP {'a': 1}", "t": "now()", "n": "NULL", "j": "'1'::JSON", "u": "uuid()",
        "b": "'a'::BLOB", "h": "1::HUGEINT", "ns": "TIMESTAMP_NS '2020-01-01'", "iv": "INTERVAL 1 DAY", "bit": "'101'::BIT",
    }  # fmt: skip
    text = f"SELECT {', '.join(f'{value} AS {name}' for name, value in values.items())}"
    run: Any = DuckDB().session()
    assert [(c.name, c.type) for c in run.schema_of(text)] == [row[:2] for row in run.run(f"DESCRIBE {text}")]


@pytest.mark.slow
def test_a_relation_that_is_handed_over_outlives_its_session():
    relation = tilth.write(pa.table({"x": [1, 2]}), format="duckdb")
    gc.collect()
    assert relation.fetchall() == [(1,), (2,)]
    assert tilth.check(relation, "Rules = [ RowCount = 2 ]").passed


@pytest.mark.spark
def test_spark_plans_a_query_for_its_columns_once(spark, monkeypatch):
    engine = tilth.Spark(spark).session()
    data = read(pa.table({"x": [1]}), engine=engine)
    found = engine.schema(data)
    monkeypatch.setattr(engine, "sql", None)
    assert engine.schema(data) == found


@pytest.mark.spark
def test_lists_of_no_rows_are_a_table_for_spark(spark):
    table = pa.table({"l": pa.array([], pa.list_(pa.int64()))})
    with tilth.Spark(spark).session() as run:
        assert to_arrow(read(table, engine=run), run).num_rows == 0


@pytest.mark.parametrize("name", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_batches_are_a_stream_of_what_the_table_is(name, request):
    engine: Engine = DuckDB() if name == "duckdb" else tilth.Spark(request.getfixturevalue("spark"))
    at = datetime(2024, 3, 31, 1, 30)
    table = pa.table(
        {"i": [1, None], "s": ["a", None], "t": [at, None], "z": pa.array([at, None], pa.timestamp("us", "UTC")), "l": [[1], None]}
    )
    with engine.session() as run:
        data = read(table, engine=run)
        text = run.query(data, exp.Select(expressions=[exp.Star()]))
        reader = run.batches(text)
        assert isinstance(reader, pa.RecordBatchReader)
        assert reader.read_all().equals(run.table(text))
        empty = run.batches(f"SELECT * FROM ({text}) AS t WHERE i > 7")
        assert (empty.schema, empty.read_all().num_rows) == (run.table(text).schema, 0)
