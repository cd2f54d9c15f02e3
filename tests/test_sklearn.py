"""A flow as a transformer of scikit-learn: its conventions, frames, labels, and the parameters of its steps."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from tilth.errors import FlowError, RequestError
from tilth.flow import Flow
from tilth.sklearn import FlowTransformer

NUMBERS = Flow.parse("features: [{impute: {columns: numeric, with: mean}}, {scale: numeric}]")
MIXED = Flow.parse("features: [{impute: {columns: age, with: mean}}, {scale: age}, {encode: {columns: city, unseen: zeros}}]")
FRAME = pd.DataFrame({"age": [30.0, None, 50.0, 40.0] * 10, "city": ["a", "b", "a", "c"] * 10}, index=range(100, 140))
PAID = np.array([0, 1, 0, 1, 1, 0, 1, 0] * 5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_finds_nothing_that_does_not_hold() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(FlowTransformer(NUMBERS), on_skip=None)
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}  # it asks for another library
    assert len(results) > 40


def test_a_matrix_gives_a_matrix_and_is_scaled_as_scikit_learn_does() -> None:
    x = np.random.default_rng(0).normal(3, 2, (50, 3))
    made = FlowTransformer(NUMBERS).fit_transform(x)
    assert np.allclose(made, StandardScaler().fit_transform(x), rtol=1e-12, atol=1e-12)
    assert list(FlowTransformer(NUMBERS).fit(x).get_feature_names_out()) == ["x0", "x1", "x2"]


def test_a_matrix_of_strings_and_numbers_gives_objects() -> None:
    flow = Flow.parse("features: [{impute: {columns: x1, with: mode}}]")
    made = FlowTransformer(flow).fit_transform(np.array([[1.0, "a"], [2.0, None], [3.0, "a"]], dtype=object))
    assert made.tolist() == [[1.0, "a"], [2.0, "a"], [3.0, "a"]]


@pytest.mark.parametrize(
    "frame", [FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME, preserve_index=False)], ids=["pandas", "polars", "arrow"]
)
def test_a_frame_gives_a_frame_of_its_library(frame: Any) -> None:
    transformer = FlowTransformer(MIXED)
    made = transformer.fit_transform(frame)
    assert type(made) is type(frame)
    names = list(made.column_names if isinstance(made, pa.Table) else made.columns)
    assert names == list(transformer.get_feature_names_out()) == ["age", "city_a", "city_b", "city_c"]
    assert list(transformer.feature_names_in_) == ["age", "city"]
    assert transformer.transform(frame).equals(made)


def test_set_output_makes_frames_of_matrices() -> None:
    made = FlowTransformer(NUMBERS).set_output(transform="pandas").fit_transform(np.array([[1.0], [3.0]]))
    assert made.equals(pd.DataFrame({"x0": [-1.0, 1.0]}))
    assert isinstance(FlowTransformer(MIXED).set_output(transform="polars").fit_transform(FRAME), pl.DataFrame)
    assert FlowTransformer(MIXED).set_output(transform="pandas").fit_transform(FRAME).index.tolist() == FRAME.index.tolist()


@pytest.mark.slow
def test_it_is_searched_and_validated_in_a_pipeline() -> None:
    both = ColumnTransformer([("all", FlowTransformer(MIXED), ["age", "city"])])
    assert len(cross_val_score(make_pipeline(both, LogisticRegression()), FRAME, PAID, cv=2)) == 2
    model = make_pipeline(FlowTransformer(MIXED), LogisticRegression())
    grid = {"flowtransformer__features__1__with": ["standard", "minmax"], "flowtransformer__features__0__with": ["median"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(FRAME, PAID)
    found = [tuple(params.values()) for params in search.cv_results_["params"]]
    assert found == [("median", "standard"), ("median", "minmax")]
    assert search.best_estimator_[0].flow.parts["features"][0].with_ == "median"


def test_what_is_learned_from_y_is_out_of_fold_in_training_only() -> None:
    flow = Flow.parse("data: {roles: {label: paid}}\nfeatures: [{encode: {columns: city, with: target, smooth: 2.0}}]")
    transformer = FlowTransformer(flow)
    training, later = transformer.fit_transform(FRAME[["city"]], PAID), transformer.transform(FRAME[["city"]])
    theirs = TargetEncoder(smooth=2.0, target_type="continuous").fit(FRAME[["city"]], PAID).transform(FRAME[["city"]])
    assert np.allclose(later["city"], theirs.ravel(), rtol=1e-12)
    assert not training.equals(later)
    assert list(training.columns) == ["city"]
    for frame in (pl.from_pandas(FRAME[["city"]]), pa.table({"city": FRAME["city"].tolist()})):
        assert (
            list(
                transformer.fit_transform(frame, PAID)["city"].to_pylist()
                if isinstance(frame, pa.Table)
                else transformer.fit_transform(frame, PAID)["city"]
            )
            == training["city"].tolist()
        )
    with pytest.raises(FlowError, match=r"label 'paid', which X lacks[\s\S]*give y"):
        transformer.fit(FRAME[["city"]])


def test_parameters_are_those_of_the_steps() -> None:
    transformer = FlowTransformer(NUMBERS)
    params = transformer.get_params()
    assert params["features__0__with"] == "mean"
    assert params["features__1__center"] is True
    assert transformer.get_params(deep=False) == {"flow": NUMBERS}
    other = clone(transformer).set_params(features__1__with="minmax", features__1__high=2.0)
    assert str(other.flow.parts["features"][1]) == "scale(columns='numeric', with='minmax', high=2.0)"
    assert transformer.flow is NUMBERS
    with pytest.raises(RequestError, match=r"'features__1__wit'[\s\S]*did you mean 'features__1__with'"):
        transformer.set_params(features__1__wit="minmax")
    with pytest.raises(RequestError, match="features__1__with: Input should be 'standard'"):
        transformer.set_params(features__1__with="maxmin")
    with pytest.raises(ValueError, match="Invalid parameter 'flo'"):
        transformer.set_params(flo=1)


def test_it_travels_to_other_processes() -> None:
    transformer = FlowTransformer(MIXED).fit(FRAME)
    transformer.flow_.row({"age": 3.0, "city": "a"})  # makes a function that does not travel
    assert pickle.loads(pickle.dumps(transformer)).transform(FRAME).equals(transformer.transform(FRAME))


def test_all_rows_are_learned_from_whatever_the_split() -> None:
    flow = Flow.parse("split: {train: 0.5, test: 0.5}\nfeatures: [{scale: {columns: numeric, with: minmax}}]")
    assert FlowTransformer(flow).fit_transform(np.arange(11.0).reshape(-1, 1)).ravel().tolist() == pytest.approx(np.arange(11) / 10)


def test_what_is_refused() -> None:
    with pytest.raises(NotFittedError):
        FlowTransformer(NUMBERS).transform(np.ones((2, 2)))
    with pytest.raises(RequestError, match="a value of type str is not a flow"):
        FlowTransformer("flow.yaml").fit(np.ones((2, 2)))  # type: ignore[arg-type]
    balanced = Flow.parse("data: {roles: {label: y}}\nsplit: {train: 0.5, test: 0.5}\ntraining: [{balance: {with: over}}]")
    with pytest.raises(FlowError, match=r"keeps the rows[\s\S]*class_weight"):
        FlowTransformer(balanced).fit(np.ones((2, 2)), [0, 1])
    with pytest.raises(ValueError, match="feature names should match"):
        FlowTransformer(MIXED).fit(FRAME).transform(FRAME[["city", "age"]])
    with pytest.raises(TypeError, match="column x0 of X holds"):
        FlowTransformer(NUMBERS).fit(np.array([[1.0], ["a"]], dtype=object))
    with pytest.raises(ValueError, match="length equal"):
        FlowTransformer(MIXED).fit(FRAME).get_feature_names_out(["age"])
