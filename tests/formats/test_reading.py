"""What `read` means, whatever the format."""

from decimal import Decimal
from uuid import UUID

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.data import Column, Kind, Schema
from tilth.engine.spark import Spark
from tilth.errors import ColumnError, RequestError
from tilth.formats import read, read_as, to_arrow, write


def values(data, engine):
    return to_arrow(data, engine).to_pydict()


def test_nan_becomes_null():
    engine = duckdb_session()
    table = pa.table({"x": [1.0, float("nan"), float("inf"), None], "f": pa.array([float("nan"), 1, 2, 3], pa.float32())})
    assert values(read(table, engine=engine), engine) == {"x": [1.0, None, float("inf"), None], "f": [None, 1.0, 2.0, 3.0]}


def test_uuids_are_strings(tmp_path):
    """DuckDB has no functions of strings for its own type."""
    ids = [str(UUID(int=i % 3)) for i in range(30)]
    duckdb.sql("SELECT unnest($ids)::UUID AS u, unnest($y) AS y", params={"ids": ids, "y": [0, 1, 1] * 10}).write_parquet(
        str(tmp_path / "u.parquet")
    )
    engine = duckdb_session()
    assert engine.schema(read(str(tmp_path / "u.parquet"), engine=engine))["u"].type == "VARCHAR"
    assert values(read(str(tmp_path / "u.parquet"), nulls=[ids[1]], engine=engine), engine)["u"][:3] == [ids[0], None, ids[2]]
    flow = tilth.Flow.parse("{data: {roles: {label: y}}, features: [{encode: {columns: u, with: target, smooth: 0}}]}")
    fitted = tilth.fit(flow, str(tmp_path / "u.parquet"))
    assert tilth.write(tilth.apply(fitted, str(tmp_path / "u.parquet")))["u"].to_pylist() == [0, 1, 1] * 10
    assert fitted.row({"u": ids[1]})["u"] == 1


def test_null_tokens_are_whole_values():
    engine = duckdb_session()
    table = pa.table({"x": ["NA", " n/a ", "Nairobi", "na\n", None, "", " "]})
    assert values(read(table, nulls=["na", "N/A"], engine=engine), engine)["x"] == [None, None, "Nairobi", None, None, "", " "]


def test_names_rename_and_duplicates_are_rejected():
    engine = duckdb_session()
    assert read(pa.table({"x": [1]}), names=["y"], engine=engine).names == ("y",)
    with pytest.raises(ColumnError, match="'a' and 'A'"):
        read(pa.table({"a": [1], "A": [2]}), engine=engine)
    with pytest.raises(ColumnError, match="empty name"):
        read(pa.table({"": [1]}), engine=engine)


def test_roles_and_types_must_be_of_columns_that_are_there(tmp_path):
    engine = duckdb_session()
    file = tmp_path / "a.csv"
    file.write_text("age,income\n1,2\n")
    with pytest.raises(ColumnError, match="did you mean 'income'"):
        read(file, roles={"label": "incom"}, engine=engine)
    with pytest.raises(ColumnError, match="did you mean 'age'"):
        read(file, types={"agee": "string"}, engine=engine)
    with pytest.raises(RequestError, match="did you mean 'integer'"):
        read(file, types={"age": "intger"}, engine=engine)
    with pytest.raises(RequestError, match="no option 'delimeter'"):
        read(file, delimeter=";", engine=engine)


def test_what_is_not_a_table_is_rejected():
    with pytest.raises(RequestError, match=r"builtins\.int cannot be read as a table"):
        read(3, engine=duckdb_session())


SCHEMA = Schema((Column("age", Kind.INTEGER), Column("pay", Kind.FLOAT), Column("job", Kind.STRING), Column("member", Kind.BOOLEAN)))


@pytest.mark.parametrize(
    "given",
    [
        {"age": [39, None], "pay": [1.5, None], "job": ["a", None], "member": [True, None]},
        {"age": [39.0, 3.5], "pay": pa.array([1.5, None], pa.float32()), "job": ["a", "?"], "member": [1, 2]},
        {"age": ["39", "six"], "pay": ["1.5", "?"], "job": ["a", None], "member": ["yes", "?"], "more": [1, 2]},
        {"age": [39, None], "pay": pa.array([Decimal("1.5"), None]), "job": ["a", None], "member": [True, None]},
    ],
)
def test_what_was_learned_meets_a_table_of_other_types(given):
    engine = duckdb_session()
    found = to_arrow(read_as(pa.table(given), SCHEMA, SCHEMA.names, nulls=["?"], engine=engine), engine)
    assert found.to_pydict() == {"age": [39, None], "pay": [1.5, None], "job": ["a", None], "member": [True, None]}


def test_numbers_that_were_learned_of_are_not_rounded_nor_computed_with_in_fewer_bits():
    engine, learned = duckdb_session(), Schema((Column("n", Kind.INTEGER, "bigint"), Column("x", Kind.FLOAT, "double")))
    decimals = [Decimal(2**53 + 1), Decimal("1.5"), Decimal(2**63), Decimal(-(2**63)), None]
    given = pa.table({"n": pa.array(decimals, pa.decimal128(38, 1)), "x": pa.array([0.1, None, 1e30, 0.25, 0.5], pa.float32())})
    read = read_as(given, learned, learned.names, engine=engine, max_invalid=1)
    assert to_arrow(read, engine)["n"].to_pylist() == [2**53 + 1, None, None, -(2**63), None]
    assert engine.schema(read)["x"].type == "DOUBLE"


def test_files_are_read_as_the_kinds_that_were_learned(tmp_path):
    engine = duckdb_session()
    file = tmp_path / "a.csv"
    file.write_text("job,age,new\n007,x,1\n,7,2\n")
    assert to_arrow(read_as(file, SCHEMA, ["age"], engine=engine), engine).to_pydict() == {"job": ["007", None], "age": [None, 7]}


# what a flow says of files without a header, and tables in their stead; the columns are named by position only where they have no names
HEADERLESS = {"names": ["age", "job", "member"], "delimiter": ";", "format": "csv", "nulls": ["?"]}
EXPECTED = {"age": [39, 40], "job": ["a", None]}
IN_THEIR_STEAD = {
    "other order": lambda _: pa.table({"job": ["a", "?"], "member": [True, False], "age": [39, 40]}),
    "without the label": lambda _: pd.DataFrame({"job": ["a", "?"], "age": [39, 40]}),
    "without names": lambda _: pd.DataFrame([[39, "a", True], [40, "?", False]]),
    "other names": lambda _: pa.table({"x": [39, 40], "y": ["a", "?"], "z": [True, False]}),
    "a reader": lambda _: pa.table({"x": [39, 40], "y": ["a", "?"], "z": [True, False]}).to_reader(),
    "jsonl": lambda folder: written(folder / "t.jsonl"),
    "parquet": lambda folder: written(folder / "t.parquet"),
    "csv of another ending": lambda folder: put(folder / "t.dat", "39;a;1\n40;?;0\n"),
}


def written(place):
    return write(read(pa.table({"job": ["a", "?"], "age": [39, 40]}), engine=duckdb_session()), place, engine=duckdb_session())


def put(place, text):
    place.write_text(text)
    return place


@pytest.mark.parametrize("given", IN_THEIR_STEAD.values(), ids=IN_THEIR_STEAD)
def test_a_table_in_place_of_headerless_files_keeps_its_names(given, tmp_path):
    """Columns in another order were named by position: an age was read as a member."""
    engine = duckdb_session()
    schema = Schema((SCHEMA["age"], SCHEMA["job"]))
    assert to_arrow(read_as(given(tmp_path), schema, schema.names, engine=engine, **HEADERLESS), engine).to_pydict() == EXPECTED
    whole = read(given(tmp_path), engine=engine, substitute=True, **HEADERLESS)
    assert to_arrow(whole.keep(EXPECTED), engine).to_pydict() == EXPECTED


def test_an_unknown_option_is_rejected_for_a_table_in_place_of_files():
    with pytest.raises(RequestError, match="no option 'delimeter'"):
        read(pa.table({"age": [1]}), engine=duckdb_session(), substitute=True, delimeter=";")


def test_all_unconvertible_columns_are_reported():
    with pytest.raises(ColumnError) as error:
        read_as(pa.table({"age": [[1]], "payy": [1]}), SCHEMA, ["age", "pay"], engine=duckdb_session())
    assert [m.message for m in error.value.mistakes] == [
        "there is no column 'pay', which the fitted flow needs",
        "column 'age' is list[] of integer, but the fitted flow needs integer",
    ]
    assert error.value.mistakes[0].hint == "did you mean 'payy'?"


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_that_was_written_anew_is_read_anew(ending, engine, tmp_path, request):
    """The texts of a file are held by the engine, which the verbs share: once in a notebook they were those of the file as it had been."""
    engine = duckdb_session() if engine == "duckdb" else Spark(request.getfixturevalue("spark")).session()
    place = tmp_path / f"t.{ending}"
    for table in ({"x": [1]}, {"x": [2, 3]}, {"y": ["a"], "x": [4]}):
        write(read(pa.table(table), engine=duckdb_session()), place, engine=duckdb_session())
        assert to_arrow(read(place, engine=engine), engine).to_pydict() == table


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (pa.array([["a", "b", "c"]]), "list[] of string"),
        (pa.array([[0.1, 0.2]], pa.list_(pa.float32(), 2)), "list[2] of float"),
        (pa.array([[[0.1]]]), "list[][] of float"),
    ],
)
def test_lists_of_other_elements_or_another_shape_do_not_fit(values, shown):
    """An embedding of three numbers: lists whose length is not known may fit."""
    engine = duckdb_session()
    schema = engine.schema(read(pa.table({"v": pa.array([[1.0, 2.0, 3.0]], pa.list_(pa.float32(), 3))}), engine=engine))
    assert (schema["v"].of, schema["v"].shape, str(schema["v"])) == (Kind.FLOAT, (3,), "list[3] of float")
    assert read_as(pa.table({"v": pa.array([[1.0, 2.0, 3.0]])}), schema, ["v"], engine=engine).names == ("v",)
    with pytest.raises(ColumnError) as error:
        read_as(pa.table({"v": values}), schema, ["v"], engine=engine)
    assert error.value.mistakes[0].message == f"column 'v' is {shown}, but the fitted flow needs list[3] of float"
