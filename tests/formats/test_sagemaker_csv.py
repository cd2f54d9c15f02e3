"""CSV as SageMaker's algorithms read it."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.errors import ColumnError, RequestError, SourceError
from tilth.formats import read, to_arrow, write
from tilth.formats.format import by_name
from tilth.formats.layout import Layout
from tilth.testing.formats import check_format


@pytest.fixture
def engine():
    return duckdb_session()


def written(tmp_path, engine, table, **roles):
    place = tmp_path / "train.csv"
    write(read(pa.table(table), roles=roles, engine=engine), place, engine=engine, format="sagemaker_csv")
    return place.read_text()


def read_text(tmp_path, engine, text, **options):
    (tmp_path / "a.csv").write_text(text)
    return list(to_arrow(read(tmp_path / "a.csv", format="sagemaker_csv", engine=engine, **options), engine).to_pydict().values())


def test_the_label_is_first_and_there_is_no_header(tmp_path, engine):
    table = {"no": [7, 8], "age": [0.5, None], "member": [True, False], "paid": [1, 0], "sex": ["f", "m"]}
    assert written(tmp_path, engine, table, label="paid", id="no", facet="sex") == "1,0.5,1\n0,,0\n"
    assert (
        written(tmp_path, engine, {**table, "w": [2.0, 16.0]}, label="paid", weight="w", id="no", facet="sex") == "1,2.0,0.5,1\n0,16.0,,0\n"
    )


def test_what_is_not_a_number_is_refused_and_nothing_is_written(tmp_path, engine):
    with pytest.raises(ColumnError, match=r"column 'sex' is string, and sagemaker_csv holds numbers only"):
        written(tmp_path, engine, {"age": [1], "sex": ["f"]})
    with pytest.raises(RequestError, match="column 'age' is alone and has missing values"):
        written(tmp_path, engine, {"age": [1, None]})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "found"),
    [  # rows that the default decoders of the serving toolkits change or lose
        ("1\n2\n3\n", [[1, 2, 3]]),
        ("1,,3\n", [[1], [None], [3]]),
        ("1.5,,3\n", [[1.5], [None], [3]]),
        ('"a,b",2\n', [["a,b"], [2]]),
    ],
)
def test_rows_keep_their_shape(tmp_path, engine, text, found):
    assert read_text(tmp_path, engine, text, label_size=0) == found


def test_a_comment_is_a_row_that_does_not_fit(tmp_path, engine):
    with pytest.raises(SourceError, match=r"a\.csv:2: the row that begins on this line has 2 fields, expected 1"):
        read_text(tmp_path, engine, "# c\n1,2\n", label_size=0)


def test_labels_and_weights_are_columns_of_their_own(tmp_path, engine):
    (tmp_path / "a.csv").write_text("1,2,0.5,3\n0,1,0.5,4\n")
    for options, names in [
        ({}, ("label", "f0", "f1", "f2")),
        ({"label_size": 2}, ("label_0", "label_1", "f0", "f1")),
        ({"weights": True}, ("label", "weight", "f0", "f1")),
        ({"label_size": 0}, ("f0", "f1", "f2", "f3")),
        ({"names": ["y", "a", "b", "c"]}, ("y", "a", "b", "c")),
    ]:
        assert read(tmp_path / "a.csv", format="sagemaker_csv", engine=engine, **options).names == names
    with pytest.raises(RequestError, match="the rows have 4 fields, and label_size is 4"):
        read(tmp_path / "a.csv", format="sagemaker_csv", engine=engine, label_size=4)


def test_the_suffix_is_that_of_csv(tmp_path, engine):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert read(tmp_path / "a.csv", engine=engine).names == ("a", "b")


columns = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(allow_infinity=False)), min_size=4, max_size=4).map(lambda v: pa.array(v, pa.float64())),
    st.lists(st.one_of(st.none(), st.floats(width=32, allow_infinity=False)), min_size=4, max_size=4).map(
        lambda v: pa.array(v, pa.float32())
    ),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=4, max_size=4).map(lambda v: pa.array(v, pa.int64())),
)


@given(st.lists(columns, min_size=2, max_size=4))
def test_numbers_are_the_shortest_that_read_back_the_same(given_columns):
    """As Python's own CSV and `float` read them; `repr` has no fewer digits."""
    table, file = pa.Table.from_arrays(given_columns, names=[f"c{i}" for i in range(len(given_columns))]), io.BytesIO()
    names = tuple(table.column_names)
    by_name("sagemaker_csv").encode(table.to_reader(), file, layout=Layout(None, None, names, (1,) * len(names)))
    text = file.getvalue().decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert text.endswith("\n") and "\r" not in text and len(rows) == 4
    for row, expected in zip(rows, table.to_pylist(), strict=True):
        for shown, name in zip(row, names, strict=True):
            value = expected[name]
            if value is None or value != value:
                assert shown == ""
            elif isinstance(value, int):
                assert shown == str(value)
            else:
                kind = np.float32 if table.schema.field(name).type == pa.float32() else np.float64
                assert kind(shown) == kind(value) and np.signbit(kind(shown)) == np.signbit(kind(value))
                assert digits(shown) == digits(repr(kind(value).item()) if kind is np.float64 else str(kind(value)))


def digits(number):
    return number.lower().partition("e")[0].replace(".", "").replace("-", "").strip("0")


def test_the_battery(tmp_path):
    table = pa.table({"label": [0, 1], "f0": [0.5, None], "f1": [1, -(2**63)], "f2": [2, None], "f3": [-0.0, 2**53]})
    check_format(by_name("sagemaker_csv"), tmp_path, table=table)
