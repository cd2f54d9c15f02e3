"""Bias of what a model predicts: the same as if its predictions were in the data, whatever form its answers have."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.answering import answering
from tests.aws.clarify.models import CONFIG, FEATURES, LOANS, N, X, serving
from tests.engines import duckdb_session
from tilth.aws.clarify.analysis import analysed, analysis_json, deliver_analysis
from tilth.aws.clarify.config import AnalysisConfig
from tilth.cli import app
from tilth.data import Dataset, Memory
from tilth.errors import ColumnError, RequestError, TilthError


def run(config, table=LOANS, kept=""):
    data = Dataset(Memory(table, tuple(table.column_names)))
    return analysed(data, AnalysisConfig.of(config), duckdb_session(), kept=kept)


def metrics(config, table=LOANS):
    return analysis_json(run(config, table).report, strict=True)["post_training_bias_metrics"]


def asking(model, predictor=None, **more):
    given = {"predictor": {"endpoint_name": "e", "content_type": "text/csv", **predictor}} if predictor is not None else {}
    return CONFIG | given | {"tilth": {"bootstrap": 0, "predictor": {"model": model}}} | more


def text(lines):
    return "".join(f"{line}\n" for line in lines).encode()


FORMS = {
    "scores in lines": ("text/csv", {}, lambda x, p: text(p)),
    "scores in one line": ("text/csv", {}, lambda x, p: ",".join(map(str, p)).encode()),
    "labels": ("text/csv", {"label": 0}, lambda x, p: text(int(v > 0.5) for v in p)),
    "label and score": ("text/csv", {"label": 0, "probability": 1}, lambda x, p: text(f"{int(v > 0.5)},{v}" for v in p)),
    "scores of labels": ("text/csv", {"label": 0, "probability": 1}, lambda x, p: text(f'"[0, 1]","[{1 - v}, {v}]"' for v in p)),
    "scores of headers": ("text/csv", {"label_headers": [0, 1]}, lambda x, p: text(f"{1 - v},{v}" for v in p)),
    "JSON Lines": (
        "application/jsonlines",
        {"content_template": '{"features": $features}', "probability": "out.score"},
        lambda x, p: text(json.dumps({"out": {"score": v}}) for v in p),
    ),
    "JSON": (
        "application/json",
        {"content_template": '{"instances": $records}', "record_template": "$features_kvp", "probability": "predictions[*].score"},
        lambda x, p: {"predictions": [{"score": v} for v in p]},
    ),
}


@pytest.fixture(scope="module")
def expected(classifier):
    """The metrics of predictions in the data, as scikit-learn makes them."""
    table = LOANS.append_column("p", pa.array(classifier.predict(X)))
    return metrics(CONFIG | {"predicted_label": "p"}, table)


@pytest.mark.parametrize("form", FORMS)
def test_predictions_of_an_endpoint_are_those_of_the_model(form, classifier, expected):
    kind, predictor, answer = FORMS[form]
    with serving(classifier, answer, kind) as (url, asked):
        found = metrics(asking(url, {**predictor, "content_type": kind, "custom_attributes": "tenant=7"}))
    assert found == expected
    assert [path for path, _, _ in asked] == ["/invocations"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        pytest.param(lambda rows: {"error": "out of memory"}, 500, "answered with status 500", id="a server that fails"),
        pytest.param(lambda rows: b"<html>", 200, "it has 1 answer for", id="an answer that is not one"),
    ],
)
def test_a_model_that_fails_leaves_what_can_be_measured_without_it(answer, status, says, tmp_path, capsys):
    explained = {"shap": {"num_clusters": 1}, "pre_training_bias": {"methods": ["DPL", "CI"]}}
    config = {"predictor": {"endpoint_name": "e", "content_type": "text/csv"}, "methods": {**CONFIG["methods"], **explained}}
    pq.write_table(LOANS, tmp_path / "loans.parquet")
    with answering(answer, status, read=bytes) as (url, _):
        own = {"tilth": {"bootstrap": 0, "predictor": {"model": url, "retries": 0}}, "dataset_type": "application/x-parquet"}
        (tmp_path / "config.json").write_text(json.dumps(CONFIG | config | own))
        data, named, out = (str(tmp_path / name) for name in ("loans.parquet", "config.json", "out"))
        code = app.run(["measure", data, "--config", named, "-o", out])
        assert code == 3 and says in capsys.readouterr().err
        made = json.loads((tmp_path / "out/analysis.json").read_text("utf-8"))
        assert app.run(["measure", data, "--config", named, "-o", out, "--strict-clarify"]) == 3
    assert {*json.loads((tmp_path / "out/analysis.json").read_text("utf-8"))} == {"version", "pre_training_bias_metrics"}
    assert [m["name"] for m in made["pre_training_bias_metrics"]["facets"]["sex"][0]["metrics"]] == ["CI", "DPL"]
    assert {*made} & {"post_training_bias_metrics", "explanations"} == set()
    (said,) = [w["message"] for w in made["warnings"] if w["code"] == "MODEL_FAILED"]
    assert says in said and said.endswith("what needs more of its answers is left out")


def test_predictions_of_a_file(saved, classifier, expected):
    assert metrics(asking(saved)) == expected
    high = (classifier.predict_proba(X)[:, 1] > 0.7).astype(int)
    table = LOANS.append_column("p", pa.array(high))
    assert metrics(asking(saved, probability_threshold=0.7)) == metrics(CONFIG | {"predicted_label": "p"}, table)


def test_labels_that_are_strings_are_those_of_the_score(classifier):
    named = LOANS.set_column(0, "paid", pa.array(["yes" if v else "no" for v in LOANS["paid"].to_pylist()]))
    by_label = {"label_values_or_threshold": ["yes"]}
    high = ["yes" if v > 0.8 else "no" for v in classifier.predict_proba(X)[:, 1]]
    expected = metrics(CONFIG | by_label | {"predicted_label": "p"}, named.append_column("p", pa.array(high)))
    with serving(classifier, lambda x, p: text(p)) as (url, _):
        made = run(asking(url, {}, probability_threshold=0.8, **by_label), named)
        assert analysis_json(made.report, strict=True)["post_training_bias_metrics"] == expected
        facts = analysis_json(made.report)["run"]
        assert facts["predictions"] == "scores above 0.8 count as 'yes', others as 'no'"
        assert (facts["requests"]["records"], facts["model_columns"]) == (N, [*FEATURES])
        of_no = asking(url, {"label_headers": ["no"]}, **by_label)
        assert analysis_json(run(of_no, named).report)["run"]["predictions"] == "scores above 0.5 count as 'no', others as 'yes'"
        with pytest.raises(RequestError, match="which label a high score means"):
            metrics(asking(url, {}, label_values_or_threshold=["yes", "no"]), named)


def test_numbers_are_compared_with_the_threshold_of_the_label(classifier):
    table = LOANS.set_column(0, "paid", pa.array(X[:, 0] * 2))
    given = {"label_values_or_threshold": [0.5]}
    expected = metrics(CONFIG | given | {"predicted_label": "p"}, table.append_column("p", pa.array(X[:, 0])))
    with serving(classifier, lambda x, p: text(x[:, 0])) as (url, _):
        assert metrics(asking(url, {}, **given), table) == expected


def test_scores_that_are_not_probabilities_are_warned_of(classifier):
    with serving(classifier, lambda x, p: text(v * 3 for v in p)) as (url, _):
        (warned,) = [w for w in run(asking(url, {})).report.of("warning") if w.name == "SCORES_OUTSIDE"]
    assert "are they log-odds?" in warned.message


@pytest.mark.parametrize(
    ("predictor", "more", "answer", "said"),
    [
        ({"label_headers": [0, 1, 2]}, {}, lambda x, p: text(p), "1 scores for row 1, and there are 3 label_headers"),
        ({}, {}, lambda x, p: text(f"{v},{v}" for v in p), "0 names for 2 scores of each row"),
    ],
)
def test_answers_that_do_not_fit(predictor, more, answer, said, classifier):
    with serving(classifier, answer) as (url, _), pytest.raises(TilthError, match=said):
        run(asking(url, predictor, **more))


def test_a_file_that_takes_numbers_is_not_given_strings(saved):
    tilth = {"predictor": {"model": saved, "columns": ["income", "age", "sex"]}}
    with pytest.raises(RequestError, match="'sex' is a column of kind string"):
        run(CONFIG | {"tilth": tilth})


def test_nothing_is_asked_where_columns_are_wrong(classifier):
    with serving(classifier, lambda x, p: text(p)) as (url, asked), pytest.raises(ColumnError, match="'sexe'"):
        run(asking(url, {}, facet=[{"name_or_index": "sexe"}]))
    assert not asked


def test_predictions_and_the_report_are_written(classifier, tmp_path):
    report = {"report": {"name": "fairness", "title": "Loans of 2026"}}
    config = asking("", {}, methods=CONFIG["methods"] | report)
    with serving(classifier, lambda x, p: text(p)) as (url, _):
        config["tilth"] = {"bootstrap": 0, "predictor": {"model": url, "save_predictions": True}}
        deliver_analysis(run(config), AnalysisConfig.of(config), tmp_path / "out")
    names = {"analysis.json", "analysis_config.json", "predictions.csv", "fairness.html", "fairness.ipynb", "fairness.pdf", "fairness.json"}
    assert names <= {p.name for p in (tmp_path / "out").iterdir()}
    lines = (tmp_path / "out" / "predictions.csv").read_text().splitlines()
    first = classifier.predict_proba(X[:1])[0, 1]
    assert lines[0] == "loan,predicted_label,score_label0"
    assert [float(x) for x in lines[1].removeprefix("L0,").split(",")] == [first > 0.5, pytest.approx(first)]  # alone, not as one of many
    assert "<h1>Loans of 2026" in (tmp_path / "out" / "fairness.html").read_text()
