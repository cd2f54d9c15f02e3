"""Relations of DuckDB and frames of Spark."""

import duckdb

from tilth.data import Memory, Native
from tilth.engine.duckdb import DuckDB
from tilth.formats import read, to_arrow


def test_a_relation_is_read_in_place_on_its_own_connection():
    connection = duckdb.connect()
    engine = DuckDB(connection=connection)
    data = read(connection.sql("select 1 as x"), engine=engine)
    assert isinstance(data.source, Native)
    assert to_arrow(data, engine).to_pydict() == {"x": [1]}


def test_a_relation_of_another_connection_comes_through_arrow():
    engine = DuckDB()
    data = read(duckdb.connect().sql("select 1 as x"), names=["y"], engine=engine)
    assert isinstance(data.source, Memory)
    assert to_arrow(data, engine).to_pydict() == {"y": [1]}
