"""A configuration, run: from the file to the result file."""

import json
import math

import pyarrow as pa
import pytest

from tests.aws.clarify.measured import measure_config
from tests.engines import duckdb_session
from tests.measures.bias.tables import PREDICTED
from tilth.aws.clarify import checks
from tilth.aws.clarify.analysis import analysis_json
from tilth.aws.clarify.config import AnalysisConfig
from tilth.data import Dataset, Memory
from tilth.errors import ColumnError, RequestError
from tilth.measures.bias.payload import BiasNumber
from tilth.report import Facts, Finding, Report, warning

RUNNING = pa.table(
    {
        "sex": ["M"] * 100 + ["F"] * 50,
        "approved": ["yes"] * 70 + ["no"] * 30 + ["yes"] * 20 + ["no"] * 30,
    }
)
CONFIG = {
    "dataset_type": "text/csv",
    "label": 1,
    "label_values_or_threshold": ["yes"],
    "facet": [{"name_or_index": 0, "value_or_threshold": ["F"]}],
    "methods": {"pre_training_bias": {"methods": "all"}},
    "tilth": {"bootstrap": 50},
}


def data(table=RUNNING):
    return Dataset(Memory(table, tuple(table.column_names)))


def test_from_the_file_to_the_result_file(tmp_path):
    path = tmp_path / "analysis_config.json"
    path.write_text(json.dumps(CONFIG))
    report = measure_config(data(), path, duckdb_session())
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


def test_what_is_not_computed_is_warned_of():
    report = measure_config(data(), AnalysisConfig.of(CONFIG | {"tilth": {"skin_tone": True}}), duckdb_session())
    assert [w.message for w in report.of("warning")] == [f"tilth.skin_tone {checks.LATER['skin_tone']}"]
    assert "explanations" not in analysis_json(report)


def test_a_report_without_the_extra_of_pdf_is_warned_of(monkeypatch):
    monkeypatch.setattr(checks, "has_pdf", lambda: False)
    config = AnalysisConfig.of(CONFIG | {"methods": {**CONFIG["methods"], "report": {"name": "r"}}})
    (warned,) = measure_config(data(), config, duckdb_session()).of("warning")
    assert 'pip install "tilth[pdf]"' in warned.message


def test_a_missing_column():
    with pytest.raises(ColumnError, match="there is no column 'sexe'"):
        measure_config(data(), AnalysisConfig.of(CONFIG | {"facet": [{"name_or_index": "sexe"}]}), duckdb_session())


def test_predicted_labels_are_a_section_of_their_own():
    config = {
        "dataset_type": "text/csv",
        "label": "label",
        "predicted_label": "p",
        "label_values_or_threshold": ["yes"],
        "facet": [{"name_or_index": "facet", "value_or_threshold": ["d"]}],
        "methods": {"pre_training_bias": {"methods": ["DPL"]}, "post_training_bias": {"methods": "all"}},
        "tilth": {"bootstrap": 0},
    }
    report = measure_config(data(PREDICTED), AnalysisConfig.of(config), duckdb_session())
    made = analysis_json(report, strict=True)
    section = made["post_training_bias_metrics"]
    assert (section["label"], section["label_value_or_threshold"]) == ("label", "yes")
    (group,) = section["facets"]["facet"]
    got = {m["name"]: m["value"] for m in group["metrics"]}
    assert [*got] == ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "FT", "GE", "RD", "SD", "TE"]
    assert group["metrics"][5] == {"name": "DI", "description": "Disparate Impact (DI)", "value": pytest.approx(0.5)}
    assert group["metrics"][1]["error"] == "Group variable is empty or not provided"
    assert group["metrics"][8] == {
        "name": "FT",
        "description": "Flip Test (FT)",
        "value": None,
        "error": "there are no features to compare rows by",
    }
    assert [m["name"] for m in made["pre_training_bias_metrics"]["facets"]["facet"][0]["metrics"]] == ["DPL"]
    assert report.of("warning") == ()
    full = analysis_json(report)
    assert full["performance"]["binary_confusion_matrix"] == pytest.approx([60 / 150, 15 / 150, 30 / 150, 45 / 150])
    assert full["performance"]["confusion_matrix"] == {"no": {"no": 45, "yes": 15}, "yes": {"no": 30, "yes": 60}}
    assert full["performance"]["model_performance_metrics"][0] == {"name": "Accuracy", "description": "Accuracy", "value": 0.7}
    basic = full["post_training_bias_metrics"]["facets"]["facet"][0]["basic_stats"]
    assert basic["confusion_matrix"] == pytest.approx([0.2, 0.1, 0.2, 0.5])
    scores = PREDICTED.set_column(2, "p", pa.array([0.7 if v == "yes" else 0.2 for v in PREDICTED["p"].to_pylist()]))
    by_score = analysis_json(
        measure_config(data(scores), AnalysisConfig.of(config | {"probability_threshold": 0.5}), duckdb_session()), strict=True
    )
    assert by_score["post_training_bias_metrics"] == section


def test_other_orders_of_generalized_entropy_are_a_block():
    methods = {"post_training_bias": {"methods": ["GE"]}}
    config = {**CONFIG, "label": "label", "predicted_label": "p", "facet": [{"name_or_index": "facet"}], "methods": methods}
    config |= {"tilth": {"bootstrap": 0, "entropies": [1]}}
    made = analysis_json(measure_config(data(PREDICTED), AnalysisConfig.of(config), duckdb_session()))
    group = made["post_training_bias_metrics"]["facets"]["facet"][0]
    assert [m["name"] for m in group["metrics"]] == ["GE"]
    assert [(m["name"], round(m["value"], 5)) for m in group["generalized_entropy"]] == [("GE_1", 0.25939)]
    with pytest.raises(RequestError, match=r"tilth\.entropies: this needs GE"):
        AnalysisConfig.of({**CONFIG, "tilth": {"entropies": [1]}})


# ── analysis.json ──


def finding(name, value, facet_value="F", **more):
    details = {
        "facet": "sex", "facet_value": facet_value, "label": "approved", "label_value": "yes", "description": f"{name} (…)", "status": "ok",
        "error": "", "notes": (), "n_used": 150, "n_excluded": 0, "counts": {"n_a": 100, "n_d": 50, "n_d_positive": 20, "n_d_negative": 30},
        "method": "bootstrap", "p_value": None, "p_adjusted": None, "verdict": None,
    } | more  # fmt: skip
    return Finding(name, ("sex",), value, low=0.1, high=0.2, confidence=0.95, payload=BiasNumber.from_json(details))


REPORT = Report(
    "measure",
    (
        finding("DPL", 0.3),
        finding("CI", 1 / 3),
        finding("KL", math.inf),
        finding("CDDL", None, status="error", error="Group variable is empty or not provided"),
        finding("TVD by label value", 0.5, block="by_label_value", largest="wait"),
        warning("AMBIGUOUS_TYPE", "said"),
    ),
    Facts("data.csv", "duckdb", 150, versions={"tilth": "0"}),
)


def test_without_additions_it_is_clarifys_file():
    assert analysis_json(REPORT, strict=True) == {
        "version": "1.0",
        "pre_training_bias_metrics": {
            "label": "approved",
            "label_value_or_threshold": "yes",
            "facets": {
                "sex": [
                    {
                        "value_or_threshold": "F",
                        "metrics": [
                            {"name": "CDDL", "description": "CDDL (…)", "value": None, "error": "Group variable is empty or not provided"},
                            {"name": "CI", "description": "CI (…)", "value": 1 / 3},
                            {"name": "DPL", "description": "DPL (…)", "value": 0.3},
                            {"name": "KL", "description": "KL (…)", "value": "Infinity"},
                        ],
                    }
                ]
            },
        },
    }


def test_additions_have_keys_of_their_own():
    made = analysis_json(REPORT)
    group = made["pre_training_bias_metrics"]["facets"]["sex"][0]
    assert group["basic_stats"] == {"proportion": 50 / 150, "observed_label_distribution": [0.4, 0.6]}
    assert group["by_label_value"][0]["largest"] == "wait"
    assert {"ci_low", "ci_high", "confidence", "p_value", "verdict", "n_used", "n_excluded", "status", "notes"} <= set(group["metrics"][2])
    assert made["warnings"] == [{"code": "AMBIGUOUS_TYPE", "message": "said"}]
    assert (made["run"]["engine"], made["run"]["rows"]) == ("duckdb", 150)
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_how_a_number_was_read_is_an_addition():
    report = Report("measure", (finding("CI", 0.5, facet_read="threshold", label_read="value"),))
    section = analysis_json(report)["pre_training_bias_metrics"]
    assert (section["label_read_as"], section["facets"]["sex"][0]["read_as"]) == ("value", "threshold")
    assert "read_as" not in json.dumps(analysis_json(report, strict=True))


def test_without_bias_there_is_no_section():
    assert analysis_json(Report("measure"), strict=True) == {"version": "1.0"}
