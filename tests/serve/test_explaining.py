"""Answers with explanations, in the shape of an endpoint of SageMaker Clarify."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression

import tilth
from tests.serve.asking import ask
from tilth.errors import RequestError
from tilth.serve.app import EXPLAIN, Server
from tilth.serve.explainer_config import ExplainerConfig
from tilth.serve.serving import Serving

HEADER = EXPLAIN.decode()
CSV, LINES = {"content-type": "text/csv"}, {"content-type": "application/jsonlines"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """`reviews.tilth`: words and stars → a number and its double; `coefficients.json`: those of the number."""
    place = tmp_path_factory.mktemp("explained")
    texts = ["good film", "bad film", "a good day", "bad day"]
    table = pa.table({"id": range(4), "text": texts, "stars": [5, 1, 4, None], "liked": [1.0, -2.0, 2.0, 0.5]})
    before = "{vectorize: {columns: [text]}}, {impute: {columns: stars, with: constant, value: 3}}"
    frame = tilth.write(tilth.apply(tilth.fit(tilth.Flow.parse(f"features: [{before}]"), table), table), format="pandas")
    columns = [c for c in frame.columns if c not in ("id", "liked")]
    model = LinearRegression().fit(frame[columns], frame["liked"])
    skops.io.dump(model, place / "m.skops")
    flow = f"data: {{roles: {{id: id, label: liked}}}}\nfeatures: [{before}, {{predict: {{model: {place / 'm.skops'}}}}}]"
    tilth.fit(tilth.Flow.parse(flow), table).save(place / "reviews.tilth")
    (place / "coefficients.json").write_text(json.dumps(dict(zip(columns, model.coef_, strict=True))))
    return place


def config(**changes):
    shap = {"ShapBaselineConfig": {"MimeType": "text/csv", "ShapBaseline": ",2"}, "TextConfig": {"Granularity": "token", "Language": "en"}}
    inference = {"FeatureTypes": ["text", "numerical"], "LabelHeaders": ["liked"]}
    return {"InferenceConfig": inference | changes.pop("inference", {}), "ShapConfig": shap | changes.pop("shap", {}), **changes}


def asked(folder, tmp_path, given, body, headers=CSV, things=("reviews.tilth",)):
    (tmp_path / "e.json").write_text(json.dumps({"ClarifyExplainerConfig": given}))
    pipeline, _ = Serving(tuple(str(folder / t) for t in things), explain=str(tmp_path / "e.json")).loaded()
    return partial(ask, Server(pipeline))("POST", "/invocations", body, headers)


def test_words_and_numbers_of_a_record_are_explained(folder, tmp_path):
    answer = asked(folder, tmp_path, config(), b"7,good day,4,\n8,bad,,\n")
    assert answer.status == 200, answer.text
    found, worth = answer.json(), json.loads((folder / "coefficients.json").read_text())
    assert (found["version"], found["label_headers"], found["predictions"]["content_type"]) == ("1.0", ["liked"], "text/csv")
    predicted = [float(line) for line in found["predictions"]["data"].split()]
    first, second = found["explanations"]["kernel_shap"]
    assert [(f["feature_header"], f["feature_type"]) for f in first] == [("text", "text"), ("stars", "numerical")]
    units = first[0]["attributions"]
    assert [u["description"] for u in units] == [{"partial_text": "good", "start_idx": 0}, {"partial_text": "day", "start_idx": 5}]
    assert [u["attribution"] for u in units] == [[pytest.approx(worth[f"text_{w}"])] for w in ("good", "day")]
    assert first[1]["attributions"] == [{"attribution": [pytest.approx(2 * worth["stars"])]}]  # 4, beside the baseline's 2
    assert second[1]["attributions"] == [{"attribution": [pytest.approx(worth["stars"])]}]  # null, for which the flow writes 3
    sums = [sum(a["attribution"][0] for f in one for a in f["attributions"]) for one in (first, second)]
    assert np.diff(sums) == pytest.approx(np.diff(predicted))


def test_a_long_text_is_prepared_by_an_engine(folder, tmp_path):
    words = ["a", "good", "day", "and", "one", "bad", "film", "for", "8"]
    found = asked(folder, tmp_path, config(), f'1,"{" ".join(words)}",2\n'.encode()).json()["explanations"]["kernel_shap"][0]
    worth = json.loads((folder / "coefficients.json").read_text())
    assert [u["attribution"][0] for u in found[0]["attributions"]] == pytest.approx([worth.get(f"text_{w}", 0.0) for w in words])


@pytest.mark.parametrize(
    ("body", "headers", "asked_for", "explained"),
    [
        (b"1,good,5\n2,bad,1\n", CSV, "[0]>`0.5`", [True, False]),
        (b'{"text": "good", "stars": 5}\n{"text": "bad", "stars": 1}\n', LINES, "prediction>`0.5`", [True, False]),
        (b"1,good,5\n", CSV, "`false`", None),
    ],
)
def test_a_condition_chooses_the_records(folder, tmp_path, body, headers, asked_for, explained):
    for given, more in ((config(EnableExplanations=asked_for), {}), (config(), {HEADER: asked_for})):
        answer = asked(folder, tmp_path, given, body, {**headers, **more})
        assert answer.status == 200, answer.text
        found = answer.json()["explanations"]
        assert found == {} if explained is None else [f is not None for f in found["kernel_shap"]] == explained


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"1,good,5\n", {**CSV, HEADER: "[0]"}, 400, "bad-condition"),
        (b"1,good,5\n", {**CSV, HEADER: "[0"}, 400, "bad-path"),
        (b"1,good\n", CSV, 400, "wrong-width"),
        (b"[]", {"content-type": "application/json"}, 415, "bad-content-type"),
        (b"1,good,5\n", {**CSV, "accept": "text/csv"}, 406, "not-acceptable"),
    ],
)
def test_what_is_wrong_with_a_request_is_answered(folder, tmp_path, body, headers, status, code):
    answer = asked(folder, tmp_path, config(), body, headers)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code), answer.text


def test_a_model_after_a_flow_is_explained_by_its_probabilities(tmp_path):
    x = np.random.default_rng(0).normal(size=(30, 2)).round(2)
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "y": np.where(x[:, 0] > 0, "yes", "no")})
    flow = tilth.fit(tilth.Flow.parse("data: {roles: {label: y}}\nfeatures: [{impute: {columns: numeric, with: mean}}]"), table)
    flow.save(tmp_path / "f.tilth")
    model = LogisticRegression().fit(table.select(["a", "b"]).to_pandas(), table["y"].to_pylist())
    skops.io.dump(model, tmp_path / "m.skops")
    given = {
        "ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "0,0\n1,1"}, "UseLogit": True},
        "InferenceConfig": {"ProbabilityIndex": 1},
    }
    (tmp_path / "e.json").write_text(json.dumps(given))
    things = (str(tmp_path / "f.tilth"), str(tmp_path / "m.skops"))
    pipeline, _ = Serving(things, ("softmax",), explain=str(tmp_path / "e.json")).loaded()
    found = partial(ask, Server(pipeline))("POST", "/invocations", b"0.5,-1\n", CSV).json()
    values = [f["attributions"][0]["attribution"][0] for f in found["explanations"]["kernel_shap"][0]]
    p = (1 / (1 + np.exp(-np.array([[0, 0], [1, 1]]) @ model.coef_[0] - model.intercept_))).mean()
    assert sum(values) == pytest.approx([0.5, -1] @ model.coef_[0] + model.intercept_[0] - np.log(p / (1 - p)))
    with pytest.raises(RequestError, match="of which not all is a number"):
        Serving(things, explain=str(tmp_path / "e.json")).loaded()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (config(EnableExplanations="probability >"), "EnableExplanations"),
        (config(shap={"TextConfig": {"Granularity": "word", "Language": "en"}}), "Granularity"),
        (config(shap={"ShapBaselineConfig": {}}), "exactly one of ShapBaseline"),
        (config(inference={"FeatureTypes": ["numerical"]}), "TextConfig where"),
        (config(inference={"ProbabilityIndex": 0, "ProbabilityAttribute": "p"}), "one of ProbabilityIndex"),
    ],
)
def test_what_is_not_a_configuration_is_refused(given, said, tmp_path):
    (tmp_path / "e.json").write_text(json.dumps(given))
    with pytest.raises(RequestError, match=said):
        ExplainerConfig.load(str(tmp_path / "e.json"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (config(inference={"FeatureTypes": ["text", "numerical", "numerical"]}), "FeatureTypes has 3 entries"),
        (config(inference={"LabelHeaders": ["a", "b"]}), "LabelHeaders has 2 entries"),
        (config(shap={"ShapBaselineConfig": {"ShapBaseline": "1,2,3,4"}}), "4 values are given"),
        (config(shap={"ShapBaselineConfig": {"ShapBaseline": "a,2.5"}}), "does not fit its column"),
    ],
)
def test_a_configuration_that_does_not_fit_the_columns_is_refused(folder, tmp_path, given, said):
    with pytest.raises(RequestError, match=said):
        asked(folder, tmp_path, given, b"")
