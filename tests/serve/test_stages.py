"""Stages from the words of a command, and what does not fit."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import skops.io
from sklearn.naive_bayes import GaussianNB

import tilth
from tests.serve.conftest import FLOW, TABLE
from tilth.errors import ArtefactError, NotAllowed, RequestError
from tilth.serve import stages
from tilth.serve.pipeline import Pipeline
from tilth.serve.stages import stages_of

WRONG = [
    (["people.tilth", "model.xyz"], [], "neither a fitted flow nor a model"),
    (["people.tilth", "model.joblib"], [], "pickles run code when they are loaded: save the model by skops"),
    (["people.tilth", "model.pt2"], [], "export the model to ONNX (torch.onnx.export)"),
    (["people.tilth"], ["softmax"], "is for what a model gave"),
    (["people.tilth", "model.skops"], ["scale"], "is not a transform of what a model gave"),
    (["people.tilth", "model.skops"], ["softmx"], "did you mean 'softmax'"),
    (["people.tilth", "model.skops"], ["softmaxx"], "did you mean 'softmax'"),
    (["people.tilth", "model.skops"], ["softmax=2"], "accepted: temperature=NUMBER, threshold=NUMBER"),
    (["people.tilth", "model.skops"], ["temperature=warm"], "'warm' is not a number"),
    (["people.tilth", "model.skops"], ["temperature=0"], "a number above 0"),
    (["people.tilth", "absent.skops"], [], "there is no model"),
    (["people.tilth"] * 15 + ["model.skops"], [], "16 stages are named [bad-stages]"),
    (["model.skops", "people.tilth"], [], "takes columns that model.skops does not give"),
]


@pytest.mark.parametrize(("things", "output", "words"), WRONG)
def test_what_does_not_fit_is_refused(served, things, output, words):
    with pytest.raises(RequestError) as error:
        stages_of([str(served / thing) for thing in things], output)
    assert words in str(error.value)


@pytest.mark.parametrize("suffix", [".pt", ".PTH", ".ts"])
def test_a_program_is_not_read_where_python_is_not_allowed(served, suffix):
    with pytest.raises(NotAllowed, match=r"if you trust it: --allow-python; otherwise export the model to ONNX"):
        stages_of([str(served / "people.tilth"), f"absent{suffix}"])
    with tilth.allow_python(), pytest.raises(RequestError, match="there is no model"):
        stages_of([str(served / "people.tilth"), f"absent{suffix}"])


def test_a_model_of_unknown_width_is_tried_with_the_columns(served, monkeypatch):
    """The rows of people.tilth have five columns."""
    for made, said in ((lambda x: x[:, 5], "of 5 columns: index 5 is out of bounds"), (lambda x: x[0], "it returned 5 rows for 2")):
        model = SimpleNamespace(names_among=lambda columns: (), width=0, labels=made)
        monkeypatch.setattr(stages, "model_of", lambda *given, model=model: model)
        with pytest.raises(RequestError, match=said):
            stages_of([str(served / "people.tilth"), str(served / "model.skops")])


def test_each_file_is_read_once(served, monkeypatch):
    things, opened, real = [str(served / name) for name in ("people.tilth", "model.skops")], [], Path.open
    content = b"".join(Path(thing).read_bytes() for thing in things)
    monkeypatch.setattr(Path, "open", lambda path, *words, **options: (opened.append(path.name), real(path, *words, **options))[1])
    assert Pipeline.of(*things, output=["softmax"]).digest == hashlib.sha256(b"softmax" + content).hexdigest()[:12]
    assert opened == ["people.tilth", "model.skops"]


def test_a_model_that_would_be_given_strings_is_refused(served, tmp_path):
    tilth.fit(
        tilth.Flow.parse("data: {roles: {id: no, label: paid, private: email}}\nfeatures: [{impute: {columns: age, with: mean}}]"), TABLE
    ).save(tmp_path / "strings.tilth")
    frame = TABLE.select(["age", "no"]).to_pandas().fillna(0).rename(columns={"no": "job"})
    skops.io.dump(GaussianNB().fit(frame, TABLE["paid"].to_pylist()), tmp_path / "numbers.skops")
    with pytest.raises(RequestError, match=r"takes numbers, and strings\.tilth gives others: job"):
        stages_of([str(tmp_path / "strings.tilth"), str(tmp_path / "numbers.skops")])


def test_a_model_with_probabilities_alone(served, tmp_path):
    train = tilth.arrays(tilth.apply(str(served / "people.tilth"), TABLE), format="arrow")
    frame = train.X.to_pandas()
    model = GaussianNB().fit(frame, train.y.to_pylist())
    skops.io.dump(model, tmp_path / "bayes.skops")
    things = [str(served / "people.tilth"), str(tmp_path / "bayes.skops")]
    with pytest.raises(RequestError, match="accepted: --output identity, --output argmax, --output threshold"):
        stages_of(things, ["softmax"])
    rows = TABLE.to_pylist()
    for output, extra in ((["identity"], []), (["argmax"], ["prediction"]), (["threshold=0.9"], ["decision"])):
        *_, found = made = stages_of(things, output)
        answered = rows
        for stage in made:
            answered = stage(answered)
        assert [[row["prediction_no"], row["prediction_yes"]] for row in answered] == model.predict_proba(frame).tolist()
        assert list(found.gives) == ["prediction_no", "prediction_yes", *extra]
    assert [row["decision"] for row in answered] == ["yes" if p >= 0.9 else "no" for p in model.predict_proba(frame)[:, 1]]


def test_a_flow_that_ends_in_a_prediction(served, tmp_path, monkeypatch):
    monkeypatch.chdir(served)
    flow = tilth.fit(
        tilth.Flow.parse(f"{FLOW}  - predict: {{model: model.skops, with: probability, positive: 'yes'}}\noutput: [sigmoid]"), TABLE
    )
    flow.save(tmp_path / "score.tilth")
    (stage,) = stages_of([str(tmp_path / "score.tilth")])
    assert stage.gives == ("prediction",)
    row = json.loads('{"age": 30, "job": "cook"}')
    assert stage([row]) == [{"prediction": flow.row(row)["prediction"]}]
    assert stage.flow.learned.golden


@pytest.mark.slow
def test_a_flow_transforms_the_scores_of_its_model_as_a_model_behind_it_does(served, tmp_path, monkeypatch):
    monkeypatch.chdir(served)
    tilth.fit(tilth.Flow.parse(f"{FLOW}  - predict: {{model: model.skops, with: scores}}\noutput: [softmax, argmax]"), TABLE).save(
        tmp_path / "score.tilth"
    )
    (stage,) = stages_of([str(tmp_path / "score.tilth")])
    answered = rows = TABLE.to_pylist()
    for behind in stages_of(["people.tilth", "model.skops"], ["softmax", "argmax"]):
        answered = behind(answered)
    assert stage.gives == behind.gives == ("prediction_no", "prediction_yes", "prediction")
    found = stage(rows)
    assert [row["prediction"] for row in found] == [row["prediction"] for row in answered]
    assert [row["prediction_no"] for row in found] == pytest.approx([row["prediction_no"] for row in answered], rel=1e-12)


def test_a_flow_that_prepares_its_golden_rows_otherwise_is_not_served(served, tmp_path):
    flow = tilth.Flow.load(served / "people.tilth")
    first, second, *others = flow.learned.golden
    other = {**second, "made": {**second["made"], "age": 99.0}}
    flow.with_learned(replace(flow.learned, golden=(first, other, *others))).save(tmp_path / "other.tilth")
    with pytest.raises(ArtefactError, match="row 2: age"):
        stages_of([str(tmp_path / "other.tilth")])


@pytest.mark.slow
def test_boosted_trees_behind_a_flow(served, tmp_path):
    lightgbm = pytest.importorskip("lightgbm")
    x = np.array([[*stages_of([str(served / "people.tilth")])[0]([row])[0].values()] for row in TABLE.to_pylist()], dtype=float)
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3}
    model = lightgbm.train(options, lightgbm.Dataset(x, [y == "yes" for y in TABLE["paid"].to_pylist()]), 3)
    (tmp_path / "model.lgb").write_text(model.model_to_string())
    answered = TABLE.to_pylist()
    for stage in stages_of([str(served / "people.tilth"), str(tmp_path / "model.lgb")], ["softmax"]):
        answered = stage(answered)
    assert [row["prediction_1"] for row in answered] == pytest.approx(model.predict(x).tolist(), rel=1e-9)


def test_an_engine_prepares_many_rows_as_one_by_one(tmp_path):
    steps = "[{impute: {columns: [s], with: constant, value: none}}, {encode: {columns: [s]}}, {impute: {columns: [n], with: mean}}]"
    table = pa.table({"id": range(4), "s": ["a", "b", None, "a"], "n": [1, None, 3, 5], "b": [True, None, False, True]})
    tilth.fit(tilth.Flow.parse(f"data: {{roles: {{id: id}}, nulls: [NA]}}\nfeatures: {steps}"), table).save(tmp_path / "f.tilth")
    (stage,) = Pipeline.of(str(tmp_path / "f.tilth")).stages
    rows = pa.table({"s": ["a", "", "NA", None, "new"], "n": [1, None, 3, 4, 5], "b": [True, None, False, True, True]})
    assert stage.of_table(rows) == stage(rows.to_pylist())
