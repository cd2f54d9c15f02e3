"""tilth measure: predictions, conditions to fail on, and counts without the data."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from tests.answering import Cut, answering
from tests.measures.bias.tables import PREDICTED
from tilth.engine.duckdb import DuckDB
from tilth.web import client

BIAS = ("--label", "label", "--positive", "yes", "--facet", "facet", "--prediction", "p", "--measure", "bias")


@pytest.fixture
def data(tilth, tmp_path):
    pyarrow.csv.write_csv(PREDICTED, tmp_path / "p.csv")
    return "p.csv"


def test_a_condition_that_holds_fails_the_pipeline(tilth, data):
    failed = tilth("measure", data, *BIAS, "--fail-on", "abs(DPL) > 0.1", "--json")
    assert failed.code == 1
    (verdict,) = [f for f in json.loads(failed.out)["findings"] if f["kind"] == "condition"]
    assert (verdict["outcome"], verdict["value"]) == ("Failed", 2)
    assert verdict["message"] == "it holds for 2 of 2 groups: facet=a (DPL = -0.3); facet=d (DPL = 0.3)"
    assert tilth("measure", data, *BIAS, "--fail-on", "abs(DPL) > 0.4", "--fail-on", "DI < 0.4 or DI > 2.5").code == 0
    assert "fail on abs(DPL) > 0.1" in tilth("measure", data, *BIAS, "--fail-on", "abs(DPL) > 0.1").out


def test_a_condition_that_cannot_be_judged_fails_too(tilth, data):
    done = tilth("measure", data, *BIAS, "--fail-on", "CDDL > 0.1", "--json")
    assert done.code == 2  # CDDL is not measured without a group
    assert "there is no value of 'CDDL'" in done.err
    assert "CDDL needs facet, group, label" in done.err
    assert "KL, JS" in done.err


def test_columns_that_may_explain_a_difference(tilth, data):
    done = tilth(
        "measure", data, "--label", "label", "--positive", "yes", "--facet", "facet", "--measure", "bias", "--strata", "p", "--json"
    )
    within = [f for f in json.loads(done.out)["findings"] if f["kind"] == "strata"]
    assert [tuple(f["details"][k] for k in ("column", "strata", "facet_value")) for f in within] == [("p", 2, "a"), ("p", 2, "d")]


def test_columns_of_texts_and_clusters_are_named(tilth, tmp_path):
    rows = [("Win now she", 1, i // 3) if i % 2 else ("see he home", 0, i // 3) for i in range(60)]
    (tmp_path / "m.csv").write_text("\n".join(["body,spam,person", *(",".join(map(str, row)) for row in rows)]))
    words = ("--label", "spam", "--positive", "1", "--text", "body", "--facet", "@gender_lean")
    done = json.loads(tilth("measure", "m.csv", *words, "--measure", "terms", "--json").out)
    assert {f["group"]: f["value"] for f in done["findings"] if f["name"] == "PMI"} == {"he": "-Infinity", "she": 1.0}
    done = json.loads(tilth("measure", "m.csv", *words, "--clusters", "person", "--json").out)
    methods = {f["group"]: f["details"].get("method") for f in done["findings"] if f["name"] == "CI"}
    assert methods["@gender_lean=[-inf, -0.2)"] == "cluster bootstrap", methods


def test_counts_are_measured_without_the_data(tilth, data, tmp_path):
    whole = json.loads(tilth("measure", data, *BIAS, "--save-counts", "counts.json", "--json").out)
    (tmp_path / data).unlink()
    again = tilth("measure", "counts.json", "--json", "--fail-on", "DPPL > 0.4")
    assert again.code == 0, again.err

    def numbers(report):
        return [{k: f.get(k) for k in ("name", "group", "value", "low", "high")} for f in report["findings"] if f["kind"] == "bias"]

    assert numbers(json.loads(again.out)) == numbers(whole)
    assert not [f for f in whole["findings"] if f["kind"] == "bias_counts"]
    swapped = json.loads(tilth("measure", "counts.json", "--label", "p", "--prediction", "label", "--json").out)
    assert [f["value"] for f in swapped["findings"] if f["name"] == "DPL"] == pytest.approx([-0.3, 0.3])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("p.csv", "--measure", "profile", "--save-counts", "c.json"), "add --measure bias"),
        (("p.csv", "--save-counts", "c.json"), "bias was not measured"),
        (("p.csv", *BIAS, "--fail-on", "DPL >"), "DPL >"),
        (("p.csv", *BIAS, "--fail-on", "DPL + 1"), "is not a condition"),
        (("p.csv", *BIAS, "--fail-on", "DLP > 1"), "there is no metric 'DLP'"),
    ],
)
def test_what_is_wrong_is_said(tilth, data, words, said):
    done = tilth("measure", *words)
    assert done.code == 2
    assert said in done.err


def test_a_configuration_asks_its_model_and_goes_on_where_it_was_broken_off(tilth, data, tmp_path, monkeypatch):
    """The endpoint breaks after its first batch; what it had answered is not asked again."""
    monkeypatch.setattr(client, "PAUSE", 0.01)
    config = {
        "dataset_type": "text/csv",
        "label": "label",
        "label_values_or_threshold": ["yes"],
        "facet": [{"name_or_index": "facet", "value_or_threshold": ["d"]}],
        "methods": {"post_training_bias": {"methods": ["DPPL"]}},
        "tilth": {"bootstrap": 0, "predictor": {"columns": ["p", "row"], "batch_rows": 60, "concurrency": 1, "retries": 1}},
    }
    (tmp_path / "c.json").write_text(json.dumps(config))
    pyarrow.csv.write_csv(PREDICTED.append_column("row", pa.array(range(len(PREDICTED)))), tmp_path / "rows.csv")
    answered = []

    def answer(given):
        if len(answered) == 1:
            raise Cut
        answered.append(len(given["instances"]))
        return {"predictions": [row["p"] for row in given["instances"]]}

    words = ("measure", "rows.csv", "--config", "c.json", "-o", "out", "--model")
    with answering(answer) as (url, _):
        broken = tilth(*words, url)
        assert (broken.code, "rows 61 to 120, of 150" in broken.err, "kept in out.answers" in broken.err) == (3, True, True)
        assert not (tmp_path / "out").exists()
        answered[:] = [0, 0]
        assert tilth(*words, url).code == 0
    assert answered == [0, 0, 60, 30]
    made = json.loads((tmp_path / "out" / "analysis.json").read_text())
    (group,) = made["post_training_bias_metrics"]["facets"]["facet"]
    assert (group["metrics"][0]["value"], made["run"]["requests"]["kept"]) == (pytest.approx(0.3), 60)
    assert not (tmp_path / "out.answers").exists()


@pytest.mark.slow
def test_a_model_that_does_not_answer_loses_no_other_measure(tilth, data, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "PAUSE", 0.01)
    shap = ("--measure", "shap", "--model", "http://127.0.0.1:1/x", "--columns", "p")
    done = tilth("measure", data, *BIAS, *shap, "-o", "out", "--report", "json", "--save-counts", "c.json", "--fail-on", "CI > 2")
    assert done.code == 3 and "127.0.0.1:1 does not answer" in done.err, done.err
    findings = json.loads((tmp_path / "out/report.json").read_text())["findings"]
    assert {"DPL", "DPPL", "fail on CI > 2"} <= {f["name"] for f in findings} and (tmp_path / "c.json").exists()
    (said,) = [f["message"] for f in findings if f["name"] == "MEASURE_FAILED"]
    assert said.startswith("the measure shap is left out: ") and "127.0.0.1:1 does not answer" in said and said in done.out
    alone = tilth("measure", data, *shap, "-o", "alone")
    assert alone.code == 3 and not (tmp_path / "alone").exists()


def test_a_configuration_names_its_data(tilth, tmp_path):
    lines = [json.dumps({"features": [r["facet"]], "label": r["label"], "predicted": r["p"]}) for r in PREDICTED.to_pylist()]
    (tmp_path / "d.jsonl").write_text("\n".join(lines))
    config = {
        "dataset_type": "application/jsonlines", "dataset_uri": "d.jsonl", "headers": ["facet", "label", "p"], "features": "features",
        "label": "label", "predicted_label": "predicted", "label_values_or_threshold": ["yes"],
        "facet": [{"name_or_index": "facet", "value_or_threshold": ["d"]}], "methods": {"post_training_bias": {"methods": "all"}},
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(config))
    done = tilth("measure", "--config", "c.json", "-o", "out", "--fail-on", "TE > 1")
    assert done.code == 0, done.err
    metrics = json.loads((tmp_path / "out/analysis.json").read_text())["post_training_bias_metrics"]["facets"]["facet"][0]["metrics"]
    assert {m["name"]: m["value"] for m in metrics}["SD"] == pytest.approx(1 / 6)
    assert "there is no data" in tilth("measure").err
    assert tilth("card", "out", "-o", "card").code == 0
    (of,) = json.loads((tmp_path / "card/model_card.json").read_text())["evaluation_details"]
    assert "post_training_bias_metrics - label label = yes and facet facet=d" in [g["name"] for g in of["metric_groups"]]


def test_a_configuration_names_its_engine(tilth, data, tmp_path, monkeypatch):
    """Unless the command names another one; Spark is not started here."""
    started = []
    monkeypatch.setattr("tilth.engine.spark.Spark", lambda remote: started.append(remote) or DuckDB())
    config = {
        "dataset_type": "text/csv", "label": "label", "label_values_or_threshold": ["yes"], "facet": [{"name_or_index": "facet"}],
        "methods": {"pre_training_bias": {"methods": ["DPL"]}}, "tilth": {"engine": "spark"},
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(config))
    assert tilth("measure", data, "--config", "c.json", "--engine", "duckdb").code == 0 and not started
    assert tilth("measure", data, "--config", "c.json").code == 0 and started == [None]


def test_the_model_in_a_file_is_explained(tilth, tmp_path):
    pytest.importorskip("skops")
    from sklearn.linear_model import LinearRegression
    from skops import io

    x = np.random.default_rng(0).normal(size=(50, 2))
    pyarrow.csv.write_csv(pa.table({"id": range(50), "a": x[:, 0], "b": x[:, 1], "y": 3 * x[:, 0]}), tmp_path / "t.csv")
    io.dump(LinearRegression().fit(x, 3 * x[:, 0]), tmp_path / "m.skops")
    about = ("measure", "t.csv", "--label", "y", "--id", "id")
    unnamed = tilth(*about, "--measure", "shap", "--model", "m.skops")
    assert (unnamed.code, "--columns A,B" in unnamed.err) == (2, True)
    about += ("--columns", "a,b")
    done = tilth(
        *about, "--measure", "shap", "--measure", "importance", "--measure", "pdp", "--model", "m.skops", "--save-shap", "v.csv", "--json"
    )
    assert done.code == 0, done.err
    found = json.loads(done.out)["findings"]
    assert {(f["kind"], *f["subject"]) for f in found} == {(k, c) for k in ("shap", "importance", "pdp") for c in "ab"}
    written = pyarrow.csv.read_csv(tmp_path / "v.csv")
    assert written.column_names == ["id", "a_prediction", "b_prediction"]
    mean = next(f["details"]["expected"] for f in found if f["kind"] == "shap")
    sums = written["a_prediction"].to_numpy() + written["b_prediction"].to_numpy() + mean
    assert sums == pytest.approx(3 * x[written["id"].to_numpy(), 0])
    for words in (("--measure", "profile", "--model", "m.skops"), ("--measure", "importance", "--save-shap", "v.csv")):
        assert tilth(*about, *words).code == 2


def test_the_forecasts_of_the_model_in_a_file_are_explained(tilth, tmp_path):
    pytest.importorskip("skops")
    from sklearn.linear_model import LinearRegression
    from skops import io

    x = np.random.default_rng(0).normal(size=(20, 3))
    io.dump(LinearRegression().fit(x, x @ [1.0, 0.0, 2.0]), tmp_path / "m.skops")
    (tmp_path / "t.csv").write_text("shop,day,sold\na,2024-01-02,20\na,2024-01-01,10\na,2024-01-03,40\n")
    roles = ("--label", "sold", "--id", "shop", "--time", "day")
    done = tilth("measure", "t.csv", *roles, "--measure", "asymmetric_shap", "--model", "m.skops", "--save-shap", "v.jsonl", "--json")
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)["findings"]
    assert (found["kind"], found["value"]) == ("asymmetric_shap", pytest.approx(90))
    written = json.loads((tmp_path / "v.jsonl").read_text())
    assert (written["item_id"], [e["timestamp"] for e in written["explanations"]]) == ("a", ["2024-01-01", "2024-01-02", "2024-01-03"])
    assert [e["scores"][0] for e in written["explanations"]] == pytest.approx([10, 0, 80])
