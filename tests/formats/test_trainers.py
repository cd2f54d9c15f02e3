"""Which training program reads which files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.errors import ColumnError, FlowError, RequestError
from tilth.formats import read, write
from tilth.formats.format import by_name
from tilth.formats.shards import Manifest
from tilth.formats.trainers import TRAINERS, format_for

ROLES = {"label": "paid", "id": "no"}
TABLE = {"no": [7, 8], "age": [0.5, 2.0], "paid": [1, 0]}


def written(place, table, roles=ROLES, **options):
    engine = duckdb_session()
    return write(read(pa.table(table), roles=roles, engine=engine), place, engine=engine, **options)


@pytest.mark.parametrize("name", TRAINERS)
def test_what_each_reads_is_written_for_it(name, tmp_path):
    for form, needed in TRAINERS[name].formats.items():
        written(tmp_path / form, TABLE, format=form, trainer=name)
        manifest = Manifest.beside(tmp_path / form)
        assert manifest is not None and (manifest.format, manifest.contents.trainer) == (form, name)
        assert [c.name for c in manifest.contents.columns] == ["paid", "age"][not TRAINERS[name].label :]
        assert manifest.contents.options == needed
        assert set(needed) <= set(by_name(form).write_options)
    written(tmp_path / "default", TABLE, trainer=name)
    manifest = Manifest.beside(tmp_path / "default")
    assert manifest is not None and manifest.format == next(iter(TRAINERS[name].formats))


def test_the_suffix_of_a_file_chooses_among_its_formats(tmp_path: Path) -> None:
    assert [format_for("linear_learner", place) for place in ("a.csv", "a.pbr", "out", "a.libsvm")] == [
        "sagemaker_csv",
        "recordio_protobuf",
        "recordio_protobuf",
        "recordio_protobuf",
    ]
    assert written(tmp_path / "a.csv", TABLE, trainer="kmeans").read_text() == "0.5\n2\n"


@pytest.mark.parametrize(
    ("trainer", "table", "options", "says"),
    [
        ("xgboots", TABLE, {}, "there is no trainer 'xgboots'.*\n.*\n.*did you mean 'xgboost'"),
        ("factorization_machines", TABLE, {"format": "sagemaker_csv"}, "factorization_machines does not read sagemaker_csv"),
        ("xgboost", TABLE, {"format": "libsvm", "absent": "zero"}, "xgboost does not read libsvm with absent 'zero'"),
        ("xgboost", TABLE, {"format": "libsvm", "zero_based": False}, "xgboost does not read libsvm with zero_based False"),
        ("pca", TABLE, {"dtype": "float64"}, "pca does not read recordio_protobuf with dtype 'float64'"),
        ("pca", TABLE, {"on_magic": "split"}, "pca does not read records that are split"),
        ("knn", {"age": [1.0]}, {}, "knn learns from a label, and the table has none"),
        (
            "knn",
            {"age": [1.0, None], "paid": [1, None]},
            {},
            "column 'paid' has 1 missing label.*\n.*\n.*column 'age' has 1 missing value",
        ),
        ("xgboost", {"age": [1.0], "paid": pa.array([None], pa.int64())}, {}, "column 'paid' has 1 missing label"),
        ("ntm", {"word": [1, -1]}, {}, "column 'word' has negative numbers, and ntm takes none"),
    ],
)
def test_what_it_cannot_read_is_refused_and_nothing_is_written(trainer, table, options, says, tmp_path):
    roles = {r: c for r, c in ROLES.items() if c in table}
    with pytest.raises(RequestError, match=says):
        written(tmp_path / "out", table, roles, trainer=trainer, **options)
    assert not list(tmp_path.iterdir())


def test_weights_are_written_where_they_are_read(tmp_path):
    table = {**TABLE, "w": [1, 2]}
    with pytest.warns(UserWarning, match="for a feature without its hyperparameter csv_weights=1"):
        assert written(tmp_path / "a.csv", table, ROLES | {"weight": "w"}, trainer="xgboost").read_text() == "1,1,0.5\n0,2,2\n"
    assert written(tmp_path / "a.svm", table, ROLES | {"weight": "w"}, trainer="xgboost").read_text() == "1:1 0:0.5\n0:2 0:2\n"
    with pytest.warns(UserWarning, match="knn reads no weights from sagemaker_csv; column 'w' is left out"):
        assert written(tmp_path / "b.csv", table, ROLES | {"weight": "w"}, trainer="knn").read_text() == "1,0.5\n0,2\n"


def test_in_a_flow(tmp_path):
    flow = "{data: {roles: {id: no, label: paid}}, deliver: {trainer: xgboost, shards: 2}}"
    tilth.run(tilth.Flow.parse(flow), tmp_path / "out", data=pa.table(TABLE))
    manifest = Manifest.beside(tmp_path / "out" / "all")
    assert manifest is not None and (manifest.format, manifest.contents.trainer) == ("sagemaker_csv", "xgboost")
    for wrong, code in [
        ("{trainer: factorization_machines, format: csv}", "wrong-format"),
        ("{trainer: pca, on_magic: split}", "wrong-format"),
        ("{trainer: xgboots}", "unknown-value"),
        ("{trainer: xgboost, absent: missing}", "unknown-option"),
    ]:
        with pytest.raises(FlowError) as error:
            tilth.Flow.parse(f"deliver: {wrong}")
        assert [m.code for m in error.value.mistakes] == [code]
    with pytest.raises(ColumnError, match="column 'age' has 1 missing value, and knn takes none"):
        table = pa.table({**TABLE, "age": [None, 1.0]})
        tilth.run(tilth.Flow.parse(flow.replace("xgboost", "knn")), tmp_path / "other", data=table)
