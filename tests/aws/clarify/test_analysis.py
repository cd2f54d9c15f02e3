"""A configuration, run: from the file to the result file."""

import json

import pyarrow as pa
import pytest

from tilth.aws.clarify.analysis import measure_config
from tilth.aws.clarify.config import AnalysisConfig, analysis_json
from tilth.data import Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.errors import ColumnError
from tilth.report import FindingKind

RUNNING = pa.table(
    {
        "sex": ["M"] * 100 + ["F"] * 50,
        "approved": ["yes"] * 70 + ["no"] * 30 + ["yes"] * 20 + ["no"] * 30,
    }
)  # the running example of the specification's §4
CONFIG = {
    "dataset_type": "text/csv",
    "label": 1,
    "label_values_or_threshold": ["yes"],
    "facet": [{"name_or_index": 0, "value_or_threshold": ["F"]}],
    "methods": {"pre_training_bias": {"methods": "all"}, "shap": {}},
    "predictor": {"endpoint_name": "e"},
    "tilth": {"bootstrap": 50},
}


def data(table=RUNNING):
    return Dataset(Memory(table, tuple(table.column_names)))


def test_from_the_file_to_the_result_file(tmp_path):
    path = tmp_path / "analysis_config.json"
    path.write_text(json.dumps(CONFIG))
    report = measure_config(data(), path, DuckDB().session())
    made = analysis_json(report)
    section = made["pre_training_bias_metrics"]
    assert (section["label"], section["label_value_or_threshold"]) == ("approved", "yes")
    (group,) = section["facets"]["sex"]
    assert group["value_or_threshold"] == "F"
    assert [m["name"] for m in group["metrics"]] == ["CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD"]
    assert group["metrics"][0]["error"] == "Group variable is empty or not provided"
    assert group["metrics"][1] | {"value": 1 / 3} == group["metrics"][1]
    assert group["metrics"][2]["value"] == pytest.approx(0.3)
    assert made["run"]["rows"] == 150
    assert made["run"]["scans"] == 1
    assert made["run"]["bootstrap"] == 50


def test_a_method_that_is_left_out_is_said():
    report = measure_config(data(), AnalysisConfig.of(CONFIG), DuckDB().session())
    (warning,) = report.of(FindingKind.WARNING)
    assert warning.message.startswith("methods.shap is not computed in this version")
    assert "explanations" not in analysis_json(report)


def test_a_column_that_is_not_there():
    with pytest.raises(ColumnError, match="there is no column 'sexe'"):
        measure_config(data(), AnalysisConfig.of(CONFIG | {"facet": [{"name_or_index": "sexe"}]}), DuckDB().session())
