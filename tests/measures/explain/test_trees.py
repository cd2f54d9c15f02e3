"""Shapley values of trees, beside those of all coalitions and of the package shap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError
from tilth.measures.explain import trees
from tilth.measures.explain.kernel import explain
from tilth.measures.explain.section import SHAP
from tilth.measures.explain.shap import Shap
from tilth.measures.explain.trees import trees_of
from tilth.report.blocks import Words, plain

ensemble = pytest.importorskip("sklearn.ensemble")
tree = pytest.importorskip("sklearn.tree")
GIVEN = json.loads(Path(__file__).with_name("shap.json").read_text("utf-8"))
PEER, ROWS, BASELINE = GIVEN["trees"], np.array(GIVEN["rows"]), np.array(GIVEN["baseline"])
ALONE = [[i] for i in range(5)]
N = 200


def values_of(x):
    return x[:, 0] * x[:, 1] + np.maximum(x[:, 2], 0) - x[:, 3] ** 2 * (x[:, 4] > 0)


def whole_numbers(null):
    """Values that are often those of thresholds, some of them null."""
    random = np.random.default_rng(3)
    x = random.integers(-3, 4, (N, 5)).astype(float)
    y = values_of(x)
    x[random.random(x.shape) < (0.2 if null else 0)] = np.nan
    return x, y, np.digitize(y, (-2, 1))


def forest(x, y, classes):
    model = ensemble.RandomForestClassifier(7, max_depth=4, random_state=0).fit(x, classes)
    return model, model.predict_proba, 3


def single_tree(x, y, classes):
    model = tree.DecisionTreeRegressor(max_depth=5).fit(x, np.stack([y, y**2], axis=1))
    return model, model.predict, 2


def boosted(x, y, classes):
    model = ensemble.GradientBoostingRegressor(n_estimators=6, random_state=0).fit(x, y)
    return model, lambda q: model.predict(q)[:, None], 1


def boosted_scores(x, y, classes):
    model = ensemble.GradientBoostingClassifier(n_estimators=3, random_state=0).fit(x, classes)
    return model, lambda q: model.decision_function(q), 3


def xgboost_numbers(x, y, classes):
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBRegressor(n_estimators=6, max_depth=4, n_jobs=1).fit(x, y).get_booster()
    return model, lambda q: model.inplace_predict(q)[:, None].astype(float), 1


def xgboost_scores(x, y, classes):
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=4, max_depth=3, n_jobs=1).fit(x, classes).get_booster()
    model.feature_names = ["a", "b", "c", "d", "e"]
    return model, lambda q: model.inplace_predict(q, predict_type="margin", validate_features=False).astype(float), 3


def lightgbm_numbers(x, y, classes):
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMRegressor(n_estimators=6, min_child_samples=5, n_jobs=1, verbose=-1).fit(x, y).booster_
    return model, lambda q: model.predict(q, num_threads=1)[:, None], 1


MODELS = [forest, single_tree, boosted, boosted_scores, xgboost_numbers, xgboost_scores, lightgbm_numbers]
WITHOUT_NULL = [boosted, boosted_scores]
PLAYERS = {"alone": ALONE, "together": [[0, 3], [1], [4, 2]], "some": [[4], [1, 2]]}


@pytest.mark.parametrize("players", PLAYERS)
@pytest.mark.parametrize(("made", "null"), [(m, null) for m in MODELS for null in (False, True) if not (null and m in WITHOUT_NULL)])
def test_values_are_those_of_all_coalitions(made, null, players):
    x, y, classes = whole_numbers(null)
    model, call, width = made(x, y, classes)
    rows, background, outputs = x[:6], x[6:9], list(range(width))[::-1]
    found = trees_of(model, outputs, width).explained(lambda q: call(q)[:, outputs], rows, background, PLAYERS[players], "identity")
    expected = explain(lambda q: call(q)[:, outputs], rows, background, PLAYERS[players])
    assert (found.method, found.exact, expected.exact) == ("trees", True, True)
    np.testing.assert_allclose(found.values, expected.values, atol=2e-5 if "xgboost" in made.__name__ else 1e-9)  # it adds 32-bit floats
    np.testing.assert_allclose(found.expected, expected.expected, atol=2e-5)
    np.testing.assert_allclose(found.expected + found.values.sum(axis=1), call(rows)[:, outputs], atol=1e-9)


def test_values_are_those_of_the_package_shap():
    x = np.random.default_rng(0).normal(size=(60, 5))
    model = ensemble.GradientBoostingRegressor(n_estimators=8, max_depth=3, learning_rate=0.5, random_state=0).fit(x, values_of(x))
    found = trees_of(model, [0], 1).explained(lambda q: model.predict(q)[:, None], ROWS, BASELINE, ALONE, "identity")
    np.testing.assert_allclose(found.values[:, :, 0], PEER["values"], atol=5e-7)  # its own add up to the prediction less 1e−7
    np.testing.assert_allclose(found.expected[:, 0], PEER["expected"], atol=5e-7)


def test_log_odds_of_boosted_trees_are_a_sum_and_probabilities_are_not():
    x, _, classes = whole_numbers(False)
    model = ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0).fit(x, classes > 0)
    call = lambda q: model.predict_proba(q)[:, 1:]  # noqa: E731
    sums = trees_of(model, [1], 2)
    assert sums.explained(call, x[:4], x[4:6], ALONE, "identity") is None
    assert sums.explained(call, x[:4], x[4:6], ALONE, "logit") is None
    expected = explain(call, x[:4], x[4:5], ALONE, link="logit")
    np.testing.assert_allclose(sums.explained(call, x[:4], x[4:5], ALONE, "logit").values, expected.values, atol=1e-9)


def test_other_models_have_no_trees_to_look_at(monkeypatch):
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    x, y, classes = whole_numbers(False)
    histogram = ensemble.HistGradientBoostingRegressor(max_iter=2).fit(x, y)
    voting = ensemble.VotingRegressor([("line", LinearRegression())]).fit(x, y)
    flat = tree.DecisionTreeRegressor().fit(x, y * 0)
    for model in (histogram, voting, flat, make_pipeline(LinearRegression()).fit(x, y), sum):
        assert trees_of(model, [0], 1) is None
    monkeypatch.setattr(trees, "MOST_LEAVES", 20)
    assert trees_of(forest(x, y, classes)[0], [0], 3) is None


def test_trees_with_categories_are_asked_about_instead():
    lightgbm = pytest.importorskip("lightgbm")
    x, _, _ = whole_numbers(False)
    data = lightgbm.Dataset(x + 3, np.isin(x[:, 0], (-3, 0, 2)), categorical_feature=[0], params={"verbose": -1})
    model = lightgbm.train({"verbose": -1, "min_data_per_group": 1, "cat_smooth": 0, "num_threads": 1}, data, 3)
    assert trees_of(model, [0], 1) is None


def test_the_measure_takes_the_trees_of_a_file(tmp_path):
    """With 14 columns, sets of columns would be sampled."""
    io = pytest.importorskip("skops.io")
    x = np.random.default_rng(5).normal(size=(N, 14))
    model = ensemble.RandomForestClassifier(5, max_depth=3, random_state=0).fit(x, x[:, 0] * x[:, 1] > 0)
    io.dump(model, tmp_path / "m.skops")
    names = [f"c{i}" for i in range(14)]
    asked = Shap(
        str(tmp_path / "m.skops"),
        columns=tuple(names),
        trusted=("sklearn.tree._tree.Tree",),
        rows=9,
        background="sample",
        background_rows=40,
        samples=2,
    )
    report = tilth.measure(pa.table(dict(zip(names, x.T, strict=True))), asked)
    payload = report.of("shap")[0].payload
    assert (payload.method, payload.exact, payload.coalitions) == ("trees", True, 0)
    words = [plain(b.words) for b in SHAP.section(report.of("shap")).blocks if isinstance(b, Words)]
    assert words[0].endswith("9 rows, exact values from the model's trees.")


def test_rows_and_leaves_beyond_the_limit_are_not_computed(tmp_path):
    """2 rows, 3 background rows and the leaves take as long as more than 2 predictions, and less than 500."""
    io = pytest.importorskip("skops.io")
    x, y, _ = whole_numbers(False)
    io.dump(tree.DecisionTreeRegressor(min_samples_leaf=2).fit(x, y), tmp_path / "m.skops")
    asked = {"columns": tuple("abcde"), "trusted": ("sklearn.tree._tree.Tree",), "rows": 2, "background": "sample", "background_rows": 3}
    table = pa.table(dict(zip("abcde", x.T, strict=True)))
    shap = Shap(str(tmp_path / "m.skops"), **asked, most_predictions=500)
    assert tilth.measure(table, shap).of("shap")[0].payload.method == "trees"
    with pytest.raises(RequestError, match="would predict 180 rows"):
        tilth.measure(table, Shap(str(tmp_path / "m.skops"), **asked, most_predictions=2))
