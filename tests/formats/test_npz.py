"""NumPy's files: arrays by role, without pickles."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.errors import ColumnError, RequestError, SourceError
from tilth.formats.format import by_name
from tilth.testing.formats import check_format

TABLE = pa.table(
    {
        "no": ["a", "b", "c"],
        "age": [0.5, None, -0.0],
        "member": [1, 0, 1],
        "w": [1.0, 2.0, 3.0],
        "paid": ["yes", "no", "yes"],
    }
)
ROLES = {"id": "no", "label": "paid", "weight": "w"}
FLOW = "{data: {roles: {id: no, label: paid, weight: w}}, split: {train: 0.5, test: 0.5}, features: [{impute: {columns: age, with: mean}}], deliver: {format: %s}}"  # fmt: skip # noqa: E501


def test_the_arrays_of_a_file(tmp_path):
    path = tilth.write(tilth.read(TABLE, roles=ROLES), tmp_path / "a.npz")
    with np.load(path, allow_pickle=False) as held:
        assert held.files == ["X", "y", "weight", "id.no", "names", "columns"]
        np.testing.assert_array_equal(held["X"], [[0.5, 1], [np.nan, 0], [-0.0, 1]])
        assert (held["y"].tolist(), held["id.no"].tolist(), held["names"].tolist()) == (
            ["yes", "no", "yes"],
            list("abc"),
            ["age", "member"],
        )
        assert held["X"].dtype == np.float64
    assert path.read_bytes() == tilth.write(tilth.read(TABLE, roles=ROLES), tmp_path / "b.npz").read_bytes()
    small = tilth.write(tilth.read(TABLE, roles=ROLES), tmp_path / "out", format="npz", dtype="float32", rows_per_shard=2)
    with np.load(small / "out-000001.npz", allow_pickle=False) as held:
        assert (held["X"].dtype, held["X"].shape) == (np.float32, (1, 2))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["npz", "npy"])
def test_in_a_flow(form, tmp_path):
    """What is delivered as numpy gives the arrays that Parquet gives."""
    table = pa.table({"no": [f"r{i}" for i in range(40)], "age": [None if i % 5 == 0 else float(i) for i in range(40)],
                      "w": [1.0] * 40, "paid": [f"class {i % 3}" for i in range(40)]})  # fmt: skip
    parts = {}
    for delivered in ("parquet", form):
        tilth.run(tilth.Flow.parse(FLOW % delivered), tmp_path / delivered, data=table)
        train = tilth.arrays(tmp_path / delivered, "train")
        order = np.argsort(train.ids["no"])
        parts[delivered] = train.names, train.X[order].tolist(), train.y[order].tolist(), train.ids["no"][order].tolist()
    assert parts[form] == parts["parquet"]


def test_one_array_in_a_file(tmp_path):
    path = tilth.write(tilth.read(pa.table({"a": [1.5, 2], "b": [3, 4]})), tmp_path / "x.npy")
    assert np.load(path, allow_pickle=False).tolist() == [[1.5, 3], [2, 4]]
    assert tilth.write(tilth.read(path)).to_pydict() == {"x0": [1.5, 2], "x1": [3, 4]}
    np.save(tmp_path / "s.npy", np.array([(1, 2.5)], [("a", ">i4"), ("b", "<f4")]))
    assert tilth.write(tilth.read(tmp_path / "s.npy")).to_pydict() == {"a": [1], "b": [2.5]}
    with pytest.raises(RequestError, match=r"a \.npy file holds one array, and there are X, id\.no, weight, y"):
        tilth.write(tilth.read(TABLE, roles=ROLES), tmp_path / "y.npy")
    with pytest.raises(RequestError, match="is not written in shards"):
        tilth.write(tilth.read(TABLE, roles=ROLES), tmp_path / "out", format="npy", shards=2)


@pytest.mark.parametrize("form", ["npz", "npy"])
def test_the_battery(form, tmp_path):
    table = pa.table({"x": pa.array([0.5, -0.0, 1e300]), "z": pa.array([1.0, 2.0, 5e-324])})
    if form == "npz":
        check_format(by_name(form), tmp_path, table=table)
    else:  # whose columns have no names of their own
        check_format(by_name(form), tmp_path, table=table.rename_columns(["x0", "x1"]))


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.text(st.characters(exclude_characters="\0", codec="utf-8"))), min_size=1))
def test_what_is_written_is_read_again(rows):
    from tilth.data import Roles
    from tilth.formats.npz import arrays_by_role, batch_of

    table = pa.table({"x": [r[0] for r in rows], "label": [r[1] for r in rows]})
    assert batch_of(arrays_by_role(table, Roles.of(label="label"))).to_pydict() == table.to_pydict()


def content(save, *args, **named) -> bytes:
    file = io.BytesIO()
    save(file, *args, **named)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.npy", content(np.save, np.array([object()], object), allow_pickle=True), "holds Python objects, pickled"),
        ("a.npz", content(np.savez, X=np.array([[None]], object)), "the array 'X' holds Python objects, pickled"),
        ("a.npy", b"\x80\x04\x95\x0b", "holds Python objects, pickled"),
        ("a.npy", content(np.savez, x=np.zeros(1)), "call it .npz"),
        ("a.npz", content(np.save, np.zeros(1)), "call it .npy"),
        ("a.npz", content(np.savez, a=np.zeros(1), b=np.zeros(2)), r"not the columns of one table: a \(1,\), b \(2,\)"),
        ("a.npy", content(np.save, np.zeros((1, 2, 3))), "not the columns of one table"),
        ("a.npy", content(np.save, np.zeros(2, complex)), "is of complex128"),
    ],
)
def test_what_is_refused(name, content, says, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=says):
        tilth.read(tmp_path / name)


def test_what_an_array_cannot_hold(tmp_path):
    with pytest.raises(ColumnError, match="column 'no' is string, and an array holds numbers only"):
        tilth.write(tilth.read(TABLE), tmp_path / "a.npz")
    with pytest.raises(ColumnError, match="column 'y' has 1 nulls"):
        tilth.write(tilth.read(pa.table({"y": ["a", None]}), roles={"label": "y"}), tmp_path / "a.npz")
    with pytest.raises(RequestError, match="dtype: there is no 'float16'"):
        tilth.write(tilth.read(pa.table({"y": [1]})), tmp_path / "a.npz", dtype="float16")
