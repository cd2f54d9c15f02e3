"""What `read` means, whatever the format."""

import pyarrow as pa
import pytest

from tilth.engine.duckdb import DuckDB
from tilth.errors import ColumnError, RequestError
from tilth.formats import read, to_arrow


def values(data, engine):
    return to_arrow(data, engine).to_pydict()


def test_nan_becomes_null():
    engine = DuckDB()
    table = pa.table({"x": [1.0, float("nan"), float("inf"), None], "f": pa.array([float("nan"), 1, 2, 3], pa.float32())})
    assert values(read(table, engine=engine), engine) == {"x": [1.0, None, float("inf"), None], "f": [None, 1.0, 2.0, 3.0]}


def test_null_tokens_are_whole_values():
    engine = DuckDB()
    table = pa.table({"x": ["NA", " n/a ", "Nairobi", "na\n", None, "", " "]})
    assert values(read(table, nulls=["na", "N/A"], engine=engine), engine)["x"] == [None, None, "Nairobi", None, None, "", " "]


def test_names_rename_and_twins_are_refused():
    engine = DuckDB()
    assert read(pa.table({"x": [1]}), names=["y"], engine=engine).names == ("y",)
    with pytest.raises(ColumnError, match="'a' and 'A'"):
        read(pa.table({"a": [1], "A": [2]}), engine=engine)
    with pytest.raises(ColumnError, match="empty name"):
        read(pa.table({"": [1]}), engine=engine)


def test_roles_and_types_must_be_of_columns_that_are_there(tmp_path):
    engine = DuckDB()
    file = tmp_path / "a.csv"
    file.write_text("age,income\n1,2\n")
    with pytest.raises(ColumnError, match="did you mean 'income'"):
        read(file, roles={"label": "incom"}, engine=engine)
    with pytest.raises(ColumnError, match="did you mean 'age'"):
        read(file, types={"agee": "text"}, engine=engine)
    with pytest.raises(RequestError, match="did you mean 'integer'"):
        read(file, types={"age": "intger"}, engine=engine)
    with pytest.raises(RequestError, match="no option 'delimeter'"):
        read(file, delimeter=";", engine=engine)


def test_what_is_no_table_is_refused():
    with pytest.raises(RequestError, match=r"builtins\.int is no table"):
        read(3, engine=DuckDB())
