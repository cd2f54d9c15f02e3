"""A baseline is rows in the configuration, in the form of its dataset, or of a file."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines import duckdb_session
from tilth.aws.clarify.baseline import baseline
from tilth.aws.clarify.config import AnalysisConfig
from tilth.errors import RequestError

ROWS = ((0, "x"), (1, "y"))


def found(given, kind="text/csv"):
    methods = {"shap": {"baseline": given}}
    config = AnalysisConfig.of(
        {"dataset_type": kind, "methods": methods, "features": "features", "tilth": {"predictor": {"model": "http://localhost"}}}
    )
    return baseline(given, config, ["a", "b"], duckdb_session())


def test_rows_in_place():
    assert found([[0, "x"], [1, "y"]]) == ROWS
    assert found([{"features": [0, "x"]}, {"features": [1, "y"]}], "application/jsonlines") == ROWS
    assert found({"features": [[0, "x"], [1, "y"]]}, "application/json") == ROWS


def test_rows_of_files(tmp_path):
    (tmp_path / "bare.csv").write_text("0,x\n1,y\n")
    (tmp_path / "named.csv").write_text("a,b\n0,x\n1,y\n")
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({"features": row}) + "\n" for row in ROWS))
    pq.write_table(pa.table({"b": ["x", "y"], "a": [0, 1]}), tmp_path / "t.parquet")
    for name, kind in (("bare.csv", "text/csv"), ("named.csv", "text/csv"), ("t.jsonl", "application/jsonlines"),
                       ("t.parquet", "application/x-parquet")):  # fmt: skip
        assert found(str(tmp_path / name), kind) == ROWS, name


@pytest.mark.parametrize(("given", "said"), [([[0]], "a row of 1 values"), ([], "it has no rows"), ([5], "not a list of values")])
def test_rows_that_do_not_fit(given, said):
    with pytest.raises(RequestError, match=said):
        found(given)
