"""Tables in memory: each kind of column of each library comes in with its values, or is refused with its name and type."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pad
import pyarrow.parquet as pq
import pytest

from tests.engines import duckdb_session
from tilth.data import Kind
from tilth.engine.session import Session
from tilth.errors import ColumnError, SourceError
from tilth.formats import read, to_arrow, to_frame, to_pandas, to_polars

TABLE = pa.table({"x": [1, None], "s": ["a", "b"]})
DAY, NOON, CLOCK = date(2024, 2, 29), datetime(2024, 2, 29, 12), time(12, 30)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> Session:
    if request.param == "duckdb":
        return duckdb_session()
    from tilth.engine.spark import Spark

    return Spark(request.getfixturevalue("spark")).session()


def test_rows_after_an_empty_chunk_are_read(engine: Session) -> None:
    chunked = pa.concat_tables([TABLE, TABLE.slice(0, 0), TABLE])
    assert chunked["x"].num_chunks == 3
    assert to_arrow(read(chunked, engine=engine), engine)["s"].to_pylist() == ["a", "b", "a", "b"]
    assert to_arrow(read(chunked.slice(0, 0), engine=engine), engine).num_rows == 0


@pytest.mark.parametrize(
    "given",
    [
        TABLE,
        TABLE.to_reader(),
        TABLE.to_batches()[0],
        pad.dataset(TABLE),
        pad.dataset(TABLE).scanner(),
        TABLE.to_pandas(types_mapper=pd.ArrowDtype),
        pl.DataFrame(TABLE),
        pl.LazyFrame(TABLE),
    ],
    ids=lambda v: f"{type(v).__module__.split('.')[0]}.{type(v).__name__}",
)
def test_any_table_is_read(given):
    engine = duckdb_session()
    data = read(given, engine=engine)
    assert to_arrow(data, engine).to_pydict() == TABLE.to_pydict()
    assert to_polars(data, engine).equals(pl.DataFrame(TABLE))
    assert to_pandas(data, engine)["s"].tolist() == ["a", "b"]


def test_a_dataset_of_files_is_read(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    engine = duckdb_session()
    assert to_arrow(read(pad.dataset(tmp_path), engine=engine), engine).equals(TABLE)


# ── what columns become: name → (values as the library has them, kind, values as they are read) ──

PANDAS: Mapping[str, tuple[Any, Kind, list[Any]]] = {
    "Int64": (pd.array([2**53 + 1, None], dtype="Int64"), Kind.INTEGER, [2**53 + 1, None]),
    "UInt8": (pd.array([255, None], dtype="UInt8"), Kind.INTEGER, [255, None]),
    "boolean": (pd.array([True, None], dtype="boolean"), Kind.BOOLEAN, [True, None]),
    "string": (pd.array(["a", None], dtype="string"), Kind.STRING, ["a", None]),
    "Float64": (pd.array([0.5, None], dtype="Float64"), Kind.FLOAT, [0.5, None]),
    "Float64 NaN": (pd.array([0.5, 0.0], dtype="Float64") / pd.array([1.0, 0.0], dtype="Float64"), Kind.FLOAT, [0.5, None]),
    "float": ([np.inf, np.nan], Kind.FLOAT, [np.inf, None]),
    "float16": (np.array([0.5, np.nan], dtype="float16"), Kind.FLOAT, [0.5, None]),
    "zoned": (pd.to_datetime([NOON, None]).tz_localize("Europe/Berlin"), Kind.TIMESTAMP_TZ, [NOON.replace(hour=11, tzinfo=UTC), None]),
    "naive": (pd.to_datetime([NOON, None]), Kind.TIMESTAMP, [NOON, None]),
    "categories": (pd.Categorical(["b", None], categories=["b", "a"]), Kind.STRING, ["b", None]),
    "ordered": (pd.Categorical(["lo", None], categories=["lo", "hi"], ordered=True), Kind.STRING, ["lo", None]),
    "categories of numbers": (pd.Categorical([3, None]), Kind.INTEGER, [3, None]),
    "categories of times": (pd.Categorical(pd.to_datetime([NOON, None])), Kind.TIMESTAMP, [NOON, None]),
    "objects: strings": (np.array(["a", np.nan], dtype=object), Kind.STRING, ["a", None]),
    "objects: strings, NA": (np.array(["a", pd.NA], dtype=object), Kind.STRING, ["a", None]),
    "objects: booleans": (np.array([True, np.nan], dtype=object), Kind.BOOLEAN, [True, None]),
    "objects: integers": (np.array([2**53 + 1, None], dtype=object), Kind.INTEGER, [2**53 + 1, None]),
    "objects: numbers": (np.array([1, 2.5], dtype=object), Kind.FLOAT, [1.0, 2.5]),
    "objects: numpy's": (np.array([np.int64(1), 2], dtype=object), Kind.INTEGER, [1, 2]),
    "dates": ([DAY, None], Kind.DATE, [DAY, None]),
    "times": ([CLOCK, None], Kind.TIME, [CLOCK, None]),
    "zones": (
        pd.Series([NOON.replace(tzinfo=BERLIN), NOON.replace(tzinfo=UTC)], dtype=object),
        Kind.TIMESTAMP_TZ,
        [NOON.replace(hour=11, tzinfo=UTC), NOON.replace(tzinfo=UTC)],
    ),
    "decimals": ([Decimal("1.10"), None], Kind.DECIMAL, [Decimal("1.10"), None]),
    "decimals, NaN": ([Decimal("1.10"), Decimal("NaN")], Kind.DECIMAL, [Decimal("1.10"), None]),
    "bytes": ([b"x", None], Kind.BINARY, [b"x", None]),
    "lists": ([[1, 2], None], Kind.LIST, [[1, 2], None]),
    "structs": ([{"k": 1}, None], Kind.STRUCT, [{"k": 1}, None]),
    "nothing": ([None, None], Kind.NULL, [None, None]),
}
POLARS: Mapping[str, tuple[pl.Series, Kind, list[Any]]] = {
    "Categorical": (pl.Series(["b", None], dtype=pl.Categorical), Kind.STRING, ["b", None]),
    "Enum": (pl.Series(["b", None], dtype=pl.Enum(["b", "a"])), Kind.STRING, ["b", None]),
    "Decimal": (pl.Series([Decimal("1.10"), None], dtype=pl.Decimal(10, 2)), Kind.DECIMAL, [Decimal("1.10"), None]),
    "Date": (pl.Series([DAY, None]), Kind.DATE, [DAY, None]),
    "Datetime": (pl.Series([NOON, None]), Kind.TIMESTAMP, [NOON, None]),
    "Datetime, ns": (pl.Series([NOON, None]).cast(pl.Datetime("ns")), Kind.TIMESTAMP, [NOON, None]),
    "Datetime, zoned": (
        pl.Series([NOON, None]).dt.replace_time_zone("Europe/Berlin"),
        Kind.TIMESTAMP_TZ,
        [NOON.replace(hour=11, tzinfo=UTC), None],
    ),
    "Time": (pl.Series([CLOCK, None]), Kind.TIME, [CLOCK, None]),
    "String": (pl.Series(["a", None]), Kind.STRING, ["a", None]),
    "Boolean": (pl.Series([True, None]), Kind.BOOLEAN, [True, None]),
    "UInt32": (pl.Series([2**32 - 1, None], dtype=pl.UInt32), Kind.INTEGER, [2**32 - 1, None]),
    "Float32": (pl.Series([0.5, np.nan], dtype=pl.Float32), Kind.FLOAT, [0.5, None]),
    "Binary": (pl.Series([b"x", None]), Kind.BINARY, [b"x", None]),
    "List": (pl.Series([["a"], None]), Kind.LIST, [["a"], None]),
    "List of Categorical": (pl.Series([["a"], None], dtype=pl.List(pl.Categorical)), Kind.LIST, [["a"], None]),
    "Struct": (pl.Series([{"k": "a"}, {"k": None}]), Kind.STRUCT, [{"k": "a"}, {"k": None}]),
    "Null": (pl.Series([None, None]), Kind.NULL, [None, None]),
}
ARROW: Mapping[str, tuple[Any, Kind, list[Any]]] = {
    "dictionary": (pa.array(["a", None]).dictionary_encode(), Kind.STRING, ["a", None]),
    "null in a dictionary": (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])), Kind.STRING, ["a", None]),
    "dictionary of large strings": (pa.array(["a", None], pa.large_string()).dictionary_encode(), Kind.STRING, ["a", None]),
    "large strings": (pa.array(["a", None], pa.large_string()), Kind.STRING, ["a", None]),
    "string views": (pa.array(["a", None], pa.string_view()), Kind.STRING, ["a", None]),
    "views of bytes": (pa.array([b"x", None], pa.binary_view()), Kind.BINARY, [b"x", None]),
    "bytes of one length": (pa.array([b"xx", None], pa.binary(2)), Kind.BINARY, [b"xx", None]),
    "zoned nanoseconds": (pa.array([NOON, None], pa.timestamp("ns", "UTC")), Kind.TIMESTAMP_TZ, [NOON.replace(tzinfo=UTC), None]),
    "uint16": (pa.array([65535, None], pa.uint16()), Kind.INTEGER, [65535, None]),
    "half": (pa.array([0.5, None], pa.float16()), Kind.FLOAT, [0.5, None]),
    "date64": (pa.array([DAY, None], pa.date64()), Kind.DATE, [DAY, None]),
    "time32": (pa.array([CLOCK, None], pa.time32("ms")), Kind.TIME, [CLOCK, None]),
    "offset": (
        pa.array([NOON.replace(tzinfo=UTC), None], pa.timestamp("s", "+02:00")),
        Kind.TIMESTAMP_TZ,
        [NOON.replace(tzinfo=UTC), None],
    ),
    "decimal256": (pa.array([Decimal("1.5"), None], pa.decimal256(50, 1)), Kind.DECIMAL, [Decimal("1.5"), None]),
    "decimal32": (pa.array([Decimal("1.5"), None], pa.decimal32(5, 1)), Kind.DECIMAL, [Decimal("1.5"), None]),
    "digits before the point": (pa.array([Decimal(1500), None], pa.decimal128(5, -2)), Kind.DECIMAL, [Decimal(1500), None]),
    "lists of dictionaries": (pa.array([["a"], None], pa.list_(pa.dictionary(pa.int32(), pa.string()))), Kind.LIST, [["a"], None]),
    "structs of views": (pa.array([{"k": "a"}, None], pa.struct({"k": pa.string_view()})), Kind.STRUCT, [{"k": "a"}, None]),
    "lists of one length": (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), Kind.LIST, [[1, 2], None]),
    "uuid": (pa.array([b"0" * 16, None], pa.uuid()), Kind.BINARY, [b"0" * 16, None]),
    "nulls": (pa.nulls(2), Kind.NULL, [None, None]),
}
LIBRARIES: Mapping[str, tuple[Callable[[Any], Any], Mapping[str, tuple[Any, Kind, list[Any]]]]] = {
    "pandas": (pd.DataFrame, PANDAS),
    "polars": (pl.DataFrame, POLARS),
    "arrow": (pa.table, ARROW),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_kind_of_column_is_read(library, engine):
    """All columns of a library at once, and out again as its own frame, because each table costs Spark a second."""
    make, columns = LIBRARIES[library]
    frame = make({name: values for name, (values, _, _) in columns.items()})
    data = read(frame, engine=engine)
    assert {c.name: c.kind for c in engine.schema(data)} == {name: kind for name, (_, kind, _) in columns.items()}
    expected = {name: values for name, (_, _, values) in columns.items()}
    assert to_arrow(data, engine).to_pydict() == expected
    again = read(to_frame(data, library, engine), engine=engine)
    assert to_arrow(again, engine).to_pydict() == expected


def test_unsigned_integers_of_64_bits(engine):
    table = to_arrow(read(pa.table({"x": pa.array([2**64 - 1, None], pa.uint64())}), engine=engine), engine)
    assert table["x"].to_pylist() == [2**64 - 1, None]


def test_an_empty_frame_has_its_kinds(engine):
    for frame in (pd.DataFrame({"x": pd.array([], dtype="Int64")}), pl.DataFrame({"x": []}, schema={"x": pl.Int64})):
        data = read(frame, engine=engine)
        assert [c.kind for c in engine.schema(data)] == [Kind.INTEGER]
        assert to_arrow(data, engine).num_rows == 0


def test_the_index_is_not_a_column():
    engine = duckdb_session()
    frame = pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", "n"]))
    assert read(frame, engine=engine).names == ("v",)
    assert read(frame.reset_index(), engine=engine).names == ("k", "n", "v")


# ── what is refused: the column, the type that was found, and what would be accepted ──

REFUSED: Mapping[str, tuple[Any, str]] = {
    "strings and numbers": (pd.DataFrame({"fine": [1, 2], "a": ["Ada", 1815]}), "mixes types.*: int, str"),
    "numbers and booleans": (pd.DataFrame({"a": pd.Series([1.5, True], dtype=object)}), "mixes types.*: bool, float"),
    "strings and bytes": (pd.DataFrame({"a": pd.Series(["x", b"x"], dtype=object)}), "mixes types.*: bytes, str"),
    "days and times": (pd.DataFrame({"a": pd.Series([DAY, NOON], dtype=object)}), "mixes types.*: date, datetime without a zone"),
    "times with a zone and without": (
        pd.DataFrame({"a": pd.Series([NOON, NOON.replace(tzinfo=UTC)], dtype=object)}),
        "mixes types.*: datetime with a zone, datetime without a zone",
    ),
    "numbers of 70 bits": (pd.DataFrame({"a": pd.Series([2**70], dtype=object)}), "holds integers beyond 64 bits"),
    "half a character": (pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}), "holds strings that are not valid Unicode"),
    "decimals of 45 digits": (pd.DataFrame({"a": [Decimal("1" * 45)]}), r"has the unsupported type decimal256\(45, 0\)"),
    "complex": (pd.DataFrame({"a": [1j]}), "unknown to Arrow: complex128"),
    "sparse": (pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0])}), r"unknown to Arrow: Sparse\[float64"),
    "durations": (pd.DataFrame({"a": pd.to_timedelta(["1s"])}), "has the unsupported type duration"),
    "periods": (pd.DataFrame({"a": pd.period_range("2024-01", "2024-02", freq="M")}), "has the unsupported type extension<pandas.period"),
    "intervals": (pd.DataFrame({"a": pd.arrays.IntervalArray.from_tuples([(0, 1)])}), "has the unsupported type extension<pandas.interval"),
    "Polars objects": (pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}), "has the unsupported type Object"),
    "Polars integers of 128 bits": (pl.DataFrame({"a": pl.Series([2**100], dtype=pl.Int128)}), "has the unsupported type Int128"),
    "Polars durations": (pl.DataFrame({"a": pl.Series([1]).cast(pl.Duration)}), "has the unsupported type duration"),
    "durations in lists": (pa.table({"a": pa.array([[1]], pa.list_(pa.duration("s")))}), "has the unsupported type list<item: duration"),
    "run ends": (pa.table({"a": pa.RunEndEncodedArray.from_arrays([2, 3], [1, 2])}), "has the unsupported type run_end_encoded"),
    "unions": (
        pa.table({"a": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])}),
        "has the unsupported type sparse",
    ),
}


@pytest.mark.parametrize(("frame", "why"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_cannot_be_read_is_named_with_its_type(frame, why):
    with pytest.raises(SourceError, match=f"column 'a' {why}|column 'a' mixes types, or has one {why}") as caught:
        read(frame, engine=duckdb_session())
    (mistake,) = caught.value.mistakes
    assert mistake.accepted.startswith("booleans, numbers")
    assert "1815" not in str(caught.value)


def test_every_column_that_cannot_be_read_is_named():
    frame = pd.DataFrame({"a": pd.Series([1, "x"], dtype=object), "b": [1, 2], "c": [1j, 2j]})
    with pytest.raises(SourceError) as caught:
        read(frame, engine=duckdb_session())
    assert [m.message.split()[1] for m in caught.value.mistakes] == ["'a'", "'c'"]


NAMELESS = pd.DataFrame([[1, 2]])
DUPLICATES = pd.DataFrame([[1, 2]], columns=["a", "a"])
ARROW_DUPLICATES = pa.Table.from_arrays([[1], [2]], names=["a", "a"])
PAIRS = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))


@pytest.mark.parametrize(
    ("frame", "error", "why"),
    [
        (NAMELESS, SourceError, "names that are not strings: 0, 1"),
        (PAIRS, SourceError, r"names that are not strings: \('a', 'x'\), \('a', 'y'\)"),
        (DUPLICATES, ColumnError, "equal without regard to case: 'a' and 'a'"),
        (ARROW_DUPLICATES, ColumnError, "equal without regard to case: 'a' and 'a'"),
        (pa.table({"a": [1], "A": [2]}), ColumnError, "equal without regard to case: 'a' and 'A'"),
        (pl.DataFrame({"": [1]}), ColumnError, "column 1 has an empty name"),
        (pd.DataFrame(index=[0, 1]), SourceError, "the table has no columns"),
        (pl.DataFrame(), SourceError, "the table has no columns"),
        (pa.table({}), SourceError, "the table has no columns"),
        (pd.Series([1]), SourceError, "a pandas Series is a column"),
        (pl.Series([1]), SourceError, "a polars Series is a column"),
        (pa.array([1]), SourceError, "a value of type Int64Array cannot be read as a table"),
        (np.zeros((2, 2)), SourceError, "a value of type numpy.ndarray cannot be read as a table"),
        ({"a": [1]}, SourceError, "a value of type builtins.dict cannot be read as a table"),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str | type) else "",
)
def test_what_is_not_a_table_with_named_columns(frame, error, why):
    with pytest.raises(error, match=why):
        read(frame, engine=duckdb_session())


@pytest.mark.parametrize(
    "frame",
    [NAMELESS, DUPLICATES, PAIRS, pa.Table.from_arrays([[1], [2]], names=["a", "a"])],
    ids=["numbers", "duplicates", "pairs", "Arrow"],
)
def test_columns_can_be_named_when_they_are_read(frame):
    engine = duckdb_session()
    assert to_arrow(read(frame, names=["p", "q"], engine=engine), engine).to_pydict() == {"p": [1], "q": [2]}
    with pytest.raises(SourceError, match="1 names are given for 2 columns"):
        read(frame, names=["p"], engine=engine)
