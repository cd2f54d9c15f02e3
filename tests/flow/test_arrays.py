"""Prepared data as arrays: X has neither id nor label, whether it comes from a delivered folder, a dataset or a frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.errors import ColumnError, RequestError
from tilth.flow.stream import open_stream

N = 40
RAW = pa.table(
    {
        "no": [f"A{i:03}" for i in range(N)],
        "at": range(N),
        "age": [None if i % 7 == 0 else 20.0 + i for i in range(N)],
        "job": ["cook", "clerk"] * (N // 2),
        "member": [i % 3 == 0 for i in range(N)],
        "name": [f"name {i}" for i in range(N)],
        "w": [1.0 + i % 2 for i in range(N)],
        "paid": ["yes" if i > 20 else "no" for i in range(N)],
    }
)
FLOW = """
data: {roles: {id: no, label: paid, positive: "yes", private: name, weight: w}}
split: {train: 0.75, test: 0.25, by: ordered(at)}
features:
  - select: ["!at"]
  - encode: {columns: job, with: one_hot}
deliver: {format: %s}
"""
FEATURES = ("age", "member", "job_clerk", "job_cook")


@pytest.mark.parametrize(
    ("engine", "form"), [("duckdb", "parquet"), ("duckdb", "csv"), pytest.param("spark", "parquet", marks=pytest.mark.spark)]
)
def test_a_delivered_folder_gives_x_without_id_and_label(form: str, engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    session: Any = None if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    tilth.run(tilth.Flow.parse(FLOW % form), tmp_path / "out", data=RAW, engine=session)
    train = tilth.arrays(tmp_path / "out" / "train", engine=session)
    order = np.argsort(train.ids["no"])
    assert train.names == FEATURES
    assert train.ids["no"][order].tolist() == RAW["no"].to_pylist()[:30]
    assert train.y[order].tolist() == RAW["paid"].to_pylist()[:30]
    assert train.weight[order].tolist() == RAW["w"].to_pylist()[:30]
    expected = [[row["age"] or float("nan"), row["member"], row["job"] == "clerk", row["job"] == "cook"] for row in RAW.to_pylist()[:30]]
    assert train.X.dtype == np.float64
    np.testing.assert_array_equal(train.X[order], np.array(expected, float))


def test_as_arrow() -> None:
    data = tilth.apply(tilth.fit(tilth.Flow.parse(FLOW % "parquet"), RAW), RAW)
    made = tilth.arrays(data, format="arrow")
    assert made.X.column_names == list(FEATURES)
    assert made.ids.column_names == ["no"]
    assert made.y.to_pylist() == RAW["paid"].to_pylist()
    assert made.X["member"].type == pa.bool_()


def test_a_list_of_a_fixed_size_is_as_many_features(tmp_path: Path) -> None:
    """The same ones of a table, of a delivered part, of numpy's file of it and of a batch."""
    vectors = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2, 3, 4], pa.float32()), 2)
    table = pa.table({"no": [7, 8], "age": [0.5, None], "v": vectors, "paid": ["yes", "no"]})
    data, (names, values) = tilth.read(table, roles={"id": "no", "label": "paid"}), (("age", "v[0]", "v[1]"), [[0.5, 1, 2], [-1, 3, 4]])
    tilth.write(data, tmp_path / "parquet", format="parquet", shards=1)
    places = [data, tilth.write(data, tmp_path / "a.npz")]
    found = [tilth.arrays(p, roles={"id": "no", "label": "paid"}) for p in places]
    (batch,) = open_stream(tmp_path / "parquet", 2, data.roles, format="numpy", shuffle="none")
    assert {f.names for f in (*found, batch)} == {names}
    assert [np.nan_to_num(f.X, nan=-1).tolist() for f in (*found, batch)] == [values] * 3


def test_the_sidecar_says_what_each_column_is(tmp_path: Path) -> None:
    tilth.run(tilth.Flow.parse(FLOW % "parquet"), tmp_path / "out", data=RAW)
    content = json.loads((tmp_path / "out" / "test" / "_schema.json").read_text("utf-8"))
    roles = {c["name"]: c["roles"] for c in content["columns"]}
    assert roles == {"no": ["id"], "name": ["private"], "w": ["weight"], "paid": ["label"], **{name: [] for name in FEATURES}}
    assert {c["name"]: c["kind"] for c in content["columns"]}["age"] == "float"
    assert content["positive"] == ["yes"]
    test = tilth.read(tmp_path / "out" / "test")
    assert tilth.write(test).num_rows == 10  # it is not read as data
    assert (test.roles.label, test.roles.positive, test.roles.private) == ("paid", ("yes",), ("name",))
    assert tilth.read(tmp_path / "out" / "test", roles={"id": "no"}).roles == tilth.Roles.of(id="no")  # what is said counts


@pytest.mark.parametrize("form", ["parquet, shards: 2", "csv", "sagemaker_csv"])
def test_what_is_delivered_is_measured_by_the_roles_of_its_schema(form: str, tmp_path: Path) -> None:
    table = pa.table({"no": range(N), "sex": [i % 2 for i in range(N)], "paid": [int(i % 3 == 0) for i in range(N)]})
    flow = "{split: {train: 0.5, test: 0.5}, data: {roles: {id: no, label: paid, positive: 1, facet: sex}}, deliver: {format: %s}}"
    tilth.run(tilth.Flow.parse(flow % form), tmp_path / "out", data=table)
    train = tilth.read(tmp_path / "out" / "train")
    roles = {"label": "paid", "positive": 1, "facet": "sex"} | ({} if form == "sagemaker_csv" else {"id": "no"})  # it has no ids
    assert train.roles == tilth.Roles.of(**roles)
    reports = [tilth.measure(t, "bias") for t in (tmp_path / "out" / "train", tilth.read(tilth.write(train), roles=roles))]
    found, expected = ([(f.name, f.group, f.value) for f in r.findings] for r in reports)
    assert found == expected and any(name == "DPL" for name, *_ in found)


@pytest.mark.slow
def test_a_model_is_trained_on_what_is_delivered(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from sklearn.ensemble import HistGradientBoostingClassifier

    tilth.run(tilth.Flow.parse(FLOW % "parquet"), tmp_path / "out", data=RAW)
    train, test = (tilth.arrays(tmp_path / "out" / part) for part in ("train", "test"))
    model = HistGradientBoostingClassifier(min_samples_leaf=2).fit(train.X, train.y, sample_weight=train.weight)
    assert set(model.predict(test.X)) <= {"yes", "no"}


def test_what_is_not_a_number_is_refused_by_name() -> None:
    with pytest.raises(ColumnError) as told:
        tilth.arrays(RAW, roles={"id": "no", "label": "paid"})
    assert [m.message for m in told.value.mistakes] == [
        "column 'job' is string, and an array holds numbers only",
        "column 'name' is string, and an array holds numbers only",
    ]


def test_a_facet_that_is_no_number_is_no_feature() -> None:
    few = RAW.select(["job", "age", "paid"])
    assert tilth.arrays(few, roles={"facet": ["job", "age"], "label": "paid"}).names == ("age",)


@pytest.mark.slow
def test_a_fitted_flow_gives_the_arrays_of_a_part_as_they_are_delivered(tmp_path: Path) -> None:
    """By the flow itself, fitted or not, by the file of the fitted flow, and by the folder with the name of the part."""
    flow = tilth.Flow.parse(FLOW % "parquet" + "training: [{balance: {with: over}}]\n")
    tilth.run(flow, tmp_path / "out", data=RAW)
    for part in ("train", "test"):
        delivered = tilth.arrays(tmp_path / "out", part)
        for given in (tilth.fit(flow, RAW), flow, tmp_path / "out" / "flow.tilth"):
            made = tilth.arrays(given, part, source=RAW)
            assert made.names == delivered.names == FEATURES
            assert sorted(made.ids["no"].tolist()) == sorted(delivered.ids["no"].tolist())
            rows = [sorted(map(repr, zip(a.ids["no"], a.X.tolist(), a.y, a.weight, strict=True))) for a in (made, delivered)]
            assert rows[0] == rows[1]


def test_a_part_that_there_is_not(tmp_path: Path) -> None:
    flow = tilth.Flow.parse(FLOW % "parquet")
    tilth.run(flow, tmp_path / "out", data=RAW)
    with pytest.raises(RequestError, match="out has no part 'tset'") as told:
        tilth.arrays(tmp_path / "out", "tset")
    assert told.value.mistakes[0].accepted == "test, train"
    with pytest.raises(RequestError, match="has no part 'tset'"):
        tilth.arrays(flow, "tset", source=RAW)
    with pytest.raises(RequestError, match="only what was delivered, and a flow, has parts"):
        tilth.arrays(RAW, "train")
    with pytest.raises(RequestError, match="format: there is no 'torch'"):
        tilth.arrays(RAW, format="torch")
