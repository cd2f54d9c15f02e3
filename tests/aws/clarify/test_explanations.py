"""SHAP values and partial dependence of a configuration: the same of an endpoint and of the model in a file, in Clarify's files."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest

from tests.answering import answering
from tests.aws.clarify.models import CONFIG, FEATURES, LOANS, N, X, serving
from tests.aws.clarify.test_predicting import run, text
from tilth.aws.clarify.analysis import analysis_json, deliver_analysis
from tilth.aws.clarify.config import AnalysisConfig

SHAP = {"baseline": [[0, 0, 0], [1, 1, 1]], "use_logit": True, "seed": 3, "save_local_shap_values": True}


def explaining(model, shap=None, pdp=None, predictor=None, own=None):
    methods = ({"shap": shap} if shap is not None else {}) | ({"pdp": pdp} if pdp else {})
    given = {k: v for k, v in CONFIG.items() if k not in ("facet", "methods")}
    given |= {"methods": methods, "predictor": {"endpoint_name": "e", "content_type": "text/csv", **(predictor or {})}}
    return given | {"tilth": {"predictor": {"model": model}, "shap": own or {}}}


@pytest.mark.slow
def test_an_endpoint_is_explained_as_the_model_in_a_file(saved, classifier, tmp_path):
    asked = {"shap": SHAP, "pdp": {"grid_resolution": 8, "top_k_features": 2}, "predictor": {"label_headers": ["1"]}}
    with serving(classifier, lambda x, p: text(p)) as (url, _):
        made = run(explaining(url, **asked))
    found, local = (analysis_json(of.report, strict=True)["explanations"] for of in (made, run(explaining(saved, **asked))))
    values, of_file = (of["kernel_shap"]["1"] for of in (found, local))
    assert [*values["global_shap_values"]] == [*FEATURES]
    assert values["global_shap_values"] == pytest.approx(of_file["global_shap_values"])
    assert values["expected_value"] == pytest.approx(of_file["expected_value"])
    for ours, theirs in zip(found["pdp"], local["pdp"], strict=True):
        assert np.array(ours.pop("model_predictions")) == pytest.approx(np.array(theirs.pop("model_predictions")))
        assert ours == theirs
    greatest = sorted(FEATURES, key=lambda f: -values["global_shap_values"][f])[:2]
    assert [p["feature_name"] for p in found["pdp"]] == greatest
    first = found["pdp"][0]
    column = LOANS[first["feature_name"]].to_numpy()
    width = (column.max() - column.min()) / 8
    assert first["feature_values"] == pytest.approx([column.min() + (i + 0.5) * width for i in range(8)])
    assert (first["data_type"], first["label_headers"], sum(first["data_distribution"])) == ("numerical", ["1"], pytest.approx(1))
    deliver_analysis(made, AnalysisConfig.of(explaining(url, **asked)), tmp_path / "out")
    with (tmp_path / "out" / "explanations_shap" / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [*rows[0]] == ["loan", *(f"{f}_1" for f in FEATURES)]
    assert [row["loan"] for row in rows] == [f"L{i}" for i in range(N)]
    background = classifier.predict_proba(np.array(SHAP["baseline"], float))[:, 1].mean()
    sums = np.array([[float(row[f"{f}_1"]) for f in FEATURES] for row in rows]).sum(axis=1)
    assert sums + np.log(background / (1 - background)) == pytest.approx(classifier.decision_function(X))
    assert not (tmp_path / "out" / "explanations_shap" / "baseline.csv").exists()


def test_too_few_samples_become_as_many_as_determine_the_values(saved):
    few, enough = (run(explaining(saved, {**SHAP, "num_samples": n}, own={"rows": 2})).report for n in (2, 2 * len(FEATURES)))
    (warned,) = few.of("warning")
    assert (warned.name, warned.message) == (
        "FEW_SAMPLES",
        "num_samples is 2; 6 are used instead, because fewer than twice the number of features do not determine the values",
    )
    assert [f.value for f in few.of("shap")] == [f.value for f in enough.of("shap")]
    assert not enough.of("warning")


def test_a_baseline_is_made_and_written(classifier):
    with serving(classifier, lambda x, p: text(f"{1 - v},{v}" for v in p)) as (url, _):
        made = run(explaining(url, {"num_clusters": 3, "agg_method": "median"}, own={"rows": 12}))
        best = run(explaining(url, {}, own={"rows": 2}))
    assert [*made.files] == ["explanations_shap/baseline.csv"]
    table = made.files["explanations_shap/baseline.csv"]
    assert (table.column_names, len(table)) == ([*FEATURES], 3)
    explanations = analysis_json(made.report)["explanations"]["kernel_shap"]
    assert [*explanations] == ["label0", "label1"]
    of_both = [explanations[label]["global_shap_values"] for label in explanations]
    assert [-v for v in of_both[0].values()] == pytest.approx([*of_both[1].values()])
    assert explanations["label1"]["expected_value"] == pytest.approx(
        classifier.predict_proba(np.stack([c.to_numpy() for c in table.columns], axis=1))[:, 1].mean()
    )
    assert len(best.files["explanations_shap/baseline.csv"]) <= 12
    assert {f.payload.rows for f in made.report.of("shap")} == {12}


def test_partial_dependence_alone_with_named_features(classifier):
    with serving(classifier, lambda x, p: text(p)) as (url, _):
        made = run(explaining(url, pdp={"grid_resolution": 4, "features": ["age", 4]}))
    found = analysis_json(made.report)["explanations"]
    assert [*found] == ["pdp"]
    assert [(p["feature_name"], len(p["feature_values"]), len(p["standard_errors"][0])) for p in found["pdp"]] == [
        ("age", 4, 4),
        ("debt", 4, 4),
    ]
    age = [classifier.predict_proba(np.where([[False, True, False]], v, X))[:, 1].mean() for v in found["pdp"][0]["feature_values"]]
    assert found["pdp"][0]["model_predictions"] == [pytest.approx(age)]


def test_bias_and_explanations_in_one_run(classifier):
    with serving(classifier, lambda x, p: text(p)) as (url, _):
        config = explaining(url, {"baseline": [[0, 0, 0]]}, own={"rows": 5}) | {"facet": CONFIG["facet"]}
        config["methods"] |= {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": ["DPPL"]}}
        made = analysis_json(run(config).report)
    sections = ("pre_training_bias_metrics", "post_training_bias_metrics", "explanations")
    assert [s for s in made if s in sections] == [*sections]
    assert json.loads(json.dumps(made))["run"]["requests"]["requests"] > 2


def test_features_that_are_not_explained_stay_as_they_are(saved, classifier):
    shap = {"features_to_explain": ["age", 2], "baseline": [[0, 0, 0]], "save_local_shap_values": True, "use_logit": True}
    made = run(explaining(saved, shap))
    out = made.files["explanations_shap/out.csv"]
    assert out.column_names == ["loan", "income_1", "age_1"]
    assert out["age_1"].to_pylist() == pytest.approx((classifier.coef_[0, 1] * X[:, 1]).tolist())
    values = analysis_json(made.report)["explanations"]["kernel_shap"]["1"]
    assert [*values["global_shap_values"]] == ["income", "age"]
    without = classifier.decision_function(X * [0, 0, 1]).mean()
    assert values["expected_value"] == pytest.approx(without)


def test_texts_are_explained_by_their_words():
    table = pa.table({"id": ["a", "b", "c"], "said": ["good day", "no good", "bad luck"], "n": [1, 2, 3], "y": [1, 1, 0]})
    text_config = {"granularity": "token", "language": "english", "max_top_tokens": 2}
    config = {
        "dataset_type": "text/csv",
        "label": "y",
        "joinsource_name_or_index": "id",
        "methods": {"shap": {"text_config": text_config, "save_local_shap_values": True}, "pdp": {"grid_resolution": 2}},
    }

    def answer(given):
        return {"predictions": [("good" in row["said"]) + row["n"] / 10 for row in given["instances"]]}

    with answering(answer) as (url, _):
        made = run(config | {"tilth": {"predictor": {"model": url}}}, table)
    found = analysis_json(made.report)["explanations"]
    values = found["kernel_shap"]["label0"]
    assert values["global_top_shap_text"]["said"]["good"] == pytest.approx(1)
    assert len(values["global_top_shap_text"]["said"]) == 2
    assert values["global_shap_values"]["said"] == pytest.approx(2 / 3)
    assert {p["feature_name"]: p.get("error") for p in found["pdp"]} == {
        "n": None,
        "said": "partial dependence is not computed of text",
    }
    lines = made.files["explanations_shap/out.jsonl"]
    assert [line["join_source_value"] for line in lines] == ["a", "b", "c"]
    assert lines[1]["explanations"][0]["attributions"][1] == {
        "attribution": [pytest.approx(1)],
        "description": {"partial_text": "good", "start_idx": 3},
    }
    assert made.files["explanations_shap/baseline.csv"]["said"].to_pylist() == [""]
