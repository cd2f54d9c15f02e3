"""Parquet as XGBoost reads it: the first column is the label, all others are features."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tilth.errors import ColumnError, RequestError
from tilth.formats.format import by_name
from tilth.formats.shards import Manifest
from tilth.testing.formats import check_format

VECTORS = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2, 3, 4], pa.float32()), 2)
TABLE = pa.table({"no": [7, 8], "age": [0.5, None], "v": VECTORS, "member": [True, False], "paid": [1, 0], "w": [1.0, 2.0]})
ROLES = {"id": "no", "label": "paid", "weight": "w"}
COLUMNS = {"paid": [1, 0], "age": [0.5, None], "v[0]": [1.0, 3.0], "v[1]": [2.0, 4.0], "member": [1, 0]}


def test_the_label_is_the_first_column_and_all_others_are_numbers(tmp_path):
    place = tilth.write(tilth.read(TABLE, roles=ROLES), tmp_path / "out", format="sagemaker_parquet", row_group_rows=1)
    file = pq.ParquetFile(place / "out-000000.parquet")
    assert (file.read().to_pydict(), file.num_row_groups) == (COLUMNS, 2)
    manifest = Manifest.beside(place)
    assert manifest is not None and (manifest.contents.media_type, manifest.contents.n_features) == ("application/x-parquet", 4)
    assert tilth.write(tilth.read(place)).to_pydict() == COLUMNS
    assert tilth.write(tilth.read(TABLE.slice(0, 0), roles=ROLES), tmp_path / "no.parquet", format="sagemaker_parquet").is_file()
    assert pq.read_table(tmp_path / "no.parquet").column_names == list(COLUMNS)


def test_the_battery(tmp_path):
    check_format(by_name("sagemaker_parquet"), tmp_path, table=pa.table({"f0": [0.5, None, -0.0], "f1": [1, -(2**63), 2**53]}))


def test_xgboost_takes_it(tmp_path):
    """As its container does: a matrix of the columns, of which the first is the label."""
    xgboost = pytest.importorskip("xgboost")
    unweighted = tilth.read(TABLE.drop(["w"]), roles={"id": "no", "label": "paid"})
    place = tilth.write(unweighted, tmp_path / "out", trainer="xgboost", format="sagemaker_parquet")
    values = pq.read_table(place / "out-000000.parquet").to_pandas().to_numpy(float)
    matrix = xgboost.DMatrix(values[:, 1:], label=values[:, 0])
    assert (matrix.num_row(), matrix.num_col(), matrix.get_label().tolist()) == (2, 4, [1, 0])


def test_what_is_refused(tmp_path):
    with pytest.raises(ColumnError, match="column 'job' is string, and sagemaker_parquet holds numbers only"):
        tilth.write(tilth.read(pa.table({"job": ["cook"], "age": [1]})), tmp_path / "a.parquet", format="sagemaker_parquet")
    with pytest.raises(RequestError, match="column 'age' holds infinity"):
        tilth.write(tilth.read(pa.table({"age": [float("inf")]})), tmp_path / "a.parquet", format="sagemaker_parquet")
