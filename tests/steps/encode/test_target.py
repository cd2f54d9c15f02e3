"""target, beside scikit-learn's TargetEncoder."""

import numpy as np
import pytest
from sklearn.preprocessing import TargetEncoder

from tests.steps.encode.test_supervised import ROLES, fold, table
from tests.steps.made import applied, fitted, made
from tilth.steps.encode.encode import Encode

CHANCE = np.random.default_rng(5)
XS = CHANCE.choice(list("abcdefg"), 300, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.03, 0.02]).tolist()
LABELS = {
    "continuous": CHANCE.normal(50, 20, 300).tolist(),
    "binary": [("no", "yes")[int(x in "ace") ^ int(CHANCE.random() < 0.2)] for x in XS],
    "multiclass": CHANCE.choice(["p", "q", "r"], 300).tolist(),
}


def numbers(found, names=("x",)):
    return np.array([found[n] for n in names]).T


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("smooth", ["auto", 0.0, 10.0])
def test_the_numbers_are_those_of_scikit_learn(kind, smooth):
    rows, x = table(XS, LABELS[kind]), np.array(XS)[:, None]
    names = ["x_p", "x_q", "x_r"] if kind == "multiclass" else ["x"]
    step = Encode("x", with_="target", smooth=smooth)
    other = TargetEncoder(smooth=smooth, target_type=kind).fit(x, LABELS[kind])
    later = {"id": [1, 2], "x": ["b", "unseen"], "y": LABELS[kind][:2]}
    for of in (rows, later):
        expected = other.transform(np.array(of["x"])[:, None])
        np.testing.assert_allclose(numbers(applied(fitted(step, rows, ROLES), of), names), expected, rtol=1e-9)
    in_folds = np.array([fold(i) for i in rows["id"]])
    expected = np.empty((len(XS), len(names)))
    for k in range(5):  # out of fold: what it learns of the other rows
        learned = TargetEncoder(smooth=smooth, target_type=kind).fit(x[in_folds != k], np.array(LABELS[kind])[in_folds != k])
        expected[in_folds == k] = learned.transform(x[in_folds == k])
    np.testing.assert_allclose(numbers(made(step, rows, ROLES), names), expected, rtol=1e-9)


def test_a_missing_value_is_a_category():
    rows = table(["a", None, " ", "a"], [1.0, 0.0, 1.0, 1.0])
    assert applied(fitted(Encode("x", with_="target", smooth=0.0), rows, ROLES), rows)["x"] == [1.0, 0.5, 0.5, 1.0]
    assert applied(fitted(Encode("x", with_="target", missing="null"), rows, ROLES), rows)["x"][1] is None


@pytest.mark.parametrize("ys", [[2.0, 2.0, 2.0], [2.0, None, float("inf")]])
def test_a_constant_label_is_its_mean(ys):
    assert applied(fitted(Encode("x", with_="target"), table(list("aba"), ys), ROLES), {"id": [1], "x": ["b"]})["x"] == [2.0]
