"""concat."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.steps.made import dataset, fitted, made, rows_of
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.rows.concat import Concat

VALUES = {"a": st.integers(0, 3) | st.none(), "b": st.sampled_from(["x", None]), "c": st.sampled_from([0.5, None])}
TYPES = {"a": pa.int64(), "b": pa.string(), "c": pa.float64()}
TABLE = st.sets(st.sampled_from("abc"), min_size=1).flatmap(
    lambda names: st.lists(st.fixed_dictionaries({n: VALUES[n] for n in sorted(names)}), max_size=4).map(
        lambda rows: pa.table({n: pa.array([r[n] for r in rows], TYPES[n]) for n in sorted(names)})
    )
)


@given(ours=TABLE, theirs=TABLE)
def test_it_is_pandas_concat(ours, theirs):
    expected = pd.concat([t.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get) for t in (ours, theirs)], ignore_index=True)
    found = made(Concat("t", tables={"t": theirs}), ours)
    assert list(found) == list(expected.columns)
    assert rows_of(found) == rows_of(expected.to_dict("list"))


def test_where_rows_come_from():
    first = Concat("t", source="from", tables={"t": pa.table({"a": [2]})})
    assert made(first, {"a": [1]}) == {"a": [1, 2], "from": ["data", "t"]}
    assert made(first, {"a": [1], "from": ["u"]}) == {"a": [1, 2], "from": ["u", "t"]}


def test_kinds_that_only_one_table_has():
    there = pa.table({"d": [date(2024, 1, 1)], "l": [[1, 2]], "s": [{"x": 1}], "n": pa.array([None], pa.null())})
    found = made(Concat("t", tables={"t": there}), {"a": [1], "n": ["x"]})
    assert found == {
        "a": [1, None],
        "n": ["x", None],
        "d": [None, date(2024, 1, 1)],
        "l": [None, [1, 2]],
        "s": [None, {"x": 1}],
    }


def test_private_columns_stay_private():
    step = Concat("t", private="e*", tables={"t": pa.table({"name": ["b"], "email": ["c"]})})
    roles = Roles.of(private="name")
    assert fitted(step, {"name": ["a"]}, roles).apply(dataset({"name": ["a"]}, roles)).roles.private == ("name", "email")


@pytest.mark.parametrize(
    ("there", "parameters", "message"),
    [
        ({"a": [1.5]}, {}, r"column 'a' is integer, and float in the table 't'"),
        ({"A": [1]}, {}, "the data has a column 'a', and the table 't' has 'A'"),
        ({"a": [1]}, {"missing": "error"}, "the table 't' lacks columns that the other has: b"),
        ({"a": [1], "b": ["x"], "c": [1]}, {"missing": "error"}, "the data lacks columns that the other has: c"),
        ({"a": [1], "c": [1]}, {"source": "c"}, "there is a column 'c' already"),
        ({"a": [1]}, {"source": "a"}, "there is a column 'a' already"),
    ],
)
def test_what_it_refuses(there, parameters, message):
    with pytest.raises(RequestError, match=message):
        made(Concat("t", tables={"t": pa.table(there)}, **parameters), {"a": [1], "b": ["x"]})


def test_rows_of_a_flow_with_the_strings_that_mean_null(tmp_path):
    (tmp_path / "new.csv").write_text("id,age\n3,30\n4,?\n")
    (tmp_path / "old.csv").write_text("id,age,city\n1,?,Rome\n2,50,Oslo\n")
    text = "data: {read: new.csv, tables: {old: old.csv}, nulls: ['?']}\nrows: [{concat: {table: old, source: origin}}]\n"
    (tmp_path / "flow.yaml").write_text(text)
    assert tilth.run(tmp_path / "flow.yaml", tmp_path / "out").passed
    found = tilth.write(tilth.read(tmp_path / "out" / "all"), format="pandas").sort_values("id")  # in no particular order
    assert found["age"].isna().tolist() == [True, False, False, True]
    assert found["origin"].tolist() == ["old", "old", "data", "data"]
