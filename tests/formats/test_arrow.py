"""Tables in memory."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tilth.data import Kind
from tilth.engine.duckdb import DuckDB
from tilth.errors import SourceError
from tilth.formats import read, to_arrow, to_pandas, to_polars

TABLE = pa.table({"x": [1, None], "s": ["a", "b"]})


@pytest.mark.parametrize(
    "given",
    [TABLE, TABLE.to_reader(), TABLE.to_batches()[0], TABLE.to_pandas(types_mapper=pd.ArrowDtype), pl.DataFrame(TABLE)],
    ids=lambda v: f"{type(v).__module__.split('.')[0]}.{type(v).__name__}",
)
def test_any_table_is_read(given):
    engine = DuckDB()
    data = read(given, engine=engine)
    assert to_arrow(data, engine).to_pydict() == TABLE.to_pydict()
    assert to_polars(data, engine).equals(pl.DataFrame(TABLE))
    assert to_pandas(data, engine)["s"].tolist() == ["a", "b"]


def test_dictionaries_become_their_values():
    engine = DuckDB()
    frame = pd.DataFrame({"c": pd.Categorical(["b", "a"], categories=["b", "a"])})
    schema = engine.schema(read(frame, engine=engine))
    assert (schema["c"].kind, schema["c"].type) == (Kind.TEXT, "VARCHAR")


def test_columns_of_mixed_types_are_named_without_their_values():
    with pytest.raises(SourceError, match="column 'a' mixes types") as error:
        read(pd.DataFrame({"a": ["Ada", 1815], "b": [1, 2]}), engine=DuckDB())
    assert "Ada" not in str(error.value)
    with pytest.raises(SourceError, match="names are no texts: 0, 1"):
        read(pd.DataFrame([[1, 2]]), engine=DuckDB())


def test_types_that_no_engine_reads():
    with pytest.raises(SourceError, match="column 'd' is of the type duration"):
        read(pa.table({"d": pa.array([1], pa.duration("s"))}), engine=DuckDB())
