"""An engine that many calls share lets go of the tables in memory that nobody holds any more, and of no others."""

import gc
import weakref
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp

from tilth.data import Files, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.engine import Engine
from tilth.engine.holders import Holders
from tilth.formats import read, to_arrow


def memory(table: pa.Table) -> Memory:
    return Memory(table, tuple(table.column_names), id(table))


def test_a_table_has_ended_when_its_last_source_has():
    holders, table = Holders(), pa.table({"x": [1]})
    first, second = memory(table), memory(table)
    key = holders.key(first)
    assert holders.key(second) == key == holders.key(first)
    del first
    assert holders.ended() == set()
    del second
    assert holders.ended() == {key}
    assert holders.ended() == set()


def test_files_stand_for_themselves():
    source = Files("csv", ("a.csv",), ("x",))
    assert Holders().key(source) is source


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "duckdb":
        return DuckDB()
    from tilth.engine.spark import Spark

    return Spark(request.getfixturevalue("spark"))


def used(engine: Engine, n: int) -> tuple[Any, Any]:
    """A dataset that every kind of name was made for, and a weak reference to its table."""
    table = pa.table({"x": [n, n + 1]})
    data = read(table, engine=engine)
    assert to_arrow(data, engine)["x"].to_pylist() == [n, n + 1]
    assert engine.view(data.change({"y": exp.Literal.number(1)}))
    return data, weakref.ref(table)


def test_a_shared_engine_keeps_no_table_that_nobody_holds(engine):
    kept, _ = used(engine, 0)
    for n in range(3):
        data, table = used(engine, n)
        del data
        gc.collect()
        used(engine, 7)  # it lets go with the next thing that it is asked
        assert table() is None
    assert to_arrow(kept, engine)["x"].to_pylist() == [0, 1]
    gc.collect()
    assert len(engine._bases) <= 4  # of the one that is kept, and of the last: a table and a view each
