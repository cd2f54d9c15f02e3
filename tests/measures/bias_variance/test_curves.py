"""Learning curves and validation curves, which are those of scikit-learn."""

import warnings

import numpy as np
import pytest

from tests.measures.bias_variance.learned import X, problem
from tilth.data import Roles
from tilth.measures.bias_variance.curves import SIZES, folds_of, learning_curve, validation_curve
from tilth.measures.bias_variance.learners import Learner, of_model
from tilth.metrics.bias_variance import LOSSES

pytest.importorskip("sklearn")
from sklearn import linear_model, model_selection, naive_bayes, tree  # after the check that it is there


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "loss", "scoring"),
    [
        (tree.DecisionTreeClassifier(max_depth=3, random_state=0), "0-1", "accuracy"),
        (naive_bayes.GaussianNB(var_smoothing=0.1), "log", "neg_log_loss"),
        (linear_model.Ridge(alpha=2.0), "squared", "neg_mean_squared_error"),
    ],
)
def test_curves_are_those_of_scikit_learn(model, loss, scoring):
    target, x = problem(loss != "squared"), X[:100]
    learner = Learner(of_model(model, target.is_class), LOSSES[loss], len(target.names))
    folds = folds_of(target, 7)
    points, losses, of_folds = learning_curve(learner, target, x, folds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        rows, *theirs = model_selection.learning_curve(model, x, target.y, train_sizes=SIZES, cv=folds, scoring=scoring)
        name, values = (
            ("max_depth", [1, 2, 5])
            if loss == "0-1"
            else ("var_smoothing", [0.1, 1.0, 10.0])
            if loss == "log"
            else ("alpha", [0.1, 1.0, 10.0])
        )
        varied = model_selection.validation_curve(model, x, target.y, param_name=name, param_range=values, cv=folds, scoring=scoring)
    theirs, varied = ([(1 if scoring == "accuracy" else 0) - scores for scores in found] for found in (theirs, varied))
    assert [p.at for p in points] == rows.tolist()
    assert of_folds == pytest.approx(theirs[1])
    for found, (train, unseen) in ((points, theirs), (validation_curve(learner, target, x, folds, name, values), varied)):
        assert [p.train for p in found] == pytest.approx(train.mean(axis=1))
        assert [p.train_deviation for p in found] == pytest.approx(train.std(axis=1), abs=1e-12)
        assert [p.unseen for p in found] == pytest.approx(unseen.mean(axis=1))
        assert [p.unseen_deviation for p in found] == pytest.approx(unseen.std(axis=1), abs=1e-12)
    assert np.mean(losses.unseen) == pytest.approx(points[-1].unseen)


def test_later_rows_judge_and_no_group_is_on_both_sides():
    by_time = problem(True, Roles(label="y", time="t"), t=range(100))
    assert all(by_time.time[learn].max() < by_time.time[judge].min() for learn, judge in folds_of(by_time, 0))
    by_group = problem(True, Roles(label="y", group=("g",)), g=[i % 9 for i in range(100)])
    assert all(not {*by_group.group[learn]} & {*by_group.group[judge]} for learn, judge in folds_of(by_group, 0))
    one_group = problem(True, Roles(label="y", group=("g",)), g=[0] * 100)
    assert [len(judge) for _, judge in folds_of(one_group, 0)] == pytest.approx([20] * 5, abs=1)
